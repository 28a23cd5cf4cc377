"""What layers make of an image: maps as sheets one behind the other, vectors as columns of cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from convkit.course.figures.boxes import arrow
from convkit.course.figures.grid import tile
from convkit.vis.canvas import GREY, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STEP, CELL = 0.35, 0.5  # between sheets; side of a cell


def plot_shapes(shapes: Sequence[tuple[int, ...]], layers: Sequence[str]) -> Figure:
    """Every shape drawn with all its cells, and an arrow with the layer's name from each to the next.

    - shapes: (C, H, W) or (D,) of each, small numbers
    - layers: the name of what is between each two shapes; one less than shapes

    Returns a matplotlib Figure. Raises ValueError where the numbers do not fit.
    """
    if len(layers) != len(shapes) - 1:
        raise ValueError(f"layers must be one less than shapes, got {len(layers)} for {len(shapes)}")
    figure = new_figure(10.0, 3.0)
    axes = figure.subplots()
    x, tallest = 0.0, max(_size(shape)[1] for shape in shapes)
    for k, shape in enumerate(shapes):
        width, height = _size(shape)
        _cells(axes, x, -height / 2, shape)
        axes.text(x + width / 2, -tallest / 2 - 0.5, str(shape), ha="center", va="top", fontsize=9)
        x += width
        if k < len(layers):
            arrow(axes, (x + 0.25, 0.0), (x + 1.75, 0.0))
            axes.text(x + 1.0, 0.15, layers[k], ha="center", va="bottom", fontsize=8)
            x += 2.0
    axes.set(xlim=(-0.3, x + 0.3), ylim=(-tallest / 2 - 1.2, tallest / 2 + 0.3), aspect="equal")
    axes.set_axis_off()
    return figure


def _size(shape: tuple[int, ...]) -> tuple[float, float]:
    """Width and height of a drawing."""
    if len(shape) == 1:
        return CELL, CELL * shape[0]
    C, H, W = shape
    return CELL * W + STEP * (C - 1), CELL * H + STEP * (C - 1)


def _cells(axes: Axes, x: float, y: float, shape: tuple[int, ...]) -> None:
    """The cells of a shape, (x, y) at the bottom left; the last map lies behind the others."""
    C, H, W = (1, shape[0], 1) if len(shape) == 1 else shape
    for c in reversed(range(C)):
        for i in range(H):
            for j in range(W):
                left, bottom = x + STEP * c + CELL * j, y + STEP * c + CELL * i
                tile(axes, left, bottom, CELL, CELL, "#e8eef4", edge=GREY)
