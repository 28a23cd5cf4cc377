"""A picture of where an error lives."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from convkit.diagnosis.place import Place

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Images of one array that are drawn; of more, those with the largest errors.
MOST_IMAGES = 4


def picture(place: Place) -> Figure:
    """Found, expected, and their difference, as maps: one row of maps for each (image, channel) that is drawn."""
    from matplotlib.figure import Figure

    found, expected = np.asarray(place.found, float), np.asarray(place.expected, float)
    maps = [_as_maps(array) for array in (found, expected, found - expected)]
    labels = _labels(place)
    chosen = _largest(maps[2])
    height, width = maps[0].shape[1:]
    figure = Figure(figsize=(10.5, 0.9 + len(chosen) * _row_height(height, width)), layout="constrained")
    figure.suptitle(f"{place.name}: {place.sentences[0]}" if place.sentences else place.name, fontsize=11)
    axes = figure.subplots(len(chosen), 3, squeeze=False)
    value, error = (_limit(np.concatenate([m.ravel() for m in group])) for group in (maps[:2], maps[2:]))
    y, x = place.axes[-2:] if len(place.shape) > 1 else ("", place.axes[-1] if place.axes else "")
    for row, index in enumerate(chosen):
        panels = zip(("yours", "expected", "difference"), maps, (value, value, error), strict=True)
        for column, (title, array, limit) in enumerate(panels):
            ax = axes[row, column]
            image = ax.imshow(
                _masked(array[index]), cmap="RdBu_r", vmin=-limit, vmax=limit, aspect=_aspect(height, width)
            )
            _decorate(ax, height, width)
            ax.set_title(title if row == 0 else "", fontsize=10)
            ax.set_ylabel(f"{labels[index]}\n{y}".strip() if column == 0 else "", fontsize=9)
            ax.set_xlabel(x if row == len(chosen) - 1 else "", fontsize=9)
            if row == len(chosen) - 1 and column > 0:
                target = list(axes[:, :2].ravel()) if column == 1 else list(axes[:, 2])
                figure.colorbar(image, ax=target, shrink=0.9, pad=0.02, location="right")
    return figure


def _as_maps(array: np.ndarray) -> np.ndarray:
    """Any array as (number of maps, height, width)."""
    if array.ndim < 2:
        return array.reshape(1, 1, -1)
    return array.reshape(-1, *array.shape[-2:])


def _labels(place: Place) -> list[str]:
    """What each map is called, such as 'image 0, channel 2'."""
    leading, names = place.shape[:-2], place.axes[:-2]
    return [
        ", ".join(f"{name} {i}" for name, i in zip(names, index, strict=True)) for index in np.ndindex(*leading)
    ] or [""]


def _largest(errors: np.ndarray) -> list[int]:
    """The maps with the largest errors, in order."""
    size = np.where(np.isfinite(errors), np.abs(errors), np.inf).max(axis=(1, 2))
    return sorted(int(i) for i in np.argsort(-size, kind="stable")[:MOST_IMAGES])


def _limit(values: np.ndarray) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max()) if finite.size and finite.max() > 0 else 1.0


def _masked(array: np.ndarray) -> np.ma.MaskedArray:
    return np.ma.masked_invalid(array)


def _aspect(height: int, width: int) -> str:
    return "equal" if 1 / 3 <= height / width <= 3 else "auto"


def _row_height(height: int, width: int) -> float:
    return min(3.0, max(0.9, 2.9 * height / width)) if _aspect(height, width) == "equal" else 1.6


def _decorate(ax: Axes, height: int, width: int) -> None:
    ax.set_facecolor("#fff3b0")  # NaN and infinity show as yellow
    for set_ticks, size in ((ax.set_xticks, width), (ax.set_yticks, height)):
        set_ticks(range(0, size, max(1, math.ceil(size / 8))))
    ax.tick_params(labelsize=8)
