"""The filters of a convolution as small images."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from convkit.contracts import whole_number
from convkit.vis.canvas import GREY, check_images, new_figure, stretched

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_filters(w: np.ndarray, columns: int | None = None) -> Figure:
    """The filters of a convolution as small images.

    - w: filters (F, C, HH, WW). With C = 3 they are shown in colour, each on its own scale (so contrast says nothing of
      size); otherwise in blue (negative) and red (positive), with a scale, and for C > 1 each filter is a row of its
      channels. Weights of a fully connected layer can be shown when reshaped: W1.T.reshape(-1, C, H, W).
    - columns: how many filters (or, for C > 1 that is not 3, channels) are side by side; None: about twice as many as
      rows, or all channels

    Returns a matplotlib Figure. Raises TypeError or ValueError for anything else.
    """
    from matplotlib.patches import Rectangle

    w = check_images("w", w, "(F, C, HH, WW)")
    F, C, HH, WW = w.shape
    in_colour, split = C == 3, C not in (1, 3)
    pictures = w.transpose(0, 2, 3, 1) if in_colour else w.reshape(F * C, HH, WW, 1)
    usual = C if split else math.ceil(math.sqrt(2 * F))
    across = min(len(pictures), usual if columns is None else whole_number("columns", columns, 1))
    down = math.ceil(len(pictures) / across)
    if in_colour:
        pictures = np.stack([stretched(picture) for picture in pictures])
    rows = [list(pictures[start : start + across]) for start in range(0, len(pictures), across)]
    gap = max(1, round(max(HH, WW) / 8))
    grid = np.full(
        (down * (HH + gap) - gap, across * (WW + gap) - gap, pictures.shape[3]), 1.0 if in_colour else np.nan
    )
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            grid[y * (HH + gap) :, x * (WW + gap) :][:HH, :WW] = picture
    width = min(9.0, max(3.2, 0.75 * across))
    bar = 0.0 if in_colour else 1.0
    figure = new_figure(width + bar, 0.4 + min(40.0, width * grid.shape[0] / grid.shape[1]))
    axes = figure.add_subplot()
    axes.set_axis_off()
    channels = "" if C == 1 else " in colour" if in_colour else f", a row of {C} channels each"
    axes.set_title(f"{F} filters of {HH} x {WW}{channels}", fontsize=11)
    if in_colour:
        axes.imshow(grid, interpolation="nearest")
    else:
        limit = float(np.abs(w).max()) or 1.0
        image = axes.imshow(grid[..., 0], cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
        figure.colorbar(image, ax=axes, label="weight", aspect=25)
    for n in range(len(pictures)):
        y, x = divmod(n, across)
        corner = x * (WW + gap) - 0.5, y * (HH + gap) - 0.5
        axes.add_patch(Rectangle(corner, WW, HH, fill=False, edgecolor=GREY, linewidth=0.5, clip_on=False))
    return figure
