"""Fused pairs: layers that follow one another, with what lies between them never written to memory, or only once."""


def conv_relu_forward_fast(x, w, b, conv_param):
    """Convolution, then ReLU, applied before the convolution's output leaves the registers.

    - x, w, b, conv_param: as for conv_forward_fast

    Returns (out, cache): out (N, F, OH, OW), and a cache for conv_relu_backward_fast.
    Raises as conv_forward_fast does.
    """
    geometry, dtype = check_conv(x, w, b, conv_param)
    out = convolution.forward(x, w, b, geometry, dtype, relu=True)
    return out, Cache("conv_relu_forward_fast", x, w, geometry, dtype, activation_kernels.above_zero(out))


def conv_relu_backward_fast(dout, cache, needs_dx=True):
    """Gradients of convolution and ReLU.

    - dout: upstream gradient (N, F, OH, OW)
    - cache: from conv_relu_forward_fast
    - needs_dx: as for conv_backward_fast

    Returns (dx, dw, db) with the shapes of x, w and b.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    x, w, geometry, dtype, mask = open_cache(cache, "conv_relu_forward_fast")
    dtype = check_dout(dout, geometry.out_shape, "(N, F, OH, OW)", dtype)
    dconv = activation_kernels.relu_backward(_c_order(dout, dtype), mask)
    return _conv_gradients(dconv, x, w, geometry, dtype, needs_dx)


def conv_relu_pool_forward_fast(x, w, b, conv_param, pool_param):
    """Convolution, ReLU and max pooling; with 2x2 windows and Winograd's algorithm all at once, tile by tile.

    - x, w, b, conv_param: as for conv_forward_fast
    - pool_param: as for max_pool_forward_fast

    Returns (out, cache): out (N, F, OH, OW), and a cache for conv_relu_pool_backward_fast, in which a byte for each
    number of out says where its maximum stood and whether the ReLU lets the gradient pass there.
    Raises as conv_forward_fast and max_pool_forward_fast do.
    """
    geometry, dtype = check_conv(x, w, b, conv_param)
    windows = pool_geometry(geometry.out_shape, pool_param)
    at_once = convolution.forward_pooled(x, w, b, geometry, windows, dtype)
    if at_once:
        out, winner = at_once
    else:
        out, winner = _max_pool(convolution.forward(x, w, b, geometry, dtype, relu=True), windows, dtype, relu=True)
    return out, Cache("conv_relu_pool_forward_fast", x, w, geometry, dtype, windows, winner)


def conv_relu_pool_backward_fast(dout, cache, needs_dx=True):
    """Gradients of convolution, ReLU and max pooling.

    - dout: upstream gradient (N, F, OH, OW)
    - cache: from conv_relu_pool_forward_fast
    - needs_dx: as for conv_backward_fast

    Returns (dx, dw, db) with the shapes of x, w and b.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    x, w, geometry, dtype, windows, winner = open_cache(cache, "conv_relu_pool_forward_fast")
    dtype = check_dout(dout, windows.out_shape, "(N, F, OH, OW)", dtype)
    if not needs_dx:
        at_once = convolution.backward_w_pooled(dout, winner, x, geometry, windows, dtype)
        if at_once:
            return None, *at_once
    dconv = _max_pool_gradient(dout, winner, windows, dtype, relu=True)
    return _conv_gradients(dconv, x, w, geometry, dtype, needs_dx)


def _conv_gradients(dout, x, w, geometry, dtype, needs_dx):
    dx = convolution.backward_x(dout, w, geometry, dtype) if needs_dx else None
    return dx, *convolution.backward_w(dout, x, geometry, dtype)


def conv_bn_relu_forward_fast(x, w, b, gamma, beta, conv_param, bn_param):
    """Convolution, batch normalization and ReLU, which is applied in the pass that normalizes.

    - x, w, b, conv_param: as for conv_forward_fast
    - gamma, beta, bn_param: as for spatial_batchnorm_forward_fast, with a number for each of the F filters

    Returns (out, cache): out (N, F, OH, OW), and a cache for conv_bn_relu_backward_fast.
    Raises as conv_forward_fast and spatial_batchnorm_forward_fast do.
    """
    convolved, conv_cache = conv_forward_fast(x, w, b, conv_param)
    dtype = check_batchnorm(convolved, gamma, beta, bn_param, "(N, C, H, W)", "C")
    out, *kept = _batchnorm(_c_order(convolved, dtype), gamma, beta, bn_param, dtype, relu=True)
    return out, Cache("conv_bn_relu_forward_fast", conv_cache, kept)


def conv_bn_relu_backward_fast(dout, cache, needs_dx=True):
    """Gradients of convolution, batch normalization and ReLU.

    - dout: upstream gradient (N, F, OH, OW)
    - cache: from conv_bn_relu_forward_fast
    - needs_dx: as for conv_backward_fast

    Returns (dx, dw, db, dgamma, dbeta) with the shapes of x, w, b, gamma and beta.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    conv_cache, kept = open_cache(cache, "conv_bn_relu_forward_fast")
    dconv, dgamma, dbeta = _batchnorm_gradients(dout, *kept)
    return *conv_backward_fast(dconv, conv_cache, needs_dx), dgamma, dbeta


def affine_bn_relu_forward_fast(x, w, b, gamma, beta, bn_param):
    """Affine layer, batch normalization and ReLU, which is applied in the pass that normalizes.

    - x, w, b: as for affine_forward_fast
    - gamma, beta, bn_param: as for batchnorm_forward_fast, with a number for each of the M outputs

    Returns (out, cache): out (N, M), and a cache for affine_bn_relu_backward_fast.
    Raises as affine_forward_fast and batchnorm_forward_fast do.
    """
    scores, affine_cache = affine_forward_fast(x, w, b)
    dtype = check_batchnorm(scores, gamma, beta, bn_param, "(N, D)", "D")
    out, *kept = _batchnorm(_c_order(scores, dtype), gamma, beta, bn_param, dtype, relu=True)
    return out, Cache("affine_bn_relu_forward_fast", affine_cache, kept)


def affine_bn_relu_backward_fast(dout, cache, needs_dx=True, weight_decay=None):
    """Gradients of affine layer, batch normalization and ReLU.

    - dout: upstream gradient (N, M)
    - cache: from affine_bn_relu_forward_fast
    - needs_dx, weight_decay: as for affine_backward_fast

    Returns (dx, dw, db, dgamma, dbeta) with the shapes of x, w, b, gamma and beta.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    affine_cache, kept = open_cache(cache, "affine_bn_relu_forward_fast")
    dscores, dgamma, dbeta = _batchnorm_gradients(dout, *kept)
    return *affine_backward_fast(dscores, affine_cache, needs_dx, weight_decay), dgamma, dbeta


def affine_ln_relu_forward_fast(x, w, b, gamma, beta, ln_param):
    """Affine layer, layer normalization and ReLU, which is applied in the pass that normalizes.

    - x, w, b: as for affine_forward_fast
    - gamma, beta, ln_param: as for layernorm_forward_fast, with a number for each of the M outputs

    Returns (out, cache): out (N, M), and a cache for affine_ln_relu_backward_fast.
    Raises as affine_forward_fast and layernorm_forward_fast do.
    """
    scores, affine_cache = affine_forward_fast(x, w, b)
    dtype, eps = check_layernorm(scores, gamma, beta, ln_param)
    out, *kept = _layernorm(_c_order(scores, dtype), gamma, beta, eps, relu=True)
    return out, Cache("affine_ln_relu_forward_fast", affine_cache, kept)


def affine_ln_relu_backward_fast(dout, cache, needs_dx=True, weight_decay=None):
    """Gradients of affine layer, layer normalization and ReLU.

    - dout: upstream gradient (N, M)
    - cache: from affine_ln_relu_forward_fast
    - needs_dx, weight_decay: as for affine_backward_fast

    Returns (dx, dw, db, dgamma, dbeta) with the shapes of x, w, b, gamma and beta.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    affine_cache, kept = open_cache(cache, "affine_ln_relu_forward_fast")
    dscores, dgamma, dbeta = _layernorm_gradients(dout, *kept)
    return *affine_backward_fast(dscores, affine_cache, needs_dx, weight_decay), dgamma, dbeta
