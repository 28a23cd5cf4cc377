"""A convolution and its gradients by whichever kernel suits its shape: one place for all layers that are convolutions.

Arguments are checked by the layers; any layout is taken. Results are fresh arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convkit.kernels import conv, conv_im2col, matmul, threads
from convkit.kernels.algorithm import BACKWARD_W, BACKWARD_X, FORWARD, choose, direct, pools_by_tiles
from convkit.kernels.arrays import c_order

if TYPE_CHECKING:
    from convkit.layers.conv import ConvGeometry
    from convkit.layers.pool import PoolGeometry

# A tile of the im2col matrix has about so many bytes: it should stay in the L2 cache until it is used.
TILE_BYTES = 1 << 20


def forward(
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray | None,
    geometry: ConvGeometry,
    dtype: np.dtype,
    relu: bool = False,
    algorithm: str = "",
) -> np.ndarray:
    """The convolution of x (N, C, H, W) with w (F, C/groups, HH, WW), plus b (F,): (N, F, OH, OW).

    - relu: whether max(0, .) of it is returned
    - algorithm: one of those of algorithm.choose, default the one it chooses
    """
    x, w = c_order(x, dtype), c_order(w, dtype)
    b = None if b is None else c_order(b, dtype)
    out = np.empty(geometry.out_shape, dtype)
    for each in _candidates(geometry, FORWARD, dtype, algorithm):
        if each == "im2col":
            _forward_im2col(x, w, b, out, geometry)
            if relu:
                np.maximum(out, 0, out=out)
        elif not conv.forward(x, w, b, out, geometry, each, relu):
            continue
        break
    return out


def forward_pooled(
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray,
    geometry: ConvGeometry,
    windows: PoolGeometry,
    dtype: np.dtype,
) -> tuple[np.ndarray, np.ndarray] | None:
    """Convolution, ReLU and max pooling as one: (out, winners as pooling.max_forward notes them with relu).

    None where that cannot be done: for other windows than 2x2, other algorithms than Winograd's, results that are not
    finite.
    """
    if not pools_by_tiles(geometry, windows, FORWARD, dtype.itemsize):
        return None
    out, winner = np.empty(windows.out_shape, dtype), np.empty(windows.out_shape, np.uint8)
    x, w, b = c_order(x, dtype), c_order(w, dtype), c_order(b, dtype)
    return (out, winner) if conv.forward(x, w, b, out, geometry, "winograd", winner=winner) else None


def backward_w_pooled(
    dout: np.ndarray,
    winner: np.ndarray,
    x: np.ndarray,
    geometry: ConvGeometry,
    windows: PoolGeometry,
    dtype: np.dtype,
) -> tuple[np.ndarray, np.ndarray] | None:
    """The gradients of w and b from that of what forward_pooled returned; None as there."""
    if not pools_by_tiles(geometry, windows, BACKWARD_W, dtype.itemsize):
        return None
    dw, db = np.empty(geometry.w_shape, dtype), np.empty(geometry.w_shape[0], dtype)
    dout, x = c_order(dout, dtype), c_order(x, dtype)
    return (dw, db) if conv.backward_w(dout, x, dw, db, geometry, "winograd", winner) else None


def backward_x(
    dout: np.ndarray, w: np.ndarray, geometry: ConvGeometry, dtype: np.dtype, algorithm: str = ""
) -> np.ndarray:
    """The gradient of x, (N, C, H, W), from that of the output (N, F, OH, OW)."""
    dout, w = c_order(dout, dtype), c_order(w, dtype)
    dx = np.empty(geometry.x_shape, dtype)
    for each in _candidates(geometry, BACKWARD_X, dtype, algorithm):
        if each == "im2col":
            dx[...] = 0
            _backward_x_im2col(dout, w, dx, geometry)
        elif not conv.backward_x(dout, w, dx, geometry, each):
            continue
        break
    return dx


def backward_w(
    dout: np.ndarray, x: np.ndarray, geometry: ConvGeometry, dtype: np.dtype, algorithm: str = ""
) -> tuple[np.ndarray, np.ndarray]:
    """The gradients of w, (F, C/groups, HH, WW), and of b, (F,), from that of the output (N, F, OH, OW)."""
    dout, x = c_order(dout, dtype), c_order(x, dtype)
    dw, db = np.empty(geometry.w_shape, dtype), np.empty(geometry.w_shape[0], dtype)
    for each in _candidates(geometry, BACKWARD_W, dtype, algorithm):
        if each == "im2col":
            dw[...] = 0
            _backward_w_im2col(dout, x, dw, geometry)
            return dw, dout.sum(axis=(0, 2, 3))
        if conv.backward_w(dout, x, dw, db, geometry, each):
            break
    return dw, db


def _candidates(geometry: ConvGeometry, direction: str, dtype: np.dtype, algorithm: str) -> list[str]:
    """Algorithms in the order in which they are tried.

    A kernel may refuse: Winograd's where a result is not finite, dx where a filter is not, any for its scratch memory.
    """
    first = algorithm or choose(geometry, direction, dtype.itemsize)
    return list(dict.fromkeys((first, direct(geometry, direction, dtype.itemsize), "im2col")))


def _forward_im2col(
    x: np.ndarray, w: np.ndarray, b: np.ndarray | None, out: np.ndarray, geometry: ConvGeometry
) -> None:
    N, F, OH, OW = geometry.out_shape
    filters, biases = w.reshape(F, -1), np.zeros(F, x.dtype) if b is None else b
    out = out.reshape(N, F, OH * OW)

    def run(first: int, last: int, stop: np.ndarray) -> None:
        images, positions = ((0, 1), (first, last)) if N == 1 else ((first, last), (0, OH * OW))
        conv_im2col.conv_forward(
            x, filters, biases, out, geometry, *_scratch(geometry, x.dtype), *images, *positions, stop
        )

    threads.run(run, OH * OW if N == 1 else N, out.size * filters.shape[1])


def _backward_x_im2col(dout: np.ndarray, w: np.ndarray, dx: np.ndarray, geometry: ConvGeometry) -> None:
    N, F, OH, OW = geometry.out_shape
    filters, C = w.reshape(F, -1), dx.shape[1]
    dout = dout.reshape(N, F, OH * OW)

    def run(first: int, last: int, stop: np.ndarray) -> None:
        cols, work = _scratch(geometry, w.dtype)
        if N == 1:
            conv_im2col.conv_backward_x(dout, filters, dx, geometry, cols, work, 0, 1, first, last, stop)
        else:
            conv_im2col.conv_backward_x(dout, filters, dx, geometry, cols, work, first, last, 0, C, stop)

    threads.run(run, C if N == 1 else N, dout.size * filters.shape[1])


def _backward_w_im2col(dout: np.ndarray, x: np.ndarray, dw: np.ndarray, geometry: ConvGeometry) -> None:
    N, F, OH, OW = geometry.out_shape
    flat, dout = dw.reshape(F, -1), dout.reshape(N, F, OH * OW)

    def run(first: int, last: int, stop: np.ndarray) -> None:
        conv_im2col.conv_backward_w(dout, x, flat, geometry, *_scratch(geometry, x.dtype), first, last, stop)

    threads.run(run, flat.shape[1], dout.size * flat.shape[1])


def _scratch(geometry: ConvGeometry, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """A thread's memory for one call: a tile of the im2col matrix, and the packed blocks of the matrix product."""
    K = geometry.w_shape[1] * geometry.kernel[0] * geometry.kernel[1]
    positions = geometry.out[0] * geometry.out[1]
    columns = max(1, min(positions, TILE_BYTES // (K * dtype.itemsize)))
    return np.empty((K, columns), dtype), np.empty(matmul.WORK_SIZE, dtype)
