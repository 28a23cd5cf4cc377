"""Squeeze-and-excitation from the kernels of affine layers, activations and gates."""


def squeeze_excite_forward_fast(x, w1, b1, w2, b2):
    """Scale every channel by a gate that depends on all channels of the image; as squeeze_excite_forward, compiled.

    - x: images (N, C, H, W), float32 or float64
    - w1, b1: weights (C, R) and biases (R,) of the reduction to R numbers
    - w2, b2: weights (R, C) and biases (C,) of the way back

    Returns (out, cache): out (N, C, H, W), and a cache for squeeze_excite_backward_fast.
    Raises ValueError where shapes do not fit, TypeError for other dtypes.
    """
    dtype = check_squeeze_excite(x, w1, b1, w2, b2)
    x = _c_order(x, dtype)
    planes = x.reshape(x.shape[0] * x.shape[1], x.shape[2] * x.shape[3])
    squeezed, _ = global_avg_pool_forward_fast(x)
    hidden = affine.forward(squeezed, w1, b1, dtype, relu=True)
    gate = activation_kernels.sigmoid_forward(affine.forward(hidden, w2, b2, dtype))
    out = activation_kernels.scale_rows(planes, gate).reshape(x.shape)
    return out, Cache("squeeze_excite_forward_fast", x, w1, w2, squeezed, hidden, gate)


def squeeze_excite_backward_fast(dout, cache):
    """Gradients of squeeze-and-excitation; as squeeze_excite_backward, compiled.

    - dout: upstream gradient (N, C, H, W)
    - cache: from squeeze_excite_forward_fast

    Returns (dx, dw1, db1, dw2, db2) with the shapes of x, w1, b1, w2 and b2.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    x, w1, w2, squeezed, hidden, gate = open_cache(cache, "squeeze_excite_forward_fast")
    dtype = check_dout(dout, x.shape, "like x", x.dtype)
    x, dout, gate = _c_order(x, dtype), _c_order(dout, dtype), _c_order(gate, dtype)
    pixels = x.shape[2] * x.shape[3]
    planes = x.reshape(x.shape[0] * x.shape[1], pixels)
    upstream = dout.reshape(planes.shape)
    dgate = activation_kernels.dot_rows(upstream, planes).reshape(gate.shape)
    dlogits = activation_kernels.sigmoid_backward(dgate, gate)
    dlogits, db2 = affine.backward_b(dlogits, dtype)
    dhidden, dw2 = affine.backward(dlogits, hidden, w2, dtype)
    dhidden, db1 = affine.backward_b(dhidden * (hidden > 0), dtype)  # multiplied, not masked: a NaN stays one
    dsqueezed, dw1 = affine.backward(dhidden, squeezed, w1, dtype)
    dx = activation_kernels.scale_rows(upstream, gate, dsqueezed / dtype.type(pixels)).reshape(x.shape)
    return dx, dw1, db1, dw2, db2
