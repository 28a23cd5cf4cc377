"""Batch, layer and group normalization: the faces of kernels/normalization.pyx.

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
    x = _c_order(x, dtype)
    N, C, H, W = x.shape
    planes = x.reshape(N * C, H * W)
    mean, square = normalization_kernels.moments(planes)
    mean, var = _joined(mean.reshape(N, G, C // G), square.reshape(N, G, C // G), H * W, 2)
    mean, inverse = np.repeat(mean, C // G, axis=1), np.repeat(_inverse(var, eps), C // G, axis=1)
    center, rest = _split(mean, dtype)
    out = np.empty_like(x)
    with np.errstate(all="ignore"):
        factor = inverse * gamma.reshape(C)
        shift = beta.reshape(C) - rest * factor
        normalization_kernels.apply(planes, out.reshape(planes.shape), center.ravel(), factor.ravel(), shift.ravel())
    return out, Cache("spatial_groupnorm_forward_fast", x, gamma, G, mean, inverse)


def spatial_groupnorm_backward_fast(dout, cache):
    """Gradients of group normalization of images; as spatial_groupnorm_backward, compiled.

    - dout: upstream gradient (N, C, H, W)
    - cache: from spatial_groupnorm_forward_fast

    Returns (dx, dgamma, dbeta): dx (N, C, H, W), dgamma and dbeta (1, C, 1, 1).
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    x, gamma, G, mean, inverse = open_cache(cache, "spatial_groupnorm_forward_fast")
    dtype = check_dout(dout, x.shape, "like x", x.dtype)
    x, dout = _c_order(x, dtype), _c_order(dout, dtype)
    N, C, H, W = x.shape
    planes = x.reshape(N * C, H * W)
    center, rest = _split(mean, dtype)
    with np.errstate(all="ignore"):
        total, slope = normalization_kernels.sums(dout.reshape(planes.shape), planes, center.ravel())
        total, slope = total.reshape(N, C), slope.reshape(N, C)
        slope = (slope - rest * total) * inverse  # sums of dout, and of dout times x_hat
        per_channel = gamma.astype(np.float64).reshape(C)
        means = ((each * per_channel).reshape(N, G, C // G).sum(axis=2) / (C // G * H * W) for each in (total, slope))
        mean_d, mean_slope = (np.repeat(each, C // G, axis=1) for each in means)
        coefficients = inverse * per_channel, *_towards_mean(inverse, rest, mean_d, mean_slope)
    dx = np.empty_like(x)
    normalization_kernels.gradient(
        dout.reshape(planes.shape), planes, dx.reshape(planes.shape), center.ravel(), *(c.ravel() for c in coefficients)
    )
    shape = (1, C, 1, 1)
    return dx, slope.sum(axis=0).astype(dtype).reshape(shape), total.sum(axis=0).astype(dtype).reshape(shape)


def _split(mean, dtype):
    """A mean (float64) as what the dtype can hold of it, and the rest."""
    center = mean.astype(dtype).astype(np.float64)
    with np.errstate(invalid="ignore"):
        return center, np.where(np.isfinite(mean), mean - center, 0)


def _joined(mean, square, count, axis):
    """Mean and (biased) variance of several sets of `count` numbers together, from those of the single sets along
    an axis."""
    with np.errstate(all="ignore"):
        joined = mean.mean(axis=axis, keepdims=True)
        squares = square.sum(axis=axis) + count * ((mean - joined) ** 2).sum(axis=axis)
        return joined.squeeze(axis), squares / (count * mean.shape[axis])


def _inverse(var, eps):
    """1/std"""
    with np.errstate(all="ignore"):
        return 1 / np.sqrt(var + eps)


def _towards_mean(inverse, rest, mean_d, mean_slope):
    """(slope, shift) of dx = (d - mean_d - x_hat*mean_slope)*inverse, where x_hat = (x - center - rest)*inverse."""
    slope = -inverse * inverse * mean_slope
    return slope, -inverse * mean_d - slope * rest


def _batchnorm(x, gamma, beta, bn_param, dtype, relu=False):
    """out, and what _batchnorm_gradients asks for; bn_param was checked."""
    training, columns = bn_param["mode"] == "train", x.ndim == 2
    eps, momentum = float(bn_param.get("eps", 1e-5)), float(bn_param.get("momentum", 0.9))
    zeros = np.zeros(x.shape[1], dtype)
    averages = {name: bn_param.get(name, zeros).astype(dtype) for name in ("running_mean", "running_var")}
    rows = x if columns else x.reshape(x.shape[0] * x.shape[1], x.shape[2] * x.shape[3])
    if training:
        mean, square = normalization_kernels.moments(rows, columns)
        sets = 1 if columns else x.shape[0]
        count = x.size // x.shape[1] // sets
        mean, var = _joined(mean.reshape(sets, -1), square.reshape(sets, -1), count, 0)
        for name, value in (("running_mean", mean), ("running_var", var)):
            averages[name] = momentum * averages[name] + (1 - momentum) * value.astype(dtype)
        bn_param.update(averages)
    else:
        mean, var = (averages[name].astype(np.float64) for name in ("running_mean", "running_var"))
        bn_param.update(averages | bn_param)
    inverse = _inverse(var, eps)
    out, above = np.empty_like(x), np.empty(x.shape, np.uint8) if relu else None
    center, rest = _split(mean, dtype)
    with np.errstate(all="ignore"):
        factor = gamma * inverse
        normalization_kernels.apply(
            rows, out.reshape(rows.shape), center, factor, beta - rest * factor, above=above, columns=columns
        )
    return out, x, gamma, mean, inverse, training, above


def _batchnorm_gradients(dout, x, gamma, mean, inverse, training, above):
    dtype = check_dout(dout, x.shape, "like x", x.dtype)
    x, dout, columns = _c_order(x, dtype), _c_order(dout, dtype), x.ndim == 2
    rows = x if columns else x.reshape(x.shape[0] * x.shape[1], x.shape[2] * x.shape[3])
    upstream = dout.reshape(rows.shape)
    center, rest = _split(mean, dtype)
    dx = np.empty_like(x)
    with np.errstate(all="ignore"):
        total, slope = normalization_kernels.sums(upstream, rows, center, above=above, columns=columns)
        if not columns:
            total, slope = (each.reshape(x.shape[:2]).sum(axis=0) for each in (total, slope))
        slope = (slope - rest * total) * inverse
        factor = gamma * inverse
        if training:
            count = x.size // x.shape[1]
            towards = _towards_mean(inverse, rest, gamma * total / count, gamma * slope / count)
            normalization_kernels.gradient(
                upstream, rows, dx.reshape(rows.shape), center, factor, *towards, above=above, columns=columns
            )
        else:
            if above is not None:
                upstream = activation_kernels.relu_backward(upstream, above)
            zeros = np.zeros(len(factor))
            normalization_kernels.apply(upstream, dx.reshape(rows.shape), zeros, factor, zeros, columns=columns)
    return dx, slope.astype(dtype), total.astype(dtype)


def _layernorm(x, gamma, beta, eps, relu=False):
    """out, and what _layernorm_gradients asks for."""
    mean, square = normalization_kernels.moments(x)
    inverse = _inverse(square / x.shape[1], eps)
    out, above = np.empty_like(x), np.empty(x.shape, np.uint8) if relu else None
    center, rest = _split(mean, x.dtype)
    with np.errstate(all="ignore"):
        normalization_kernels.apply(x, out, center, inverse, -rest * inverse, gamma, beta, above)
    return out, x, gamma, mean, inverse, above


def _layernorm_gradients(dout, x, gamma, mean, inverse, above):
    dtype = check_dout(dout, x.shape, "like x", x.dtype)
    x, dout = _c_order(x, dtype), _c_order(dout, dtype)
    center, rest = _split(mean, dtype)
    dx = np.empty_like(x)
    with np.errstate(all="ignore"):
        total, slope = normalization_kernels.sums(dout, x, center, gamma, above)
        towards = _towards_mean(
            inverse, rest, total / x.shape[1], (slope - rest * total) * inverse / x.shape[1]
        )
        normalization_kernels.gradient(dout, x, dx, center, inverse, *towards, gamma, above)
        dbeta, dgamma = normalization_kernels.sums_over_rows(dout, x, center, inverse, -rest * inverse, above)
    return dx, dgamma.astype(dtype), dbeta.astype(dtype)
