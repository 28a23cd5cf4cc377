"""A noisy track, and what a weighted average of its latest measurements makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit.vis.canvas import BLUE, GREY, ORANGE, new_figure, plain_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_track(true: np.ndarray, measured: np.ndarray, smoothed: np.ndarray | None = None, title: str = "") -> Figure:
    """Where something was, what the laser measured, and the smoothed track.

    - true, measured: positions (T,), one for each second
    - smoothed: (T - K + 1,), the average of K measurements each, drawn at the latest of them; None: not there yet

    Returns a matplotlib Figure.
    """
    figure = new_figure(8.2, 3.2)
    axes = figure.add_subplot()
    plain_axes(axes)
    axes.plot(true, color=GREY, linestyle="--", linewidth=1.4, label="where it was")
    axes.plot(measured, ".", color=BLUE, markersize=4, label="measured")
    if smoothed is not None:
        first = len(measured) - len(smoothed)
        axes.plot(range(first, len(measured)), smoothed, color=ORANGE, linewidth=2, label="smoothed")
        error = np.sqrt(np.mean((smoothed - true[first:]) ** 2))
        before = np.sqrt(np.mean((measured[first:] - true[first:]) ** 2))
        title = f"{title}typical error {before:.2f} m before, {error:.2f} m after"
    axes.set(xlabel="seconds", ylabel="metres")
    axes.set_title(title, fontsize=10)
    axes.legend(frameon=False, fontsize=8)
    return figure
