"""A few images of each class of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from convkit.vis.canvas import check_images, new_figure, show_image

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_examples(
    X: np.ndarray, y: np.ndarray, class_names: Sequence[str], mean_image: np.ndarray | float = 0.0, columns: int = 10
) -> Figure:
    """The first few images of each class, a row for a class, with its name.

    - X: images (N, C, H, W), C 1 or 3; y: labels (N,), every class at least once
    - class_names: of the classes 0, 1, ...
    - mean_image: (C, H, W), what was subtracted from the images; it is added for display
    - columns: images in a row

    Returns a matplotlib Figure.
    """
    X = check_images("X", X, "(N, C, H, W)")
    figure = new_figure(1.1 + 0.62 * columns, 0.62 * len(class_names))
    all_axes = figure.subplots(len(class_names), columns, squeeze=False)
    for label, (name, row) in enumerate(zip(class_names, all_axes, strict=True)):
        chosen = X[np.flatnonzero(y == label)[:columns]] + mean_image
        for axes in row[len(chosen) :]:
            axes.set_axis_off()
        for axes, image in zip(row, chosen, strict=False):
            show_image(axes, image, chosen.min(), chosen.max())
        row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    return figure
