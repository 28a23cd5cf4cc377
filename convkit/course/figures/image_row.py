"""Images side by side, each with a line above it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from convkit.vis.canvas import new_figure, show_image

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_image_row(images: Sequence[np.ndarray] | np.ndarray, titles: Sequence[str], heading: str = "") -> Figure:
    """Images in a row, each on its own scale from dark to light.

    - images: (C, H, W) each, C 1 or 3
    - titles: a line above each
    - heading: above all

    Returns a matplotlib Figure.
    """
    figure = new_figure(max(1.25 * len(images), 3.0), 1.65 + (0.3 if heading else 0.0))
    for axes, image, title in zip(figure.subplots(1, len(images), squeeze=False).flat, images, titles, strict=True):
        show_image(axes, np.asarray(image))
        axes.set_title(title, fontsize=9)
    if heading:
        figure.suptitle(heading, fontsize=11)
    return figure
