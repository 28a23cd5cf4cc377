"""Average pooling: the mean of each window."""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.contracts import Cache, check_dout, common_dtype, open_cache, truth_value
from convkit.layers.pool import SETTINGS as POOL_SETTINGS
from convkit.layers.pool import PoolGeometry, pool_geometry
from convkit.layers.spec import Case, Layer

SETTINGS = (*POOL_SETTINGS, "count_include_pad")


def avg_pool_geometry(x_shape: tuple, pool_param: Any) -> tuple[PoolGeometry, np.ndarray]:
    """The shape rule of average pooling: its geometry, and by how much each window's sum is divided, (OH, OW)."""
    geometry = pool_geometry(x_shape, pool_param, SETTINGS)
    with_pad = truth_value("pool_param['count_include_pad']", pool_param.get("count_include_pad", True))
    rows, columns = _counts(geometry, 0, with_pad), _counts(geometry, 1, with_pad)
    return geometry, rows[:, None] * columns


def _counts(geometry: PoolGeometry, axis: int, with_pad: bool) -> np.ndarray:
    """Of how many pixels each window consists on one axis; what lies beyond the padding never counts."""
    first, stop = geometry.spans()[axis]
    step = geometry.dilation[axis]
    if with_pad:
        first = np.arange(geometry.out[axis]) * geometry.stride[axis] - geometry.pad[axis]
        padded = geometry.x_shape[2 + axis] + geometry.pad_end[axis]
        stop = np.minimum(first + step * (geometry.kernel[axis] - 1) + 1, padded)
    return (stop - first - 1) // step + 1


def check_avg_pool(x: Any, pool_param: Any) -> tuple[PoolGeometry, np.ndarray, np.dtype]:
    """Check the arguments; returns the geometry, the divisors (OH, OW) and the dtype in which the layer computes."""
    dtype = common_dtype(x=x)
    return (*avg_pool_geometry(x.shape, pool_param), dtype)


def avg_pool_forward_naive(x: np.ndarray, pool_param: dict) -> tuple[np.ndarray, Cache]:
    """Mean of each window of each channel: out[n, c, i, j] = mean of x[n, c, i*stride + ii, j*stride + jj].

    - x: images (N, C, H, W), float32 or float64
    - pool_param: dict as for max_pool_forward_naive, and 'count_include_pad': whether the padding's zeros are counted
      among a window's pixels (default True, as in PyTorch; Keras, whose 'same' this layer knows, does not count them).
      What a window of 'ceil' has beyond the padding is never counted.

    Returns (out, cache): out (N, C, OH, OW), and a cache for avg_pool_backward_naive.
    Raises ValueError where sizes do not fit, TypeError for other dtypes.
    Source: Y. LeCun et al., "Gradient-based learning applied to document recognition", 1998, section II (there with a
    weight and a bias for each map).
    """
    geometry, count, dtype = check_avg_pool(x, pool_param)
    N, C, OH, OW = geometry.out_shape
    out = np.zeros((N, C, OH, OW), dtype)
    # BEGIN SOLUTION
    for n in range(N):
        for c in range(C):
            for i in range(OH):
                for j in range(OW):
                    out[n, c, i, j] = np.sum(x[n, c][geometry.window(i, j)]) / count[i, j]
    # END SOLUTION
    return out, Cache("avg_pool_forward_naive", x, dict(pool_param))


def avg_pool_backward_naive(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Gradient of average pooling: dout[n, c, i, j] is shared equally by the pixels of its window.

    - dout: upstream gradient (N, C, OH, OW)
    - cache: from avg_pool_forward_naive

    Returns dx (N, C, H, W).
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    Source: the mean has the derivative 1/count in each of its arguments.
    """
    x, pool_param = open_cache(cache, "avg_pool_forward_naive")
    geometry, count, dtype = check_avg_pool(x, pool_param)
    N, C, OH, OW = geometry.out_shape
    dx = np.zeros(x.shape, check_dout(dout, geometry.out_shape, "(N, C, OH, OW)", dtype))
    # BEGIN SOLUTION
    for n in range(N):
        for c in range(C):
            for i in range(OH):
                for j in range(OW):
                    dx[n, c][geometry.window(i, j)] += dout[n, c, i, j] / count[i, j]
    # END SOLUTION
    return dx


def avg_pool_shape(x_shape: tuple, pool_param: dict) -> tuple[int, ...]:
    """Output shape (N, C, OH, OW) of an average pooling."""
    return avg_pool_geometry(x_shape, pool_param)[0].out_shape


def _case(name: str, x: tuple, height: int, width: int, stride: Any, beyond: str = "", **more: Any) -> Case:
    return Case(
        name, {"x": x}, {"pool_param": {"pool_height": height, "pool_width": width, "stride": stride, **more}}, beyond
    )


AVG_POOL = Layer(
    name="avg_pool",
    forward=avg_pool_forward_naive,
    backward=avg_pool_backward_naive,
    arguments=("x", "pool_param"),
    learnable=(),
    shape=avg_pool_shape,
    cases=(
        _case("2x2 windows, stride 2", (3, 2, 4, 6), 2, 2, 2),
        _case("image and window not square", (2, 3, 6, 5), 3, 2, 3),
        _case("overlapping windows: 3x3, stride 2", (2, 3, 7, 9), 3, 3, 2),
        _case("stride larger than the window", (2, 2, 8, 5), 2, 2, 3),
        _case("1x1 windows", (2, 3, 3, 4), 1, 1, 1),
        _case("one window over the whole image", (3, 2, 4, 5), 4, 5, 1),
        _case("one image, one channel", (1, 1, 4, 4), 2, 2, 2),
        _case("stride (2, 1)", (2, 2, 6, 5), 2, 3, (2, 1), "stride and pad as pairs"),
        _case("pad 1, which counts", (2, 2, 5, 7), 3, 3, 2, "padding", pad=1),
        _case("pad 1, which does not count", (2, 2, 5, 7), 3, 3, 2, "padding", pad=1, count_include_pad=False),
        _case("pad same: 7 -> 4", (2, 2, 7, 5), 2, 3, 2, "padding", pad="same", count_include_pad=False),
        _case("dilation 2", (2, 2, 6, 7), 2, 3, 1, "dilation", dilation=(2, 1), pad=1),
        _case("rounding floor", (2, 2, 7, 5), 2, 2, 2, "rounding", rounding="floor"),
        _case("rounding ceil, pad that counts", (2, 2, 6, 4), 3, 3, 2, "rounding", pad=(1, 0), rounding="ceil"),
        _case("no images at all", (0, 3, 4, 4), 2, 2, 2, "empty batch"),
    ),
)  # fmt: skip
