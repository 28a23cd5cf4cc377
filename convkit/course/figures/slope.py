"""The slope of a curve, by two of its points."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from convkit.vis.canvas import BLUE, ORANGE, new_figure, plain_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_slope(function: Callable, x: float, h: float, slope: float) -> Figure:
    """A function of one number, the line through its values at x - h and x + h, and how steep both are.

    - function: takes and returns numbers or arrays
    - x, h: the place and the step
    - slope: the exact slope there

    Returns a matplotlib Figure.
    """
    figure = new_figure(6.0, 2.8)
    axes = figure.subplots()
    along = np.linspace(x - 1.6, x + 1.6, 200)
    axes.plot(along, function(along), color=BLUE, label="f")
    ends = np.array([x - h, x + h])
    values = function(ends)
    found = (values[1] - values[0]) / (2 * h)
    line = values.mean() + found * (along - x)
    axes.plot(along, line, color=ORANGE, label=f"through x - h and x + h: slope {found:.6g}")
    axes.plot(ends, values, "o", color=ORANGE)
    axes.plot([x], function(np.array([x])), "o", color=BLUE)
    axes.set(xlabel="x", title=f"h = {h:g}: error {abs(found - slope):.1e}")
    axes.legend(fontsize=8)
    plain_axes(axes)
    return figure
