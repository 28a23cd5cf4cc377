"""An image that was pooled, and three ways to make it large again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit.course.figures.numbers import show_numbers
from convkit.layers.unpool import max_pool_with_indices_naive, max_unpool_forward_naive
from convkit.layers.upsample import bed_of_nails_forward_naive, upsample_nearest_forward_naive
from convkit.vis.canvas import new_figure, show_image

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_upsampled(image: np.ndarray) -> Figure:
    """The image, its 2x2 max pooling, and that made large again: nearest, bed of nails, max unpooling.

    - image: (H, W), sides even; shown with its numbers if no side is longer than 8

    Returns a matplotlib Figure.
    """
    x = image.astype(np.float64)[None, None]
    pooled, indices = max_pool_with_indices_naive(x, {"pool_height": 2, "pool_width": 2, "stride": 2})
    pictures = {
        "image": x,
        "max pooling": pooled,
        "nearest": upsample_nearest_forward_naive(pooled, {"scale": 2})[0],
        "bed of nails": bed_of_nails_forward_naive(pooled, {"scale": 2})[0],
        "max unpooling": max_unpool_forward_naive(pooled, indices, {"output_size": image.shape})[0],
    }
    figure = new_figure(11, 2.6)
    for (name, picture), axes in zip(pictures.items(), figure.subplots(1, 5), strict=True):
        title = f"{name}, {picture.shape[2]} x {picture.shape[3]}"
        if max(image.shape) <= 8:
            show_numbers(axes, picture[0, 0], title, float(np.abs(image).max()))
        else:
            show_image(axes, picture[0], 0.0, float(image.max()))
            axes.set_title(title, fontsize=9)
    return figure
