"""The affine (fully connected, linear, dense) layer."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from convkit.contracts import cast, check_dout, common_dtype, open_tuple_cache
from convkit.layers.spec import Case, Layer


def affine_shape(x_shape: tuple, w_shape: tuple, b_shape: tuple) -> tuple[int, ...]:
    """Output shape (N, M) of an affine layer; raises ValueError for shapes that do not fit."""
    if len(x_shape) < 2:
        raise ValueError(f"x must have shape (N, d_1, ..., d_k) with k of 1 or more, got {x_shape}")
    if len(w_shape) != 2:
        raise ValueError(f"w must have shape (D, M), got {w_shape}")
    D = prod(x_shape[1:])
    if w_shape[0] != D:
        sizes = "*".join(map(str, x_shape[1:]))
        raise ValueError(f"w must have shape (D, M), D = {sizes} = {D}, a row for each number in x[0], got {w_shape}")
    if b_shape != (w_shape[1],):
        raise ValueError(f"b must have shape (M,) = ({w_shape[1]},), one bias for each column of w, got {b_shape}")
    return x_shape[0], w_shape[1]


def check_affine(x: Any, w: Any, b: Any) -> tuple[tuple[int, ...], np.dtype]:
    """Check the arguments of an affine layer; returns its output shape and the dtype in which it computes."""
    dtype = common_dtype(x=x, w=w, b=b)
    return affine_shape(x.shape, w.shape, b.shape), dtype


def affine_forward(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, tuple]:
    """Every output is a weighted sum of all inputs of its sample, plus a bias: out = x w + b.

    - x: batch (N, d_1, ..., d_k), float32 or float64; each sample is flattened to D = d_1*...*d_k numbers
    - w: weights (D, M)
    - b: biases (M,)

    Returns (out, cache): out (N, M), and cache = (x, w, b).
    Raises ValueError where shapes do not fit, TypeError for other dtypes.
    Source: Goodfellow, Bengio and Courville, "Deep Learning", 2016, section 6.1.
    """
    _, dtype = check_affine(x, w, b)
    cache = (x, w, b)
    x, w, b = cast(dtype, x, w, b)
    # BEGIN SOLUTION
    out = x.reshape(len(x), len(w)) @ w + b
    # END SOLUTION
    return out, cache


def affine_backward(dout: np.ndarray, cache: tuple) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of the affine layer: dx = dout w.T, dw = x.T dout, db = sum of dout over the samples.

    - dout: upstream gradient (N, M)
    - cache: (x, w, b) from affine_forward

    Returns (dx, dw, db) with the shapes of x, w and b.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    Source: "Deep Learning", section 6.5.6.
    """
    x, w, b = open_tuple_cache(cache, "affine_forward", np.ndarray, np.ndarray, np.ndarray)
    out_shape, dtype = check_affine(x, w, b)
    x, w, dout = cast(check_dout(dout, out_shape, "(N, M)", dtype), x, w, dout)
    # BEGIN SOLUTION
    dx = (dout @ w.T).reshape(x.shape)
    dw = x.reshape(len(x), len(w)).T @ dout
    db = np.sum(dout, axis=0)
    # END SOLUTION
    return dx, dw, db


def _case(name: str, x: tuple, columns: int, beyond: str = "") -> Case:
    return Case(name, {"x": x, "w": (prod(x[1:]), columns), "b": (columns,)}, {}, beyond)


AFFINE = Layer(
    name="affine",
    forward=affine_forward,
    backward=affine_backward,
    arguments=("x", "w", "b"),
    learnable=("w", "b"),
    shape=affine_shape,
    cases=(
        _case("vectors", (4, 5), 3),
        _case("images, flattened", (3, 2, 4, 5), 7),
        _case("one sample", (1, 6), 4),
        _case("as many outputs as inputs", (3, 4), 4),
        _case("one output", (5, 3), 1),
        _case("no samples at all", (0, 2, 3), 4, "empty batch"),
    ),
)
