"""A call of the convolution taken apart, and the loops of the reference, in which each thing can be made wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from convkit.layers.conv import ConvGeometry, check_conv, window
from convkit.mistakes.mistake import Call


class Conv(NamedTuple):
    """A call of the convolution, taken apart."""

    x: np.ndarray
    w: np.ndarray
    b: np.ndarray
    dout: np.ndarray
    geometry: ConvGeometry

    @property
    def x_pad(self) -> np.ndarray:
        """The padded images."""
        return self.geometry.pad_image(self.x, self.x.dtype)


def take_apart(call: Call) -> Conv:
    """The arguments of a call, and its geometry."""
    x, w, b, conv_param = call.args.values()
    return Conv(x, w, b, call.dout, check_conv(x, w, b, conv_param)[0])


def steps(geometry: ConvGeometry, at: Callable = window) -> Iterator[tuple[int, int, int, Any]]:
    """(f, i, j, index of the window in the padded images) for every output, in the order of the reference's loops."""
    for f in range(geometry.out_shape[1]):
        for i in range(geometry.out[0]):
            for j in range(geometry.out[1]):
                yield f, i, j, (slice(None), *at(geometry, f, i, j))


def forward(c: Conv, at: Callable = window, x_pad: Any = None, w: Any = None, b: Any = None) -> np.ndarray:
    """The forward pass; what is given replaces what is right."""
    x_pad, w, b = (right if given is None else given for given, right in ((x_pad, c.x_pad), (w, c.w), (b, c.b)))
    out = np.zeros(c.geometry.out_shape, c.x.dtype)
    for f, i, j, here in steps(c.geometry, at):
        out[:, f, i, j] = np.sum(x_pad[here] * w[f], axis=(1, 2, 3)) + b[f]
    return out


def dx_padded(c: Conv, at: Callable = window, w: Any = None, dout: Any = None) -> np.ndarray:
    """The gradient of the padded images."""
    w, dout = c.w if w is None else w, c.dout if dout is None else dout
    dx_pad = np.zeros((*c.x.shape[:2], *c.geometry.padded), c.x.dtype)
    for f, i, j, here in steps(c.geometry, at):
        dx_pad[here] += dout[:, f, i, j, None, None, None] * w[f]
    return dx_pad


def dx_of(c: Conv, at: Callable = window, w: Any = None, dout: Any = None) -> np.ndarray:
    """The gradient of the images."""
    return c.geometry.crop(dx_padded(c, at, w, dout))


def dw_of(c: Conv, at: Callable = window, x_pad: Any = None, dout: Any = None) -> np.ndarray:
    """The gradient of the filters."""
    x_pad, dout = c.x_pad if x_pad is None else x_pad, c.dout if dout is None else dout
    dw = np.zeros_like(c.w)
    for f, i, j, here in steps(c.geometry, at):
        dw[f] += np.tensordot(dout[:, f, i, j], x_pad[here], 1)
    return dw


def windows_at(stride: Any = None, dilation: Any = None) -> Callable:
    """A rule for windows in which stride or dilation is another one."""

    def at(geometry: ConvGeometry, f: int, i: int, j: int) -> tuple[slice, ...]:
        other = geometry._replace(stride=stride or geometry.stride, dilation=dilation or geometry.dilation)
        return window(other, f, i, j)

    return at
