"""Which map is made from which: an ordinary convolution beside a depthwise and a pointwise one."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from convkit.course.figures.boxes import sheet
from convkit.course.figures.grid import tile
from convkit.vis.canvas import BLUE, GREEN, GREY, ORANGE, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE = 0.9  # of a map


def plot_depthwise(channels: int = 3, filters: int = 4) -> Figure:
    """Maps as squares, and a line for each piece of filter that goes from one map to another.

    - channels: maps that come in; filters: maps that go out; up to 5 of each

    Returns a matplotlib Figure.
    """
    figure = new_figure(8.6, 3.4)
    left, right = figure.subplots(1, 2, width_ratios=(6, 10))
    height = 1.2 * max(channels, filters) + 1.6
    everything = list(product(range(channels), range(filters)))
    sheet(left, 6.0, height, "ordinary 3 x 3")
    _lines(left, 1.0, channels, 5.0, filters, height, everything, BLUE)
    left.text(3.0, height - 0.3, f"{len(everything)} pieces of 3 x 3 weights", ha="center", color=BLUE, fontsize=9)
    sheet(right, 10.0, height, "depthwise 3 x 3, then pointwise 1 x 1")
    _lines(right, 1.0, channels, 5.0, channels, height, [(c, c) for c in range(channels)], ORANGE)
    _lines(right, 5.0, channels, 9.0, filters, height, everything, GREEN)
    right.text(3.0, height - 0.3, f"{channels} pieces of 3 x 3", ha="center", color=ORANGE, fontsize=9)
    right.text(7.0, height - 0.3, f"{len(everything)} single weights", ha="center", color=GREEN, fontsize=9)
    return figure


def _lines(
    axes: Axes, x0: float, count0: int, x1: float, count1: int, height: float, pairs: list[tuple[int, int]], colour: str
) -> None:
    """Two columns of maps, and lines between pairs of them."""
    middles = [[(height - 1.0) / 2 + 1.2 * (k - (count - 1) / 2) for k in range(count)] for count in (count0, count1)]
    for c, f in pairs:
        ends = [x0 + SIDE / 2, x1 - SIDE / 2], [middles[0][c], middles[1][f]]
        axes.plot(*ends, color=colour, linewidth=1.3)
    for x, column in zip((x0, x1), middles, strict=True):
        for y in column:
            tile(axes, x - SIDE / 2, y - SIDE / 2, SIDE, SIDE, "#e8eef4", edge=GREY)
