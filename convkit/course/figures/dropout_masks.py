"""Dropout: one mask on its way forward and back, and what is left of a number in the mean over many masks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit.vis.canvas import BLUE, GREEN, GREY, ORANGE, new_figure, plain_axes
from convkit.vis.cells import cells

if TYPE_CHECKING:
    from matplotlib.figure import Figure

X, DOUT, MASKS = np.array([10.0, 20.0, 30.0, 40.0, 50.0, 60.0]), np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), 1000


def plot_dropout(mask: int = 0, p: float = 0.5, mode: str = "train") -> Figure:
    """Six numbers, their mask, what it makes of them and of their gradient; beside them, the mean over many masks.

    - mask: number of the mask, below 1,000; another one in each training step
    - p: the probability to keep a number
    - mode: 'train' or 'test'

    Returns a matplotlib Figure.
    """
    training = mode == "train"
    kept = np.random.default_rng(0).random((MASKS, len(X))) < p
    masks = kept / p if training else np.ones(kept.shape)
    chosen = masks[mask]
    figure = new_figure(9.6, 3.3)
    grid = figure.add_gridspec(5, 2, width_ratios=(3, 2))
    rows = (
        ("x", X, BLUE), ("mask", chosen, ORANGE), ("out", X * chosen, GREEN), ("dout", DOUT, BLUE),
        ("dx", DOUT * chosen, GREEN),
    )  # fmt: skip
    for k, (name, values, colour) in enumerate(rows):
        axes = figure.add_subplot(grid[k, 0])
        cells(axes, values[None], "", colour, filled=chosen[None] > 0)
        axes.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=10)
    figure.axes[0].set_title(f"{mode}: mask {mask}" if training else "test: nothing is dropped", fontsize=10)
    axes = figure.add_subplot(grid[:, 1])
    plain_axes(axes)
    steps = np.arange(1, MASKS + 1)
    axes.axhline(X.mean(), color=BLUE, linestyle="--", linewidth=1.2, label=f"of x: {X.mean():g}")
    axes.plot(steps, np.cumsum((X * masks).mean(axis=1)) / steps, color=GREEN, label="of out")
    if training:
        without = np.cumsum((X * kept).mean(axis=1)) / steps
        axes.plot(steps, without, color=GREY, label="of out, if it were not divided by p")
    axes.set(xlabel="masks", ylim=(0, 2.2 * X.mean()), xlim=(0, MASKS))
    axes.set_title("mean over all masks so far", fontsize=10)
    axes.legend(frameon=False, fontsize=8, loc="upper right")
    return figure
