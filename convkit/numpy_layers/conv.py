"""Convolutions of signals, images and volumes: one matrix product with the windows as columns, whatever their axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.contracts import Cache, check_dout, open_cache
from convkit.layers.conv import ConvGeometry, check_conv
from convkit.layers.conv1d import check_conv1d
from convkit.layers.conv3d import check_conv3d

# The windows are copied for the matrix product; so many bytes of images' windows at a time, whatever the batch.
BLOCK_BYTES = 32 << 20


def conv_forward_numpy(x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict) -> tuple[np.ndarray, Cache]:
    """Convolution by one matrix product for each group and block of images; arguments, result and errors as
    conv_forward_naive, the cache for conv_backward_numpy."""
    geometry, dtype = check_conv(x, w, b, conv_param)
    return forward(x, w, b, geometry, dtype), Cache("conv_forward_numpy", x, w, geometry, dtype)


def conv_backward_numpy(
    dout: np.ndarray, cache: Cache, needs_dx: bool = True
) -> tuple[np.ndarray | None, np.ndarray, np.ndarray]:
    """Gradients of the convolution by two matrix products; arguments, results and errors as conv_backward_naive.

    - needs_dx: False where nobody will use dx, as in a network's first layer; then it is None
    """
    x, w, geometry, dtype = open_cache(cache, "conv_forward_numpy")
    return _backward(dout, "(N, F, OH, OW)", x, w, geometry, dtype, needs_dx)


def conv1d_forward_numpy(x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict) -> tuple[np.ndarray, Cache]:
    """The same for signals; arguments, result and errors as conv1d_forward_naive, the cache for
    conv1d_backward_numpy."""
    geometry, dtype = check_conv1d(x, w, b, conv_param)
    return forward(x, w, b, geometry, dtype), Cache("conv1d_forward_numpy", x, w, geometry, dtype)


def conv1d_backward_numpy(dout: np.ndarray, cache: Cache) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Its gradients; arguments, results and errors as conv1d_backward_naive."""
    return _backward(dout, "(N, F, OL)", *open_cache(cache, "conv1d_forward_numpy"))


def conv3d_forward_numpy(x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict) -> tuple[np.ndarray, Cache]:
    """The same for volumes; arguments, result and errors as conv3d_forward_naive, the cache for
    conv3d_backward_numpy."""
    geometry, dtype = check_conv3d(x, w, b, conv_param)
    return forward(x, w, b, geometry, dtype), Cache("conv3d_forward_numpy", x, w, geometry, dtype)


def conv3d_backward_numpy(dout: np.ndarray, cache: Cache) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Its gradients; arguments, results and errors as conv3d_backward_naive."""
    return _backward(dout, "(N, F, OD, OH, OW)", *open_cache(cache, "conv3d_forward_numpy"))


def _backward(
    dout: np.ndarray,
    axes: str,
    x: np.ndarray,
    w: np.ndarray,
    geometry: ConvGeometry,
    dtype: np.dtype,
    needs_dx: bool = True,
) -> tuple[Any, np.ndarray, np.ndarray]:
    dtype = check_dout(dout, geometry.out_shape, axes, dtype)
    dw = backward_w(dout, x, geometry, dtype)
    dx = backward_x(dout, w, geometry, dtype) if needs_dx else None
    return dx, dw, sum_over_channels(dout, dtype)


def forward(x: np.ndarray, w: np.ndarray, b: np.ndarray | None, geometry: ConvGeometry, dtype: np.dtype) -> np.ndarray:
    """The convolution of x with w, plus b, for any number of axes."""
    out = np.empty(geometry.out_shape, dtype)
    filters = _filters(w, geometry, dtype)
    for images in _blocks(geometry, dtype):
        # The columns have no name, so that they are gone before those of the next block are made.
        product = np.matmul(filters, _columns(_pad(x[images], geometry, dtype), geometry))
        out[images] = product.reshape(-1, *geometry.out_shape[1:])
    if b is not None:
        out += b.reshape(-1, *(1 for _ in geometry.out))
    return out


def backward_x(dout: np.ndarray, w: np.ndarray, geometry: ConvGeometry, dtype: np.dtype) -> np.ndarray:
    """The gradient of x."""
    filters = _filters(w, geometry, dtype).swapaxes(-1, -2)
    dx = np.empty(geometry.x_shape, dtype)
    for images in _blocks(geometry, dtype):
        dx[images] = _add_columns(np.matmul(filters, _in_groups(dout[images], geometry, dtype)), geometry)
    return dx


def backward_w(dout: np.ndarray, x: np.ndarray, geometry: ConvGeometry, dtype: np.dtype) -> np.ndarray:
    """The gradient of w."""
    F = geometry.w_shape[0]
    dw = np.zeros((geometry.groups, F // geometry.groups, int(np.prod(geometry.w_shape[1:]))), dtype)
    for images in _blocks(geometry, dtype):
        dy = _in_groups(dout[images], geometry, dtype)
        dw += np.matmul(dy, _columns(_pad(x[images], geometry, dtype), geometry).swapaxes(-1, -2)).sum(axis=0)
    return dw.reshape(geometry.w_shape)


def sum_over_channels(dout: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The gradient of b: the sum of dout over everything but its channels."""
    return dout.sum(axis=(0, *range(2, dout.ndim)), dtype=dtype)


def _blocks(geometry: ConvGeometry, dtype: np.dtype) -> list[slice]:
    """Slices of the batch whose columns together stay below BLOCK_BYTES, at least one image each."""
    N = geometry.x_shape[0]
    per_image = geometry.x_shape[1] * int(np.prod(geometry.kernel)) * int(np.prod(geometry.out))
    images = max(1, BLOCK_BYTES // (per_image * dtype.itemsize))
    return [slice(n, n + images) for n in range(0, N, images)]


def _filters(w: np.ndarray, geometry: ConvGeometry, dtype: np.dtype) -> np.ndarray:
    """w as one matrix for each group: (groups, F/groups, elements of a filter)."""
    F = geometry.w_shape[0]
    return w.astype(dtype, copy=False).reshape(geometry.groups, F // geometry.groups, -1)


def _in_groups(dout: np.ndarray, geometry: ConvGeometry, dtype: np.dtype) -> np.ndarray:
    """dout as one matrix for each image and group: (n, groups, F/groups, positions)."""
    per_group = geometry.w_shape[0] // geometry.groups
    return dout.astype(dtype, copy=False).reshape(len(dout), geometry.groups, per_group, -1)


def _pad(x: np.ndarray, geometry: ConvGeometry, dtype: np.dtype) -> np.ndarray:
    return geometry._replace(x_shape=x.shape).pad_image(x, dtype)


def _columns(x_pad: np.ndarray, geometry: ConvGeometry) -> np.ndarray:
    """im2col: (n, groups, elements of a filter, positions), one window in each column."""
    n, C = x_pad.shape[:2]
    steps = x_pad.strides[2:]
    # A step longer than the image is never taken, but counted in bytes it could overflow.
    within = [step * min(d, size) for step, d, size in zip(steps, geometry.dilation, x_pad.shape[2:], strict=True)]
    between = [step * min(s, size) for step, s, size in zip(steps, geometry.stride, x_pad.shape[2:], strict=True)]
    view = np.lib.stride_tricks.as_strided(
        x_pad, (n, C, *geometry.kernel, *geometry.out), (*x_pad.strides[:2], *within, *between), writeable=False
    )
    return view.reshape(n, geometry.groups, int(np.prod(geometry.w_shape[1:])), -1)


def _add_columns(dcols: np.ndarray, geometry: ConvGeometry) -> np.ndarray:
    """col2im, the adjoint of _columns followed by the crop of the padding: (n, C, H, W).

    One addition for each element of the filter: within it no two windows meet in a pixel.
    """
    n, C = len(dcols), geometry.x_shape[1]
    dcols = dcols.reshape(n, C, *geometry.kernel, *geometry.out)
    dx_pad = np.zeros((n, C, *geometry.padded), dcols.dtype)
    every = slice(None)
    for element in np.ndindex(*geometry.kernel):
        seen = tuple(
            slice(k * d, k * d + (out - 1) * s + 1, s)
            for k, d, out, s in zip(element, geometry.dilation, geometry.out, geometry.stride, strict=True)
        )
        dx_pad[(every, every, *seen)] += dcols[(every, every, *element)]
    return geometry.crop(dx_pad)
