"""The computation graph of batch normalization, with numbers: what flows forward, and the gradients on the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convkit.vis.canvas import BLUE, GREY, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BACK = "#a06f00"
PLACES = {
    "x": (0, 0), "mean": (1, 1), "centered": (2, 0), "var": (3, 1), "std": (4, 1), "x_hat": (5, 0), "gamma": (6, 1),
    "beta": (7.2, 1), "out": (7.2, 0),
}  # fmt: skip
# Each arrow: from, to, what is done on the way there, and what a gradient is multiplied by on the way back.
ARROWS = [
    ("x", "mean", "average", "times 1 / N"),
    ("x", "centered", "x - mean", "times 1"),
    ("mean", "centered", "", "times -1,\nsummed"),
    ("centered", "var", "average\nof squares", "times\n2 centered / N"),
    ("var", "std", "root", "times\n1 / (2 std)"),
    ("centered", "x_hat", "centered / std", "times 1 / std"),
    ("std", "x_hat", "", "times\n-centered / std²,\nsummed"),
    ("x_hat", "out", "· gamma, + beta", "times gamma"),
    ("gamma", "out", "", "times\nx_hat,\nsummed"),
    ("beta", "out", "", "summed"),
]


def plot_norm_graph(x: np.ndarray, dout: np.ndarray | None = None, until: str = "x", gamma: float = 1.0) -> Figure:
    """Each step of the batch normalization of one feature, with its value and, below, the gradient that arrives there.

    - x: numbers (N,) of one feature, at most about five, not all equal; eps is left out
    - dout: gradient (N,) of the loss with respect to the output; None: no gradients are shown
    - until: the last step of the way back whose gradient is shown: 'out', 'beta', 'gamma', 'x_hat', 'std', 'var',
      'centered', 'mean' or 'x'
    - gamma: the scale; the shift, beta, is 0

    Returns a matplotlib Figure.
    """
    values: dict[str, Any] = {"x": x, "mean": x.mean(), "centered": x - x.mean(), "var": x.var(), "std": x.std()}
    values["x_hat"] = values["centered"] / values["std"]
    values |= {"gamma": gamma, "beta": 0.0, "out": gamma * values["x_hat"]}
    gradients = {} if dout is None else _gradients(values, dout)
    shown = list(gradients)[: list(gradients).index(until) + 1] if gradients else []
    figure = new_figure(9.8, 3.3)
    axes = figure.subplots()
    axes.set(xlim=(-0.85, 7.8), ylim=(-0.55, 1.4))
    axes.set_axis_off()
    for start, end, forth, back in ARROWS:
        on_way_back = start in shown
        _arrow(axes, end if on_way_back else start, start if on_way_back else end, BACK if on_way_back else GREY)
        _label(axes, start, end, back if on_way_back else forth, BACK if on_way_back else GREY)
    for name, value in values.items():
        _box(axes, name, value, gradients[name] if name in shown else ())
    return figure


def _gradients(values: dict, dout: np.ndarray) -> dict[str, tuple]:
    """The contributions to each gradient, in the order in which they are found; the gradient is their sum."""
    centered, std, N = values["centered"], values["std"], len(dout)
    dx_hat = dout * values["gamma"]
    dstd = -np.sum(dx_hat * centered) / std**2
    dvar = dstd / (2 * std)
    dcentered = (dx_hat / std, dvar * 2 * centered / N)
    dmean = -np.sum(sum(dcentered))
    return {
        "out": (dout,),
        "beta": (np.sum(dout),),
        "gamma": (np.sum(dout * values["x_hat"]),),
        "x_hat": (dx_hat,),
        "std": (dstd,),
        "var": (dvar,),
        "centered": dcentered,
        "mean": (dmean,),
        "x": (sum(dcentered), np.full(N, dmean / N)),
    }


def _arrow(axes: Axes, start: str, end: str, colour: str) -> None:
    arrow = {"arrowstyle": "->", "color": colour, "shrinkA": 36, "shrinkB": 36}
    if PLACES[start][1] == PLACES[end][1]:
        arrow |= {"shrinkA": 44, "shrinkB": 44} if PLACES[start][1] == 0 else {"shrinkA": 22, "shrinkB": 22}
    axes.annotate("", PLACES[end], PLACES[start], arrowprops=arrow)


def _label(axes: Axes, start: str, end: str, text: str, colour: str) -> None:
    """Words at the middle of an arrow: above one that is level, on one that is not."""
    (left, bottom), (right, top) = PLACES[start], PLACES[end]
    level = bottom == top
    style: dict[str, Any] = {"fontsize": 8.5, "color": colour, "ha": "center", "va": "bottom" if level else "center"}
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    axes.text((left + right) / 2, (bottom + top) / 2 + 0.03 * level, text, bbox=None if level else box, **style)


def _box(axes: Axes, name: str, value: Any, contributions: tuple) -> None:
    """A step: its name, its value and, once it is known, its gradient and of what that is the sum."""
    x, y = PLACES[name]
    axes.text(x, y + 0.19, name, ha="center", va="center", weight="bold", fontsize=10)
    axes.text(x, y, _text(value), ha="center", va="center", color=BLUE, fontsize=10)
    if contributions:
        gradient = f"d = {_text(sum(contributions))}"
        axes.text(x, y - 0.19, gradient, ha="center", va="center", color=BACK, fontsize=10)
    if len(contributions) > 1:
        terms = " + ".join(_text(each) for each in contributions)
        axes.text(x, y - 0.36, f"= {terms}", ha="center", va="center", color=BACK, fontsize=8.5)


def _text(value: np.ndarray | float) -> str:
    if np.ndim(value):
        return "[" + ", ".join(f"{round(float(v), 3) + 0.0:g}" for v in np.asarray(value)) + "]"
    return f"{round(float(value), 3) + 0.0:g}"
