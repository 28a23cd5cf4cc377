"""How much an output changes as the image is shifted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from convkit.vis.canvas import new_figure, plain_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_change_by_shift(changes: Mapping[str, np.ndarray]) -> Figure:
    """A line for each output: its change relative to its size, for shifts of 0, 1, 2, ... pixels.

    - changes: from names to (S,) numbers, 0: no change, 1: the change is as large as the output

    Returns a matplotlib Figure.
    """
    figure = new_figure(6.4, 3.4)
    axes = figure.add_subplot()
    plain_axes(axes)
    for name, values in changes.items():
        axes.plot(values, marker="o", markersize=4, linewidth=1.8, label=name)
    axes.set(xlabel="image shifted by, pixels", ylabel="change of the output", ylim=(0, None))
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.legend(frameon=False, fontsize=9)
    return figure
