"""Learning-rate schedules as curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from convkit.schedules import Schedule, factor
from convkit.vis.canvas import BLUE, GREEN, ORANGE, RED, new_figure, plain_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_schedules(named: Mapping[str, Schedule], total: int = 100) -> Figure:
    """By which factor each schedule multiplies the learning rate, over a run.

    - named: at most four schedules by name; total: iterations of the run

    Returns a matplotlib Figure.
    """
    figure = new_figure(6.5, 2.8)
    axes = figure.subplots()
    for (name, schedule), colour in zip(named.items(), (BLUE, ORANGE, GREEN, RED)):
        axes.plot([factor(schedule, i, total) for i in range(total)], color=colour, label=name)
    axes.set(xlabel="iteration", ylabel="factor", ylim=(0, 1.05))
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    plain_axes(axes)
    return figure
