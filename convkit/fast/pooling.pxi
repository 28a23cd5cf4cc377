"""Max pooling: the faces of kernels/pooling.pyx."""


def max_pool_forward_fast(x, pool_param):
    """Largest value of each window of each channel; as max_pool_forward_naive, compiled.

    - x: images (N, C, H, W), float32 or float64
    - pool_param: dict with 'pool_height', 'pool_width', 'stride', and optionally 'rounding', 'pad' and 'dilation'

    Returns (out, cache): out (N, C, OH, OW), and a cache for max_pool_backward_fast.
    Raises ValueError where sizes do not fit, TypeError for other dtypes.
    """
    geometry, dtype = check_pool(x, pool_param)
    out, winner = _max_pool(_c_order(x, dtype), geometry, dtype)
    return out, Cache("max_pool_forward_fast", geometry, winner, dtype)


def max_pool_backward_fast(dout, cache):
    """Gradient of max pooling; as max_pool_backward_naive, compiled.

    - dout: upstream gradient (N, C, OH, OW)
    - cache: from max_pool_forward_fast

    Returns dx (N, C, H, W).
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    geometry, winner, dtype = open_cache(cache, "max_pool_forward_fast")
    dtype = check_dout(dout, geometry.out_shape, "(N, C, OH, OW)", dtype)
    return _max_pool_gradient(dout, winner, geometry, dtype)


def _max_pool(x, geometry, dtype, relu=False):
    out = np.empty(geometry.out_shape, dtype)
    winner = np.empty(geometry.out_shape, pooling_kernels.winner_dtype(geometry))
    pooling_kernels.max_forward(x, out, winner, geometry, relu)
    return out, winner


def _max_pool_gradient(dout, winner, geometry, dtype, relu=False):
    dx = np.empty(geometry.x_shape, dtype)
    pooling_kernels.max_backward(_c_order(dout, dtype), winner, dx, geometry, relu)
    return dx
