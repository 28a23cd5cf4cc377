"""Which units, layer by layer down to the pixels, one unit depends on: the receptive field in one direction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from convkit.vis.canvas import BLUE, GREY, ORANGE, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_field_cone(layers: Sequence[tuple[str, int, int, int]], pixels: int = 16) -> Figure:
    """A row of dots for the pixels and for the units of each layer; what the unit in the middle depends on is orange.

    - layers: (name, kernel, stride, dilation) of each, without padding
    - pixels: how many there are in a row, enough for one unit of the last layer at least

    Returns a matplotlib Figure. Raises ValueError where there are too few pixels.
    """
    places, windows = [np.arange(pixels, dtype=float)], []
    for name, kernel, stride, dilation in layers:
        span = dilation * (kernel - 1) + 1
        count = (len(places[-1]) - span) // stride + 1
        if count < 1:
            raise ValueError(f"pixels = {pixels} are too few: nothing is left for the windows of {name}")
        window = np.arange(count)[:, None] * stride + np.arange(kernel) * dilation
        windows.append(window)
        places.append(places[-1][window].mean(axis=1))
    figure = new_figure(8.0, 0.8 * len(places) + 0.4)
    axes = figure.subplots()
    seen = {len(places[-1]) // 2}
    for k in reversed(range(len(places))):
        _row(axes, places[k], k, seen)
        if k:
            below = windows[k - 1]
            for unit in seen:
                for part in below[unit]:
                    axes.plot([places[k][unit], places[k - 1][part]], [k, k - 1], color=ORANGE, linewidth=1, zorder=1)
            seen = {int(part) for unit in seen for part in below[unit]}
    names = ["pixels", *(name for name, *_ in layers)]
    axes.set_yticks(range(len(names)), names)
    axes.set_xticks(range(pixels))
    axes.set(xlabel="pixel", ylim=(-0.4, len(layers) + 0.5))
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    return figure


def _row(axes: Axes, places: np.ndarray, height: int, seen: set[int]) -> None:
    """The units of one layer, and how many of them are seen."""
    colours = [ORANGE if unit in seen else "white" for unit in range(len(places))]
    axes.scatter(places, np.full(len(places), height), c=colours, edgecolors=GREY, s=60, zorder=2)
    if height == 0:
        first, last = places[min(seen)], places[max(seen)]
        axes.annotate("", (first - 0.5, -0.3), (last + 0.5, -0.3), arrowprops={"arrowstyle": "<->", "color": BLUE})
