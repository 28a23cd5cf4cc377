"""The computation graph of batch normalization, with numbers: what flows forward, and the gradients on the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convkit.vis.canvas import BLUE, GREY, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PLACES = {"x": (0, 0), "mean": (1, 1), "centered": (2, 0), "var": (3, 1), "std": (4, 1), "x_hat": (5, 0)}
EDGES = [
    ("x", "mean"), ("x", "centered"), ("mean", "centered"), ("centered", "var"), ("var", "std"), ("centered", "x_hat"),
    ("std", "x_hat"),
]  # fmt: skip


def plot_norm_graph(x: np.ndarray, dx_hat: np.ndarray | None = None, until: str = "x") -> Figure:
    """Each step of the normalization of one feature, with its value and, below, the gradient that arrives there.

    - x: numbers (N,) of one feature, at most about five, not all equal
    - dx_hat: gradient (N,) of the loss with respect to the normalized numbers; None: no gradients are shown
    - until: the last step of the way back whose gradient is shown: 'x_hat', 'std', 'var', 'centered', 'mean' or 'x'

    Returns a matplotlib Figure.
    """
    values = {"x": x, "mean": x.mean(), "centered": x - x.mean(), "var": x.var(), "std": x.std()}
    values["x_hat"] = values["centered"] / values["std"]
    gradients = {} if dx_hat is None else _gradients(values, dx_hat)
    shown = list(gradients)[: list(gradients).index(until) + 1] if gradients else []
    figure = new_figure(10, 3)
    axes = figure.subplots()
    axes.set(xlim=(-0.6, 5.6), ylim=(-0.65, 1.6))
    axes.set_axis_off()
    for start, end in EDGES:
        arrow = {"arrowstyle": "->", "color": GREY, "shrinkA": 40, "shrinkB": 40}
        axes.annotate("", PLACES[end], PLACES[start], arrowprops=arrow)
    for name, place in PLACES.items():
        lines = [name, _text(values[name]), f"d = {_text(gradients[name])}" if name in shown else ""]
        for line, offset, colour in zip(lines, (0.22, 0, -0.22), ("black", BLUE, "#a06f00"), strict=True):
            style: dict[str, Any] = {"weight": "bold" if line == name else "normal", "color": colour, "fontsize": 10}
            axes.text(place[0], place[1] + offset, line, ha="center", va="center", **style)
    return figure


def _gradients(values: dict, dx_hat: np.ndarray) -> dict:
    """The gradients in the order in which they are found; that of centered is the sum of both of its ways."""
    centered, std, N = values["centered"], values["std"], len(dx_hat)
    dstd = -np.sum(dx_hat * centered) / std**2
    dvar = dstd / (2 * std)
    dcentered = dx_hat / std + dvar * 2 * centered / N
    dmean = -np.sum(dcentered)
    return {"x_hat": dx_hat, "std": dstd, "var": dvar, "centered": dcentered, "mean": dmean, "x": dcentered + dmean / N}


def _text(value: np.ndarray | float) -> str:
    if np.ndim(value):
        return "[" + ", ".join(f"{round(float(v), 3) + 0.0:g}" for v in np.asarray(value)) + "]"
    return f"{round(float(value), 3) + 0.0:g}"
