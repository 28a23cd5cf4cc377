"""Convolution of signals: one axis, such as time; everything else is as for images (conv.py)."""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.contracts import Cache, cast, check_dout, open_cache
from convkit.layers.conv import PAD, Axes, ConvGeometry, check_conv, conv_geometry, window
from convkit.layers.spec import Case, Layer

SIGNAL = Axes("(N, C, L)", "(F, C, K)", ("length",))


def check_conv1d(x: Any, w: Any, b: Any, conv_param: Any) -> tuple[ConvGeometry, np.dtype]:
    """Check the arguments of a convolution of signals; returns its geometry and the dtype in which it computes."""
    return check_conv(x, w, b, conv_param, SIGNAL)


def conv1d_forward_naive(x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict) -> tuple[np.ndarray, Cache]:
    """Convolve a batch of signals with a bank of filters.

        out[n, f, i] = b[f] + sum over c, k of w[f, c, k] * x_pad[n, c, i*stride + k]

    - x: signals (N, C, L), float32 or float64
    - w: filters (F, C, K), (F, C/groups, K) in groups
    - b: biases (F,)
    - conv_param: dict as for conv_forward_naive, with one number for 'stride' and 'dilation'; 'pad' may be a number, a
      pair (begin, end), 'valid' or 'same'

    Returns (out, cache): out (N, F, OL) with OL = (L + 2*pad - K)/stride + 1, and a cache for conv1d_backward_naive.
    Raises ValueError where shapes or sizes do not fit, TypeError for other dtypes.
    Source: Goodfellow, Bengio and Courville, "Deep Learning", 2016, equation 9.3, with channels and without the flip.
    """
    geometry, dtype = check_conv1d(x, w, b, conv_param)
    N, F, OL = geometry.out_shape
    out = np.zeros((N, F, OL), dtype)
    # BEGIN SOLUTION
    x_pad = geometry.pad_image(x, dtype)
    for n in range(N):
        for f in range(F):
            for i in range(OL):
                out[n, f, i] = np.sum(x_pad[n][window(geometry, f, i)] * w[f]) + b[f]
    # END SOLUTION
    return out, Cache("conv1d_forward_naive", x, w, b, dict(conv_param))


def conv1d_backward_naive(dout: np.ndarray, cache: Cache) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of the convolution of signals: every product sends dout back to its two factors.

        dw[f, c, k] = sum over n, i of dout[n, f, i] * x_pad[n, c, i*stride + k]
        dx_pad[n, c, i*stride + k] += dout[n, f, i] * w[f, c, k]    for every n, f, i
        db[f] = sum over n, i of dout[n, f, i]

    - dout: upstream gradient (N, F, OL)
    - cache: from conv1d_forward_naive

    Returns (dx, dw, db) with the shapes of x, w and b.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    Source: the chain rule, as for conv_backward_naive.
    """
    x, w, b, conv_param = open_cache(cache, "conv1d_forward_naive")
    geometry, dtype = check_conv1d(x, w, b, conv_param)
    N, F, OL = geometry.out_shape
    dtype = check_dout(dout, geometry.out_shape, "(N, F, OL)", dtype)
    w, dout = cast(dtype, w, dout)
    x_pad = geometry.pad_image(x, dtype)
    dx_pad, dw, db = np.zeros_like(x_pad), np.zeros(w.shape, dtype), np.zeros(b.shape, dtype)
    # BEGIN SOLUTION
    for n in range(N):
        for f in range(F):
            for i in range(OL):
                here = window(geometry, f, i)
                dx_pad[n][here] += dout[n, f, i] * w[f]
                dw[f] += dout[n, f, i] * x_pad[n][here]
                db[f] += dout[n, f, i]
    # END SOLUTION
    return geometry.crop(dx_pad).copy(), dw, db


def conv1d_shape(x_shape: tuple, w_shape: tuple, b_shape: tuple, conv_param: dict) -> tuple[int, ...]:
    """Output shape (N, F, OL) of a convolution of signals."""
    return conv_geometry(x_shape, w_shape, b_shape, conv_param, SIGNAL).out_shape


def _case(name: str, x: tuple, w: tuple, beyond: str = "", **conv_param: Any) -> Case:
    return Case(name, {"x": x, "w": w, "b": (w[0],)}, {"conv_param": conv_param}, beyond)


CONV1D = Layer(
    name="conv1d",
    forward=conv1d_forward_naive,
    backward=conv1d_backward_naive,
    arguments=("x", "w", "b", "conv_param"),
    learnable=("w", "b"),
    shape=conv1d_shape,
    cases=(
        _case("filters of 3, pad 1: the length stays", (2, 3, 8), (4, 3, 3), stride=1, pad=1),
        _case("no padding", (3, 2, 7), (5, 2, 4), stride=1, pad=0),
        _case("stride 2: windows overlap", (2, 3, 9), (2, 3, 3), stride=2, pad=0),
        _case("stride larger than the filter", (2, 2, 8), (3, 2, 2), stride=3, pad=0),
        _case("filters of 1", (2, 4, 5), (3, 4, 1), stride=1, pad=0),
        _case("filters as long as the signal", (3, 2, 5), (6, 2, 5), stride=1, pad=0),
        _case("one signal, one channel, one filter", (1, 1, 6), (1, 1, 2), stride=2, pad=1),
        _case("dilation 2", (2, 2, 9), (3, 2, 3), "dilation", stride=1, pad=1, dilation=2),
        _case("2 groups", (2, 4, 5), (6, 2, 3), "groups", stride=1, pad=1, groups=2),
        _case("pad (2, 0): looks back only", (2, 2, 6), (3, 2, 3), PAD, stride=1, pad=(2, 0)),
        _case("pad same, stride 2", (2, 2, 7), (3, 2, 4), PAD, stride=2, pad="same"),
        _case("rounding ceil", (2, 2, 8), (3, 2, 3), "rounding", stride=2, rounding="ceil"),
        _case("no signals at all", (0, 3, 5), (4, 3, 3), "empty batch", stride=1, pad=1),
    ),
)  # fmt: skip
