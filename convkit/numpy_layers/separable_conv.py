"""Depthwise separable convolution: two convolutions, of which the first has a group for each channel."""

from __future__ import annotations

import numpy as np

from convkit.contracts import Cache, check_dout, open_cache
from convkit.layers.separable_conv import check_separable_conv
from convkit.numpy_layers.conv import backward_w, backward_x, forward, sum_over_channels


def separable_conv_forward_numpy(
    x: np.ndarray, w_depth: np.ndarray, w_point: np.ndarray, b: np.ndarray, conv_param: dict
) -> tuple[np.ndarray, Cache]:
    """Depthwise separable convolution; arguments, result and errors as separable_conv_forward_naive, the cache for
    separable_conv_backward_numpy."""
    (first, second), dtype = check_separable_conv(x, w_depth, w_point, b, conv_param)
    maps = forward(x, w_depth, None, first, dtype)
    out = forward(maps, w_point, b, second, dtype)
    return out, Cache("separable_conv_forward_numpy", x, w_depth, w_point, maps, first, second, dtype)


def separable_conv_backward_numpy(
    dout: np.ndarray, cache: Cache
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Its gradients; arguments, results and errors as separable_conv_backward_naive."""
    x, w_depth, w_point, maps, first, second, dtype = open_cache(cache, "separable_conv_forward_numpy")
    dtype = check_dout(dout, second.out_shape, "(N, F, OH, OW)", dtype)
    dmaps = backward_x(dout, w_point, second, dtype)
    dw_point = backward_w(dout, maps, second, dtype)
    dw_depth = backward_w(dmaps, x, first, dtype)
    return backward_x(dmaps, w_depth, first, dtype), dw_depth, dw_point, sum_over_channels(dout, dtype)
