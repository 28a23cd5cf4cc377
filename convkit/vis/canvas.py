"""What all pictures share: an empty figure, colours, checks of images, scales of brightness."""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, RED, GREY = "#0072b2", "#e69f00", "#009e73", "#c1121f", "#888888"
_TOO_LARGE = 1e30  # beyond it, differences overflow in float32


def new_figure(width: float, height: float) -> Figure:
    """An empty Figure, in inches, that notebooks display even where pyplot was never imported."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=120, layout="constrained", facecolor="white")
    figure._repr_png_ = partial(_png, figure)  # type: ignore[attr-defined]
    return figure


def _png(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def check_images(name: str, array: Any, axes: str) -> np.ndarray:
    """array, if it is one of finite real numbers with as many axes as the text names, and none of length 0."""
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "buif":
        kind = f"dtype {array.dtype}" if isinstance(array, np.ndarray) else type(array).__name__
        raise TypeError(f"{name} must be a NumPy array {axes} of real numbers, got {kind}")
    if array.ndim != axes.count(",") + 1 or not array.size:
        raise ValueError(f"{name} must have shape {axes}, no axis of length 0, got shape {array.shape}")
    if array.dtype.kind == "f" and not np.abs(array).max() < _TOO_LARGE:
        raise ValueError(f"{name} must hold numbers below {_TOO_LARGE:g} in size, got NaN, infinity or larger ones")
    return array.astype(np.uint8) if array.dtype.kind == "b" else array


def stretched(array: np.ndarray, top: float = 1.0) -> np.ndarray:
    """array moved and scaled so that it covers 0..top; zeros where it has one value only."""
    array = array if array.dtype == np.float32 else array.astype(np.float64)
    low, high = array.min(), array.max()
    return top * (array - low) / (high - low) if high > low else np.zeros_like(array)
