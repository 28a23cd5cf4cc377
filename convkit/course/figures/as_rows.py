"""Images for normalization: the numbers that share one mean, brought into one column or one row of a matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit.course.figures.grid import tile
from convkit.vis.canvas import BLUE, GREEN, ORANGE, RED, new_figure
from convkit.vis.cells import cells, frame, tint

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = np.array([BLUE, ORANGE, GREEN, RED])


def plot_as_rows(shape: tuple[int, int, int, int] = (2, 3, 2, 2), groups: int | None = None) -> Figure:
    """A batch of images whose numbers are counted through, and the matrix that is normalized in their place.

    - shape: (N, C, H, W), small
    - groups: None: batch normalization, a column of the matrix for each channel; else group normalization in so many
      groups, a row for each group of each image; C must be a multiple of it

    The same colour is the same mean; there are four colours, and a frame around what shares the first. Returns a
    matplotlib Figure.
    """
    N, C, H, W = shape
    x = np.arange(N * C * H * W).reshape(shape)
    if groups is None:
        owner = np.broadcast_to(np.arange(C)[:, None, None], shape)
        matrix, owners = (array.transpose(0, 2, 3, 1).reshape(-1, C) for array in (x, owner))
        title = f"a column for each channel:\n(N·H·W, C) = {matrix.shape}"
    else:
        owner = np.arange(N * groups).reshape(N, groups).repeat(C // groups, axis=1)[..., None, None]
        owner = np.broadcast_to(owner, shape)
        matrix, owners = (array.reshape(N * groups, -1) for array in (x, owner))
        title = f"a row for each group of each image:\n(N·G, C/G·H·W) = {matrix.shape}"
    rows, columns = matrix.shape
    wide, high = C * (W + 0.7) + 1.8, N * (H + 0.8) + 0.6
    figure = new_figure(0.36 * (wide + columns + 5), 0.36 * max(high, rows) + 0.9)
    left, right = figure.subplots(1, 2, width_ratios=(wide, columns + 3))
    _images(left, x, owner)
    left.set_title(f"x: (N, C, H, W) = {shape}", fontsize=10)
    cells(right, matrix, title, COLOURS[owners % len(COLOURS)])
    if groups is None:
        frame(right, 0, 0, 1, rows, BLUE)
    else:
        frame(right, 0, 0, columns, 1, BLUE)
    return figure


def _images(axes: Axes, x: np.ndarray, owner: np.ndarray) -> None:
    """Images below each other, their channels side by side; those that share the first mean have frames."""
    N, C, H, W = x.shape
    for n, c in np.ndindex(N, C):
        left, top = c * (W + 0.7), n * (H + 0.8)
        for h, w in np.ndindex(H, W):
            colour = tint(COLOURS[owner[n, c, h, w] % len(COLOURS)])
            tile(axes, left + w, top + h, 1, 1, colour, str(x[n, c, h, w]), size=9)
        if owner[n, c, 0, 0] == 0:
            frame(axes, left, top, W, H, BLUE)
        if n == 0:
            axes.text(left + W / 2, -0.25, f"channel {c}", ha="center", va="bottom", fontsize=8)
        if c == 0:
            axes.text(-0.3, top + H / 2, f"image {n}", ha="right", va="center", fontsize=8)
    axes.set(xlim=(-1.9, C * (W + 0.7)), ylim=(N * (H + 0.8), -0.9), aspect="equal")
    axes.set_axis_off()
