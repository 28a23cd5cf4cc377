"""How large the numbers are that a network computes, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from convkit.vis.canvas import BLUE, GREEN, ORANGE, RED, new_figure, plain_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_spread(spreads: Mapping[str, Sequence[float]], title: str = "") -> Figure:
    """The standard deviation of the outputs of each layer, on a logarithmic axis.

    - spreads: by name, a number for each layer, the first layer first; at most four

    Returns a matplotlib Figure.
    """
    figure = new_figure(6.5, 3.2)
    axes = figure.subplots()
    for (name, values), colour in zip(spreads.items(), (BLUE, GREEN, ORANGE, RED)):
        layers = np.arange(1, len(values) + 1)
        axes.plot(layers, np.maximum(values, 1e-30), color=colour, marker="o", label=name)
    every = np.concatenate([np.ravel(values) for values in spreads.values()])
    limits = min(every.min(), 0.1) / 2, max(every.max(), 10) * 2
    axes.set(yscale="log", ylim=limits, xlabel="layer", ylabel="standard deviation")
    axes.set_title(title, fontsize=11)
    axes.set_xticks(range(1, max(map(len, spreads.values())) + 1))
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    plain_axes(axes)
    return figure
