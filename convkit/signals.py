"""Convolution as signal processing has it, beside the cross-correlation that networks compute and call convolution.

    cross_correlate(x, w)    sum over a of x[i + a] * w[a]         what the convolution layers compute
    convolve(x, w)           sum over a of x[i - a] * w[a]         the same with the kernel turned round
    separate(kernel)         a matrix as a column times a row, and how far it is from being one

They take a signal, an image or a volume, one channel each, and run on whichever layers `convkit.use` has chosen.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from convkit import ops
from convkit.contracts import check_ndim, is_plain_array, short

LAYER = {1: "conv1d", 2: "conv", 3: "conv3d"}


def cross_correlate(x: Any, w: Any, **conv_param: Any) -> np.ndarray:
    """Slide a kernel over a signal, an image or a volume: out[i] = sum over a of x_pad[i*stride + a] * w[a].

    - x: array of 1, 2 or 3 axes: numbers of any kind; float32 stays float32, all else becomes float64
    - w: kernel with as many axes
    - conv_param: stride, pad, dilation, rounding, as of the layer: cross_correlate(x, w, pad="same")

    Returns an array with as many axes; 'valid' by default: only where the kernel fits inside.
    Raises ValueError where shapes or settings do not fit, TypeError for what is no array of numbers.
    Source: Goodfellow, Bengio and Courville, "Deep Learning", 2016, equation 9.6.
    """
    x, w = _numbers("x", x), _numbers("w", w)
    if x.ndim not in LAYER or w.ndim != x.ndim:
        raise ValueError(f"x and w must both have 1, 2 or 3 axes, got shapes {x.shape} and {w.shape}")
    if "groups" in conv_param:
        raise ValueError(f"x is a single channel, so there are no groups; got groups = {short(conv_param['groups'])}")
    out, _ = ops.forward(LAYER[x.ndim], x[None, None], w[None, None], np.zeros(1, x.dtype), conv_param)
    return out[0, 0]


def convolve(x: Any, w: Any, **conv_param: Any) -> np.ndarray:
    """Convolution in the sense of mathematics: out[i] = sum over a of x_pad[i - a] * w[a], the kernel turned round.

    s(t) = sum over a of x(a) w(t - a) is this; with it the order of x and w does not matter. Arguments, result and
    errors are those of cross_correlate; for signals it is numpy.convolve(x, w, "valid"), and with pad=len(w) - 1
    "full".

    Source: Goodfellow, Bengio and Courville, "Deep Learning", 2016, equations 9.3 and 9.4.
    """
    return cross_correlate(x, np.flip(_numbers("w", w)), **conv_param)


class Separated(NamedTuple):
    """A kernel as an outer product: column (HH,), row (WW,), and the part of it that this misses, from 0 to 1."""

    column: np.ndarray
    row: np.ndarray
    residual: float


def separate(kernel: Any) -> Separated:
    """The column and the row whose outer product comes nearest to a kernel, by its singular values.

    - kernel: matrix (HH, WW)

    Returns (column, row, residual): residual is the Frobenius norm of kernel - outer(column, row) relative to that of
    the kernel. It is 0 (up to rounding) for kernels of rank 1, such as Sobel's or a Gauss kernel; these can be applied
    as two convolutions, HH x 1 and 1 x WW, with HH + WW multiplications for a pixel instead of HH * WW.
    Raises ValueError for other shapes and for NaN or infinity, TypeError for what is no array of numbers.
    Source: C. Eckart and G. Young, "The approximation of one matrix by another of lower rank", 1936.
    """
    kernel = _numbers("kernel", kernel)
    check_ndim("kernel", kernel.shape, "(HH, WW)")
    if not kernel.size or not np.isfinite(kernel).all():
        raise ValueError(f"kernel must have at least one element and only finite ones, got {short(kernel)}")
    U, singular, V = np.linalg.svd(kernel, full_matrices=False)
    # Of the two equal ways to give the signs, the one in which the column is mostly positive.
    scale = np.sqrt(singular[0]) * (1 if U[:, 0].sum() >= 0 else -1)
    norm = np.linalg.norm(singular)
    residual = float(np.linalg.norm(singular[1:]) / norm) if norm else 0.0
    return Separated(scale * U[:, 0], scale * V[0], residual)


def _numbers(name: str, value: Any) -> np.ndarray:
    """value as an array of float32, if it is one, or float64."""
    array = np.asarray(value) if isinstance(value, (list, tuple)) else value
    if not is_plain_array(array) or array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be an array of numbers, got {type(value).__name__}: {short(value)}")
    return array if array.dtype == np.float32 else array.astype(np.float64)
