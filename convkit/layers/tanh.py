"""Hyperbolic tangent: any number becomes one between -1 and 1."""

from __future__ import annotations

import numpy as np

from convkit.contracts import Cache, cast, check_dout, check_not_scalar, common_dtype, open_cache
from convkit.layers.activations import same_shape
from convkit.layers.spec import Case, Layer


def tanh_forward(x: np.ndarray) -> tuple[np.ndarray, Cache]:
    """Hyperbolic tangent: out = tanh(x) = 2 sigmoid(2x) - 1.

    - x: array of one or more axes, float32 or float64

    Returns (out, cache): out of the shape of x, and a cache for tanh_backward.
    Raises TypeError for other dtypes, ValueError for a single number.
    Source: Y. LeCun, L. Bottou, G. Orr and K.-R. Müller, "Efficient BackProp", 1998, section 4.4.
    """
    dtype = common_dtype(x=x)
    check_not_scalar("x", x)
    (x,) = cast(dtype, x)
    # BEGIN SOLUTION
    out = np.tanh(x)
    # END SOLUTION
    return out, Cache("tanh_forward", out)


def tanh_backward(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Gradient of tanh: dx = dout * (1 - out²).

    - dout: upstream gradient, of the shape of x
    - cache: from tanh_forward

    Returns dx, of the shape of x.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    (out,) = open_cache(cache, "tanh_forward")
    (dout,) = cast(check_dout(dout, out.shape, "like x", out.dtype), dout)
    # BEGIN SOLUTION
    dx = dout * (1 - out**2)
    # END SOLUTION
    return dx


TANH = Layer(
    name="tanh",
    forward=tanh_forward,
    backward=tanh_backward,
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
