"""Transposed convolution: the backward pass of a convolution is its forward pass, and the other way round."""

from __future__ import annotations

import numpy as np

from convkit.contracts import Cache, check_dout, open_cache
from convkit.layers.conv_transpose import check_conv_transpose
from convkit.numpy_layers.conv import backward_w, backward_x, forward, sum_over_channels


def conv_transpose_forward_numpy(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict
) -> tuple[np.ndarray, Cache]:
    """Transposed convolution as the gradient of the images of a convolution; arguments, result and errors as
    conv_transpose_forward_naive, the cache for conv_transpose_backward_numpy."""
    geometry, dtype = check_conv_transpose(x, w, b, conv_param)
    out = backward_x(x, w, geometry, dtype)
    out += b[:, None, None]
    return out, Cache("conv_transpose_forward_numpy", x, w, geometry, dtype)


def conv_transpose_backward_numpy(dout: np.ndarray, cache: Cache) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Its gradients, the first by a convolution of dout; arguments, results and errors as
    conv_transpose_backward_naive."""
    x, w, geometry, dtype = open_cache(cache, "conv_transpose_forward_numpy")
    dtype = check_dout(dout, geometry.x_shape, "(N, F, OH, OW)", dtype)
    dw = backward_w(x, dout, geometry, dtype)
    return forward(dout, w, None, geometry, dtype), dw, sum_over_channels(dout, dtype)
