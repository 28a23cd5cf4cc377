"""Max pooling: keep the largest value of each window."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from convkit.contracts import (
    check_dout,
    check_ndim,
    common_dtype,
    open_tuple_cache,
    read_settings,
    whole_number,
)
from convkit.layers.geometry import pixels_inside, sliding
from convkit.layers.spec import Case, Layer

SETTINGS = ("pool_height", "pool_width", "stride", "pad", "dilation", "rounding")


class PoolGeometry(NamedTuple):
    """Everything about a pooling that follows from its shape and pool_param; pairs are (height, width).

    pad is the padding at the beginning (top, left), pad_end that at the end (bottom, right).
    """

    x_shape: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    out: tuple[int, ...]
    pad: tuple[int, ...] = (0, 0)
    pad_end: tuple[int, ...] = (0, 0)
    dilation: tuple[int, ...] = (1, 1)

    @property
    def out_shape(self) -> tuple[int, ...]:
        """(N, C, OH, OW)"""
        return (*self.x_shape[:2], *self.out)

    @property
    def is_plain(self) -> bool:
        """Whether every window begins inside the image and has no gaps: there is no padding and no dilation."""
        return self.pad == (0, 0) and self.dilation == (1, 1)

    def window(self, i: int, j: int) -> tuple[slice, slice]:
        """Rows and columns of the image in the window at output position (i, j); padding is not among them."""
        return self._inside(0, i), self._inside(1, j)

    def _inside(self, axis: int, i: int) -> slice:
        step = self.dilation[axis]
        start = i * self.stride[axis] - self.pad[axis]
        stop = min(start + step * (self.kernel[axis] - 1) + 1, self.x_shape[2 + axis])
        return slice(start if start >= 0 else start % step, stop, step)

    def spans(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """For height and width: the first pixel of the image in each window, and where they stop (pixels_inside)."""
        return [
            pixels_inside(*numbers)
            for numbers in zip(
                self.x_shape[2:], self.kernel, self.stride, self.pad, self.dilation, self.out, strict=True
            )
        ]


def pool_geometry(x_shape: tuple, pool_param: Any, known: tuple[str, ...] = SETTINGS) -> PoolGeometry:
    """The shape rule of pooling; raises ValueError or TypeError for whatever does not fit together."""
    check_ndim("x", x_shape, "(N, C, H, W)")
    settings = read_settings("pool_param", pool_param, known, required=SETTINGS[:3])
    kernel = (
        whole_number("pool_param['pool_height']", settings["pool_height"], 1),
        whole_number("pool_param['pool_width']", settings["pool_width"], 1),
    )
    if min(x_shape[1:]) < 1:
        raise ValueError(f"x must have at least one channel and one pixel, got shape {x_shape}")
    stride, pad, pad_end, dilation, out = sliding("pool_param", settings, x_shape[2:], kernel)
    geometry = PoolGeometry(x_shape, kernel, stride, out, pad, pad_end, dilation)
    if not geometry.is_plain or pad_end != (0, 0):
        _no_empty_window(geometry)
    return geometry


def _no_empty_window(geometry: PoolGeometry) -> None:
    """Raise ValueError if a window sees nothing but padding: there would be no maximum of it, and no average."""
    sizes = zip(geometry.kernel, geometry.dilation, geometry.pad, geometry.pad_end, strict=True)
    too_wide = any(max(pad, end) > d * (k - 1) for k, d, pad, end in sizes)
    if too_wide or any((first >= stop).any() for first, stop in geometry.spans()):
        raise ValueError(
            f"pool_param['pad'] = {geometry.pad} at the beginning and {geometry.pad_end} at the end is too much for "
            f"windows of {geometry.kernel}: every window must see at least one pixel of the image"
        )


def check_pool(x: Any, pool_param: Any) -> tuple[PoolGeometry, np.dtype]:
    """Check the arguments of a pooling; returns its geometry and the dtype in which it computes."""
    dtype = common_dtype(x=x)
    return pool_geometry(x.shape, pool_param), dtype


def max_pool_forward_naive(x: np.ndarray, pool_param: dict) -> tuple[np.ndarray, tuple]:
    """Largest value of each window of each channel: out[n, c, i, j] = max of x[n, c, i*stride + ii, j*stride + jj].

    - x: images (N, C, H, W), float32 or float64
    - pool_param: dict with 'pool_height', 'pool_width', 'stride' (a number or a pair) and optionally 'rounding'
      ('exact', 'floor' or 'ceil', for sizes that do not come out whole; default 'exact'). Windows may overlap. 'pad'
      (default 0; a number, a pair, a pair for each side, 'valid' or 'same', as for conv_forward_naive) lets windows
      reach beyond the image, where nothing is that could be the maximum; 'dilation' (default 1) is the distance of a
      window's pixels.

    Returns (out, cache): out (N, C, OH, OW) with OH = (H - pool_height)/stride + 1, and cache = (x, pool_param).
    A NaN in a window comes out as NaN.
    Raises ValueError where sizes do not fit, TypeError for other dtypes.
    Source: Goodfellow, Bengio and Courville, "Deep Learning", 2016, section 9.3.
    """
    geometry, dtype = check_pool(x, pool_param)
    N, C, OH, OW = geometry.out_shape
    out = np.zeros((N, C, OH, OW), dtype)
    # BEGIN SOLUTION
    for n in range(N):
        for c in range(C):
            for i in range(OH):
                for j in range(OW):
                    out[n, c, i, j] = np.max(x[n, c][geometry.window(i, j)])
    # END SOLUTION
    return out, (x, dict(pool_param))


def max_pool_backward_naive(dout: np.ndarray, cache: tuple) -> np.ndarray:
    """Gradient of max pooling: the whole of dout[n, c, i, j] is added at the pixel that was the maximum.

    Where several pixels of a window share the maximum, the first (row by row) takes the gradient, once.

    - dout: upstream gradient (N, C, OH, OW)
    - cache: (x, pool_param) from max_pool_forward_naive

    Returns dx (N, C, H, W).
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    Source: the maximum is the identity in its largest argument and constant in the others.
    """
    x, pool_param = open_tuple_cache(cache, "max_pool_forward_naive", np.ndarray, dict)
    geometry, dtype = check_pool(x, pool_param)
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


def max_pool_shape(x_shape: tuple, pool_param: dict) -> tuple[int, ...]:
    """Output shape (N, C, OH, OW) of a pooling."""
    return pool_geometry(x_shape, pool_param).out_shape


def _case(
    name: str, x: tuple, height: int, width: int, stride: Any, beyond: str = "", values: str = "normal", **more: Any
) -> Case:
    pool_param = {"pool_height": height, "pool_width": width, "stride": stride, **more}
    return Case(name, {"x": x}, {"pool_param": pool_param}, beyond, values)


MAX_POOL = Layer(
    name="max_pool",
    forward=max_pool_forward_naive,
    backward=max_pool_backward_naive,
    arguments=("x", "pool_param"),
    learnable=(),
    shape=max_pool_shape,
    cases=(
        _case("2x2 windows, stride 2", (3, 2, 4, 6), 2, 2, 2),
        _case("image and window not square", (2, 3, 6, 5), 3, 2, 3),
        _case("overlapping windows: 3x3, stride 2", (2, 3, 7, 9), 3, 3, 2),
        _case("overlapping windows: 2x3, stride 1", (2, 1, 4, 5), 2, 3, 1),
        _case("stride larger than the window", (2, 2, 8, 5), 2, 2, 3),
        _case("equal values in a window", (2, 2, 6, 8), 2, 2, 2, values="ties"),
        _case("equal values, overlapping windows", (2, 2, 5, 7), 3, 3, 2, values="ties"),
        _case("1x1 windows", (2, 3, 3, 4), 1, 1, 1),
        _case("one window over the whole image", (3, 2, 4, 5), 4, 5, 1),
        _case("one image, one channel", (1, 1, 4, 4), 2, 2, 2),
        _case("stride (2, 1)", (2, 2, 6, 5), 2, 3, (2, 1), "stride and pad as pairs"),
        _case("rounding floor", (2, 2, 7, 5), 2, 2, 2, "rounding", rounding="floor"),
        _case("rounding ceil: 7 -> 4", (2, 2, 7, 5), 2, 2, 2, "rounding", rounding="ceil"),
        _case("pad 1: 3x3, stride 2", (2, 2, 5, 7), 3, 3, 2, "padding", pad=1),
        _case("a pad for each side, equal values", (2, 2, 4, 5), 2, 3, (2, 1), "padding", "ties", pad=((1, 1), (2, 0))),
        _case("pad same: 7 -> 4", (2, 2, 7, 5), 2, 3, 2, "padding", pad="same"),
        _case("dilation 2", (2, 2, 6, 7), 2, 3, 1, "dilation", dilation=(2, 1)),
        _case("no images at all", (0, 3, 4, 4), 2, 2, 2, "empty batch"),
    ),
)  # fmt: skip
