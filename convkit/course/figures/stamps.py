"""A transposed convolution: which cells of the output the stamp of each input cell covers, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit.course.figures.grid import fill, grid
from convkit.layers.conv_transpose import conv_transpose_forward_naive
from convkit.vis.canvas import BLUE, GREEN, ORANGE, RED, new_figure
from convkit.vis.cells import frame

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_stamps(size: int = 3, kernel: int = 3, stride: int = 2, pad: int = 0) -> Figure:
    """The input with four coloured cells, and the output with their stamps' frames and how many stamps each cell got.

    - size: height and width of the input, at least 2; kernel, stride, pad: of the transposed convolution

    Returns a matplotlib Figure. Raises the layer's ValueError where the sizes do not fit.
    """
    ones, filters = np.ones((1, 1, size, size)), np.ones((1, 1, kernel, kernel))
    counts = conv_transpose_forward_naive(ones, filters, np.zeros(1), {"stride": stride, "pad": pad})[0][0, 0]
    side = len(counts)
    figure = new_figure(1.2 + 0.42 * (size + side + 2), max(2.2, 0.8 + 0.42 * side))
    left, right = figure.subplots(1, 2, width_ratios=(size + 0.5, side + 2))
    grid(left, size, size, f"input, {size} x {size}")
    for i, j in np.ndindex(size, size):
        fill(left, i, j, "white", f"x[{i},{j}]", "black")
    grid(right, side, side, f"output, {side} x {side}: how many stamps")
    for (i, j), count in np.ndenumerate(counts):
        fill(right, i, j, str(1 - 0.35 * count / max(counts.max(), 1)), f"{count:.0f}", "black", size=9)
    colours = {(0, 0): BLUE, (0, 1): ORANGE, (1, 0): GREEN, (1, 1): RED}
    for k, ((i, j), colour) in enumerate(colours.items()):
        frame(left, j + 0.06, i + 0.06, 0.88, 0.88, colour)
        inset = 0.05 + 0.05 * k  # so that frames on each other can be told apart
        width = kernel - 2 * inset
        frame(right, j * stride - pad + inset, i * stride - pad + inset, width, width, colour)
    right.set(xlim=(-pad - 0.1, side + pad + 0.1), ylim=(side + pad + 0.1, -pad - 0.1))
    return figure
