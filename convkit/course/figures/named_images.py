"""Images of a data set, each with the name of its class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from convkit.vis.canvas import check_images, new_figure, show_image

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_named_images(images: np.ndarray, labels: np.ndarray, class_names: Sequence[str], columns: int = 10) -> Figure:
    """Images with the names of their classes below them.

    - images: (N, C, H, W), C 1 or 3, all shown on one scale of brightness
    - labels: (N,) integers; class_names: what each stands for
    - columns: images side by side

    Returns a matplotlib Figure.
    """
    images = check_images("images", images, "(N, C, H, W)")
    across = min(columns, len(images))
    down = math.ceil(len(images) / across)
    figure = new_figure(1.0 * across, 1.2 * down)
    for n, axes in enumerate(figure.subplots(down, across, squeeze=False).flat):
        axes.set_axis_off()
        if n < len(images):
            show_image(axes, images[n], images.min(), images.max())
            axes.set_title(class_names[labels[n]], fontsize=8, y=-0.22)
    return figure
