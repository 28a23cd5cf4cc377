"""Pictures of any sizes beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from convkit.vis.canvas import new_figure, show_image

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_side_by_side(rows: list[Mapping[str, np.ndarray]]) -> Figure:
    """Rows of grey pictures, each with its title, each on its own scale of brightness.

    - rows: a dict for each row, from titles to pictures (H, W)

    Returns a matplotlib Figure.
    """
    across = max(map(len, rows))
    figure = new_figure(2.0 * across, 2.3 * len(rows))
    grid = figure.subplots(len(rows), across, squeeze=False)
    for all_axes, row in zip(grid, rows, strict=True):
        for axes in all_axes[len(row) :]:
            axes.set_axis_off()
        for axes, (title, picture) in zip(all_axes, row.items()):
            show_image(axes, picture[np.newaxis])
            axes.set_title(title, fontsize=9)
    return figure
