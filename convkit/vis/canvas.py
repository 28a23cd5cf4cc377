"""What all pictures share: an empty figure, colours, checks of images, scales of brightness."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
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


def plain_axes(axes: Axes) -> None:
    """A diagram with a faint grid behind it and no frame above and to the right."""
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def show_image(axes: Axes, image: np.ndarray, low: float | None = None, high: float | None = None) -> None:
    """Draw an image (C, H, W) of 1 or 3 channels, low black and high white; None: its darkest and lightest."""
    low, high = image.min() if low is None else low, image.max() if high is None else high
    shown = np.clip((image - low) / (high - low), 0, 1) if high > low else np.zeros(image.shape)
    axes.imshow(shown[0] if len(shown) == 1 else shown.transpose(1, 2, 0), cmap="gray", vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(color="#bbbbbb", linewidth=0.5)


def class_names_for(num_classes: int, class_names: Sequence[str] | None) -> list[str]:
    """The names of the classes, or their numbers."""
    if class_names is None:
        return [str(k) for k in range(num_classes)]
    if len(class_names) != num_classes:
        raise ValueError(f"class_names must hold {num_classes} names, one for each class, got {len(class_names)}")
    return [str(name) for name in class_names]
