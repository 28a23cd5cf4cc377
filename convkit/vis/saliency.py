"""Saliency: which pixels the score of a class depends on most, by the gradient with respect to the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from convkit.contracts import check_labels, whole_number
from convkit.vis.canvas import check_images, new_figure, show_image
from convkit.vis.model_access import check_mean_image, class_name, image_gradient, scores_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def compute_saliency_maps(X: np.ndarray, y: np.ndarray, model: Any) -> np.ndarray:
    """For each pixel, how strongly the score of the image's class depends on it.

        saliency[n, i, j] = largest over c of |d score[n, y[n]] / d X[n, c, i, j]|

    - X: images (N, C, H, W) as the model takes them
    - y: (N,) integers, the class of each
    - model: ThreeLayerConvNet, a network of convkit.nn, or any with forward(X) -> (scores, cache) and
      backward(dscores, cache) -> (dX, grads)

    Returns (N, H, W) of the model's dtype. Raises TypeError or ValueError for anything else.
    Source: K. Simonyan, A. Vedaldi and A. Zisserman, "Deep inside convolutional networks", 2014, section 3.1.
    """
    X = check_images("X", X, "(N, C, H, W)")

    def of_label(scores: np.ndarray) -> np.ndarray:
        labels = check_labels(y, *scores.shape)
        dscores = np.zeros_like(scores)
        dscores[np.arange(len(scores)), labels] = 1
        return dscores

    _, dX = image_gradient(model, X, of_label)
    return np.abs(dX).max(axis=1)


def plot_saliency(
    X: np.ndarray,
    y: np.ndarray,
    model: Any,
    class_names: Sequence[str] | None = None,
    mean_image: np.ndarray | None = None,
    columns: int = 6,
) -> Figure:
    """Images above their saliency maps, each map on its own scale.

    - X, y, model: as of compute_saliency_maps
    - class_names: of the classes 0, 1, ...; None: their numbers
    - mean_image: (C, H, W), what was subtracted from the images; it is added for display
    - columns: how many images, the first ones, are shown

    Returns a matplotlib Figure. Raises TypeError or ValueError for anything else.
    """
    X = check_images("X", X, "(N, C, H, W)")
    if X.shape[1] not in (1, 3):
        raise ValueError(f"X must have 1 or 3 channels, (N, C, H, W), got shape {X.shape}")
    mean = check_mean_image(mean_image, X.shape[1:])
    shown = min(len(X), whole_number("columns", columns, 1))
    maps = compute_saliency_maps(X[:shown], y[:shown], model)
    classes = scores_of(model, X[:1]).shape[1]
    height = min(X.shape[2] / X.shape[3], 4)
    figure = new_figure(max(3.0, 1.35 * shown + 1.0), 0.35 + 2.7 * height)
    all_axes = figure.subplots(2, shown, squeeze=False)
    for n in range(shown):
        show_image(all_axes[0, n], X[n] + mean)
        all_axes[0, n].set_title(class_name(int(y[n]), classes, class_names), fontsize=9)
        picture = all_axes[1, n].imshow(maps[n], cmap="magma", vmin=0, vmax=maps[n].max() or 1.0)
        all_axes[1, n].set(xticks=[], yticks=[])
    all_axes[0, 0].set_ylabel("image", fontsize=9)
    all_axes[1, 0].set_ylabel("saliency", fontsize=9)
    ticks = [0, picture.get_clim()[1]]
    bar = figure.colorbar(picture, ax=all_axes, ticks=ticks, aspect=10, pad=0.02, shrink=0.45, anchor=(0.0, 0.05))
    bar.ax.set_yticklabels(["0", "largest"], fontsize=8)
    return figure
