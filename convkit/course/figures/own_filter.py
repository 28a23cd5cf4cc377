"""A filter of the learner's own, and what it makes of a photo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit.vis.canvas import new_figure, show_image
from convkit.vis.photo_filters import filter_photo

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_own_filter(photo: np.ndarray, kernel: np.ndarray) -> Figure:
    """The numbers of a filter, the grey photo, and the photo through the filter.

    - photo: (H, W, 3) or (H, W), 0..255
    - kernel: (HH, WW), sides odd

    What sums to 0 is shown with grey for 0, all else on the photo's scale of brightness. Returns a matplotlib Figure.
    """
    grey, result = filter_photo(photo, "gray-scale"), filter_photo(photo, kernel)
    figure = new_figure(9.6, 2.5)
    left, middle, right = figure.subplots(1, 3, width_ratios=(2, 3, 3))
    limit = max(float(np.abs(kernel).max()), 1e-9)
    left.imshow(kernel, cmap="RdBu_r", vmin=-1.6 * limit, vmax=1.6 * limit)
    for i, j in np.ndindex(*kernel.shape):
        left.text(j, i, f"{kernel[i, j]:.3g}", ha="center", va="center", fontsize=10)
    left.set(xticks=[], yticks=[])
    left.set_title(f"filter, sum {kernel.sum():.3g}", fontsize=10)
    show_image(middle, grey[np.newaxis], 0, 255)
    middle.set_title(f"before: mean {grey.mean():.0f}", fontsize=10)
    edge = max(float(np.quantile(np.abs(result), 0.995)), 1e-9)
    low, high = (-edge, edge) if abs(kernel.sum()) < 1e-9 else (0, 255)
    show_image(right, result[np.newaxis], low, high)
    right.set_title(f"after: mean {result.mean():.0f}", fontsize=10)
    return figure
