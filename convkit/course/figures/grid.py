"""Images and maps as grids of cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINE = "#bbbbbb"


def grid(axes: Axes, rows: int, columns: int, title: str) -> None:
    """An empty grid, cell (0, 0) at the top left."""
    axes.set(xlim=(0, columns), ylim=(rows, 0), aspect="equal", xticks=[], yticks=[])
    axes.set_title(title, fontsize=10)
    axes.spines[:].set_visible(False)
    for i in range(rows):
        for j in range(columns):
            tile(axes, j, i, 1, 1, "white")


def fill(axes: Axes, i: int, j: int, colour: str, text: str, ink: str, size: float = 7) -> None:
    """Colour cell (i, j) of a grid and write into it."""
    tile(axes, j, i, 1, 1, colour, text, ink, size=size)


def tile(
    axes: Axes, left: float, top: float, width: float, height: float, colour: Any, text: str = "", ink: str = "black",
    edge: str = LINE, size: float = 7,
) -> None:  # fmt: skip
    """A rectangle with a line around it and a text in its middle, anywhere."""
    from matplotlib.patches import Rectangle

    drawn = Rectangle((left, top), width, height, facecolor=colour, edgecolor=edge, linewidth=0.8, clip_on=False)
    axes.add_patch(drawn)
    if text:
        axes.text(left + width / 2, top + height / 2, text, ha="center", va="center", fontsize=size, color=ink)
