"""Leaky ReLU: a ReLU that lets a little of the negative side through."""

from __future__ import annotations

import numpy as np

from convkit.contracts import Cache, cast, check_dout, check_not_scalar, common_dtype, open_cache, real_number
from convkit.layers.activations import same_shape
from convkit.layers.spec import Case, Layer


def leaky_relu_forward(x: np.ndarray, slope: float = 0.01) -> tuple[np.ndarray, Cache]:
    """Leaky rectified linear unit: out = x where x > 0, and slope * x where x <= 0.

    - x: array of one or more axes, float32 or float64
    - slope: of the negative side, a finite number, default 0.01

    Returns (out, cache): out of the shape of x, and a cache for leaky_relu_backward.
    Raises TypeError for other dtypes, ValueError for a single number.
    Source: A. Maas, A. Hannun and A. Ng, "Rectifier nonlinearities improve neural network acoustic models", 2013.
    """
    dtype = common_dtype(x=x)
    check_not_scalar("x", x)
    slope = real_number("slope", slope, -np.inf, np.inf)
    (x,) = cast(dtype, x)
    # BEGIN SOLUTION
    out = np.where(x > 0, x, slope * x)
    # END SOLUTION
    return out, Cache("leaky_relu_forward", x, slope)


def leaky_relu_backward(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Gradient of leaky ReLU: dout where x > 0, and slope * dout where x <= 0.

    - dout: upstream gradient, of the shape of x
    - cache: from leaky_relu_forward

    Returns dx, of the shape of x.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    x, slope = open_cache(cache, "leaky_relu_forward")
    (dout,) = cast(check_dout(dout, x.shape, "like x", x.dtype), dout)
    # BEGIN SOLUTION
    dx = np.where(x > 0, dout, slope * dout)
    # END SOLUTION
    return dx


LEAKY_RELU = Layer(
    name="leaky_relu",
    forward=leaky_relu_forward,
    backward=leaky_relu_backward,
    arguments=("x", "slope"),
    learnable=(),
    shape=same_shape,
    cases=(
        Case("vectors", {"x": (4, 5)}, {"slope": 0.01}),
        Case("images, slope 0.3", {"x": (2, 3, 4, 5)}, {"slope": 0.3}),
        Case("zeros among the values", {"x": (3, 7)}, {"slope": 0.1}, values="ties"),
        Case("no samples at all", {"x": (0, 3)}, {"slope": 0.01}, "empty batch"),
    ),
)
