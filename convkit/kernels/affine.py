"""The affine layer and its gradients, with or without a ReLU behind it, by whatever kernel this build has.

Arguments are checked by the layers; any layout is taken. Results are fresh arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.deferred import DeferredGradient
from convkit.kernels import matmul, product, threads
from convkit.kernels.arrays import c_order, is_ready
from convkit.kernels.native import VECTORS
from convkit.weight_decay import WeightDecay

# Elements of w from which on all that reads it, or writes its gradient, is done block by block: it no longer stays in
# a core's caches.
LARGE = 1 << 18


def forward(x: np.ndarray, w: np.ndarray, b: np.ndarray, dtype: np.dtype, relu: bool = False) -> np.ndarray:
    """x w + b, (N, M), each sample of x (N, ...) flattened; max(0, .) of it with relu."""
    return _product(_rows(x, w, dtype), _matrix(w, dtype), c_order(b, dtype), relu)


def backward(
    dout: np.ndarray,
    x: np.ndarray,
    w: np.ndarray,
    dtype: np.dtype,
    needs_dx: bool = True,
    weight_decay: WeightDecay | None = None,
) -> tuple[np.ndarray | None, Any]:
    """(dx in the shape of x or None, dw (D, M)); dw may be a DeferredGradient where weight_decay says so.

    - dout: (N, M), C-contiguous and of this dtype
    """
    rows = _rows(x, w, dtype)
    if not (VECTORS and w.size >= LARGE and is_ready(w, dtype) and len(x)):
        dx = _product(dout, _matrix(w, dtype).T).reshape(x.shape) if needs_dx else None
        return dx, _product(rows.T, dout)
    dx = np.empty(x.shape, dtype) if needs_dx else None
    dx_rows = None if dx is None else dx.reshape(rows.shape)
    defers = weight_decay is not None and weight_decay.defers(w)
    dw = None if defers else np.empty(w.shape, dtype)
    decay = squares = 0.0
    if weight_decay is not None and weight_decay.wants(w):
        decay = weight_decay.reg
        squares = product.affine_backward(dout, rows, w, dx_rows, dw, decay)
        weight_decay.add(w, squares)
    elif needs_dx or not defers:
        product.affine_backward(dout, rows, w, dx_rows, dw)
    return dx, DeferredGradient(dout, rows, w, decay, squares) if dw is None else dw


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
