"""Adaptive pooling: a window for each pixel that the output shall have, as even as can be, for inputs of any size."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from convkit.contracts import Cache, check_dout, check_ndim, check_size, common_dtype, open_cache, pair, read_settings
from convkit.layers.spec import Case, Layer


class AdaptiveGeometry(NamedTuple):
    """Everything about an adaptive pooling that follows from its shape and pool_param."""

    x_shape: tuple[int, int, int, int]
    out: tuple[int, int]

    @property
    def out_shape(self) -> tuple[int, int, int, int]:
        """(N, C, OH, OW)"""
        return (*self.x_shape[:2], *self.out)

    def window(self, i: int, j: int) -> tuple[slice, slice]:
        """Rows and columns of the window at output position (i, j): from floor(i*H/OH) to ceil((i + 1)*H/OH)."""
        (H, W), (OH, OW) = self.x_shape[2:], self.out
        return slice(i * H // OH, -(-(i + 1) * H // OH)), slice(j * W // OW, -(-(j + 1) * W // OW))

    def spans(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """For height and width: the first pixel of each window, and where they stop."""
        spans = []
        for size, positions in zip(self.x_shape[2:], self.out, strict=True):
            i = np.arange(positions)
            spans.append((i * size // positions, -(-(i + 1) * size // positions)))
        return spans


def adaptive_geometry(x_shape: tuple, pool_param: Any) -> AdaptiveGeometry:
    """The shape rule of adaptive pooling; raises ValueError or TypeError for whatever does not fit together."""
    check_ndim("x", x_shape, "(N, C, H, W)")
    settings = read_settings("pool_param", pool_param, ("output_size",), required=("output_size",))
    out = pair("pool_param['output_size']", settings["output_size"], 1)
    if min(x_shape[1:]) < 1:
        raise ValueError(f"x must have at least one channel and one pixel, got shape {x_shape}")
    check_size("pool_param['output_size']", (*x_shape[:2], *out))
    return AdaptiveGeometry(x_shape, out)


def check_adaptive_pool(x: Any, pool_param: Any) -> tuple[AdaptiveGeometry, np.dtype]:
    """Check the arguments of an adaptive pooling; returns its geometry and the dtype in which it computes."""
    dtype = common_dtype(x=x)
    return adaptive_geometry(x.shape, pool_param), dtype


def adaptive_avg_pool_forward_naive(x: np.ndarray, pool_param: dict) -> tuple[np.ndarray, Cache]:
    """Mean of each of OH x OW windows that together cover the image: rows floor(i*H/OH) to ceil((i + 1)*H/OH), ...

    - x: images (N, C, H, W), float32 or float64
    - pool_param: dict with 'output_size', a number or a pair (OH, OW), larger than the image if you like

    Returns (out, cache): out (N, C, OH, OW), and a cache for adaptive_avg_pool_backward_naive.
    Raises ValueError where sizes do not fit, TypeError for other dtypes.
    Source: the windows are those of PyTorch's AdaptiveAvgPool2d.
    """
    geometry, dtype = check_adaptive_pool(x, pool_param)
    N, C, OH, OW = geometry.out_shape
    out = np.zeros((N, C, OH, OW), dtype)
    # BEGIN SOLUTION
    for n in range(N):
        for c in range(C):
            for i in range(OH):
                for j in range(OW):
                    out[n, c, i, j] = np.mean(x[n, c][geometry.window(i, j)])
    # END SOLUTION
    return out, Cache("adaptive_avg_pool_forward_naive", x, dict(pool_param))


def adaptive_avg_pool_backward_naive(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Gradient of adaptive average pooling: dout[n, c, i, j] is shared equally by the pixels of its window.

    - dout: upstream gradient (N, C, OH, OW)
    - cache: from adaptive_avg_pool_forward_naive

    Returns dx (N, C, H, W).
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    Source: the mean has the derivative 1/count in each of its arguments.
    """
    x, pool_param = open_cache(cache, "adaptive_avg_pool_forward_naive")
    geometry, dtype = check_adaptive_pool(x, pool_param)
    N, C, OH, OW = geometry.out_shape
    dx = np.zeros(x.shape, check_dout(dout, geometry.out_shape, "(N, C, OH, OW)", dtype))
    # BEGIN SOLUTION
    for n in range(N):
        for c in range(C):
            for i in range(OH):
                for j in range(OW):
                    here = geometry.window(i, j)
                    dx[n, c][here] += dout[n, c, i, j] / x[n, c][here].size
    # END SOLUTION
    return dx


def adaptive_max_pool_forward_naive(x: np.ndarray, pool_param: dict) -> tuple[np.ndarray, Cache]:
    """Largest value of each of OH x OW windows that together cover the image; the windows of adaptive_avg_pool.

    - x: images (N, C, H, W), float32 or float64
    - pool_param: dict with 'output_size', a number or a pair (OH, OW), larger than the image if you like

    Returns (out, cache): out (N, C, OH, OW), and a cache for adaptive_max_pool_backward_naive.
    A NaN in a window comes out as NaN.
    Raises ValueError where sizes do not fit, TypeError for other dtypes.
    Source: the windows are those of PyTorch's AdaptiveMaxPool2d.
    """
    geometry, dtype = check_adaptive_pool(x, pool_param)
    N, C, OH, OW = geometry.out_shape
    out = np.zeros((N, C, OH, OW), dtype)
    # BEGIN SOLUTION
    for n in range(N):
        for c in range(C):
            for i in range(OH):
                for j in range(OW):
                    out[n, c, i, j] = np.max(x[n, c][geometry.window(i, j)])
    # END SOLUTION
    return out, Cache("adaptive_max_pool_forward_naive", x, dict(pool_param))


def adaptive_max_pool_backward_naive(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Gradient of adaptive max pooling: dout[n, c, i, j] is added at the first maximum of its window.

    - dout: upstream gradient (N, C, OH, OW)
    - cache: from adaptive_max_pool_forward_naive

    Returns dx (N, C, H, W).
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    Source: the maximum is the identity in its largest argument and constant in the others.
    """
    x, pool_param = open_cache(cache, "adaptive_max_pool_forward_naive")
    geometry, dtype = check_adaptive_pool(x, pool_param)
    N, C, OH, OW = geometry.out_shape
    dx = np.zeros(x.shape, check_dout(dout, geometry.out_shape, "(N, C, OH, OW)", dtype))
    # BEGIN SOLUTION
    for n in range(N):
        for c in range(C):
            for i in range(OH):
                for j in range(OW):
                    window = x[n, c][geometry.window(i, j)]
                    first_maximum = np.unravel_index(np.argmax(window), window.shape)
                    dx[n, c][geometry.window(i, j)][first_maximum] += dout[n, c, i, j]
    # END SOLUTION
    return dx


def adaptive_pool_shape(x_shape: tuple, pool_param: dict) -> tuple[int, ...]:
    """Output shape (N, C, OH, OW) of an adaptive pooling."""
    return adaptive_geometry(x_shape, pool_param).out_shape


def _case(name: str, x: tuple, output_size: Any, beyond: str = "", values: str = "normal") -> Case:
    return Case(name, {"x": x}, {"pool_param": {"output_size": output_size}}, beyond, values)


def _cases(*more: Case) -> tuple[Case, ...]:
    return (
        _case("6x8 -> 3x4: windows of the same size", (2, 3, 6, 8), (3, 4)),
        _case("5x7 -> 2x3: windows that overlap", (3, 2, 5, 7), (2, 3)),
        _case("5x4 -> 3x3", (2, 2, 5, 4), 3),
        _case("one window", (2, 3, 3, 4), 1),
        _case("one image, one channel", (1, 1, 4, 3), (2, 2)),
        *more,
        _case("3x2 -> 4x5: larger than the image", (2, 2, 3, 2), (4, 5), "larger output"),
        _case("no images at all", (0, 3, 4, 4), 2, "empty batch"),
    )


ADAPTIVE_AVG_POOL = Layer(
    name="adaptive_avg_pool",
    forward=adaptive_avg_pool_forward_naive,
    backward=adaptive_avg_pool_backward_naive,
    arguments=("x", "pool_param"),
    learnable=(),
    shape=adaptive_pool_shape,
    cases=_cases(),
)

ADAPTIVE_MAX_POOL = Layer(
    name="adaptive_max_pool",
    forward=adaptive_max_pool_forward_naive,
    backward=adaptive_max_pool_backward_naive,
    arguments=("x", "pool_param"),
    learnable=(),
    shape=adaptive_pool_shape,
    cases=_cases(_case("equal values", (2, 2, 5, 6), (2, 4), values="ties")),
)
