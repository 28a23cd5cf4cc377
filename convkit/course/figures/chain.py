"""Layers in a row: numbers go forward, gradients come back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from convkit.vis.canvas import BLUE, ORANGE, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_chain(
    layers: Sequence[str] = ("affine", "relu", "affine", "softmax\nloss"),
    forward: Sequence[str] = ("x", "h1", "h2", "scores", "loss"),
    backward: Sequence[str] = ("dx", "dh1", "dh2", "dscores", ""),
) -> Figure:
    """Boxes with an arrow to the right above, and one back below.

    - layers: names of the boxes
    - forward: what goes in and out, one more than boxes
    - backward: their gradients

    Returns a matplotlib Figure.
    """
    from matplotlib.patches import FancyBboxPatch

    step, width = 2.3, 1.25
    figure = new_figure(0.75 * step * len(layers) + 0.9, 1.7)
    axes = figure.subplots()
    axes.set(xlim=(-step + width - 0.1, step * len(layers) + 0.1), ylim=(-0.75, 1.25))
    axes.axis("off")
    for k, name in enumerate(layers):
        box = FancyBboxPatch(
            (k * step, -0.2), width, 0.9, boxstyle="round,pad=0.05", facecolor="#eef3f8", edgecolor="black"
        )
        axes.add_patch(box)
        axes.text(k * step + width / 2, 0.25, name, ha="center", va="center", fontsize=10)
    for k, (there, back) in enumerate(zip(forward, backward, strict=True)):
        left, right = (k - 1) * step + width + 0.1, k * step - 0.1
        _arrow(axes, left, right, 0.5, BLUE)
        axes.text((left + right) / 2, 0.68, there, ha="center", fontsize=9, color=BLUE)
        if back:
            _arrow(axes, right, left, 0.0, ORANGE)
            axes.text((left + right) / 2, -0.32, back, ha="center", fontsize=9, color=ORANGE)
    return figure


def _arrow(axes: Axes, start: float, end: float, height: float, colour: str) -> None:
    axes.annotate(
        "", (end, height), (start, height), arrowprops={"arrowstyle": "->", "color": colour, "linewidth": 1.6}
    )
