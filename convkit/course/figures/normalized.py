"""Normalization in numbers: what is subtracted and what is divided by, with their shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit.vis.canvas import BLUE, GREEN, ORANGE, new_figure
from convkit.vis.cells import cells, sign

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_normalized(x: np.ndarray, axis: int = 0) -> Figure:
    """x minus mean, divided by std, is x_hat; the numbers that share the first mean are coloured.

    - x: (N, D), small
    - axis: 0 for a mean of each column, as in batch normalization, 1 for one of each row, as in layer normalization

    Returns a matplotlib Figure. eps is left out.
    """
    x = np.asarray(x, np.float64)
    mean, std = x.mean(axis=axis, keepdims=True), x.std(axis=axis, keepdims=True)
    names = ("x", "mean", "std", "x_hat")
    tables = (x, mean, std, (x - mean) / std)
    height = 0.45 * len(x) + 0.6
    figure = new_figure(max(1.2 + 0.5 * sum(table.shape[1] + 1 for table in tables), 7.2), height)
    ratios = [size for table in tables for size in (table.shape[1], 0.9)][:-1]
    axes = figure.subplots(1, 7, width_ratios=ratios)
    for k, (name, table) in enumerate(zip(names, tables, strict=True)):
        first = np.zeros(table.shape, bool)
        first[(slice(None), 0) if axis == 0 else (0, slice(None))] = True
        shape = table.shape if axis or k in (0, 3) else table.shape[1:]
        colour = (BLUE, ORANGE, ORANGE, GREEN)[k]
        cells(axes[2 * k], table, f"{name} {shape}", colour, filled=first)
    for k, text in enumerate(("−", "then ÷", "=")):
        sign(axes[2 * k + 1], text, small=len(text) > 1)
    return figure
