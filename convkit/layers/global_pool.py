"""Global pooling: one number for each channel, the mean or the maximum of all its pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.contracts import Cache, check_dout, check_ndim, common_dtype, open_cache
from convkit.layers.spec import Case, Layer


def check_global_pool(x: Any) -> np.dtype:
    """Check the argument of a global pooling; returns the dtype in which it computes."""
    dtype = common_dtype(x=x)
    global_pool_shape(x.shape)
    return dtype


def global_pool_shape(x_shape: tuple) -> tuple[int, ...]:
    """Output shape (N, C) of a global pooling."""
    check_ndim("x", x_shape, "(N, C, H, W)")
    if min(x_shape[1:]) < 1:
        raise ValueError(f"x must have at least one channel and one pixel, got shape {x_shape}")
    return x_shape[:2]


def global_avg_pool_forward_naive(x: np.ndarray) -> tuple[np.ndarray, Cache]:
    """Mean of each channel: out[n, c] = mean over i, j of x[n, c, i, j].

    - x: images (N, C, H, W) of any size, float32 or float64

    Returns (out, cache): out (N, C), and a cache for global_avg_pool_backward_naive.
    Raises ValueError for an x of other axes or without pixels, TypeError for other dtypes.
    Source: M. Lin, Q. Chen and S. Yan, "Network in network", 2014, section 3.2.
    """
    dtype = check_global_pool(x)
    N, C, H, W = x.shape
    out = np.zeros((N, C), dtype)
    # BEGIN SOLUTION
    for n in range(N):
        for c in range(C):
            out[n, c] = np.sum(x[n, c]) / (H * W)
    # END SOLUTION
    return out, Cache("global_avg_pool_forward_naive", x)


def global_avg_pool_backward_naive(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Gradient of the global mean: dout[n, c] is shared equally by all pixels of the channel.

    - dout: upstream gradient (N, C)
    - cache: from global_avg_pool_forward_naive

    Returns dx (N, C, H, W).
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    Source: the mean has the derivative 1/(H*W) in each of its arguments.
    """
    (x,) = open_cache(cache, "global_avg_pool_forward_naive")
    N, C, H, W = x.shape
    dx = np.zeros(x.shape, check_dout(dout, (N, C), "(N, C)", check_global_pool(x)))
    # BEGIN SOLUTION
    for n in range(N):
        for c in range(C):
            dx[n, c] = dout[n, c] / (H * W)
    # END SOLUTION
    return dx


def global_max_pool_forward_naive(x: np.ndarray) -> tuple[np.ndarray, Cache]:
    """Largest value of each channel: out[n, c] = max over i, j of x[n, c, i, j]. A NaN comes out as NaN.

    - x: images (N, C, H, W) of any size, float32 or float64

    Returns (out, cache): out (N, C), and a cache for global_max_pool_backward_naive.
    Raises ValueError for an x of other axes or without pixels, TypeError for other dtypes.
    Source: M. Oquab et al., "Is object localization for free?", 2015, section 3.2.
    """
    dtype = check_global_pool(x)
    N, C, _, _ = x.shape
    out = np.zeros((N, C), dtype)
    # BEGIN SOLUTION
    for n in range(N):
        for c in range(C):
            out[n, c] = np.max(x[n, c])
    # END SOLUTION
    return out, Cache("global_max_pool_forward_naive", x)


def global_max_pool_backward_naive(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Gradient of the global maximum: dout[n, c] goes to the pixel that was it; the first of several takes it, once.

    - dout: upstream gradient (N, C)
    - cache: from global_max_pool_forward_naive

    Returns dx (N, C, H, W).
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    Source: the maximum is the identity in its largest argument and constant in the others.
    """
    (x,) = open_cache(cache, "global_max_pool_forward_naive")
    N, C, _, _ = x.shape
    dx = np.zeros(x.shape, check_dout(dout, (N, C), "(N, C)", check_global_pool(x)))
    # BEGIN SOLUTION
    for n in range(N):
        for c in range(C):
            first_maximum = np.unravel_index(np.argmax(x[n, c]), x[n, c].shape)
            dx[n, c][first_maximum] = dout[n, c]
    # END SOLUTION
    return dx


def _cases(*more: Case) -> tuple[Case, ...]:
    return (
        Case("images not square", {"x": (3, 2, 4, 5)}),
        Case("one image, one channel", {"x": (1, 1, 3, 4)}),
        Case("images of one pixel", {"x": (2, 3, 1, 1)}),
        Case("images of one row", {"x": (2, 3, 1, 5)}),
        *more,
        Case("no images at all", {"x": (0, 3, 2, 2)}, beyond="empty batch"),
    )


GLOBAL_AVG_POOL = Layer(
    name="global_avg_pool",
    forward=global_avg_pool_forward_naive,
    backward=global_avg_pool_backward_naive,
    arguments=("x",),
    learnable=(),
    shape=global_pool_shape,
    cases=_cases(),
)

GLOBAL_MAX_POOL = Layer(
    name="global_max_pool",
    forward=global_max_pool_forward_naive,
    backward=global_max_pool_backward_naive,
    arguments=("x",),
    learnable=(),
    shape=global_pool_shape,
    cases=_cases(Case("equal values", {"x": (2, 3, 4, 4)}, values="ties")),
)
