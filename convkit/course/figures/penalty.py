"""What a weight costs with regularization, and the slope of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit.vis.canvas import BLUE, ORANGE, new_figure, plain_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_penalty(reg: float = 0.1, weights: tuple[float, ...] = (-3.0, 1.0, 2.0)) -> Figure:
    """The cost of one weight, reg/2 times its square, with the slope, reg times the weight, at some places.

    - reg: above 0; weights: the places, of size up to 4

    Returns a matplotlib Figure.
    """
    figure = new_figure(6.4, 3.2)
    axes = figure.add_subplot()
    plain_axes(axes)
    at = np.linspace(-4, 4, 161)
    axes.plot(at, reg / 2 * at**2, color=BLUE, linewidth=2, label="cost: ½ · reg · w²")
    for w in weights:
        beside = np.array([w - 0.45, w + 0.45])
        axes.plot(beside, reg / 2 * w**2 + reg * w * (beside - w), color=ORANGE, linewidth=2)
        axes.plot(w, reg / 2 * w**2, "o", color=ORANGE, markersize=5)
        words = f"w = {w:g}: cost {reg / 2 * w**2:.2g}, slope {reg * w:.2g}".replace("-", "\N{MINUS SIGN}")
        height = reg / 2 * w**2
        place = (w + 0.35, height - 0.15 * reg) if w > 0 else (w + 0.25, height + 0.1 * reg)
        axes.text(*place, words, ha="left", va="top" if w > 0 else "bottom", fontsize=9)
    axes.plot([], [], color=ORANGE, linewidth=2, label="its slope: reg · w")
    axes.set(xlabel="one weight w", xlim=(-4.3, 5.2), ylim=(-1.1 * reg, None))
    axes.set_title(f"reg = {reg:g}", fontsize=10)
    axes.legend(frameon=False, fontsize=9, loc="upper center")
    return figure
