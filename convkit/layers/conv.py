"""Convolution: slide F filters over an image, one dot product at each position (as every neural network library, we
compute the cross-correlation: the filter is not flipped)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from convkit.contracts import (
    IMAGE_AXES,
    cast,
    check_dout,
    check_ndim,
    common_dtype,
    open_tuple_cache,
    read_settings,
    short,
    whole_number,
)
from convkit.layers.geometry import sliding
from convkit.layers.spec import Case, Layer

SETTINGS = ("stride", "pad", "dilation", "groups", "rounding", "winograd")
WINOGRAD = (0, 2, 4)
PAIRS = "stride and pad as pairs"
PAD = "padding per side, valid and same"


class ConvGeometry(NamedTuple):
    """Everything about a convolution that follows from its shapes and conv_param.

    kernel, stride, pad, dilation, out and pad_end are pairs (height, width); in one dimension they have one entry, in
    three they have three. pad is the padding at the beginning of each axis (top, left), pad_end that at its end.
    """

    x_shape: tuple[int, ...]
    w_shape: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    pad: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int
    out: tuple[int, ...]
    pad_end: tuple[int, ...]
    winograd: int | None = None

    @property
    def out_shape(self) -> tuple[int, ...]:
        """(N, F, OH, OW)"""
        return (self.x_shape[0], self.w_shape[0], *self.out)

    @property
    def padded(self) -> tuple[int, ...]:
        """Height and width of the zero-padded image; with 'ceil' it is long enough for the last window."""
        return tuple(
            max(begin + size + end, (out - 1) * stride + dilation * (kernel - 1) + 1)
            for size, begin, end, out, stride, dilation, kernel in zip(
                self.x_shape[2:], self.pad, self.pad_end, self.out, self.stride, self.dilation, self.kernel, strict=True
            )
        )

    def pad_image(self, x: np.ndarray, dtype: np.dtype) -> np.ndarray:
        """x with zeros around it, shape (N, C, *padded), a copy."""
        x_pad = np.zeros((*self.x_shape[:2], *self.padded), dtype)
        self.crop(x_pad)[...] = x
        return x_pad

    def crop(self, x_pad: np.ndarray) -> np.ndarray:
        """The image inside its padding, a view."""
        inside = (slice(begin, begin + size) for begin, size in zip(self.pad, self.x_shape[2:], strict=True))
        return x_pad[(slice(None), slice(None), *inside)]

    def as_image(self) -> ConvGeometry:
        """The same convolution of a signal (N, C, L) as one of images (N, C, 1, L)."""
        return self._replace(
            x_shape=(*self.x_shape[:2], 1, *self.x_shape[2:]),
            w_shape=(*self.w_shape[:2], 1, *self.w_shape[2:]),
            kernel=(1, *self.kernel),
            stride=(1, *self.stride),
            pad=(0, *self.pad),
            dilation=(1, *self.dilation),
            out=(1, *self.out),
            pad_end=(0, *self.pad_end),
        )


class Axes(NamedTuple):
    """What the axes of a convolution's arguments are called."""

    x: str = "(N, C, H, W)"
    w: str = "(F, C, HH, WW)"
    names: tuple[str, ...] = IMAGE_AXES


IMAGE = Axes()


def conv_geometry(x_shape: tuple, w_shape: tuple, b_shape: tuple, conv_param: Any, axes: Axes = IMAGE) -> ConvGeometry:
    """The shape rule of the convolution; raises ValueError or TypeError for whatever does not fit together."""
    settings = read_settings("conv_param", conv_param, SETTINGS)
    check_ndim("x", x_shape, axes.x)
    check_ndim("w", w_shape, axes.w)
    groups = whole_number("conv_param['groups']", settings.get("groups", 1), 1)
    C, (F, per_group, *kernel) = x_shape[1], w_shape
    if min(x_shape[1:]) < 1:
        raise ValueError(f"x must have at least one channel and one pixel, got shape {x_shape}")
    if min(F, *kernel) < 1:
        raise ValueError(f"w must have at least one filter of at least one element, got shape {w_shape}")
    if C % groups or F % groups:
        raise ValueError(f"conv_param['groups'] = {groups} must divide the {C} channels of x and the {F} filters of w")
    if per_group != C // groups:
        wanted = f"C = {C}" if groups == 1 else f"C/groups = {C}/{groups} = {C // groups}"
        shape = axes.w.replace("C", "C/groups")
        raise ValueError(f"w must have shape {shape}, {wanted} for x of shape {x_shape}, got {w_shape}")
    if b_shape != (F,):
        raise ValueError(f"b must have shape (F,) = ({F},), one bias for each filter, got {b_shape}")
    slide = sliding("conv_param", settings, x_shape[2:], tuple(kernel), axes.names)
    return ConvGeometry(
        x_shape,
        w_shape,
        tuple(kernel),
        slide.stride,
        slide.pad,
        slide.dilation,
        groups,
        slide.out,
        slide.pad_end,
        winograd_setting(settings),
    )


def winograd_setting(settings: dict) -> int | None:
    """conv_param['winograd'], checked."""
    value = settings.get("winograd")
    if value is None:
        return None
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)) or value not in WINOGRAD:
        raise ValueError(f"conv_param['winograd'] must be 0, 2, 4 or None (the default), got {short(value)}")
    return int(value)


def check_conv(x: Any, w: Any, b: Any, conv_param: Any, axes: Axes = IMAGE) -> tuple[ConvGeometry, np.dtype]:
    """Check the arguments of a convolution; returns its geometry and the dtype in which it computes."""
    dtype = common_dtype(x=x, w=w, b=b)
    return conv_geometry(x.shape, w.shape, b.shape, conv_param, axes), dtype


def conv_forward_naive(x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict) -> tuple[np.ndarray, tuple]:
    """Convolve a batch of images with a bank of filters.

        out[n, f, i, j] = b[f] + sum over c, ii, jj of w[f, c, ii, jj] * x_pad[n, c, i*stride + ii, j*stride + jj]

    - x: images (N, C, H, W), float32 or float64
    - w: filters (F, C, HH, WW)
    - b: biases (F,)
    - conv_param: dict with 'stride' (default 1) and 'pad' (rows and columns of zeros on every side, default 0), and
      optionally 'dilation' (distance of the filter's elements, default 1), 'groups' (default 1; filter f then sees only
      the C/groups channels of its group, and w is (F, C/groups, HH, WW)) and 'rounding' ('exact', 'floor' or 'ceil',
      for sizes that do not come out whole; default 'exact'). stride, pad and dilation may be pairs (height, width).
      pad may also be given per side, ((top, bottom), (left, right)), or be 'valid' (none) or 'same' (OH =
      ceil(H/stride); an odd row or column of zeros is the last one, as in Keras). With 'groups': C the convolution is
      depthwise, with 1x1 filters pointwise. 'winograd' concerns compiled layers alone: see conv_forward_fast.

    Returns (out, cache): out (N, F, OH, OW) with OH = (H + 2*pad - HH)/stride + 1, and cache = (x, w, b, conv_param).
    Raises ValueError where shapes or sizes do not fit, TypeError for other dtypes.
    Source: Goodfellow, Bengio and Courville, "Deep Learning", 2016, equation 9.6.
    """
    geometry, dtype = check_conv(x, w, b, conv_param)
    N, F, OH, OW = geometry.out_shape
    out = np.zeros((N, F, OH, OW), dtype)
    # BEGIN SOLUTION
    x_pad = geometry.pad_image(x, dtype)
    for n in range(N):
        for f in range(F):
            for i in range(OH):
                for j in range(OW):
                    out[n, f, i, j] = np.sum(x_pad[n][window(geometry, f, i, j)] * w[f]) + b[f]
    # END SOLUTION
    return out, (x, w, b, dict(conv_param))


def conv_backward_naive(dout: np.ndarray, cache: tuple) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of the convolution: every product of the forward pass sends dout back to its two factors.

        dw[f, c, ii, jj] = sum over n, i, j of dout[n, f, i, j] * x_pad[n, c, i*stride + ii, j*stride + jj]
        dx_pad[n, c, i*stride + ii, j*stride + jj] += dout[n, f, i, j] * w[f, c, ii, jj]    for every n, f, i, j
        db[f] = sum over n, i, j of dout[n, f, i, j]

    - dout: upstream gradient (N, F, OH, OW)
    - cache: (x, w, b, conv_param) from conv_forward_naive

    Returns (dx, dw, db) with the shapes of x, w and b; dx is dx_pad without its border.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    Source: the chain rule applied to equation 9.6 of "Deep Learning"; section 9.5 there.
    """
    x, w, b, conv_param = open_tuple_cache(cache, "conv_forward_naive", np.ndarray, np.ndarray, np.ndarray, dict)
    geometry, dtype = check_conv(x, w, b, conv_param)
    N, F, OH, OW = geometry.out_shape
    dtype = check_dout(dout, geometry.out_shape, "(N, F, OH, OW)", dtype)
    w, dout = cast(dtype, w, dout)
    x_pad = geometry.pad_image(x, dtype)
    dx_pad, dw, db = np.zeros_like(x_pad), np.zeros(w.shape, dtype), np.zeros(b.shape, dtype)
    # BEGIN SOLUTION
    for n in range(N):
        for f in range(F):
            for i in range(OH):
                for j in range(OW):
                    here = window(geometry, f, i, j)
                    dx_pad[n][here] += dout[n, f, i, j] * w[f]
                    dw[f] += dout[n, f, i, j] * x_pad[n][here]
                    db[f] += dout[n, f, i, j]
    # END SOLUTION
    return geometry.crop(dx_pad).copy(), dw, db


def window(geometry: ConvGeometry, f: int, *position: int) -> tuple[slice, ...]:
    """Which channels, rows and columns of the padded image filter f sees at an output position (i, j)."""
    per_group = geometry.w_shape[1]
    group = f // (geometry.w_shape[0] // geometry.groups)
    seen = [slice(group * per_group, (group + 1) * per_group)]
    for i, S, D, K in zip(position, geometry.stride, geometry.dilation, geometry.kernel, strict=True):
        seen.append(slice(i * S, i * S + D * (K - 1) + 1, D))
    return tuple(seen)


def conv_shape(x_shape: tuple, w_shape: tuple, b_shape: tuple, conv_param: dict) -> tuple[int, ...]:
    """Output shape (N, F, OH, OW) of a convolution."""
    return conv_geometry(x_shape, w_shape, b_shape, conv_param).out_shape


def _case(name: str, x: tuple, w: tuple, beyond: str = "", **conv_param: Any) -> Case:
    return Case(name, {"x": x, "w": w, "b": (w[0],)}, {"conv_param": conv_param}, beyond)


CONV = Layer(
    name="conv",
    forward=conv_forward_naive,
    backward=conv_backward_naive,
    arguments=("x", "w", "b", "conv_param"),
    learnable=("w", "b"),
    shape=conv_shape,
    cases=(
        _case("3x3 filters, stride 1, pad 1", (2, 3, 5, 5), (4, 3, 3, 3), stride=1, pad=1),
        _case("image and filters not square", (3, 2, 5, 8), (4, 2, 3, 5), stride=1, pad=2),
        _case("stride 2, filters 3 wide: windows overlap", (2, 3, 7, 9), (2, 3, 3, 3), stride=2, pad=0),
        _case("stride 2, pad 1, one row larger", (2, 1, 5, 7), (3, 1, 3, 3), stride=2, pad=1),
        _case("stride larger than the filter", (2, 2, 8, 5), (3, 2, 2, 2), stride=3, pad=0),
        _case("no padding", (3, 2, 4, 6), (5, 2, 2, 3), stride=1, pad=0),
        _case("padding wider than the filter", (1, 2, 3, 4), (3, 2, 2, 1), stride=1, pad=3),
        _case("1x1 filters", (2, 4, 3, 5), (3, 4, 1, 1), stride=1, pad=0),
        _case("filters as large as the image", (3, 2, 4, 5), (6, 2, 4, 5), stride=1, pad=0),
        _case("one image, one channel, one filter", (1, 1, 4, 5), (1, 1, 3, 2), stride=1, pad=0),
        _case("stride (2, 1), pad (0, 2)", (2, 2, 5, 6), (3, 2, 3, 3), PAIRS, stride=(2, 1), pad=(0, 2)),
        _case("dilation 2", (2, 2, 7, 8), (3, 2, 3, 3), "dilation", stride=1, pad=2, dilation=2),
        _case("dilation (1, 3), stride 2", (2, 1, 6, 9), (2, 1, 2, 3), "dilation", stride=2, pad=0, dilation=(1, 3)),
        _case("2 groups", (2, 4, 5, 4), (6, 2, 3, 3), "groups", stride=1, pad=1, groups=2),
        _case("depthwise: a group for each channel", (2, 3, 5, 4), (6, 1, 3, 3), "groups", stride=1, pad=1, groups=3),
        _case("rounding floor", (2, 2, 6, 8), (3, 2, 3, 3), "rounding", stride=2, pad=0, rounding="floor"),
        _case("rounding ceil", (2, 2, 6, 8), (3, 2, 3, 3), "rounding", stride=2, pad=0, rounding="ceil"),
        _case("a pad for each side", (2, 2, 5, 6), (3, 2, 3, 2), PAD, stride=2, pad=((2, 0), (0, 2))),
        _case("pad valid", (2, 2, 5, 6), (3, 2, 3, 2), PAD, stride=(2, 1), pad="valid"),
        _case("pad same, stride 1: the size stays", (2, 2, 4, 5), (3, 2, 3, 2), PAD, stride=1, pad="same"),
        _case("pad same, stride 2: the last row is padded", (2, 2, 6, 7), (3, 2, 3, 4), PAD, stride=2, pad="same"),
        _case("no images at all", (0, 3, 5, 5), (4, 3, 3, 3), "empty batch", stride=1, pad=1),
    ),
)  # fmt: skip
