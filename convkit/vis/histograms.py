"""Histograms of a network's weights, before and after training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from convkit.contracts import short, whole_number
from convkit.vis.canvas import BLUE, GREY, new_figure, plain_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_weight_histograms(
    before: Any, after: Any = None, names: Sequence[str] | None = None, bins: int = 60, columns: int = 3
) -> Figure:
    """How the weights of each layer are distributed, and how training changed that.

    - before: a model, or its `params`, a dict of arrays by name. Keep a copy before training, which changes arrays in
      place: {name: w.copy() for name, w in model.params.items()}
    - after: the same after training, or None
    - names: which arrays to show, in order; None: those with more than one axis, which are weights and not biases
    - bins: bars of a histogram; columns: diagrams side by side

    Returns a matplotlib Figure: one diagram for each array, with the standard deviations in its title.
    Raises TypeError or ValueError for anything else, NaN and infinity among the weights included.
    """
    old, new = _arrays("before", before), None if after is None else _arrays("after", after)
    if names is None:
        names = [name for name, array in old.items() if array.ndim > 1] or list(old)
    for name in names:
        for which, arrays in (("before", old), ("after", new)):
            if arrays is not None and name not in arrays:
                raise ValueError(f"names has {name!r}, which is not in {which}: it has {', '.join(arrays)}")
    bins, across = whole_number("bins", bins, 1), min(whole_number("columns", columns, 1), len(names))
    if not names:
        raise ValueError("names must hold at least one name, got none")
    down = math.ceil(len(names) / across)
    figure = new_figure(max(4.6, 3.5 * across), 0.5 + 2.5 * down)
    figure.suptitle("Weights" if new is None else "Weights before and after training", fontsize=11)
    all_axes = figure.subplots(down, across, squeeze=False)
    for axes in all_axes.flat[len(names) :]:
        axes.set_axis_off()
    for name, axes in zip(names, all_axes.flat):
        _histogram(axes, name, old[name], None if new is None else new[name], bins)
    for row in all_axes:
        row[0].set_ylabel("share of the weights")
    if new is not None:
        all_axes[0, 0].legend(frameon=False, fontsize=8)
    return figure


def _histogram(axes: Axes, name: str, old: np.ndarray, new: np.ndarray | None, bins: int) -> None:
    """Both histograms over the same bins, as shares, so that arrays of different size look alike."""
    both = old.ravel() if new is None else np.concatenate([old.ravel(), new.ravel()])
    low, high = float(both.min()), float(both.max())
    margin = 0.0 if high > low else abs(low) / 2 or 1.0
    edges = np.linspace(low - margin, high + margin, bins + 1)
    share = np.histogram(old, edges)[0] / old.size
    axes.stairs(share, edges, fill=True, color=GREY if new is not None else BLUE, alpha=0.55, label="before")
    spread = f"std {old.std():.2g}"
    if new is not None:
        axes.stairs(np.histogram(new, edges)[0] / new.size, edges, color=BLUE, linewidth=1.4, label="after")
        spread += f" → {new.std():.2g}"
    # small enough for the dotted names of deep networks
    title = f"{name}\n{' x '.join(map(str, old.shape))}, {spread}"
    axes.set_title(title, fontsize=min(9.0, max(5.5, 9 * 44 / max(map(len, title.split("\n"))))))
    axes.set_xlabel("weight")
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.locator_params(nbins=5)
    axes.tick_params(labelsize=8)
    plain_axes(axes)


def _arrays(name: str, given: Any) -> dict[str, np.ndarray]:
    arrays = getattr(given, "params", given)
    if not isinstance(arrays, Mapping) or not arrays:
        raise TypeError(f"{name} must be a model or a dict of arrays by name, got {short(given)}")
    found = {key: np.asarray(array) for key, array in arrays.items()}
    for key, array in found.items():
        if array.dtype.kind not in "uif" or not array.size or not np.isfinite(array).all():
            raise ValueError(f"{name}[{key!r}] must be an array of finite real numbers, got {short(array)}")
    return {key: array.astype(np.float64) for key, array in found.items()}
