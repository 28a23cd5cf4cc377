"""The confusion matrix: what the images of each class were taken for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from convkit.contracts import check_labels
from convkit.contracts import whole_number as whole
from convkit.vis.canvas import class_names_for, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def confusion_matrix(y: np.ndarray, predicted: np.ndarray, num_classes: int | None = None) -> np.ndarray:
    """Counts (num_classes, num_classes) of integers: [i, j] is how many images of class i were taken for class j.

    - y, predicted: (N,) integers, what the images are and what a model says
    - num_classes: None: one more than the largest label

    Raises TypeError or ValueError for labels that do not fit.
    """
    largest = np.iinfo(np.int64).max
    y = check_labels(y, len(y) if isinstance(y, np.ndarray) and y.ndim else 0, largest)
    predicted = check_labels(predicted, len(y), largest)
    found = int(max(y.max(initial=0), predicted.max(initial=0))) + 1
    classes = found if num_classes is None else whole("num_classes", num_classes, 1)
    check_labels(y, len(y), classes), check_labels(predicted, len(y), classes)
    if classes > 10_000:
        raise ValueError(f"num_classes must be 10000 or less, got {classes}")
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (y, predicted), 1)
    return counts


def plot_confusion(y: np.ndarray, predicted: np.ndarray, class_names: Sequence[str] | None = None) -> Figure:
    """The confusion matrix in colours: a row for each class, and in it the share that was taken for each class.

    - y, predicted: (N,) integers, N at least 1, what the images are and what a model says
    - class_names: names of the classes 0, 1, ...; None: the numbers are shown

    Returns a matplotlib Figure; numbers are counts, colours shares of the row. Raises TypeError or ValueError.
    """
    counts = confusion_matrix(y, predicted, None if class_names is None else len(class_names))
    total, classes = int(counts.sum()), len(counts)
    if not total:
        raise ValueError("y must hold at least one label, got none")
    names = class_names_for(classes, class_names)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(14.0, max(3.4, 0.52 * classes + 1.6))
    figure = new_figure(side + 0.9, side)
    axes = figure.add_subplot()
    image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    # shrink and pad keep the scale as high as the square matrix
    bar = figure.colorbar(image, ax=axes, label="share of the class", fraction=0.046, pad=0.03)
    bar.ax.yaxis.set_major_formatter("{x:.0%}")
    axes.set_xticks(range(classes), names, rotation=45 if max(map(len, names)) > 2 else 0, ha="right", fontsize=9)
    if max(map(len, names)) <= 2:
        axes.set_xticks(range(classes), names, ha="center", fontsize=9)
    axes.set_yticks(range(classes), names, fontsize=9)
    right = int(np.trace(counts))
    axes.set(xlabel="taken for", ylabel="is")
    axes.set_title(f"{right:,} of {total:,} recognized ({right / total:.1%})", fontsize=11)
    if classes <= 25:
        for i, j in np.argwhere(counts):
            ink = "white" if share[i, j] > 0.55 else "black"
            axes.text(j, i, f"{counts[i, j]}", ha="center", va="center", fontsize=8, color=ink)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return figure
