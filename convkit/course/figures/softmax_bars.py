"""Scores, the probabilities that softmax makes of them, and the gradient of the loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit.vis.canvas import BLUE, GREEN, RED, new_figure, plain_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_softmax(scores: np.ndarray, label: int) -> Figure:
    """Three bar charts: scores, probabilities, and the gradient of the loss with respect to the scores.

    - scores: (C,); label: the right class, in green

    Returns a matplotlib Figure.
    """
    scores = np.asarray(scores, np.float64)
    p = np.exp(scores - scores.max())
    p /= p.sum()
    gradient = p - (np.arange(len(p)) == label)
    figure = new_figure(9, 2.8)
    colours = [GREEN if k == label else BLUE for k in range(len(p))]
    titles = ("scores", f"probabilities: loss -log({p[label]:.3f}) = {-np.log(p[label]):.2f}", "gradient of the loss")
    for axes, values, title in zip(figure.subplots(1, 3), (scores, p, gradient), titles, strict=True):
        plain_axes(axes)
        axes.bar(range(len(values)), values, color=colours)
        for k, value in enumerate(values):
            axes.annotate(f"{value:.2f}", (k, value), ha="center", va="bottom" if value >= 0 else "top", fontsize=8)
        axes.axhline(0, color="black", linewidth=0.8)
        axes.margins(y=0.18)
        axes.set_xticks(range(len(values)))
        axes.set(xlabel="class")
        axes.set_title(title, fontsize=10, color=RED if "gradient" in title else "black")
    return figure
