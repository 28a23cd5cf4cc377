"""Adam's two running averages, which begin at zero, and the same corrected for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit.vis.canvas import BLUE, GREY, ORANGE, new_figure, plain_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_running_averages(dw: np.ndarray, beta1: float = 0.9, beta2: float = 0.999) -> Figure:
    """The gradients of one weight step by step with their average; beside them their squares with theirs.

    - dw: gradients (T,), one for each step
    - beta1, beta2: what an average keeps of itself in each step

    Returns a matplotlib Figure.
    """
    steps = np.arange(1, len(dw) + 1)
    figure = new_figure(9.4, 3.0)
    sides = (("dw", "m", dw, beta1), ("dw²", "v", dw**2, beta2))
    for axes, (what, name, values, beta) in zip(figure.subplots(1, 2), sides, strict=True):
        average = np.zeros(len(dw))
        for t, value in enumerate(values):
            average[t] = beta * average[t - 1] * (t > 0) + (1 - beta) * value
        plain_axes(axes)
        axes.plot(steps, values, "o", color=GREY, markersize=3.5, label=what)
        axes.plot(steps, average, color=BLUE, linewidth=2, label=f"{name}, from zero")
        axes.plot(steps, average / (1 - beta**steps), color=ORANGE, linewidth=2, label=f"{name}, corrected")
        axes.set(xlabel="step t", ylim=(min(0.0, values.min()) - 0.15, 1.5 * values.max()))
        axes.set_title(f"{what} and its average, β = {beta:g}", fontsize=10)
        axes.legend(frameon=False, fontsize=9, ncols=3, loc="upper center")
    return figure
