"""The arrays of a network in a row, the layers between them, and the gradients on their way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from convkit.vis.canvas import BLUE, ORANGE, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_flow(arrays: Sequence[tuple[str, str]], layers: Sequence[tuple[str, str]]) -> Figure:
    """Boxes joined by arrows: forward in blue, with the layer's name; backward in orange, with its gradients.

    - arrays: (name, shape) of each array
    - layers: (name, gradients) of the layer between each two arrays; one less than arrays

    Returns a matplotlib Figure. Raises ValueError where the numbers do not fit.
    """
    if len(layers) != len(arrays) - 1:
        raise ValueError(f"layers must be one less than arrays, got {len(layers)} for {len(arrays)}")
    figure = new_figure(min(1.6 * len(arrays) + 0.6, 11), 1.8)
    axes = figure.subplots()
    axes.set(xlim=(-0.55, len(arrays) - 0.45), ylim=(-1, 1))
    axes.set_axis_off()
    for k, (name, shape) in enumerate(arrays):
        box = {"boxstyle": "round,pad=0.4", "facecolor": "#f3f3f3", "edgecolor": "#888888"}
        axes.text(k, 0, f"{name}\n{shape}", ha="center", va="center", fontsize=9, bbox=box)
    for k, (name, gradients) in enumerate(layers):
        _arrow(axes, k + 0.12, k + 0.88, 0.45, BLUE)
        axes.text(k + 0.5, 0.58, name, ha="center", va="bottom", fontsize=9, color=BLUE)
        _arrow(axes, k + 0.88, k + 0.12, -0.45, ORANGE)
        axes.text(k + 0.5, -0.58, gradients, ha="center", va="top", fontsize=9, color="#a06f00")
    return figure


def _arrow(axes: Axes, start: float, end: float, height: float, colour: str) -> None:
    axes.annotate(
        "", (end, height), (start, height), arrowprops={"arrowstyle": "->", "color": colour, "linewidth": 1.6}
    )
