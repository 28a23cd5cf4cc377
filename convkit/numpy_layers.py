"""Convolution and max pooling vectorised in NumPy: the rung between the loops of the reference and the compiled layers.

The idea is the same in both: look at the image through a strided view that has a window at each output position, and do
the arithmetic of all windows at once. These pairs serve wherever the compiled layers were not built.
"""

from __future__ import annotations

import numpy as np

from convkit.contracts import Cache, check_dout, open_cache
from convkit.layers.conv import ConvGeometry, check_conv
from convkit.layers.pool import PoolGeometry, check_pool

# The windows are copied for the matrix product; so many bytes of images' windows at a time, whatever the batch.
BLOCK_BYTES = 32 << 20


def conv_forward_numpy(x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict) -> tuple[np.ndarray, Cache]:
    """Convolution by one matrix product for each group and block of images; arguments, result and errors as
    conv_forward_naive, the cache for conv_backward_numpy."""
    geometry, dtype = check_conv(x, w, b, conv_param)
    out = np.empty(geometry.out_shape, dtype)
    filters = _filters(w, geometry, dtype)
    for images in _blocks(geometry, dtype):
        # The columns have no name, so that they are gone before those of the next block are made.
        product = np.matmul(filters, _columns(_pad(x[images], geometry, dtype), geometry))
        out[images] = product.reshape(-1, *geometry.out_shape[1:])
    out += b[:, None, None]
    return out, Cache("conv_forward_numpy", x, w, geometry, dtype)


def conv_backward_numpy(dout: np.ndarray, cache: Cache) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of the convolution by two matrix products; arguments, results and errors as conv_backward_naive."""
    x, w, geometry, dtype = open_cache(cache, "conv_forward_numpy")
    dtype = check_dout(dout, geometry.out_shape, "(N, F, OH, OW)", dtype)
    F = geometry.out_shape[1]
    filters = _filters(w, geometry, dtype)
    dx, dw = np.empty(x.shape, dtype), np.zeros(filters.shape, dtype)
    for images in _blocks(geometry, dtype):
        dy = dout[images].astype(dtype, copy=False)
        dy = dy.reshape(len(dy), geometry.groups, F // geometry.groups, -1)
        dw += np.matmul(dy, _columns(_pad(x[images], geometry, dtype), geometry).swapaxes(-1, -2)).sum(axis=0)
        dx[images] = _add_columns(np.matmul(filters.swapaxes(-1, -2), dy), geometry)
    return dx, dw.reshape(w.shape), dout.sum(axis=(0, 2, 3), dtype=dtype)


def max_pool_forward_numpy(x: np.ndarray, pool_param: dict) -> tuple[np.ndarray, Cache]:
    """Max pooling over all windows at once; arguments, result and errors as max_pool_forward_naive, the cache for
    max_pool_backward_numpy."""
    geometry, dtype = check_pool(x, pool_param)
    windows = _pool_windows(x.astype(dtype, copy=False), geometry)
    winner = windows.argmax(axis=-1)
    out = np.take_along_axis(windows, winner[..., None], axis=-1)[..., 0]
    return out, Cache("max_pool_forward_numpy", geometry, winner, dtype)


def max_pool_backward_numpy(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Gradient of max pooling, added at each maximum; arguments, result and errors as max_pool_backward_naive."""
    geometry, winner, dtype = open_cache(cache, "max_pool_forward_numpy")
    dx = np.zeros(geometry.x_shape, check_dout(dout, geometry.out_shape, "(N, C, OH, OW)", dtype))
    N, C, OH, OW = geometry.out_shape
    rows = np.arange(OH)[:, None] * geometry.stride[0] + winner // geometry.kernel[1]
    columns = np.arange(OW) * geometry.stride[1] + winner % geometry.kernel[1]
    np.add.at(dx, (np.arange(N)[:, None, None, None], np.arange(C)[:, None, None], rows, columns), dout)
    return dx


def _blocks(geometry: ConvGeometry, dtype: np.dtype) -> list[slice]:
    """Slices of the batch whose columns together stay below BLOCK_BYTES, at least one image each."""
    N = geometry.x_shape[0]
    per_image = geometry.x_shape[1] * geometry.kernel[0] * geometry.kernel[1] * geometry.out[0] * geometry.out[1]
    images = max(1, BLOCK_BYTES // (per_image * dtype.itemsize))
    return [slice(n, n + images) for n in range(0, N, images)]


def _filters(w: np.ndarray, geometry: ConvGeometry, dtype: np.dtype) -> np.ndarray:
    """w as one matrix for each group: (groups, F/groups, C/groups*HH*WW)."""
    F = geometry.w_shape[0]
    return w.astype(dtype, copy=False).reshape(geometry.groups, F // geometry.groups, -1)


def _pad(x: np.ndarray, geometry: ConvGeometry, dtype: np.dtype) -> np.ndarray:
    return geometry._replace(x_shape=x.shape).pad_image(x, dtype)


def _columns(x_pad: np.ndarray, geometry: ConvGeometry) -> np.ndarray:
    """im2col: (n, groups, C/groups*HH*WW, OH*OW), one window in each column."""
    n, C = x_pad.shape[:2]
    (HH, WW), (OH, OW) = geometry.kernel, geometry.out
    s0, s1, s2, s3 = x_pad.strides
    # A step longer than the image is never taken, but counted in bytes it could overflow.
    height, width = x_pad.shape[2:]
    SH, SW = min(geometry.stride[0], height), min(geometry.stride[1], width)
    DH, DW = min(geometry.dilation[0], height), min(geometry.dilation[1], width)
    view = np.lib.stride_tricks.as_strided(
        x_pad, (n, C, HH, WW, OH, OW), (s0, s1, s2 * DH, s3 * DW, s2 * SH, s3 * SW), writeable=False
    )
    return view.reshape(n, geometry.groups, C // geometry.groups * HH * WW, OH * OW)


def _add_columns(dcols: np.ndarray, geometry: ConvGeometry) -> np.ndarray:
    """col2im, the adjoint of _columns followed by the crop of the padding: (n, C, H, W).

    One addition for each element of the filter: within it no two windows meet in a pixel.
    """
    n, C = len(dcols), geometry.x_shape[1]
    (HH, WW), (OH, OW) = geometry.kernel, geometry.out
    (SH, SW), (DH, DW) = geometry.stride, geometry.dilation
    dcols = dcols.reshape(n, C, HH, WW, OH, OW)
    dx_pad = np.zeros((n, C, *geometry.padded), dcols.dtype)
    for ii in range(HH):
        for jj in range(WW):
            rows = slice(ii * DH, ii * DH + (OH - 1) * SH + 1, SH)
            columns = slice(jj * DW, jj * DW + (OW - 1) * SW + 1, SW)
            dx_pad[:, :, rows, columns] += dcols[:, :, ii, jj]
    return geometry.crop(dx_pad)


def _pool_windows(x: np.ndarray, geometry: PoolGeometry) -> np.ndarray:
    """The windows of x, (N, C, OH, OW, PH*PW), with -inf where a window reaches beyond the image."""
    (PH, PW), (OH, OW), (SH, SW) = geometry.kernel, geometry.out, geometry.stride
    N, C, H, W = geometry.x_shape
    height, width = max(H, (OH - 1) * SH + PH), max(W, (OW - 1) * SW + PW)
    if (height, width) != (H, W):
        larger = np.full((N, C, height, width), -np.inf, x.dtype)
        larger[:, :, :H, :W] = x
        x = larger
    windows = np.lib.stride_tricks.sliding_window_view(x, (PH, PW), axis=(2, 3))[:, :, ::SH, ::SW][:, :, :OH, :OW]
    return windows.reshape(N, C, OH, OW, PH * PW)
