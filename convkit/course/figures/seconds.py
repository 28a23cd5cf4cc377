"""How long several ways to the same result take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit.vis.canvas import BLUE, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_seconds(seconds: dict[str, float], title: str = "") -> Figure:
    """Bars of how long things take, on a logarithmic axis, for they differ a thousandfold.

    - seconds: by name, all above 0

    Returns a matplotlib Figure.
    """
    figure = new_figure(8, 0.9 + 0.38 * len(seconds))
    axes = figure.subplots()
    names, values = list(seconds), np.array(list(seconds.values()))
    bars = axes.barh(names, values * 1e3, color=BLUE)
    slowest = values.max()
    labels = [
        f" {_plain(1e3 * v)} ms" + (f", {_plain(slowest / v)} times faster" if v < slowest else "") for v in values
    ]
    axes.bar_label(bars, labels, fontsize=9)
    axes.set(xscale="log", xlabel="milliseconds", xlim=(values.min() * 300, values.max() * 1e3 * 30), title=title)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _plain(number: float) -> str:
    """A number to two digits, without an exponent."""
    digits = 1 - int(np.floor(np.log10(number)))
    return f"{round(number, digits):,.{max(digits, 0)}f}"
