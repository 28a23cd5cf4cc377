"""Images with what a model took them for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from convkit.contracts import check_labels, whole_number
from convkit.vis.canvas import RED, check_images, new_figure, stretched

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_predictions(
    images: np.ndarray,
    labels: np.ndarray,
    predicted: np.ndarray,
    class_names: Sequence[str] | None = None,
    columns: int = 10,
) -> Figure:
    """Images with what a model took them for; mistakes have a red frame and say what the image is.

    - images: (N, C, H, W), C 1 (grey) or 3 (colour), N at least 1: uint8, or real numbers, all on one scale
    - labels: (N,) integers, what the images are; predicted: (N,) integers, what the model says
    - class_names: names of the classes 0, 1, ...; None: the numbers are shown
    - columns: images side by side

    Returns a matplotlib Figure. Raises TypeError or ValueError for anything else.
    """
    images = check_images("images", images, "(N, C, H, W)")
    N, C, H, W = images.shape
    if C not in (1, 3):
        raise ValueError(f"images must have 1 or 3 channels, (N, C, H, W), got shape {images.shape}")
    classes = np.iinfo(np.int64).max if class_names is None else len(class_names)
    labels, predicted = check_labels(labels, N, classes), check_labels(predicted, N, classes)
    names = {int(k): str(k) if class_names is None else class_names[k] for k in {*labels.tolist(), *predicted.tolist()}}
    pictures = (images / 255 if images.dtype == np.uint8 else stretched(images)).transpose(0, 2, 3, 1)
    across = min(N, whole_number("columns", columns, 1))
    down = math.ceil(N / across)
    figure = new_figure(max(5.2, 1.05 * across), 0.45 + down * (1.0 * min(H / W, 4) + 0.3))
    right = int(np.sum(labels == predicted))
    figure.suptitle(f"{right} of {N} recognized; mistakes in red, with the true label below", fontsize=11)
    for n, axes in enumerate(figure.subplots(down, across, squeeze=False).flat):
        axes.set(xticks=[], yticks=[])
        if n >= N:
            axes.set_axis_off()
            continue
        axes.imshow(pictures[n] if C == 3 else pictures[n][..., 0], cmap="gray", vmin=0, vmax=1)
        _caption(axes, names[int(predicted[n])], names[int(labels[n])])
    return figure


def _caption(axes: Axes, predicted: str, label: str) -> None:
    wrong = predicted != label
    axes.set_title(
        predicted, fontsize=8, pad=3, color=RED if wrong else "black", fontweight="bold" if wrong else "normal"
    )
    axes.set_xlabel(f"is: {label}" if wrong else " ", fontsize=7.5, labelpad=2, color=RED)
    axes.spines[:].set(color=RED if wrong else "#bbbbbb", linewidth=2.5 if wrong else 0.5)
