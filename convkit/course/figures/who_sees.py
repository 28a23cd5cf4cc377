"""Which cells of a convolution's output see one pixel of its input, and through which weight."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit.course.figures.grid import fill, grid
from convkit.layers.conv import conv_geometry
from convkit.vis.canvas import BLUE, GREY, ORANGE, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_who_sees(
    row: int = 2, column: int = 2, size: int = 5, kernel: int = 3, stride: int = 1, pad: int = 0
) -> Figure:
    """One pixel of an image, and the cells of the output whose window contains it, with the weight they use for it.

    - row, column: the pixel; moved to the edge where it lies outside the image
    - size: height and width of the image, at most 12; kernel, stride, pad: of the convolution

    Returns a matplotlib Figure. Raises the layer's ValueError where the sizes do not fit.
    """
    row, column = min(row, size - 1), min(column, size - 1)
    param = {"stride": stride, "pad": pad, "rounding": "floor"}
    OH, OW = conv_geometry((1, 1, size, size), (1, 1, kernel, kernel), (1,), param).out
    padded = size + 2 * pad
    figure = new_figure(1.6 + 0.42 * (padded + max(OW, 3)), 0.9 + 0.42 * padded)
    left, right = figure.subplots(1, 2, width_ratios=(padded, max(OW, 3)))
    grid(left, padded, padded, f"x, {size} x {size}" + (f", padded by {pad}" if pad else ""))
    grid(right, OH, OW, f"out, {OH} x {OW}")
    for i, j in np.ndindex(padded, padded):
        if not (pad <= i < pad + size and pad <= j < pad + size):
            fill(left, i, j, "#eeeeee", "0", GREY)
    fill(left, row + pad, column + pad, ORANGE, f"x[{row},{column}]", "black")
    count = 0
    for i, j in np.ndindex(OH, OW):
        ii, jj = row + pad - i * stride, column + pad - j * stride
        if 0 <= ii < kernel and 0 <= jj < kernel:
            fill(right, i, j, BLUE, f"w[{ii},{jj}]", "white")
            count += 1
    seen = {0: "no cell sees it", 1: "1 cell sees it"}.get(count, f"{count} cells see it")
    figure.suptitle(f"pixel ({row}, {column}): {seen}, each through a different weight" if count > 1 else
                    f"pixel ({row}, {column}): {seen}", fontsize=11)  # fmt: skip
    return figure
