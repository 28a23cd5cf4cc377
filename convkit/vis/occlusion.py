"""Occlusion: how much the probability of a class falls where a part of the image is covered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from convkit.contracts import real_number, whole_number
from convkit.vis.canvas import new_figure, show_image
from convkit.vis.model_access import (
    check_image,
    check_mean_image,
    class_name,
    one_of_classes,
    probabilities_of,
    scores_of,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def occlusion_map(
    model: Any, image: np.ndarray, label: int | None = None, size: int | None = None, stride: int = 1, fill: float = 0.0
) -> np.ndarray:
    """The probability of a class while a square that covers part of the image stands at each position.

    - model: with loss(X) -> scores (N, classes)
    - image: (C, H, W) as the model takes it
    - label: the class; None: the one with the highest score
    - size: side of the square in pixels, at most H and W; None: a quarter of the shorter side
    - stride: pixels from one position to the next
    - fill: what the pixels under the square become; 0 is the mean image where that was subtracted

    Returns float64 (rows, columns) in 0..1, rows = (H - size)//stride + 1: [i, j] with the square's upper left corner
    at (i*stride, j*stride). Raises TypeError or ValueError for anything else.
    Source: M. Zeiler and R. Fergus, "Visualizing and understanding convolutional networks", 2014, section 4.2.
    """
    image = check_image("image", image)
    _, H, W = image.shape
    size = max(1, min(H, W) // 4) if size is None else whole_number("size", size, 1)
    if size > min(H, W):
        raise ValueError(f"size must be at most the image's {H} x {W}, got {size}")
    stride, fill = whole_number("stride", stride, 1), real_number("fill", fill, -1e30, 1e30)
    scores = scores_of(model, image[np.newaxis])[0]
    label = int(np.argmax(scores)) if label is None else one_of_classes("label", label, len(scores))
    rows, columns = range(0, H - size + 1, stride), range(0, W - size + 1, stride)
    result = np.empty((len(rows), len(columns)))
    for i, top in enumerate(rows):
        covered = np.repeat(image[np.newaxis], len(columns), axis=0)
        for j, left in enumerate(columns):
            covered[j, :, top : top + size, left : left + size] = fill
        result[i] = probabilities_of(model, covered)[:, label]
    return result


def plot_occlusion(
    model: Any,
    image: np.ndarray,
    label: int | None = None,
    size: int | None = None,
    stride: int = 1,
    fill: float = 0.0,
    class_names: Sequence[str] | None = None,
    mean_image: np.ndarray | None = None,
) -> Figure:
    """An image, the image with the square where it does most harm, and the map of the class's probability.

    - class_names: of the classes 0, 1, ...; None: their numbers
    - mean_image: (C, H, W), what was subtracted from the images; it is added for display
    - the others: as of occlusion_map

    Returns a matplotlib Figure. Raises TypeError or ValueError for anything else.
    """
    from matplotlib.patches import Rectangle

    image = check_image("image", image)
    shown = image + check_mean_image(mean_image, image.shape)
    before = probabilities_of(model, image[np.newaxis])[0]
    label = int(np.argmax(before)) if label is None else one_of_classes("label", label, len(before))
    _, H, W = image.shape
    size = max(1, min(H, W) // 4) if size is None else whole_number("size", size, 1)
    map_ = occlusion_map(model, image, label, size, stride, fill)
    name = class_name(label, len(before), class_names)
    figure = new_figure(9.6, 0.7 + 2.75 * min(H / W, 4))
    left, middle, right = figure.subplots(1, 3)
    show_image(left, shown)
    left.set_title(f"{name}: {before[label]:.0%}", fontsize=10)
    i, j = np.unravel_index(np.argmin(map_), map_.shape)
    top, edge = int(i) * stride, int(j) * stride
    covered = image.copy()
    covered[:, top : top + size, edge : edge + size] = fill
    covered = covered + check_mean_image(mean_image, image.shape)
    show_image(middle, covered, shown.min(), shown.max())
    square = Rectangle((edge - 0.5, top - 0.5), size, size, fill=False, edgecolor="#e69f00", linewidth=2)
    middle.add_patch(square)
    middle.set_title(f"most harm done here: {map_.min():.0%}", fontsize=10)
    # the middle of the square, so that the map lies on the image
    first, last_row, last_column = size / 2 - 0.5, (map_.shape[0] - 0.5) * stride, (map_.shape[1] - 0.5) * stride
    extent = (first - stride / 2, first + last_column, first + last_row, first - stride / 2)
    show_image(right, shown)
    right.images[0].set_alpha(0.35)
    picture = right.imshow(map_, cmap="viridis", vmin=0, vmax=1, extent=extent, alpha=0.8, interpolation="nearest")
    right.set(xlim=(-0.5, W - 0.5), ylim=(H - 0.5, -0.5))
    right.set_title(f"with a {size} x {size} square centred here", fontsize=10)
    bar = figure.colorbar(picture, ax=right, label=f"probability of {name}")
    bar.ax.yaxis.set_major_formatter("{x:.0%}")
    return figure
