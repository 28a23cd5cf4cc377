"""The affine layer, alone and with a ReLU behind it: the faces of kernels/affine.py."""


def affine_forward_fast(x, w, b):
    """out = x w + b, each sample of x flattened; as affine_forward, compiled.

    - x: batch (N, d_1, ..., d_k), float32 or float64
    - w: weights (D, M)
    - b: biases (M,)

    Returns (out, cache): out (N, M), and a cache for affine_backward_fast.
    Raises ValueError where shapes do not fit, TypeError for other dtypes.
    """
    _, dtype = check_affine(x, w, b)
    return affine.forward(x, w, b, dtype), Cache("affine_forward_fast", x, w, dtype)


def affine_backward_fast(dout, cache, needs_dx=True, weight_decay=None):
    """Gradients of the affine layer; as affine_backward, compiled.

    - dout: upstream gradient (N, M)
    - cache: from affine_forward_fast
    - needs_dx: False where nobody will use dx, as in a network's first layer; then it is None
    - weight_decay: the step's convkit.weight_decay.WeightDecay, whose part of a large w's gradient is then in dw

    Returns (dx, dw, db) with the shapes of x, w and b.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    x, w, dtype = open_cache(cache, "affine_forward_fast")
    return _affine_backward(dout, x, w, dtype, None, needs_dx, weight_decay)


def affine_relu_forward_fast(x, w, b):
    """out = max(0, x w + b): affine_forward_fast and relu_forward in one; the same arguments.

    Returns (out, cache): out (N, M), and a cache for affine_relu_backward_fast.
    """
    _, dtype = check_affine(x, w, b)
    out = affine.forward(x, w, b, dtype, relu=True)
    return out, Cache("affine_relu_forward_fast", x, w, dtype, out)


def affine_relu_backward_fast(dout, cache, needs_dx=True, weight_decay=None):
    """Gradients of affine - ReLU, with a cache from affine_relu_forward_fast.

    Returns (dx, dw, db); arguments and errors are those of affine_backward_fast.
    """
    x, w, dtype, out = open_cache(cache, "affine_relu_forward_fast")
    return _affine_backward(dout, x, w, dtype, out, needs_dx, weight_decay)


def _affine_backward(dout, x, w, dtype, relu_out, needs_dx, weight_decay):
    dtype = check_dout(dout, (len(x), w.shape[1]), "(N, M)", dtype)
    dout, db = affine.backward_b(dout, dtype, relu_out)
    return *affine.backward(dout, x, w, dtype, needs_dx, weight_decay), db
