"""The arrays of a network in a row, the layers between them, and the gradients on their way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from convkit.vis.canvas import BLUE, ORANGE, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BACK = "#a06f00"  # orange that can be read


def plot_flow(
    arrays: Sequence[tuple[str, str]], layers: Sequence[tuple[str, str]], gradients: Sequence[str] = ()
) -> Figure:
    """Boxes joined by arrows: forward in blue, with the layer's name; backward in orange, with its gradients.

    - arrays: (name, shape) of each array
    - layers: (name, gradients) of the layer between each two arrays; one less than arrays
    - gradients: what stands below each array on the way back; as many as arrays, or none

    Returns a matplotlib Figure. Raises ValueError where the numbers do not fit.
    """
    if len(layers) != len(arrays) - 1:
        raise ValueError(f"layers must be one less than arrays, got {len(layers)} for {len(arrays)}")
    if gradients and len(gradients) != len(arrays):
        raise ValueError(f"gradients must be as many as arrays, {len(arrays)}, got {len(gradients)}")
    figure = new_figure(min(1.6 * len(arrays) + 0.6, 11), 2.2 if gradients else 1.8)
    axes = figure.subplots()
    axes.set(xlim=(-0.55, len(arrays) - 0.45), ylim=(-1.4 if gradients else -1, 1))
    axes.set_axis_off()
    for k, (name, shape) in enumerate(arrays):
        box = {"boxstyle": "round,pad=0.4", "facecolor": "#f3f3f3", "edgecolor": "#888888"}
        axes.text(k, 0, f"{name}\n{shape}", ha="center", va="center", fontsize=9, bbox=box)
    for k, text in enumerate(gradients):
        axes.text(k, -1.0, text, ha="center", va="top", fontsize=9, color=BACK)
    for k, (name, back) in enumerate(layers):
        _arrow(axes, k + 0.12, k + 0.88, 0.45, BLUE)
        axes.text(k + 0.5, 0.58, name, ha="center", va="bottom", fontsize=9, color=BLUE)
        _arrow(axes, k + 0.88, k + 0.12, -0.45, ORANGE)
        axes.text(k + 0.5, -0.58, back, ha="center", va="top", fontsize=9, color=BACK)
    return figure


def _arrow(axes: Axes, start: float, end: float, height: float, colour: str) -> None:
    axes.annotate(
        "", (end, height), (start, height), arrowprops={"arrowstyle": "->", "color": colour, "linewidth": 1.6}
    )
