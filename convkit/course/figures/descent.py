"""The way that an update rule takes through a valley."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from convkit.optim import UPDATE_RULES
from convkit.vis.canvas import BLUE, ORANGE, RED, new_figure, plain_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STEEP = 20.0  # how much more the valley bends across than along
START = (-9.0, 1.5)


def plot_descent(rule: str | Callable = "sgd", learning_rate: float = 0.05, steps: int = 30) -> Figure:
    """The steps of an update rule in the valley 0.5 (x² + 20 y²), and the loss after each.

    - rule: name of a rule of convkit.optim, or a function rule(w, dw, config) -> (next_w, config)
    - learning_rate: in its config; steps: how many

    Returns a matplotlib Figure.
    """
    function = UPDATE_RULES[rule] if isinstance(rule, str) else rule
    name = rule if isinstance(rule, str) else getattr(rule, "__name__", "rule")
    bend = np.array([1.0, STEEP])
    w, config = np.array(START), {"learning_rate": learning_rate}
    way = [w]
    for _ in range(steps):
        w, config = function(w.copy(), bend * w, config)
        way.append(w)
        if np.abs(w).max() > 1e6:
            break
    points = np.array(way)
    losses = 0.5 * np.sum(bend * points**2, axis=1)
    figure = new_figure(9, 3.2)
    left, right = figure.subplots(1, 2, width_ratios=(2.2, 1))
    x, y = np.meshgrid(np.linspace(-10, 4, 200), np.linspace(-3, 3, 100))
    left.contour(x, y, 0.5 * (x**2 + STEEP * y**2), levels=np.geomspace(0.5, 120, 12), colors="#bbbbbb", linewidths=0.8)
    left.plot(points[:, 0], points[:, 1], color=BLUE, marker="o", markersize=3, linewidth=1.2)
    left.plot(*START, color=ORANGE, marker="o")
    left.plot(0, 0, color=RED, marker="*", markersize=12)
    left.set(xlim=(-10, 4), ylim=(-3, 3), xticks=[], yticks=[], xlabel="first weight", ylabel="second weight")
    left.set_title(f"{name}, learning rate {learning_rate:g}: {len(points) - 1} steps", fontsize=11)
    right.plot(losses, color=BLUE)
    right.set(yscale="log", xlabel="step", ylim=(1e-4, 1e4))
    right.set_title(f"loss, {losses[-1]:.2g} in the end", fontsize=11)
    plain_axes(right)
    return figure
