"""One image, and how sure a network is of each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from convkit.vis.canvas import BLUE, GREEN, RED, new_figure, plain_axes, show_image

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_guess(model: Any, image: np.ndarray, label: int, class_names: Sequence[str]) -> Figure:
    """One image beside a bar for each class: the probability that the network gives it (the softmax of its scores).

    - model: model.loss(X) gives scores (N, C)
    - image: (C, H, W), prepared as those that the model learned from
    - label: what it is; its bar is green, a wrong highest one red

    Returns a matplotlib Figure.
    """
    scores = np.asarray(model.loss(image[np.newaxis])[0], np.float64)
    probabilities = np.exp(scores - scores.max())
    probabilities /= probabilities.sum()
    guess = int(np.argmax(probabilities))
    colours = [GREEN if k == label else RED if k == guess else BLUE for k in range(len(probabilities))]
    figure = new_figure(7.2, 2.9)
    left, right = figure.subplots(1, 2, width_ratios=(2, 3))
    show_image(left, image)
    left.set_title(f"it is: {class_names[label]}", fontsize=10)
    plain_axes(right)
    right.barh(range(len(probabilities)), probabilities, color=colours)
    right.set_yticks(range(len(probabilities)), class_names, fontsize=8)
    right.set(xlim=(0, 1), xlabel="probability")
    right.invert_yaxis()
    right.xaxis.set_major_formatter("{x:.0%}")
    words = "right" if guess == label else "wrong"
    right.set_title(f"the network says: {class_names[guess]} ({words})", fontsize=10)
    return figure
