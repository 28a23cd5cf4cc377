"""ReLU: the faces of kernels/activation.pyx."""


def relu_forward_fast(x):
    """out = max(0, x); as relu_forward, compiled.

    - x: array of one or more axes, float32 or float64

    Returns (out, cache): out of the shape of x, and a cache for relu_backward_fast (one byte for each number of x).
    Raises TypeError for other dtypes, ValueError for a single number.
    """
    dtype = common_dtype(x=x)
    check_not_scalar("x", x)
    out, mask = activation_kernels.relu_forward(_c_order(x, dtype))
    return out, Cache("relu_forward_fast", mask, dtype)


def relu_backward_fast(dout, cache):
    """Gradient of ReLU; as relu_backward, compiled.

    - dout: upstream gradient, of the shape of x
    - cache: from relu_forward_fast

    Returns dx, of the shape of x.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    mask, dtype = open_cache(cache, "relu_forward_fast")
    dtype = check_dout(dout, mask.shape, "like x", dtype)
    return activation_kernels.relu_backward(_c_order(dout, dtype), mask)
