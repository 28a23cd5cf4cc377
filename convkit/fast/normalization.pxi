"""Batch, layer, group and instance normalization: the faces of kernels/normalization.pyx.

Means and deviations are summed up in double precision from blocks; of a mean, what the dtype of the images cannot hold
is kept and taken into account, so that no digits are lost where the mean is much larger than the deviation.
"""


def batchnorm_forward_fast(x, gamma, beta, bn_param):
    """Batch normalization of vectors; as batchnorm_forward, compiled.

    - x: batch (N, D), float32 or float64
    - gamma, beta: scale and shift (D,)
    - bn_param: dict with 'mode', 'train' or 'test', and optionally 'eps', 'momentum', and the running averages, which
      are written into it

    Returns (out, cache): out (N, D), and a cache for batchnorm_backward_fast.
    Raises ValueError or TypeError for settings, shapes and dtypes that do not fit.
    """
    dtype = check_batchnorm(x, gamma, beta, bn_param, "(N, D)", "D")
    out, *kept = _batchnorm(_c_order(x, dtype), gamma, beta, bn_param, dtype)
    return out, Cache("batchnorm_forward_fast", *kept)


def batchnorm_backward_fast(dout, cache):
    """Gradients of batch normalization of vectors; as batchnorm_backward, compiled.

    - dout: upstream gradient (N, D)
    - cache: from batchnorm_forward_fast

    Returns (dx, dgamma, dbeta) with the shapes of x, gamma and beta.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    return _batchnorm_gradients(dout, *open_cache(cache, "batchnorm_forward_fast"))


def spatial_batchnorm_forward_fast(x, gamma, beta, bn_param):
    """Batch normalization of images; as spatial_batchnorm_forward, compiled.

    - x: images (N, C, H, W), float32 or float64
    - gamma, beta: scale and shift (C,)
    - bn_param: as for batchnorm_forward_fast, with running averages (C,)

    Returns (out, cache): out (N, C, H, W), and a cache for spatial_batchnorm_backward_fast.
    Raises ValueError or TypeError for settings, shapes and dtypes that do not fit.
    """
    dtype = check_batchnorm(x, gamma, beta, bn_param, "(N, C, H, W)", "C")
    out, *kept = _batchnorm(_c_order(x, dtype), gamma, beta, bn_param, dtype)
    return out, Cache("spatial_batchnorm_forward_fast", *kept)


def spatial_batchnorm_backward_fast(dout, cache):
    """Gradients of batch normalization of images; as spatial_batchnorm_backward, compiled.

    - dout: upstream gradient (N, C, H, W)
    - cache: from spatial_batchnorm_forward_fast

    Returns (dx, dgamma, dbeta) with the shapes of x, gamma and beta.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    return _batchnorm_gradients(dout, *open_cache(cache, "spatial_batchnorm_forward_fast"))


def layernorm_forward_fast(x, gamma, beta, ln_param):
    """Layer normalization; as layernorm_forward, compiled.

    - x: batch (N, D), float32 or float64
    - gamma, beta: scale and shift of each feature (D,)
    - ln_param: dict, may hold 'eps' (default 1e-5)

    Returns (out, cache): out (N, D), and a cache for layernorm_backward_fast.
    Raises ValueError or TypeError for settings, shapes and dtypes that do not fit.
    """
    dtype, eps = check_layernorm(x, gamma, beta, ln_param)
    out, *kept = _layernorm(_c_order(x, dtype), gamma, beta, eps)
    return out, Cache("layernorm_forward_fast", *kept)


def layernorm_backward_fast(dout, cache):
    """Gradients of layer normalization; as layernorm_backward, compiled.

    - dout: upstream gradient (N, D)
    - cache: from layernorm_forward_fast

    Returns (dx, dgamma, dbeta) with the shapes of x, gamma and beta.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    return _layernorm_gradients(dout, *open_cache(cache, "layernorm_forward_fast"))


def spatial_groupnorm_forward_fast(x, gamma, beta, G, gn_param):
    """Group normalization of images; as spatial_groupnorm_forward, compiled.

    - x: images (N, C, H, W), float32 or float64
    - gamma, beta: scale and shift of each channel (1, C, 1, 1)
    - G: number of groups, a divisor of C
    - gn_param: dict, may hold 'eps' (default 1e-5)

    Returns (out, cache): out (N, C, H, W), and a cache for spatial_groupnorm_backward_fast.
    Raises ValueError or TypeError for settings, shapes and dtypes that do not fit.
    """
    dtype, eps = check_groupnorm(x, gamma, beta, G, gn_param)
    x, gamma, beta = _c_order(x, dtype), _c_order(gamma, dtype).reshape(-1), _c_order(beta, dtype).reshape(-1)
    out, moments = np.empty(x.shape, dtype), np.empty((x.shape[0], G, 2))
    normalization_kernels.group_forward(x, gamma, beta, eps, moments, out)
    return out, Cache("spatial_groupnorm_forward_fast", x, gamma, eps, moments)


def spatial_groupnorm_backward_fast(dout, cache):
    """Gradients of group normalization of images; as spatial_groupnorm_backward, compiled.

    - dout: upstream gradient (N, C, H, W)
    - cache: from spatial_groupnorm_forward_fast

    Returns (dx, dgamma, dbeta): dx (N, C, H, W), dgamma and dbeta (1, C, 1, 1).
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    x, gamma, eps, moments = open_cache(cache, "spatial_groupnorm_forward_fast")
    dtype = check_dout(dout, x.shape, "like x", x.dtype)
    dout, x, gamma = (_c_order(each, dtype) for each in (dout, x, gamma))
    dx = np.empty(x.shape, dtype)
    dgamma, dbeta = normalization_kernels.group_backward(dout, x, gamma, eps, moments, dx)
    shape = (1, len(gamma), 1, 1)
    return dx, dgamma.astype(dtype).reshape(shape), dbeta.astype(dtype).reshape(shape)


def instancenorm_forward_fast(x, gamma, beta, in_param):
    """Instance normalization: a group for each channel; as instancenorm_forward, compiled.

    - x: images (N, C, H, W), float32 or float64
    - gamma, beta: scale and shift of each channel (C,)
    - in_param: dict, may hold 'eps' (default 1e-5)

    Returns (out, cache): out (N, C, H, W), and a cache for instancenorm_backward_fast.
    Raises ValueError or TypeError for settings, shapes and dtypes that do not fit.
    """
    dtype, eps = check_instancenorm(x, gamma, beta, in_param)
    x, gamma, beta = (_c_order(each, dtype) for each in (x, gamma, beta))
    out, moments = np.empty(x.shape, dtype), np.empty((*x.shape[:2], 2))  # a group for each channel
    normalization_kernels.group_forward(x, gamma, beta, eps, moments, out)
    return out, Cache("instancenorm_forward_fast", x, gamma, eps, moments)


def instancenorm_backward_fast(dout, cache):
    """Gradients of instance normalization; as instancenorm_backward, compiled.

    - dout: upstream gradient (N, C, H, W)
    - cache: from instancenorm_forward_fast

    Returns (dx, dgamma, dbeta) with the shapes of x, gamma and beta.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    x, gamma, eps, moments = open_cache(cache, "instancenorm_forward_fast")
    dtype = check_dout(dout, x.shape, "like x", x.dtype)
    dout, x, gamma = (_c_order(each, dtype) for each in (dout, x, gamma))
    dx = np.empty(x.shape, dtype)
    dgamma, dbeta = normalization_kernels.group_backward(dout, x, gamma, eps, moments, dx)
    return dx, dgamma.astype(dtype), dbeta.astype(dtype)


def _batchnorm(x, gamma, beta, bn_param, dtype, relu=False):
    """out, and what _batchnorm_gradients asks for; bn_param was checked."""
    training = bn_param["mode"] == "train"
    eps, momentum = float(bn_param.get("eps", 1e-5)), float(bn_param.get("momentum", 0.9))
    names = "running_mean", "running_var"
    averages = [
        bn_param[name].astype(dtype, copy=False) if name in bn_param else np.zeros(x.shape[1], dtype) for name in names
    ]
    out, above, moments = np.empty(x.shape, dtype), _mask(x, relu), np.empty((x.shape[1], 2))
    if not training:
        moments[:, 0], moments[:, 1] = averages
    gamma = _c_order(gamma, dtype)
    normalization_kernels.batch_forward(x, gamma, _c_order(beta, dtype), eps, moments, out, training, above)
    if training:
        mean, var = moments.T.astype(dtype)
        averages = momentum * averages[0] + (1 - momentum) * mean, momentum * averages[1] + (1 - momentum) * var
    for name, value in zip(names, averages):
        if training or name not in bn_param:
            bn_param[name] = value
    return out, x, gamma, eps, moments, training, above


def _batchnorm_gradients(dout, x, gamma, eps, moments, training, above):
    dtype = check_dout(dout, x.shape, "like x", x.dtype)
    dout, x, gamma = (_c_order(each, dtype) for each in (dout, x, gamma))
    dx = np.empty(x.shape, dtype)
    dgamma, dbeta = normalization_kernels.batch_backward(dout, x, gamma, eps, moments, dx, training, above)
    return dx, dgamma.astype(dtype), dbeta.astype(dtype)


def _layernorm(x, gamma, beta, eps, relu=False):
    """out, and what _layernorm_gradients asks for."""
    out, above, moments = np.empty(x.shape, x.dtype), _mask(x, relu), np.empty((x.shape[0], 2))
    gamma = _c_order(gamma, x.dtype)
    normalization_kernels.layer_forward(x, gamma, _c_order(beta, x.dtype), eps, moments, out, above)
    return out, x, gamma, eps, moments, above


def _layernorm_gradients(dout, x, gamma, eps, moments, above):
    dtype = check_dout(dout, x.shape, "like x", x.dtype)
    dout, x, gamma = (_c_order(each, dtype) for each in (dout, x, gamma))
    dx = np.empty(x.shape, dtype)
    dgamma, dbeta = normalization_kernels.layer_backward(dout, x, gamma, eps, moments, dx, above)
    return dx, dgamma.astype(dtype), dbeta.astype(dtype)


def _mask(x, relu):
    return np.empty(x.shape, np.uint8) if relu else None
