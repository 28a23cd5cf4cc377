"""A derivative measured with a step: a straight line through two points of a curve, and its error step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from convkit.vis.canvas import BLUE, GREY, ORANGE, RED, new_figure, plain_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_slopes(h: float = 0.5, at: float = 1.0) -> Figure:
    """f(x) = x³/3 with its slope at one place, measured forwards and to both sides.

    - h: the step, above 0; at: the place

    Returns a matplotlib Figure.
    """
    figure = new_figure(6.4, 3.6)
    axes = figure.add_subplot()
    plain_axes(axes)
    x = np.linspace(0, 2.2, 200)
    axes.plot(x, _cubic(x), color=GREY, linewidth=2, label="f(x) = x³/3")
    true = at**2
    for color, left, name in ((RED, at, "forward"), (BLUE, at - h, "central")):
        slope = (_cubic(at + h) - _cubic(left)) / (at + h - left)
        axes.plot(x, _cubic(left) + slope * (x - left), color=color, linewidth=1.4,
                  label=f"{name}: slope {slope:.3f}")  # fmt: skip
        axes.plot([left, at + h], [float(_cubic(left)), float(_cubic(at + h))], "o", color=color, markersize=5)
    axes.plot(x, _cubic(at) + true * (x - at), color=ORANGE, linestyle="--", label=f"tangent: slope {true:.3f}")
    axes.set(xlabel="x", ylabel="f(x)", ylim=(-0.8, 3.6))
    axes.set_title(f"step h = {h:g} at x = {at:g}", fontsize=10)
    axes.legend(frameon=False, fontsize=9)
    return figure


def _cubic(x: Any) -> Any:
    return x**3 / 3


def plot_step_errors(f: Callable, derivative: Callable, at: float = 1.0) -> Figure:
    """How wrong forward and central differences are, for steps from 1 down to 1e-14.

    - f, derivative: functions of one number; at: the place

    Returns a matplotlib Figure.
    """
    steps = 10.0 ** np.arange(0, -14.5, -0.5)
    true = derivative(at)
    forward = [abs((f(at + h) - f(at)) / h - true) for h in steps]
    central = [abs((f(at + h) - f(at - h)) / (2 * h) - true) for h in steps]
    figure = new_figure(6.4, 3.4)
    axes = figure.add_subplot()
    plain_axes(axes)
    for errors, color, name in ((forward, RED, "forward"), (central, BLUE, "central")):
        shown = np.maximum(errors, 1e-16)
        axes.loglog(steps, shown, color=color, marker="o", markersize=3.5, label=f"{name} difference")
    axes.set(xlabel="step h", ylabel="error of the slope")
    axes.legend(frameon=False, fontsize=9)
    return figure
