"""Activations: functions applied to each number by itself."""

from __future__ import annotations

import numpy as np

from convkit.contracts import check_dout, check_not_scalar, common_dtype
from convkit.layers.spec import Case, Layer


def relu_forward(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rectified linear unit: out = max(0, x).

    - x: array of one or more axes, float32 or float64

    Returns (out, cache): out of the shape of x, and cache = x. NaN stays NaN.
    Raises TypeError for other dtypes, ValueError for a single number.
    Source: V. Nair and G. Hinton, "Rectified linear units improve restricted Boltzmann machines", 2010.
    """
    common_dtype(x=x)
    check_not_scalar("x", x)
    # BEGIN SOLUTION
    out = np.maximum(0, x)
    # END SOLUTION
    return out, x


def relu_backward(dout: np.ndarray, cache: np.ndarray) -> np.ndarray:
    """Gradient of ReLU: dout where x > 0, and 0 where x <= 0 (at 0 itself the derivative is taken as 0).

    - dout: upstream gradient, of the shape of x
    - cache: x from relu_forward

    Returns dx, of the shape of x.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    if not isinstance(cache, np.ndarray):
        raise TypeError(f"cache must be the array x that relu_forward returned, got {type(cache).__name__}")
    x = cache
    dtype = check_dout(dout, x.shape, "like x", common_dtype(x=x))
    # BEGIN SOLUTION
    dx = np.where(x > 0, dout, 0)
    # END SOLUTION
    return dx.astype(dtype, copy=False)


def same_shape(x_shape: tuple, *_: object) -> tuple[int, ...]:
    """Output shape of a layer that keeps the shape of its input."""
    return tuple(x_shape)


RELU = Layer(
    name="relu",
    forward=relu_forward,
    backward=relu_backward,
    arguments=("x",),
    learnable=(),
    shape=same_shape,
    cases=(
        Case("vectors", {"x": (4, 5)}),
        Case("images", {"x": (2, 3, 4, 5)}),
        Case("zeros among the values", {"x": (3, 7)}, values="ties"),
        Case("no samples at all", {"x": (0, 3)}, beyond="empty batch"),
    ),
)
