"""Sigmoid: any number becomes one between 0 and 1."""

from __future__ import annotations

import numpy as np

from convkit.contracts import Cache, cast, check_dout, check_not_scalar, common_dtype, open_cache
from convkit.layers.activations import same_shape
from convkit.layers.spec import Case, Layer


def sigmoid_forward(x: np.ndarray) -> tuple[np.ndarray, Cache]:
    """Logistic function: out = 1 / (1 + exp(-x)).

    - x: array of one or more axes, float32 or float64

    Returns (out, cache): out of the shape of x, and a cache for sigmoid_backward.
    Raises TypeError for other dtypes, ValueError for a single number.
    Source: Goodfellow, Bengio and Courville, "Deep Learning", 2016, equation 3.30.
    """
    dtype = common_dtype(x=x)
    check_not_scalar("x", x)
    (x,) = cast(dtype, x)
    # BEGIN SOLUTION
    small = np.exp(-np.abs(x))  # exp(-x) itself would overflow for large negative x
    out = np.where(x >= 0, 1, small) / (1 + small)
    # END SOLUTION
    return out, Cache("sigmoid_forward", out)


def sigmoid_backward(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Gradient of the sigmoid: dx = dout * out * (1 - out).

    - dout: upstream gradient, of the shape of x
    - cache: from sigmoid_forward

    Returns dx, of the shape of x.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    (out,) = open_cache(cache, "sigmoid_forward")
    (dout,) = cast(check_dout(dout, out.shape, "like x", out.dtype), dout)
    # BEGIN SOLUTION
    dx = dout * out * (1 - out)
    # END SOLUTION
    return dx


SIGMOID = Layer(
    name="sigmoid",
    forward=sigmoid_forward,
    backward=sigmoid_backward,
    arguments=("x",),
    learnable=(),
    shape=same_shape,
    cases=(
        Case("vectors", {"x": (4, 5)}),
        Case("images", {"x": (2, 3, 4, 5)}),
        Case("whole numbers", {"x": (3, 7)}, values="ties"),
        Case("no samples at all", {"x": (0, 3)}, beyond="empty batch"),
    ),
)
