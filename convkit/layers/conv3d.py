"""Convolution of volumes: three axes, such as a video's or a scan's; everything else is as for images (conv.py)."""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.contracts import Cache, cast, check_dout, open_cache
from convkit.layers.conv import PAD, Axes, ConvGeometry, check_conv, conv_geometry, window
from convkit.layers.spec import Case, Layer

VOLUME = Axes("(N, C, D, H, W)", "(F, C, DD, HH, WW)", ("depth", "height", "width"))


def check_conv3d(x: Any, w: Any, b: Any, conv_param: Any) -> tuple[ConvGeometry, np.dtype]:
    """Check the arguments of a convolution of volumes; returns its geometry and the dtype in which it computes."""
    return check_conv(x, w, b, conv_param, VOLUME)


def conv3d_forward_naive(x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict) -> tuple[np.ndarray, Cache]:
    """Convolve a batch of volumes with a bank of filters.

        out[n, f, d, i, j] = b[f] + sum over c, dd, ii, jj of
            w[f, c, dd, ii, jj] * x_pad[n, c, d*stride + dd, i*stride + ii, j*stride + jj]

    - x: volumes (N, C, D, H, W), float32 or float64
    - w: filters (F, C, DD, HH, WW), (F, C/groups, DD, HH, WW) in groups
    - b: biases (F,)
    - conv_param: dict as for conv_forward_naive; 'stride', 'dilation' and 'pad' may be given for (depth, height,
      width), 'pad' also for each side: ((front, back), (top, bottom), (left, right))

    Returns (out, cache): out (N, F, OD, OH, OW) with OD = (D + 2*pad - DD)/stride + 1, ..., and a cache for
    conv3d_backward_naive.
    Raises ValueError where shapes or sizes do not fit, TypeError for other dtypes.
    Source: Goodfellow, Bengio and Courville, "Deep Learning", 2016, equation 9.6, with one axis more; section 9.7.
    """
    geometry, dtype = check_conv3d(x, w, b, conv_param)
    N, F, OD, OH, OW = geometry.out_shape
    out = np.zeros((N, F, OD, OH, OW), dtype)
    # BEGIN SOLUTION
    x_pad = geometry.pad_image(x, dtype)
    for n in range(N):
        for f in range(F):
            for d in range(OD):
                for i in range(OH):
                    for j in range(OW):
                        out[n, f, d, i, j] = np.sum(x_pad[n][window(geometry, f, d, i, j)] * w[f]) + b[f]
    # END SOLUTION
    return out, Cache("conv3d_forward_naive", x, w, b, dict(conv_param))


def conv3d_backward_naive(dout: np.ndarray, cache: Cache) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of the convolution of volumes: every product sends dout back to its two factors.

        dw[f, c, dd, ii, jj] = sum over n, d, i, j of
            dout[n, f, d, i, j] * x_pad[n, c, d*stride + dd, i*stride + ii, j*stride + jj]
        dx_pad[n, c, d*stride + dd, i*stride + ii, j*stride + jj] += dout[n, f, d, i, j] * w[f, c, dd, ii, jj]
        db[f] = sum over n, d, i, j of dout[n, f, d, i, j]

    - dout: upstream gradient (N, F, OD, OH, OW)
    - cache: from conv3d_forward_naive

    Returns (dx, dw, db) with the shapes of x, w and b.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    Source: the chain rule, as for conv_backward_naive.
    """
    x, w, b, conv_param = open_cache(cache, "conv3d_forward_naive")
    geometry, dtype = check_conv3d(x, w, b, conv_param)
    N, F, OD, OH, OW = geometry.out_shape
    dtype = check_dout(dout, geometry.out_shape, "(N, F, OD, OH, OW)", dtype)
    w, dout = cast(dtype, w, dout)
    x_pad = geometry.pad_image(x, dtype)
    dx_pad, dw, db = np.zeros_like(x_pad), np.zeros(w.shape, dtype), np.zeros(b.shape, dtype)
    # BEGIN SOLUTION
    for n in range(N):
        for f in range(F):
            for d in range(OD):
                for i in range(OH):
                    for j in range(OW):
                        here = window(geometry, f, d, i, j)
                        dx_pad[n][here] += dout[n, f, d, i, j] * w[f]
                        dw[f] += dout[n, f, d, i, j] * x_pad[n][here]
                        db[f] += dout[n, f, d, i, j]
    # END SOLUTION
    return geometry.crop(dx_pad).copy(), dw, db


def conv3d_shape(x_shape: tuple, w_shape: tuple, b_shape: tuple, conv_param: dict) -> tuple[int, ...]:
    """Output shape (N, F, OD, OH, OW) of a convolution of volumes."""
    return conv_geometry(x_shape, w_shape, b_shape, conv_param, VOLUME).out_shape


def _case(name: str, x: tuple, w: tuple, beyond: str = "", **conv_param: Any) -> Case:
    return Case(name, {"x": x, "w": w, "b": (w[0],)}, {"conv_param": conv_param}, beyond)


CONV3D = Layer(
    name="conv3d",
    forward=conv3d_forward_naive,
    backward=conv3d_backward_naive,
    arguments=("x", "w", "b", "conv_param"),
    learnable=("w", "b"),
    shape=conv3d_shape,
    cases=(
        _case("2x2x2 filters, stride 1, pad 1", (2, 2, 3, 2, 3), (3, 2, 2, 2, 2), stride=1, pad=1),
        _case("volume and filters not cubes", (2, 2, 4, 3, 5), (2, 2, 3, 1, 2), stride=1, pad=0),
        _case("stride 2: windows overlap", (2, 1, 5, 3, 7), (2, 1, 3, 3, 3), stride=2, pad=0),
        _case("1x1x1 filters", (2, 3, 2, 3, 2), (2, 3, 1, 1, 1), stride=1, pad=0),
        _case("filters as large as the volume", (2, 2, 2, 3, 4), (3, 2, 2, 3, 4), stride=1, pad=0),
        _case("one volume, one channel, one filter", (1, 1, 3, 3, 3), (1, 1, 2, 3, 2), stride=1, pad=0),
        _case("stride (1, 2, 1), pad (0, 1, 2)", (2, 2, 3, 4, 2), (2, 2, 2, 2, 3), "settings for each axis",
              stride=(1, 2, 1), pad=(0, 1, 2)),
        _case("dilation (2, 1, 2)", (1, 2, 4, 3, 5), (2, 2, 2, 2, 2), "dilation", pad=1, dilation=(2, 1, 2)),
        _case("2 groups", (2, 4, 3, 2, 3), (4, 2, 2, 2, 2), "groups", stride=1, pad=0, groups=2),
        _case("a pad for each side", (1, 2, 2, 3, 2), (2, 2, 2, 2, 2), PAD, pad=((1, 0), (0, 2), (1, 1))),
        _case("pad same, stride 2", (1, 2, 3, 4, 5), (2, 2, 2, 3, 2), PAD, stride=2, pad="same"),
        _case("rounding ceil", (1, 2, 4, 4, 5), (2, 2, 3, 3, 2), "rounding", stride=2, rounding="ceil"),
        _case("no volumes at all", (0, 2, 3, 2, 2), (3, 2, 2, 2, 2), "empty batch", stride=1, pad=1),
    ),
)  # fmt: skip
