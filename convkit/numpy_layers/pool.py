"""Pooling over all windows at once: of a fixed size, of the whole image, or as many as the output has pixels."""

from __future__ import annotations

import numpy as np

from convkit.contracts import Cache, check_dout, open_cache
from convkit.layers.adaptive_pool import AdaptiveGeometry, check_adaptive_pool
from convkit.layers.avg_pool import check_avg_pool
from convkit.layers.global_pool import check_global_pool
from convkit.layers.pool import PoolGeometry, check_pool

AXES = "(N, C, OH, OW)"


def max_pool_forward_numpy(x: np.ndarray, pool_param: dict) -> tuple[np.ndarray, Cache]:
    """Max pooling over all windows at once; arguments, result and errors as max_pool_forward_naive, the cache for
    max_pool_backward_numpy."""
    geometry, dtype = check_pool(x, pool_param)
    out, indices = _maxima(x, geometry, dtype)
    return out, Cache("max_pool_forward_numpy", x.shape, indices, dtype)


def max_pool_backward_numpy(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Gradient of max pooling, added at each maximum; arguments, result and errors as max_pool_backward_naive."""
    return _to_maxima(dout, AXES, *open_cache(cache, "max_pool_forward_numpy"))


def max_pool_with_indices_numpy(x: np.ndarray, pool_param: dict) -> tuple[np.ndarray, np.ndarray]:
    """Max pooling and where each maximum stood; arguments, results and errors as max_pool_with_indices_naive."""
    geometry, dtype = check_pool(x, pool_param)
    return _maxima(x, geometry, dtype)


def avg_pool_forward_numpy(x: np.ndarray, pool_param: dict) -> tuple[np.ndarray, Cache]:
    """Average pooling over all windows at once; arguments, result and errors as avg_pool_forward_naive, the cache for
    avg_pool_backward_numpy."""
    geometry, count, dtype = check_avg_pool(x, pool_param)
    out = _windows(x.astype(dtype, copy=False), geometry, 0).sum(axis=(-2, -1)) / count.astype(dtype)
    return out, Cache("avg_pool_forward_numpy", geometry, count, dtype)


def avg_pool_backward_numpy(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Gradient of average pooling, one addition for each pixel of the window; arguments, result and errors as
    avg_pool_backward_naive."""
    geometry, count, dtype = open_cache(cache, "avg_pool_forward_numpy")
    dtype = check_dout(dout, geometry.out_shape, AXES, dtype)
    share = dout.astype(dtype, copy=False) / count.astype(dtype)
    (top, left), (H, W) = geometry.pad, geometry.x_shape[2:]
    dx_pad = np.zeros((*geometry.x_shape[:2], *_padded(geometry)), dtype)
    (OH, OW), (SH, SW), (DH, DW) = geometry.out, geometry.stride, geometry.dilation
    for ii in range(geometry.kernel[0]):
        for jj in range(geometry.kernel[1]):
            rows = slice(ii * DH, ii * DH + (OH - 1) * SH + 1, SH)
            columns = slice(jj * DW, jj * DW + (OW - 1) * SW + 1, SW)
            dx_pad[:, :, rows, columns] += share
    return dx_pad[:, :, top : top + H, left : left + W].copy()


def global_avg_pool_forward_numpy(x: np.ndarray) -> tuple[np.ndarray, Cache]:
    """Mean of each channel; argument, result and errors as global_avg_pool_forward_naive, the cache for
    global_avg_pool_backward_numpy."""
    dtype = check_global_pool(x)
    out = x.mean(axis=(2, 3), dtype=dtype)
    return out, Cache("global_avg_pool_forward_numpy", x.shape, dtype)


def global_avg_pool_backward_numpy(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Its gradient; arguments, result and errors as global_avg_pool_backward_naive."""
    shape, dtype = open_cache(cache, "global_avg_pool_forward_numpy")
    dtype = check_dout(dout, shape[:2], "(N, C)", dtype)
    dx = np.empty(shape, dtype)
    dx[...] = (dout.astype(dtype, copy=False) / dtype.type(shape[2] * shape[3]))[:, :, None, None]
    return dx


def global_max_pool_forward_numpy(x: np.ndarray) -> tuple[np.ndarray, Cache]:
    """Largest value of each channel; argument, result and errors as global_max_pool_forward_naive, the cache for
    global_max_pool_backward_numpy."""
    dtype = check_global_pool(x)
    N, C, H, W = x.shape
    flat = x.astype(dtype, copy=False).reshape(N, C, H * W)
    indices = flat.argmax(axis=2)
    out = np.take_along_axis(flat, indices[..., None], axis=2)[..., 0]
    return out, Cache("global_max_pool_forward_numpy", x.shape, indices, dtype)


def global_max_pool_backward_numpy(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Its gradient; arguments, result and errors as global_max_pool_backward_naive."""
    return _to_maxima(dout, "(N, C)", *open_cache(cache, "global_max_pool_forward_numpy"))


def adaptive_avg_pool_forward_numpy(x: np.ndarray, pool_param: dict) -> tuple[np.ndarray, Cache]:
    """Adaptive average pooling, a window of all channels at a time; arguments, result and errors as
    adaptive_avg_pool_forward_naive, the cache for adaptive_avg_pool_backward_numpy."""
    geometry, dtype = check_adaptive_pool(x, pool_param)
    out = np.empty(geometry.out_shape, dtype)
    for i, j in np.ndindex(*geometry.out):
        out[:, :, i, j] = x[(slice(None), slice(None), *geometry.window(i, j))].mean(axis=(2, 3), dtype=dtype)
    return out, Cache("adaptive_avg_pool_forward_numpy", geometry, dtype)


def adaptive_avg_pool_backward_numpy(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Its gradient; arguments, result and errors as adaptive_avg_pool_backward_naive."""
    geometry, dtype = open_cache(cache, "adaptive_avg_pool_forward_numpy")
    dtype = check_dout(dout, geometry.out_shape, AXES, dtype)
    dx = np.zeros(geometry.x_shape, dtype)
    for i, j in np.ndindex(*geometry.out):
        window = dx[(slice(None), slice(None), *geometry.window(i, j))]
        share = dout[:, :, i, j].astype(dtype) / dtype.type(window.shape[2] * window.shape[3])
        window += share[:, :, None, None]
    return dx


def adaptive_max_pool_forward_numpy(x: np.ndarray, pool_param: dict) -> tuple[np.ndarray, Cache]:
    """Adaptive max pooling, a window of all channels at a time; arguments, result and errors as
    adaptive_max_pool_forward_naive, the cache for adaptive_max_pool_backward_numpy."""
    geometry, dtype = check_adaptive_pool(x, pool_param)
    out, indices = _adaptive_maxima(x, geometry, dtype)
    return out, Cache("adaptive_max_pool_forward_numpy", x.shape, indices, dtype)


def adaptive_max_pool_backward_numpy(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Its gradient; arguments, result and errors as adaptive_max_pool_backward_naive."""
    return _to_maxima(dout, AXES, *open_cache(cache, "adaptive_max_pool_forward_numpy"))


def _adaptive_maxima(x: np.ndarray, geometry: AdaptiveGeometry, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    plane = np.arange(x.shape[2] * x.shape[3]).reshape(x.shape[2:])
    out, indices = np.empty(geometry.out_shape, dtype), np.empty(geometry.out_shape, np.int64)
    for i, j in np.ndindex(*geometry.out):
        window = geometry.window(i, j)
        values = x[(slice(None), slice(None), *window)].reshape(*x.shape[:2], plane[window].size)
        winner = values.argmax(axis=2)
        out[:, :, i, j] = np.take_along_axis(values, winner[..., None], axis=2)[..., 0]
        indices[:, :, i, j] = plane[window].ravel()[winner]
    return out, indices


def _maxima(x: np.ndarray, geometry: PoolGeometry, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """The maxima of all windows, and where in its channel each stood: row*W + column."""
    windows = _windows(x.astype(dtype, copy=False), geometry, -np.inf)
    (H, W), (OH, OW), (PH, PW) = geometry.x_shape[2:], geometry.out, geometry.kernel
    windows = windows.reshape(*geometry.out_shape, PH * PW)
    winner = windows.argmax(axis=-1)
    rows = np.arange(OH)[:, None] * geometry.stride[0] - geometry.pad[0] + np.arange(PH) * geometry.dilation[0]
    columns = np.arange(OW)[:, None] * geometry.stride[1] - geometry.pad[1] + np.arange(PW) * geometry.dilation[1]
    inside = ((rows >= 0) & (rows < H))[:, None, :, None] & ((columns >= 0) & (columns < W))[None, :, None, :]
    inside = inside.reshape(OH, OW, PH * PW)
    # Where all pixels are -inf, the padding is no less: then the first pixel is the maximum.
    counts = np.take_along_axis(np.broadcast_to(inside, windows.shape), winner[..., None], axis=-1)[..., 0]
    winner = np.where(counts, winner, inside.argmax(axis=-1))
    out = np.take_along_axis(windows, winner[..., None], axis=-1)[..., 0]
    row = rows[:, :1] + winner // PW * geometry.dilation[0]
    return out, row * W + columns[:, 0] + winner % PW * geometry.dilation[1]


def _to_maxima(dout: np.ndarray, axes: str, x_shape: tuple, indices: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """dout added where the maxima stood."""
    dtype = check_dout(dout, indices.shape, axes, dtype)
    N, C, H, W = x_shape
    dx = np.zeros((N * C, H * W), dtype)
    windows = int(np.prod(indices.shape[2:]))
    places = np.arange(N * C)[:, None], indices.reshape(N * C, windows)
    np.add.at(dx, places, dout.reshape(N * C, windows))
    return dx.reshape(x_shape)


def _padded(geometry: PoolGeometry) -> list[int]:
    """Height and width of the padded image, long enough for the last window."""
    return [
        max(begin + size + end, (out - 1) * stride + dilation * (kernel - 1) + 1)
        for size, begin, end, out, stride, dilation, kernel in zip(
            geometry.x_shape[2:],
            geometry.pad,
            geometry.pad_end,
            geometry.out,
            geometry.stride,
            geometry.dilation,
            geometry.kernel,
            strict=True,
        )
    ]


def _windows(x: np.ndarray, geometry: PoolGeometry, around: float) -> np.ndarray:
    """The windows of x, (N, C, OH, OW, PH, PW), with the value `around` wherever they reach beyond the image."""
    (top, left), (N, C, H, W) = geometry.pad, geometry.x_shape
    padded = _padded(geometry)
    if tuple(padded) != (H, W):
        larger = np.full((N, C, *padded), around, x.dtype)
        larger[:, :, top : top + H, left : left + W] = x
        x = larger
    steps = x.strides[2:]
    # A step longer than the image is never taken, but counted in bytes it could overflow.
    within = [step * min(d, size) for step, d, size in zip(steps, geometry.dilation, padded, strict=True)]
    between = [step * min(s, size) for step, s, size in zip(steps, geometry.stride, padded, strict=True)]
    return np.lib.stride_tricks.as_strided(
        x, (N, C, *geometry.out, *geometry.kernel), (*x.strides[:2], *between, *within), writeable=False
    )
