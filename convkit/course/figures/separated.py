"""Filters, the product of a column and a row that is nearest to each, and what it misses."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from convkit.course.figures.numbers import show_numbers
from convkit.vis.canvas import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_separated(filters: dict[str, np.ndarray], nearest: Callable[[np.ndarray], np.ndarray]) -> Figure:
    """For each filter: itself, its nearest separable one, their difference, and how much of it is lost.

    - filters: (HH, WW) by name
    - nearest: function of a filter that gives the nearest separable one

    Lost is the length of the difference as a share of the filter's length, all numbers taken as a vector.
    Returns a matplotlib Figure: a column for each filter.
    """
    figure = new_figure(2.3 * len(filters), 6.6)
    for (name, w), column in zip(filters.items(), figure.subplots(3, len(filters), squeeze=False).T, strict=True):
        found = nearest(w)
        lost, limit = np.linalg.norm(w - found) / np.linalg.norm(w), np.abs(w).max()
        show_numbers(column[0], w, name, limit)
        show_numbers(column[1], found, "column times row", limit)
        show_numbers(column[2], w - found, f"difference: {lost:.0%} lost", limit)
    return figure
