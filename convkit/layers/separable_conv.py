"""Depthwise separable convolution: a filter for each channel, then 1x1 filters that mix the channels.

It needs about 1/F + 1/(HH*WW) of the multiplications of an ordinary convolution with F filters. As one layer it has
nothing between the two steps, like Keras' SeparableConv2D; MobileNet, which has batch normalization and ReLU there,
is a chain of two convolutions, the first with 'groups': C.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.contracts import Cache, check_dout, check_ndim, common_dtype, open_cache, read_settings
from convkit.layers.conv import PAD, ConvGeometry, conv_backward_naive, conv_forward_naive, conv_geometry
from convkit.layers.spec import Case, Layer

SETTINGS = ("stride", "pad", "dilation", "rounding")


def separable_geometry(
    x_shape: tuple, depth_shape: tuple, point_shape: tuple, b_shape: tuple, conv_param: Any
) -> tuple[ConvGeometry, ConvGeometry]:
    """The shape rule, as the geometries of the two convolutions; ValueError or TypeError for what does not fit."""
    settings = read_settings("conv_param", conv_param, SETTINGS)
    check_ndim("x", x_shape, "(N, C, H, W)")
    check_ndim("w_depth", depth_shape, "(C*M, 1, HH, WW)")
    check_ndim("w_point", point_shape, "(F, C*M, 1, 1)")
    C, maps, F = x_shape[1], depth_shape[0], point_shape[0]
    if min(x_shape[1:]) < 1:
        raise ValueError(f"x must have at least one channel and one pixel, got shape {x_shape}")
    if min(depth_shape) < 1 or depth_shape[1] != 1 or maps % C:
        raise ValueError(
            f"w_depth must have shape (C*M, 1, HH, WW), M for each of the C = {C} channels of x, got {depth_shape}"
        )
    if F < 1 or point_shape != (F, maps, 1, 1):
        raise ValueError(f"w_point must have shape (F, C*M, 1, 1), C*M = {maps} as in w_depth, got {point_shape}")
    first = conv_geometry(x_shape, depth_shape, (maps,), {**settings, "groups": C})
    return first, conv_geometry(first.out_shape, point_shape, b_shape, {})


def check_separable_conv(
    x: Any, w_depth: Any, w_point: Any, b: Any, conv_param: Any
) -> tuple[tuple[ConvGeometry, ConvGeometry], np.dtype]:
    """Check the arguments; returns the geometries of the two convolutions and the dtype in which they compute."""
    dtype = common_dtype(x=x, w_depth=w_depth, w_point=w_point, b=b)
    return separable_geometry(x.shape, w_depth.shape, w_point.shape, b.shape, conv_param), dtype


def separable_conv_forward_naive(
    x: np.ndarray, w_depth: np.ndarray, w_point: np.ndarray, b: np.ndarray, conv_param: dict
) -> tuple[np.ndarray, Cache]:
    """Convolve each channel with its own filters, then mix the results at each position.

        maps[n, m, i, j] = sum over ii, jj of w_depth[m, 0, ii, jj] * x_pad[n, m // M, i*stride + ii, j*stride + jj]
        out[n, f, i, j] = b[f] + sum over m of w_point[f, m] * maps[n, m, i, j]

    - x: images (N, C, H, W), float32 or float64
    - w_depth: depthwise filters (C*M, 1, HH, WW), M (mostly 1) for each channel; those of a channel stand together
    - w_point: pointwise filters (F, C*M, 1, 1)
    - b: biases (F,)
    - conv_param: dict with 'stride', 'pad', 'dilation' and 'rounding' of the depthwise step, as for conv_forward_naive

    Returns (out, cache): out (N, F, OH, OW), and a cache for separable_conv_backward_naive.
    Raises ValueError where shapes or sizes do not fit, TypeError for other dtypes.
    Source: F. Chollet, "Xception: Deep learning with depthwise separable convolutions", 2017, section 1.
    """
    (first, _), dtype = check_separable_conv(x, w_depth, w_point, b, conv_param)
    out = np.zeros((len(x), len(w_point), *first.out), dtype)
    # BEGIN SOLUTION
    no_bias = np.zeros(len(w_depth), dtype)
    maps, _ = conv_forward_naive(x, w_depth, no_bias, {**conv_param, "groups": x.shape[1]})
    out, _ = conv_forward_naive(maps, w_point, b, {})
    # END SOLUTION
    return out, Cache("separable_conv_forward_naive", x, w_depth, w_point, b, dict(conv_param))


def separable_conv_backward_naive(
    dout: np.ndarray, cache: Cache
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of the depthwise separable convolution: back through the pointwise step, then the depthwise one.

    - dout: upstream gradient (N, F, OH, OW)
    - cache: from separable_conv_forward_naive

    Returns (dx, dw_depth, dw_point, db) with the shapes of x, w_depth, w_point and b.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    Source: the chain rule.
    """
    x, w_depth, w_point, b, conv_param = open_cache(cache, "separable_conv_forward_naive")
    (_, second), dtype = check_separable_conv(x, w_depth, w_point, b, conv_param)
    dtype = check_dout(dout, second.out_shape, "(N, F, OH, OW)", dtype)
    dx, dw_depth, dw_point, db = (np.zeros(a.shape, dtype) for a in (x, w_depth, w_point, b))
    # BEGIN SOLUTION
    no_bias = np.zeros(len(w_depth), dtype)
    maps, depth_cache = conv_forward_naive(x, w_depth, no_bias, {**conv_param, "groups": x.shape[1]})
    _, point_cache = conv_forward_naive(maps, w_point, b, {})
    dmaps, dw_point, db = conv_backward_naive(dout, point_cache)
    dx, dw_depth, _ = conv_backward_naive(dmaps, depth_cache)
    # END SOLUTION
    return dx, dw_depth, dw_point, db


def separable_conv_shape(
    x_shape: tuple, depth_shape: tuple, point_shape: tuple, b_shape: tuple, conv_param: dict
) -> tuple[int, ...]:
    """Output shape (N, F, OH, OW) of a depthwise separable convolution."""
    return separable_geometry(x_shape, depth_shape, point_shape, b_shape, conv_param)[1].out_shape


def _case(name: str, x: tuple, M: int, F: int, kernel: tuple, beyond: str = "", **conv_param: Any) -> Case:
    maps = x[1] * M
    shapes = {"x": x, "w_depth": (maps, 1, *kernel), "w_point": (F, maps, 1, 1), "b": (F,)}
    return Case(name, shapes, {"conv_param": conv_param}, beyond)


SEPARABLE_CONV = Layer(
    name="separable_conv",
    forward=separable_conv_forward_naive,
    backward=separable_conv_backward_naive,
    arguments=("x", "w_depth", "w_point", "b", "conv_param"),
    learnable=("w_depth", "w_point", "b"),
    shape=separable_conv_shape,
    cases=(
        _case("3x3 filters, stride 1, pad 1", (2, 3, 5, 4), 1, 4, (3, 3), stride=1, pad=1),
        _case("image and filters not square", (2, 2, 4, 6), 1, 3, (2, 3), stride=1, pad=0),
        _case("stride 2: windows overlap", (2, 3, 7, 5), 1, 2, (3, 3), stride=2, pad=0),
        _case("one image, one channel", (1, 1, 4, 4), 1, 2, (3, 3), stride=1, pad=0),
        _case("2 filters for each channel", (2, 3, 4, 5), 2, 4, (3, 2), "depth multiplier", stride=1, pad=0),
        _case("dilation 2", (2, 2, 6, 5), 1, 3, (3, 2), "dilation", stride=1, pad=1, dilation=2),
        _case("pad same, stride 2", (2, 2, 6, 5), 1, 3, (3, 3), PAD, stride=2, pad="same"),
        _case("no images at all", (0, 3, 4, 4), 1, 4, (3, 3), "empty batch", stride=1, pad=1),
    ),
)  # fmt: skip
