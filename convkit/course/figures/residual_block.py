"""A plain block beside a residual one, with the way that the gradient takes through each, in words or in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convkit.course.figures.boxes import arrow, box, plus, sheet
from convkit.course.figures.flow import BACK
from convkit.vis.canvas import ORANGE, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MIDDLE, BODY, SIDE = 2.6, ("conv 1", "relu", "conv 2"), 5.9


def plot_residual_block(weights: tuple[float, float] | None = None) -> Figure:
    """Two blocks of two convolutions, one of which has a shortcut around them; orange: the gradient on its way back.

    - weights: None, or those of two filters with a single weight each, above 0: beside each step then stand its value
      for x = 1 and its gradient for a gradient 1 of out

    Returns a matplotlib Figure.
    """
    figure = new_figure(9.0, 4.6)
    for axes, title, shortcut in zip(figure.subplots(1, 2), ("plain block", "residual block"), (False, True)):
        sheet(axes, 8.4, 8.0)
        axes.set_title(title, x=MIDDLE / 8.4, fontsize=11)
        _block(axes, shortcut)
        if weights is not None:
            _numbers(axes, shortcut, *weights)
    return figure


def _block(axes: Axes, shortcut: bool) -> None:
    axes.text(MIDDLE, 0.3, "x", ha="center", va="center", fontsize=11)
    arrow(axes, (MIDDLE, 0.55), (MIDDLE, 1.3))
    for k, name in enumerate(BODY):
        box(axes, MIDDLE, 1.7 + 1.2 * k, name)
        if k:
            arrow(axes, (MIDDLE, 0.9 + 1.2 * k), (MIDDLE, 1.3 + 1.2 * k))
    if shortcut:
        axes.text(MIDDLE - 0.2, 4.72, "change", ha="right", va="center", fontsize=9)
        arrow(axes, (MIDDLE, 0.9), (SIDE, 0.9), (SIDE, 5.25), (MIDDLE + 0.35, 5.25))
        axes.text(SIDE - 0.15, 2.3, "the shortcut:\nx itself", ha="right", va="center", fontsize=8)
        plus(axes, MIDDLE, 5.25)
        arrow(axes, (MIDDLE, 4.5), (MIDDLE, 4.9))
        arrow(axes, (SIDE + 0.4, 5.25), (SIDE + 0.4, 0.9), colour=ORANGE, style="--")
        axes.text(SIDE + 0.6, 3.0, "gradient:\nunchanged", va="center", fontsize=8, color=ORANGE)
    else:
        arrow(axes, (MIDDLE, 4.5), (MIDDLE, 5.6))
    arrow(axes, (0.65, 5.25), (0.65, 0.9), colour=ORANGE, style="--")
    axes.text(
        0.5, 3.0, "gradient: times the weights,\ntwice", rotation=90, ha="right", va="center", fontsize=8, color=ORANGE
    )
    if shortcut:
        arrow(axes, (MIDDLE, 5.6), (MIDDLE, 6.0))
    box(axes, MIDDLE, 6.4 if shortcut else 6.0, "relu")
    arrow(axes, (MIDDLE, 6.8 if shortcut else 6.4), (MIDDLE, 7.3))
    axes.text(MIDDLE, 7.6, "out", ha="center", va="center", fontsize=11)


def _numbers(axes: Axes, shortcut: bool, first: float, second: float) -> None:
    """Values in black and gradients in orange, beside the arrows of a block of one pixel."""
    body = first * second
    dx = f"{body:g} + 1 = {body + 1:g}" if shortcut else f"{body:g}"
    steps = [
        (0.3, "= 1", f"dx = {dx}"),
        (1.12, "1", f"{body:g}"),
        (2.3, f"{first:g}", f"{second:g}"),
        (3.5, f"{first:g}", f"{second:g}"),
        (4.72 if shortcut else 5.05, f"{body:g}", "1"),
        (7.6, f"= {body + shortcut:g}", "dout = 1"),
    ]
    if shortcut:
        steps.append((5.8, f"{body + 1:g}", "1"))
    for y, value, gradient in steps:
        ends = "=" in gradient
        axes.text(MIDDLE + (0.35 if ends else 0.2), y, value, va="center", fontsize=9)
        axes.text(MIDDLE + (1.5 if ends else 1.2), y, gradient, va="center", fontsize=9, color=BACK)
