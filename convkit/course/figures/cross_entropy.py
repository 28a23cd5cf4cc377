"""The binary cross-entropy of one pixel, as the prediction goes from 0 to 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit.layers.bce import bce_loss
from convkit.vis.canvas import BLUE, GREEN, ORANGE, new_figure, plain_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_cross_entropy(targets: tuple[float, ...] = (0.0, 0.5, 1.0)) -> Figure:
    """The loss of a pixel over its prediction, a curve for each of up to three targets, with its lowest point.

    - targets: numbers from 0 to 1

    Returns a matplotlib Figure.
    """
    figure = new_figure(6.0, 2.8)
    axes = figure.subplots()
    p = np.linspace(0.01, 0.99, 197)
    for t, colour in zip(targets, (BLUE, GREEN, ORANGE), strict=False):
        losses = [bce_loss(np.array([each]), np.array([t]))[0] for each in p]
        lowest = int(np.argmin(losses))
        axes.plot(p, losses, color=colour, label=f"t = {t:g}")
        axes.plot(p[lowest], losses[lowest], "o", color=colour, clip_on=False)
    axes.set(xlabel="prediction p", ylabel="loss of the pixel", xlim=(0, 1), ylim=(0, 4))
    axes.legend(frameon=False, loc="upper center", ncols=len(targets))
    plain_axes(axes)
    return figure
