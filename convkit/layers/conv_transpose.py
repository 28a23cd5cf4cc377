"""Transposed convolution: the adjoint of a convolution, which stamps its filters where a convolution reads.

It is what backward of a convolution does to dout. It makes images larger and has its own weights; it does not undo a
convolution, so "deconvolution" is the wrong name.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.contracts import (
    IMAGE_AXES,
    Cache,
    cast,
    check_dout,
    check_ndim,
    check_size,
    common_dtype,
    open_cache,
    pair,
    read_settings,
    whole_number,
)
from convkit.layers.conv import PAD, PAIRS, ConvGeometry, window
from convkit.layers.geometry import read_pad, transposed_size
from convkit.layers.spec import Case, Layer

SETTINGS = ("stride", "pad", "output_pad", "dilation", "groups")


def conv_transpose_geometry(x_shape: tuple, w_shape: tuple, b_shape: tuple, conv_param: Any) -> ConvGeometry:
    """The shape rule of the transposed convolution, as the geometry of the convolution that it is the adjoint of.

    What is x here is the output there: the geometry's x_shape is this layer's output and its out_shape this layer's x.
    """
    settings = read_settings("conv_param", conv_param, SETTINGS)
    check_ndim("x", x_shape, "(N, C, H, W)")
    check_ndim("w", w_shape, "(C, F/groups, HH, WW)")
    groups = whole_number("conv_param['groups']", settings.get("groups", 1), 1)
    C, kernel = x_shape[1], w_shape[2:]
    if min(x_shape[1:]) < 1:
        raise ValueError(f"x must have at least one channel and one pixel, got shape {x_shape}")
    if min(w_shape[1:]) < 1:
        raise ValueError(f"w must have at least one filter of at least one element, got shape {w_shape}")
    if C % groups:
        raise ValueError(f"conv_param['groups'] = {groups} must divide the {C} channels of x")
    if w_shape[0] != C:
        raise ValueError(
            f"w must have shape (C, F/groups, HH, WW), C = {C} for x of shape {x_shape}, got {w_shape}; "
            "the channels of x come first here"
        )
    F = w_shape[1] * groups
    if b_shape != (F,):
        raise ValueError(f"b must have shape (F,) = ({F},), one bias for each channel of the output, got {b_shape}")
    stride = pair("conv_param['stride']", settings.get("stride", 1), 1)
    sides = read_pad("conv_param['pad']", settings.get("pad", 0))
    dilation = pair("conv_param['dilation']", settings.get("dilation", 1), 1)
    extra = pair("conv_param['output_pad']", settings.get("output_pad", 0), 0)
    pads, sizes = [], []
    for i, axis in enumerate(IMAGE_AXES):
        one_axis = x_shape[2 + i], kernel[i], stride[i], None if sides is None else sides[i], dilation[i], extra[i]
        pad, size = transposed_size(*one_axis, axis)
        pads.append(pad)
        sizes.append(size)
    check_size("conv_param['stride']", (x_shape[0], F, *sizes))
    begin, end = zip(*pads, strict=True)
    return ConvGeometry((x_shape[0], F, *sizes), w_shape, kernel, stride, begin, dilation, groups, x_shape[2:], end)


def check_conv_transpose(x: Any, w: Any, b: Any, conv_param: Any) -> tuple[ConvGeometry, np.dtype]:
    """Check the arguments of a transposed convolution; returns its geometry and the dtype in which it computes."""
    dtype = common_dtype(x=x, w=w, b=b)
    return conv_transpose_geometry(x.shape, w.shape, b.shape, conv_param), dtype


def conv_transpose_forward_naive(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict
) -> tuple[np.ndarray, Cache]:
    """Stamp a filter on the output at each pixel of the input, as strong as the pixel; where stamps overlap they add.

        out_pad[n, f, i*stride + ii, j*stride + jj] += x[n, c, i, j] * w[c, f, ii, jj]    for every n, c, i, j
        out = out_pad without its border, plus b[f]

    - x: images (N, C, H, W), float32 or float64
    - w: filters (C, F/groups, HH, WW): the channels of x come first, as in PyTorch, for these are the weights of a
      convolution from F to C channels
    - b: biases (F,)
    - conv_param: dict with 'stride' (distance of the stamps, default 1), 'pad' (rows and columns that are cut off each
      side, default 0: a number, a pair (height, width), ((top, bottom), (left, right)), 'valid', which is 0, or 'same',
      for which OH = H*stride), 'output_pad' (rows and columns added at the end, where a convolution would have left
      some out; less than the stride or the dilation; default 0), 'dilation' and 'groups' as in conv_forward_naive.
      stride, output_pad and dilation may be pairs (height, width).

    Returns (out, cache): out (N, F, OH, OW) with OH = (H - 1)*stride - 2*pad + dilation*(HH - 1) + output_pad + 1, and
    a cache for conv_transpose_backward_naive.
    Raises ValueError where shapes or sizes do not fit, TypeError for other dtypes.
    Source: V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning", 2016, chapter 4.
    """
    geometry, dtype = check_conv_transpose(x, w, b, conv_param)
    cache = Cache("conv_transpose_forward_naive", x, w, b, dict(conv_param))
    x, w, b = cast(dtype, x, w, b)
    N, C, H, W = x.shape
    out_pad = np.zeros((N, geometry.x_shape[1], *geometry.padded), dtype)
    # BEGIN SOLUTION
    for n in range(N):
        for c in range(C):
            for i in range(H):
                for j in range(W):
                    out_pad[n][window(geometry, c, i, j)] += x[n, c, i, j] * w[c]
    out_pad += b[:, None, None]
    # END SOLUTION
    return geometry.crop(out_pad).copy(), cache


def conv_transpose_backward_naive(dout: np.ndarray, cache: Cache) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of the transposed convolution: each pixel of x collects what its stamp did.

        dx[n, c, i, j] = sum over f, ii, jj of dout_pad[n, f, i*stride + ii, j*stride + jj] * w[c, f, ii, jj]
        dw[c, f, ii, jj] = sum over n, i, j of dout_pad[n, f, i*stride + ii, j*stride + jj] * x[n, c, i, j]
        db[f] = sum over n, i, j of dout[n, f, i, j]

    So dx is an ordinary convolution of dout, with zeros around it, by the same filters.

    - dout: upstream gradient (N, F, OH, OW)
    - cache: from conv_transpose_forward_naive

    Returns (dx, dw, db) with the shapes of x, w and b.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    Source: the adjoint of the adjoint of a linear map is the map itself.
    """
    x, w, b, conv_param = open_cache(cache, "conv_transpose_forward_naive")
    geometry, dtype = check_conv_transpose(x, w, b, conv_param)
    N, C, H, W = x.shape
    dtype = check_dout(dout, geometry.x_shape, "(N, F, OH, OW)", dtype)
    x, w = cast(dtype, x, w)
    dout_pad = geometry.pad_image(dout, dtype)
    dx, dw, db = np.zeros(x.shape, dtype), np.zeros(w.shape, dtype), np.zeros(b.shape, dtype)
    # BEGIN SOLUTION
    for n in range(N):
        for c in range(C):
            for i in range(H):
                for j in range(W):
                    stamped = dout_pad[n][window(geometry, c, i, j)]
                    dx[n, c, i, j] = np.sum(stamped * w[c])
                    dw[c] += stamped * x[n, c, i, j]
    db += np.sum(dout, axis=(0, 2, 3), dtype=dtype)
    # END SOLUTION
    return dx, dw, db


def conv_transpose_shape(x_shape: tuple, w_shape: tuple, b_shape: tuple, conv_param: dict) -> tuple[int, ...]:
    """Output shape (N, F, OH, OW) of a transposed convolution."""
    return conv_transpose_geometry(x_shape, w_shape, b_shape, conv_param).x_shape


def _case(name: str, x: tuple, w: tuple, beyond: str = "", **conv_param: Any) -> Case:
    F = w[1] * conv_param.get("groups", 1)
    return Case(name, {"x": x, "w": w, "b": (F,)}, {"conv_param": conv_param}, beyond)


CONV_TRANSPOSE = Layer(
    name="conv_transpose",
    forward=conv_transpose_forward_naive,
    backward=conv_transpose_backward_naive,
    arguments=("x", "w", "b", "conv_param"),
    learnable=("w", "b"),
    shape=conv_transpose_shape,
    cases=(
        _case("3x3 filters, stride 1", (2, 3, 4, 4), (3, 2, 3, 3), stride=1, pad=0),
        _case("stride 2: stamps overlap", (2, 2, 3, 4), (2, 3, 3, 3), stride=2, pad=0),
        _case("image and filters not square", (3, 2, 3, 5), (2, 4, 2, 4), stride=1, pad=0),
        _case("2x2 filters, stride 2: the size doubles", (2, 3, 3, 2), (3, 2, 2, 2), stride=2, pad=0),
        _case("stride larger than the filter", (2, 2, 3, 2), (2, 2, 2, 1), stride=3, pad=0),
        _case("stride 2, pad 1", (2, 3, 4, 3), (3, 2, 3, 3), stride=2, pad=1),
        _case("output_pad 1: the size doubles", (2, 2, 3, 4), (2, 3, 3, 3), stride=2, pad=1, output_pad=1),
        _case("1x1 filters", (2, 3, 3, 2), (3, 4, 1, 1), stride=1, pad=0),
        _case("one image, one channel, one pixel", (1, 1, 1, 1), (1, 1, 3, 2), stride=1, pad=0),
        _case("stride (2, 1), pad (0, 2)", (2, 2, 3, 5), (2, 3, 2, 3), PAIRS, stride=(2, 1), pad=(0, 2)),
        _case("a pad for each side", (2, 2, 3, 3), (2, 3, 3, 3), PAD, stride=2, pad=((2, 0), (1, 2))),
        _case("pad same, stride 2", (2, 2, 3, 4), (2, 3, 3, 4), PAD, stride=2, pad="same"),
        _case("pad same, stride 3, small filters", (2, 2, 3, 2), (2, 3, 1, 2), PAD, stride=3, pad="same"),
        _case("dilation 2", (2, 2, 3, 4), (2, 3, 2, 3), "dilation", stride=1, pad=1, dilation=2),
        _case("2 groups", (2, 4, 3, 3), (4, 3, 3, 2), "groups", stride=2, pad=1, groups=2),
        _case("no images at all", (0, 3, 3, 3), (3, 2, 3, 3), "empty batch", stride=2, pad=1),
    ),
)  # fmt: skip
