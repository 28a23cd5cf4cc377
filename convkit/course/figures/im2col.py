"""im2col: the windows of an image as the columns of a matrix; and how many windows each pixel lies in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit.course.figures.grid import fill, grid
from convkit.im2col import col2im_indices, im2col_indices
from convkit.vis.canvas import ORANGE, new_figure
from convkit.vis.cells import cells, frame

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CELL = 0.4


def plot_im2col(position: int = 0, image: np.ndarray | None = None, kernel: int = 3, stride: int = 1) -> Figure:
    """One window of an image, and the column of the matrix that it becomes.

    - position: number of the window, counted row by row; taken from the end where there are fewer
    - image: (H, W), at most about 6 x 6; default the numbers 1 to 16 in 4 x 4
    - kernel, stride: of the convolution

    Returns a matplotlib Figure. Raises ValueError where the sizes do not fit.
    """
    image = np.arange(1.0, 17).reshape(4, 4) if image is None else image
    H, W = image.shape
    columns = im2col_indices(image[None, None], kernel, kernel, 0, stride)
    OW = (W - kernel) // stride + 1
    position = min(position, columns.shape[1] - 1)
    i, j = divmod(position, OW)
    figure = new_figure(1.2 + CELL * (W + 2 + columns.shape[1]), 0.9 + CELL * max(H, len(columns)))
    left, right = figure.subplots(1, 2, width_ratios=(W + 1, columns.shape[1] + 1))
    inside = np.zeros((H, W), bool)
    inside[i * stride : i * stride + kernel, j * stride : j * stride + kernel] = True
    cells(left, image, f"image, window {position}", ORANGE, filled=inside)
    chosen = np.zeros(columns.shape, bool)
    chosen[:, position] = True
    cells(right, columns, f"matrix, column {position}", ORANGE, filled=chosen)
    frame(left, j * stride, i * stride, kernel, kernel, ORANGE)
    frame(right, position, 0, 1, len(columns), ORANGE)
    return figure


def plot_overlaps(size: int = 6, kernel: int = 3, stride: int = 1, pad: int = 0) -> Figure:
    """How many windows each pixel of an image lies in: what col2im makes of a matrix of ones.

    - size: height and width of the image, at most 12; kernel, stride, pad: of the convolution; where the last window
      does not fit, the image is made smaller until it does

    Returns a matplotlib Figure. Raises ValueError where no window fits.
    """
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    while (size + 2 * pad - kernel) % stride:
        size -= 1
    positions = ((size + 2 * pad - kernel) // stride + 1) ** 2
    counts = col2im_indices(np.ones((kernel**2, positions)), (1, 1, size, size), kernel, kernel, pad, stride)[0, 0]
    figure = new_figure(0.8 + max(CELL * size, 4), 0.9 + CELL * size)
    axes = figure.subplots()
    grid(axes, size, size, f"{size} x {size} pixels, {positions} windows of {kernel} x {kernel}")
    shades = colormaps["Blues"](counts / (1.4 * kernel**2))
    for (i, j), count in np.ndenumerate(counts):
        ink = "white" if count > 0.9 * kernel**2 else "black"
        fill(axes, i, j, to_hex(shades[i, j]), f"{count:.0f}", ink, size=10)
    return figure
