"""One artificial neuron, and where its rule measures the error that it learns from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convkit.vis.canvas import BLUE, ORANGE, RED, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RULES = {"perceptron": (7.6, "d - y"), "adaline": (4.9, "d - s")}


def plot_neuron(rule: str = "perceptron") -> Figure:
    """Two inputs with their weights, the sum, the threshold, and the error on its way back to the weights.

    - rule: 'perceptron', which measures the error after the threshold, or 'adaline', before it

    Returns a matplotlib Figure. Raises ValueError for another rule.
    """
    if rule not in RULES:
        raise ValueError(f"rule must be among {', '.join(RULES)}, got {rule!r}")
    figure = new_figure(7.4, 3.0)
    axes = figure.add_subplot()
    axes.set(xlim=(-0.6, 9.6), ylim=(-1.2, 2.6), aspect="equal")
    axes.set_axis_off()
    for y, name in ((2.0, "1"), (0.4, "2")):
        _node(axes, 0, y, f"$x_{name}$", BLUE)
        _arrow(axes, (0.45, y), (2.75, 1.2 + 0.2 * (y - 1.2)))
        axes.text(1.5, y + (0.02 if y > 1 else -0.32), f"times $w_{name}$", ha="center", fontsize=9)
    _node(axes, 3.2, 1.2, "sum", ORANGE)
    axes.text(3.2, 2.0, "plus $b$", ha="center", fontsize=9)
    _arrow(axes, (3.65, 1.2), (6.0, 1.2))
    axes.text(4.9, 1.32, "$s$", ha="center", fontsize=11)
    _node(axes, 6.45, 1.2, "s > 0?", ORANGE)
    _arrow(axes, (6.9, 1.2), (8.4, 1.2))
    axes.text(7.6, 1.32, "$y$", ha="center", fontsize=11)
    axes.text(8.5, 1.2, "yes: 1\nno: 0" if rule == "perceptron" else "yes: +1\nno: -1", va="center", fontsize=9)
    at, error = RULES[rule]
    axes.plot([at, at, 1.5], [1.1, -0.75, -0.75], color=RED, linewidth=1.6)
    _arrow(axes, (1.5, -0.75), (1.5, -0.05), RED)
    axes.text((at + 1.5) / 2, -0.65, f"error ${error}$", ha="center", va="bottom", fontsize=10, color=RED)
    axes.text((at + 1.5) / 2, -0.85, "$d$: what it should be; changes $w_1$, $w_2$ and $b$", ha="center", va="top",
              fontsize=8, color=RED)  # fmt: skip
    axes.plot(at, 1.2, "o", color=RED, markersize=5)
    axes.set_title("Perceptron: the error of its answer" if rule == "perceptron" else
                   "Adaline: the error of its sum", fontsize=11)  # fmt: skip
    return figure


def _node(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    from matplotlib.patches import Circle

    axes.add_patch(Circle((x, y), 0.45, facecolor="white", edgecolor=colour, linewidth=1.8, zorder=3))
    axes.text(x, y, text, ha="center", va="center", fontsize=9, zorder=4)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str = "#444444") -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": colour, "linewidth": 1.4})
