"""Images and maps as grids of cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def grid(axes: Axes, rows: int, columns: int, title: str) -> None:
    """An empty grid, cell (0, 0) at the top left."""
    axes.set(xlim=(0, columns), ylim=(rows, 0), aspect="equal", xticks=[], yticks=[])
    axes.set_title(title, fontsize=10)
    for i in range(rows + 1):
        axes.axhline(i, color="#bbbbbb", linewidth=0.8)
    for j in range(columns + 1):
        axes.axvline(j, color="#bbbbbb", linewidth=0.8)


def fill(axes: Axes, i: int, j: int, colour: str, text: str, ink: Any) -> None:
    """Colour a cell and write into it."""
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((j, i), 1, 1, color=colour))
    axes.text(j + 0.5, i + 0.5, text, ha="center", va="center", fontsize=7, color=ink)
