"""The backward pass of a normalization as a picture: what is taken away from the gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit.vis.canvas import BLUE, GREEN, ORANGE, new_figure
from convkit.vis.cells import number, sign

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_taken_away(x: np.ndarray, dx_hat: np.ndarray) -> Figure:
    """dx_hat, its part in the direction 'all the same', its part in the direction x_hat, and what is left.

    - x: numbers (N,) of one feature, not all equal; eps is left out
    - dx_hat: gradient (N,) with respect to the normalized numbers

    Returns a matplotlib Figure.
    """
    std = x.std()
    x_hat = (x - x.mean()) / std
    same = np.full(len(x), dx_hat.mean())
    along = x_hat * np.mean(dx_hat * x_hat)
    parts = {
        "dx_hat": (dx_hat, BLUE),
        "its mean,\nfor all the same": (same, ORANGE),
        "its part in the\ndirection x_hat": (along, ORANGE),
        "what is left,\nstd times dx": (dx_hat - same - along, GREEN),
    }
    top = max(np.abs(values).max() for values, _ in parts.values()) * 1.25
    figure = new_figure(9.6, 2.6)
    axes = figure.subplots(1, 7, width_ratios=(4, 0.7, 4, 0.7, 4, 0.7, 4))
    for k, (title, (values, colour)) in enumerate(parts.items()):
        bars = axes[2 * k].bar(range(len(x)), values, color=colour, width=0.7)
        axes[2 * k].bar_label(bars, [number(value) for value in values], fontsize=9, padding=2)
        axes[2 * k].axhline(0, color="#888888", linewidth=0.8)
        axes[2 * k].set(ylim=(-0.7 * top, top), yticks=[], xticks=[], xlabel=f"{len(x)} samples")
        axes[2 * k].spines[:].set_visible(False)
        axes[2 * k].set_title(title, fontsize=10)
    for k, text in enumerate(("−", "−", "=")):
        sign(axes[2 * k + 1], text)
    return figure
