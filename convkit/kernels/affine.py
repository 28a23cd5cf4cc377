"""The affine layer and its gradients, with or without a ReLU behind it, by whatever kernel this build has.

Arguments are checked by the layers; any layout is taken. Results are fresh arrays.
"""

from __future__ import annotations

import numpy as np

from convkit.kernels import matmul, product, threads
from convkit.kernels.arrays import c_order, is_ready
from convkit.kernels.native import VECTORS
from convkit.weight_decay import WeightDecay

# Elements of w from which on it pays to read it once for dx and weight decay: it no longer stays in a core's caches.
DECAYED_SIZE = 1 << 18


def forward(x: np.ndarray, w: np.ndarray, b: np.ndarray, dtype: np.dtype, relu: bool = False) -> np.ndarray:
    """x w + b, (N, M), each sample of x (N, ...) flattened; max(0, .) of it with relu."""
    return _product(_rows(x, w, dtype), _matrix(w, dtype), c_order(b, dtype), relu)


def backward_x(dout: np.ndarray, w: np.ndarray, x_shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """The gradient of x, in its shape, from that of the output (N, M)."""
    return _product(_matrix(dout, dtype), _matrix(w, dtype).T).reshape(x_shape)


def backward_w(dout: np.ndarray, x: np.ndarray, w: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The gradient of w (D, M)."""
    return _product(_rows(x, w, dtype).T, _matrix(dout, dtype))


def backward_decayed(
    dout: np.ndarray, x: np.ndarray, w: np.ndarray, dtype: np.dtype, needs_dx: bool, decay: WeightDecay | None
) -> tuple[np.ndarray | None, np.ndarray] | None:
    """(dx or None, dw) at once, with w's weight decay in dw; None where nobody asked for that or it does not pay.

    - dout: (N, M), C-contiguous and of this dtype
    """
    fits = VECTORS and w.size >= DECAYED_SIZE and is_ready(w, dtype)
    if not fits or decay is None or not len(x) or not decay.wants(w):
        return None
    dx = np.empty((len(x), len(w)), dtype) if needs_dx else None
    dw = np.empty(w.shape, dtype)
    decay.add(w, product.affine_backward(dout, _rows(x, w, dtype), w, dx, dw, decay.reg))
    return dx if dx is None else dx.reshape(x.shape), dw


def backward_b(dout: np.ndarray, dtype: np.dtype, relu_out: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """(dout, the gradient of b (M,)).

    - relu_out: what a ReLU behind the layer returned; then dout has come back through it: 0 where its output was 0
    """
    dout = c_order(dout, dtype)
    if not VECTORS:
        dout = dout if relu_out is None else np.where(relu_out > 0, dout, dtype.type(0))
        return dout, dout.sum(axis=0)
    db = np.empty(dout.shape[1], dtype)
    if relu_out is None:
        product.columns(dout, db)
        return dout, db
    masked = np.empty_like(dout)
    product.columns(dout, db, c_order(relu_out, dtype), masked)
    return masked, db


def _product(a: np.ndarray, b: np.ndarray, bias: np.ndarray | None = None, relu: bool = False) -> np.ndarray:
    out = np.empty((a.shape[0], b.shape[1]), a.dtype)
    if VECTORS:
        product.product(a, b, out, bias, relu)
        return out

    def columns(first: int, last: int, stop: np.ndarray) -> None:
        matmul.matmul(a, b, out, np.empty(matmul.WORK_SIZE, a.dtype), first, last, stop)

    threads.run(columns, b.shape[1], a.size * b.shape[1])
    if bias is not None:
        out += bias
    return np.maximum(out, 0, out=out) if relu else out


def _matrix(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The array itself where it is C- or Fortran-contiguous and of this dtype, else a copy that is."""
    array = np.require(array, dtype, "A")
    return array if array.flags.forc else np.ascontiguousarray(array)


def _rows(x: np.ndarray, w: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """x as a matrix with one sample in each row."""
    return c_order(x, dtype).reshape(len(x), len(w))
