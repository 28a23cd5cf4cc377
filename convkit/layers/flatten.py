"""Flatten: every image becomes a vector."""

from __future__ import annotations

from math import prod

import numpy as np

from convkit.contracts import Cache, cast, check_dout, common_dtype, open_cache
from convkit.layers.spec import Case, Layer


def flatten_forward(x: np.ndarray) -> tuple[np.ndarray, Cache]:
    """The numbers of each sample in one row, the last axis changing fastest: (N, d_1, ..., d_k) -> (N, D).

    - x: batch (N, d_1, ..., d_k), float32 or float64

    Returns (out, cache): out (N, D), D = d_1*...*d_k, a copy; and a cache for flatten_backward.
    Raises TypeError for other dtypes, ValueError for an x without samples' axes.
    """
    dtype = common_dtype(x=x)
    out_shape = flatten_shape(x.shape)
    out = np.empty(out_shape, dtype)
    # BEGIN SOLUTION
    out[...] = x.reshape(out_shape)
    # END SOLUTION
    return out, Cache("flatten_forward", x.shape, dtype)


def flatten_backward(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Gradient of flatten: every number goes back to its place.

    - dout: upstream gradient (N, D)
    - cache: from flatten_forward

    Returns dx, of the shape of x.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    x_shape, dtype = open_cache(cache, "flatten_forward")
    (dout,) = cast(check_dout(dout, flatten_shape(x_shape), "(N, D)", dtype), dout)
    dx = np.empty(x_shape, dout.dtype)
    # BEGIN SOLUTION
    dx[...] = dout.reshape(x_shape)
    # END SOLUTION
    return dx


def flatten_shape(x_shape: tuple) -> tuple[int, ...]:
    """Output shape (N, D) of flatten; raises ValueError for an x without samples' axes."""
    if len(x_shape) < 2:
        raise ValueError(f"x must have shape (N, d_1, ..., d_k) with k of 1 or more, got {x_shape}")
    return x_shape[0], prod(x_shape[1:])


FLATTEN = Layer(
    name="flatten",
    forward=flatten_forward,
    backward=flatten_backward,
    arguments=("x",),
    learnable=(),
    shape=flatten_shape,
    cases=(
        Case("images", {"x": (2, 3, 4, 5)}),
        Case("vectors, left as they are", {"x": (4, 5)}),
        Case("one sample", {"x": (1, 2, 3)}),
        Case("no samples at all", {"x": (0, 3, 2)}, beyond="empty batch"),
    ),
)
