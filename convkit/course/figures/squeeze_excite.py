"""Squeeze-and-excitation as a drawing: the way of the channels, and the way round it that decides on the gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convkit.course.figures.boxes import arrow, box, plus, sheet
from convkit.vis.canvas import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_squeeze_excite() -> Figure:
    """The steps of squeeze-and-excitation with the shape of what goes from each to the next.

    Returns a matplotlib Figure.
    """
    figure = new_figure(9.0, 2.5)
    axes = figure.subplots()
    sheet(axes, 18.6, 4.6)
    axes.text(0.5, 3.7, "x", ha="center", va="center", fontsize=12)
    axes.text(17.9, 3.7, "out", ha="center", va="center", fontsize=12)
    arrow(axes, (0.8, 3.7), (16.05, 3.7))
    arrow(axes, (1.3, 3.7), (1.3, 1.2), (1.8, 1.2))
    steps = (
        ("mean of each\nchannel", "(N, C)"),
        ("affine w1, b1\nrelu", "(N, R)"),
        ("affine w2, b2\nsigmoid", "(N, C)"),
    )
    names = ("squeezed", "hidden", "gate")
    for k, ((text, shape), name) in enumerate(zip(steps, names)):
        x = 3.2 + 5.0 * k
        box(axes, x, 1.2, text, width=2.8)
        end = (x + 3.6, 1.2)
        axes.text(x + 2.5, 0.75, name, ha="center", va="center", fontsize=9)
        axes.text(x + 2.5, 1.65, shape, ha="center", va="center", fontsize=8, color="#555555")
        if k < 2:
            arrow(axes, (x + 1.4, 1.2), end)
        else:
            arrow(axes, (x + 1.4, 1.2), (16.4, 1.2), (16.4, 3.35))
    plus(axes, 16.4, 3.7, "×")
    arrow(axes, (16.75, 3.7), (17.4, 3.7))
    axes.text(
        8.2, 4.15, "(N, C, H, W): every channel, times its gate", ha="center", va="center", fontsize=8, color="#555555"
    )
    return figure
