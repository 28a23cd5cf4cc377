"""A transposed convolution: which cells of the output the stamp of each input cell covers, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit.layers.conv_transpose import conv_transpose_forward_naive
from convkit.vis.canvas import BLUE, GREEN, ORANGE, RED, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
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
    _cells(left, np.arange(size * size).reshape(size, size), f"input, {size} x {size}", shade=False)
    _cells(right, counts, f"output, {side} x {side}: how many stamps", shade=True)
    colours = {(0, 0): BLUE, (0, 1): ORANGE, (1, 0): GREEN, (1, 1): RED}
    for k, ((i, j), colour) in enumerate(colours.items()):
        _frame(left, i, j, 1, colour, 0.06)
        _frame(right, i * stride - pad, j * stride - pad, kernel, colour, 0.05 + 0.05 * k)
    right.set(xlim=(-pad - 0.1, side + pad + 0.1), ylim=(side + pad + 0.1, -pad - 0.1))
    return figure


def _cells(axes: Axes, numbers: np.ndarray, title: str, shade: bool) -> None:
    from matplotlib.patches import Rectangle

    rows, columns = numbers.shape
    axes.set(xlim=(0, columns), ylim=(rows, 0), aspect="equal", xticks=[], yticks=[])
    axes.set_title(title, fontsize=10)
    axes.spines[:].set_visible(False)
    top = max(int(numbers.max()), 1)
    for (i, j), value in np.ndenumerate(numbers):
        grey = str(1 - 0.35 * value / top) if shade else "white"
        axes.add_patch(Rectangle((j, i), 1, 1, facecolor=grey, edgecolor="#bbbbbb", linewidth=0.8))
        text = f"{value:.0f}" if shade else f"x[{i},{j}]"
        axes.text(j + 0.5, i + 0.5, text, ha="center", va="center", fontsize=9 if shade else 7)


def _frame(axes: Axes, i: float, j: float, side: float, colour: str, inset: float) -> None:
    from matplotlib.patches import Rectangle

    corner, length = (j + inset, i + inset), side - 2 * inset
    axes.add_patch(Rectangle(corner, length, length, fill=False, edgecolor=colour, linewidth=2, clip_on=False))
