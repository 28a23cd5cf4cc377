"""A column of an affine layer's weights, folded into a filter that slides over a larger image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit.course.figures.grid import fill, grid
from convkit.vis.canvas import BLUE, ORANGE, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

H, W = 2, 3


def plot_affine_filter(row: int = 0, column: int = 0) -> Figure:
    """One unit of an affine layer for images of 2 x 3: its weights in a column, folded, and laid on a larger image.

    - row, column: where on the image of 4 x 5 the filter lies; moved to the edge where it would reach beyond it

    Returns a matplotlib Figure.
    """
    rows, columns = 4, 5
    row, column = min(max(row, 0), rows - H), min(max(column, 0), columns - W)
    figure = new_figure(9.6, 3.4)
    first, second, third, last = figure.subplots(1, 4, width_ratios=(1.6, W, columns, columns - W + 1))
    grid(first, H * W, 1, "a column\nof weights")
    grid(second, H, W, f"folded: a filter\nof {H} x {W}")
    grid(third, rows, columns, f"laid on a larger image,\n{rows} x {columns}")
    grid(last, rows - H + 1, columns - W + 1, "a score for\neach position")
    for k in range(H * W):
        fill(first, k, 0, BLUE, f"w{k}", "white")
        fill(second, k // W, k % W, BLUE, f"w{k}", "white")
        fill(third, row + k // W, column + k % W, BLUE, f"w{k}", "white")
    for i, j in np.ndindex(rows - H + 1, columns - W + 1):
        if (i, j) == (row, column):
            fill(last, i, j, ORANGE, "here", "black")
    return figure
