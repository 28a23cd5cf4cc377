"""Upsampling and unpooling: views, repeated and scattered at once."""

from __future__ import annotations

import numpy as np

from convkit.contracts import Cache, cast, check_dout, open_cache
from convkit.layers.unpool import check_max_unpool
from convkit.layers.upsample import check_upsample
from convkit.layers.upsample_bilinear import Between, check_upsample_bilinear

AXES = "(N, C, OH, OW)"


def upsample_nearest_forward_numpy(x: np.ndarray, upsample_param: dict) -> tuple[np.ndarray, Cache]:
    """Every pixel into its whole block at once; arguments, result and errors as upsample_nearest_forward_naive, the
    cache for upsample_nearest_backward_numpy."""
    scale, dtype = check_upsample(x, upsample_param)
    out = np.empty(_enlarged(x.shape, scale), dtype)
    _blocks(out, scale)[...] = x[:, :, :, None, :, None]
    return out, Cache("upsample_nearest_forward_numpy", scale, out.shape, dtype)


def upsample_nearest_backward_numpy(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Its gradient, the sum of each block; arguments, result and errors as upsample_nearest_backward_naive."""
    scale, shape, dtype = open_cache(cache, "upsample_nearest_forward_numpy")
    dtype = check_dout(dout, shape, AXES, dtype)
    return _blocks(dout, scale).sum(axis=(3, 5), dtype=dtype)


def bed_of_nails_forward_numpy(x: np.ndarray, upsample_param: dict) -> tuple[np.ndarray, Cache]:
    """Every pixel at the top left of its block; arguments, result and errors as bed_of_nails_forward_naive, the cache
    for bed_of_nails_backward_numpy."""
    scale, dtype = check_upsample(x, upsample_param)
    out = np.zeros(_enlarged(x.shape, scale), dtype)
    out[:, :, :: scale[0], :: scale[1]] = x
    return out, Cache("bed_of_nails_forward_numpy", scale, out.shape, dtype)


def bed_of_nails_backward_numpy(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Its gradient; arguments, result and errors as bed_of_nails_backward_naive."""
    scale, shape, dtype = open_cache(cache, "bed_of_nails_forward_numpy")
    dtype = check_dout(dout, shape, AXES, dtype)
    return np.array(dout[:, :, :: scale[0], :: scale[1]], dtype, order="C")


def upsample_bilinear_forward_numpy(x: np.ndarray, upsample_param: dict) -> tuple[np.ndarray, Cache]:
    """Interpolation of all rows, then of all columns; arguments, result and errors as upsample_bilinear_forward_naive,
    the cache for upsample_bilinear_backward_numpy."""
    rows, columns, dtype = check_upsample_bilinear(x, upsample_param)
    (x_cast,) = cast(dtype, x)
    part = rows.part.astype(dtype)[:, None]
    tall = (1 - part) * x_cast[:, :, rows.low] + part * x_cast[:, :, rows.high]
    part = columns.part.astype(dtype)
    out = (1 - part) * tall[..., columns.low] + part * tall[..., columns.high]
    return out, Cache("upsample_bilinear_forward_numpy", x.shape, rows, columns, dtype)


def upsample_bilinear_backward_numpy(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Its gradient: columns, then rows, are added up; arguments, result and errors as
    upsample_bilinear_backward_naive."""
    x_shape, rows, columns, dtype = open_cache(cache, "upsample_bilinear_forward_numpy")
    dtype = check_dout(dout, (*x_shape[:2], len(rows.low), len(columns.low)), AXES, dtype)
    tall = _collect(dout.astype(dtype, copy=False), columns, x_shape[3])
    return np.ascontiguousarray(_collect(tall.swapaxes(2, 3), rows, x_shape[2]).swapaxes(2, 3))


def _collect(dout: np.ndarray, between: Between, size: int) -> np.ndarray:
    """The adjoint of the interpolation along the last axis."""
    part = between.part.astype(dout.dtype)
    dx = np.zeros((*dout.shape[:-1], size), dout.dtype)
    first, dout_first = np.moveaxis(dx, -1, 0), np.moveaxis(dout, -1, 0)
    part = part.reshape(-1, *(1 for _ in range(dout.ndim - 1)))
    np.add.at(first, between.low, (1 - part) * dout_first)
    np.add.at(first, between.high, part * dout_first)
    return dx


def max_unpool_forward_numpy(x: np.ndarray, indices: np.ndarray, unpool_param: dict) -> tuple[np.ndarray, Cache]:
    """All values put in their places at once; arguments, result and errors as max_unpool_forward_naive, the cache for
    max_unpool_backward_numpy."""
    shape, dtype = check_max_unpool(x, indices, unpool_param)
    planes, values = x.shape[0] * x.shape[1], x.shape[2] * x.shape[3]
    places = indices.reshape(planes, values).astype(np.int64)
    out = np.zeros((planes, shape[2] * shape[3]), dtype)
    # NumPy assigns in order, so of several values for one place the last one stands; so does its number.
    each, number = np.arange(planes)[:, None], np.arange(values)
    out[each, places] = x.reshape(planes, values)
    standing = np.zeros(out.shape, np.int64)
    standing[each, places] = number
    lost = standing[each, places] != number
    return out.reshape(shape), Cache("max_unpool_forward_numpy", x.shape, places, lost, shape, dtype)


def max_unpool_backward_numpy(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Its gradient: each value that stands is taken from its place; arguments, result and errors as
    max_unpool_backward_naive."""
    x_shape, places, lost, shape, dtype = open_cache(cache, "max_unpool_forward_numpy")
    dtype = check_dout(dout, shape, AXES, dtype)
    dx = np.take_along_axis(dout.reshape(len(places), shape[2] * shape[3]), places, axis=1).astype(dtype)
    dx[lost] = 0
    return dx.reshape(x_shape)


def _enlarged(x_shape: tuple, scale: tuple) -> tuple[int, ...]:
    N, C, H, W = x_shape
    return N, C, H * scale[0], W * scale[1]


def _blocks(array: np.ndarray, scale: tuple) -> np.ndarray:
    """(N, C, H, scale, W, scale)"""
    N, C, OH, OW = array.shape
    return array.reshape(N, C, OH // scale[0], scale[0], OW // scale[1], scale[1])
