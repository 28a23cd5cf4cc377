"""Softmax: scores become probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.contracts import Cache, cast, check_dout, check_not_scalar, common_dtype, open_cache, short
from convkit.layers.spec import Case, Layer


def check_axis(axis: Any, shape: tuple[int, ...]) -> int:
    """axis as an index from 0; ValueError or TypeError if the shape has no such axis, or nothing along it."""
    if isinstance(axis, (bool, np.bool_)) or not isinstance(axis, (int, np.integer)):
        raise TypeError(f"axis must be a whole number, got {short(axis)} ({type(axis).__name__})")
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"axis must be one of the {len(shape)} axes of x of shape {shape}, got {short(axis)}")
    if shape[axis] < 1:
        raise ValueError(f"x must have at least one score along axis {axis}, got shape {shape}")
    return int(axis) % len(shape)


def softmax_forward(x: np.ndarray, axis: int = 1) -> tuple[np.ndarray, Cache]:
    """Probabilities in proportion to exp(x): out_i = exp(x_i) / sum_j exp(x_j) along one axis.

    Before a cross-entropy it is not needed: softmax_loss takes the scores themselves, which is faster and more precise.

    - x: scores, float32 or float64: (N, C), or any other shape
    - axis: along which the probabilities of one distribution lie, default 1: classes, or channels

    Returns (out, cache): out of the shape of x, all sums along axis 1.0, and a cache for softmax_backward.
    Raises TypeError for other dtypes, ValueError for an axis that x does not have.
    Source: Goodfellow, Bengio and Courville, "Deep Learning", 2016, equation 6.29.
    """
    dtype = common_dtype(x=x)
    check_not_scalar("x", x)
    axis = check_axis(axis, x.shape)
    (x,) = cast(dtype, x)
    # BEGIN SOLUTION
    exp = np.exp(x - np.max(x, axis=axis, keepdims=True))  # the same probabilities, and no overflow
    out = exp / np.sum(exp, axis=axis, keepdims=True)
    # END SOLUTION
    return out, Cache("softmax_forward", out, axis)


def softmax_backward(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Gradient of softmax: dx = out * (dout - sum along the axis of dout * out).

    - dout: upstream gradient, of the shape of x
    - cache: from softmax_forward

    Returns dx, of the shape of x.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    out, axis = open_cache(cache, "softmax_forward")
    (dout,) = cast(check_dout(dout, out.shape, "like x", out.dtype), dout)
    # BEGIN SOLUTION
    dx = out * (dout - np.sum(dout * out, axis=axis, keepdims=True))
    # END SOLUTION
    return dx


def softmax_shape(x_shape: tuple, axis: int = 1) -> tuple[int, ...]:
    """Output shape of a softmax, that of x; raises ValueError or TypeError for an axis that x does not have."""
    check_axis(axis, x_shape)
    return tuple(x_shape)


SOFTMAX = Layer(
    name="softmax",
    forward=softmax_forward,
    backward=softmax_backward,
    arguments=("x", "axis"),
    learnable=(),
    shape=softmax_shape,
    cases=(
        Case("scores of a batch", {"x": (4, 5)}, {"axis": 1}),
        Case("one sample", {"x": (1, 3)}, {"axis": 1}),
        Case("over the channels of images", {"x": (2, 3, 4, 5)}, {"axis": 1}),
        Case("along the last axis", {"x": (2, 3, 4)}, {"axis": -1}),
        Case("along the first axis", {"x": (5, 3)}, {"axis": 0}),
        Case("one class", {"x": (4, 1)}, {"axis": 1}),
        Case("no samples at all", {"x": (0, 3)}, {"axis": 1}, "empty batch"),
    ),
)
