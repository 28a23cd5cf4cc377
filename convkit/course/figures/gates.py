"""ReLU as a gate: what goes through forward also lets the gradient through backward."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit.vis.canvas import BLUE, GREEN, GREY, ORANGE, new_figure, plain_axes
from convkit.vis.cells import cells

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_gates(x: np.ndarray, dout: np.ndarray) -> Figure:
    """The function max(0, x); beside it x, and what it does to each number forward and to its gradient backward.

    - x, dout: (n,), n at most 8; open gates are tinted

    Returns a matplotlib Figure.
    """
    x, dout = np.asarray(x, np.float64), np.asarray(dout, np.float64)
    figure = new_figure(9.2, 2.9)
    grid = figure.add_gridspec(4, 2, width_ratios=(2, 3))
    curve = figure.add_subplot(grid[:, 0])
    plain_axes(curve)
    at = np.linspace(-3, 3, 121)
    curve.plot(at, np.maximum(0, at), color=GREY, linewidth=2)
    curve.plot(x, np.maximum(0, x), "o", color=GREEN, markersize=5)
    curve.set(xlabel="x", ylabel="max(0, x)")
    is_open = (x > 0)[np.newaxis]
    rows = (("x", x, ORANGE), ("out", np.maximum(0, x), GREEN), ("dout", dout, BLUE), ("dx", dout * (x > 0), ORANGE))
    for k, (name, values, color) in enumerate(rows):
        axes = figure.add_subplot(grid[k, 1])
        cells(axes, values[np.newaxis], "", color, filled=is_open)
        axes.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=10)
    return figure
