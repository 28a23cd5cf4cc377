"""Max unpooling: every value goes back to where its maximum stood, as max pooling with indices wrote it down."""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.contracts import (
    Cache,
    check_dout,
    check_ndim,
    check_shape,
    check_size,
    common_dtype,
    is_plain_array,
    open_cache,
    pair,
    read_settings,
    short,
)
from convkit.layers.pool import check_pool
from convkit.layers.spec import Case, Layer


def max_pool_with_indices_naive(x: np.ndarray, pool_param: dict) -> tuple[np.ndarray, np.ndarray]:
    """Max pooling, and where in its channel each maximum stood: row*W + column, as PyTorch counts.

    - x, pool_param: as for max_pool_forward_naive

    Returns (out, indices), both (N, C, OH, OW), indices of int64; max_unpool takes them. The first of several equal
    maxima counts. For its gradient use max_pool_forward_naive and max_pool_backward_naive.
    Raises ValueError where sizes do not fit, TypeError for other dtypes.
    Source: M. Zeiler and R. Fergus, "Visualizing and understanding convolutional networks", 2014, section 2.1.
    """
    geometry, dtype = check_pool(x, pool_param)
    N, C, OH, OW = geometry.out_shape
    plane = np.arange(x.shape[2] * x.shape[3]).reshape(x.shape[2:])
    out, indices = np.zeros((N, C, OH, OW), dtype), np.zeros((N, C, OH, OW), np.int64)
    for n in range(N):
        for c in range(C):
            for i in range(OH):
                for j in range(OW):
                    window = x[n, c][geometry.window(i, j)]
                    first_maximum = np.argmax(window)
                    out[n, c, i, j] = window.flat[first_maximum]
                    indices[n, c, i, j] = plane[geometry.window(i, j)].flat[first_maximum]
    return out, indices


def check_max_unpool(x: Any, indices: Any, unpool_param: Any) -> tuple[tuple[int, ...], np.dtype]:
    """Check the arguments of max unpooling; returns the output's shape and the dtype in which it computes."""
    dtype = common_dtype(x=x)
    if not is_plain_array(indices) or not np.issubdtype(indices.dtype, np.integer):
        kind = indices.dtype if is_plain_array(indices) else f"{type(indices).__name__}: {short(indices)}"
        raise TypeError(f"indices must be a NumPy array of integers, got {kind}")
    shape = max_unpool_shape(x.shape, unpool_param)
    check_shape("indices", indices, x.shape, "of x (N, C, H, W)")
    pixels = shape[2] * shape[3]
    if indices.size and (indices.min() < 0 or indices.max() >= pixels):
        bad = indices[(indices < 0) | (indices >= pixels)].flat[0]
        raise ValueError(
            f"indices must be row*OW + column of a pixel of the output {shape[2:]}, 0..{pixels - 1}, got {bad}"
        )
    return shape, dtype


def max_unpool_shape(x_shape: tuple, unpool_param: Any) -> tuple[int, ...]:
    """Output shape (N, C, OH, OW) of a max unpooling."""
    check_ndim("x", x_shape, "(N, C, H, W)")
    settings = read_settings("unpool_param", unpool_param, ("output_size",), required=("output_size",))
    size = pair("unpool_param['output_size']", settings["output_size"], 1)
    if min(x_shape[1:]) < 1:
        raise ValueError(f"x must have at least one channel and one pixel, got shape {x_shape}")
    return check_size("unpool_param['output_size']", (*x_shape[:2], *size))


def max_unpool_forward_naive(x: np.ndarray, indices: np.ndarray, unpool_param: dict) -> tuple[np.ndarray, Cache]:
    """Put every value where its index says; zero everywhere else.

    - x: values (N, C, H, W), float32 or float64
    - indices: integers (N, C, H, W), row*OW + column of a pixel of the output, from max_pool_with_indices_naive
    - unpool_param: dict with 'output_size', a number or a pair (OH, OW): mostly the size of what was pooled

    Returns (out, cache): out (N, C, OH, OW), and a cache for max_unpool_backward_naive. Where an index comes more than
    once, as overlapping windows give it, the last value (row by row) stands.
    Raises ValueError for shapes or indices that do not fit, TypeError for other dtypes.
    Source: M. Zeiler and R. Fergus, "Visualizing and understanding convolutional networks", 2014, section 2.1.
    """
    (N, C, OH, OW), dtype = check_max_unpool(x, indices, unpool_param)
    out = np.zeros((N, C, OH, OW), dtype)
    # BEGIN SOLUTION
    H, W = x.shape[2:]
    for n in range(N):
        for c in range(C):
            for i in range(H):
                for j in range(W):
                    row, column = divmod(int(indices[n, c, i, j]), OW)
                    out[n, c, row, column] = x[n, c, i, j]
    # END SOLUTION
    return out, Cache("max_unpool_forward_naive", indices.copy(), out.shape, dtype)


def max_unpool_backward_naive(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Gradient of max unpooling: each value that stands in the output takes the gradient from there.

    - dout: upstream gradient (N, C, OH, OW)
    - cache: from max_unpool_forward_naive

    Returns dx (N, C, H, W), zero for a value that was overwritten; the indices have no gradient.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    Source: the adjoint of putting a value somewhere is to take it from there.
    """
    indices, shape, dtype = open_cache(cache, "max_unpool_forward_naive")
    dx = np.zeros(indices.shape, check_dout(dout, shape, "(N, C, OH, OW)", dtype))
    # BEGIN SOLUTION
    N, C, H, W = indices.shape
    for n in range(N):
        for c in range(C):
            taken = set()
            for i in reversed(range(H)):
                for j in reversed(range(W)):
                    place = int(indices[n, c, i, j])
                    if place not in taken:
                        row, column = divmod(place, shape[3])
                        dx[n, c, i, j] = dout[n, c, row, column]
                        taken.add(place)
    # END SOLUTION
    return dx


def _case(name: str, x: tuple, output_size: Any, indices: Any, beyond: str = "") -> Case:
    """indices: those of one channel, the same for all; or a step, for pixels in an order that mixes them."""
    H, W = x[2:]
    one = np.array(indices) if isinstance(indices, list) else (np.arange(H * W) * indices).reshape(H, W)
    settings = {"indices": np.broadcast_to(one, x).astype(np.int64), "unpool_param": {"output_size": output_size}}
    return Case(name, {"x": x}, settings, beyond)


MAX_UNPOOL = Layer(
    name="max_unpool",
    forward=max_unpool_forward_naive,
    backward=max_unpool_backward_naive,
    arguments=("x", "indices", "unpool_param"),
    learnable=(),
    shape=lambda x_shape, indices_shape, unpool_param: max_unpool_shape(x_shape, unpool_param),
    cases=(
        _case("2x2 -> 4x4", (2, 3, 2, 2), 4, [[5, 2], [12, 15]]),
        _case("images not square", (3, 2, 2, 3), (4, 6), [[7, 2, 4], [12, 21, 23]]),
        _case("one image, one channel, one value", (1, 1, 1, 1), (2, 3), [[4]]),
        _case("values far from where they stood", (2, 2, 3, 2), (5, 4), 3),
        _case("the same size", (2, 2, 2, 2), 2, [[3, 2], [1, 0]]),
        _case("the same index twice", (2, 2, 2, 2), 3, [[4, 4], [7, 4]], "indices that come again"),
        _case("no images at all", (0, 3, 2, 2), 4, 5, "empty batch"),
    ),
)
