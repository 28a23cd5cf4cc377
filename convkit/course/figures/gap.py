"""How far a network's accuracy on the images it has learned from is above that on others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from convkit.vis.canvas import BLUE, ORANGE, new_figure, plain_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_gap(
    counts: Sequence[int], training: Sequence[float], validation: Sequence[float], classes: int = 10
) -> Figure:
    """Accuracy in training and in validation over the number of training images, and the gap between them.

    - counts: numbers of training images, above 0
    - training, validation: the accuracies, from 0 to 1
    - classes: number of classes, whose chance level is drawn

    Returns a matplotlib Figure.
    """
    figure = new_figure(6.5, 3.6)
    axes = figure.subplots()
    axes.fill_between(counts, validation, training, color="#eeeeee")
    axes.plot(counts, training, color=BLUE, marker="o", label="training images")
    axes.plot(counts, validation, color=ORANGE, marker="o", label="validation images")
    axes.axhline(1 / classes, color="#888888", linestyle=":", label="guessing")
    axes.set(xscale="log", xticks=counts, ylim=(0, 1.05), xlabel="images to learn from", ylabel="right answers")
    axes.set_xticklabels([f"{count:,}" for count in counts])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.legend(frameon=False, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1))
    plain_axes(axes)
    return figure
