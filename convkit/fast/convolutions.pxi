# Relatives of the convolution, each by the kernels of convolutions of images.


def conv1d_forward_fast(x, w, b, conv_param):
    """Convolve a batch of signals, as images of height 1; as conv1d_forward_naive, compiled.

    - x: signals (N, C, L), float32 or float64
    - w: filters (F, C/groups, K)
    - b: biases (F,)
    - conv_param: dict as for conv1d_forward_naive

    Returns (out, cache): out (N, F, OL), and a cache for conv1d_backward_fast.
    Raises ValueError where shapes or sizes do not fit, TypeError for other dtypes.
    """
    geometry, dtype = check_conv1d(x, w, b, conv_param)
    out = convolution.forward(x[:, :, None], w[:, :, None], b, geometry.as_image(), dtype)
    return out.reshape(geometry.out_shape), Cache("conv1d_forward_fast", x, w, geometry, dtype)


def conv1d_backward_fast(dout, cache):
    """Gradients of the convolution of signals; as conv1d_backward_naive, compiled.

    - dout: upstream gradient (N, F, OL)
    - cache: from conv1d_forward_fast

    Returns (dx, dw, db) with the shapes of x, w and b.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    x, w, geometry, dtype = open_cache(cache, "conv1d_forward_fast")
    dtype = check_dout(dout, geometry.out_shape, "(N, F, OL)", dtype)
    image = geometry.as_image()
    dx = convolution.backward_x(dout[:, :, None], w[:, :, None], image, dtype)
    dw, db = convolution.backward_w(dout[:, :, None], x[:, :, None], image, dtype)
    return dx.reshape(x.shape), dw.reshape(w.shape), db


def conv3d_forward_fast(x, w, b, conv_param):
    """Convolve a batch of volumes, slice by slice; as conv3d_forward_naive, compiled.

    - x: volumes (N, C, D, H, W), float32 or float64
    - w: filters (F, C/groups, DD, HH, WW)
    - b: biases (F,)
    - conv_param: dict as for conv3d_forward_naive

    Returns (out, cache): out (N, F, OD, OH, OW), and a cache for conv3d_backward_fast.
    Raises ValueError where shapes or sizes do not fit, TypeError for other dtypes.
    """
    geometry, dtype = check_conv3d(x, w, b, conv_param)
    out, filters, x_c = np.empty(geometry.out_shape, dtype), slices.filters(w), _c_order(x, dtype)
    for block in slices.blocks(geometry, dtype):
        images = slices.stack(x_c, block, geometry)
        out[block.volume, :, block.depth] = convolution.forward(images, filters, b, block.geometry, dtype)
    return out, Cache("conv3d_forward_fast", x, w, geometry, dtype)


def conv3d_backward_fast(dout, cache):
    """Gradients of the convolution of volumes; as conv3d_backward_naive, compiled.

    - dout: upstream gradient (N, F, OD, OH, OW)
    - cache: from conv3d_forward_fast

    Returns (dx, dw, db) with the shapes of x, w and b.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    x, w, geometry, dtype = open_cache(cache, "conv3d_forward_fast")
    dtype = check_dout(dout, geometry.out_shape, "(N, F, OD, OH, OW)", dtype)
    dx, filters, x_c = np.zeros(x.shape, dtype), slices.filters(w), _c_order(x, dtype)
    dw, db = np.zeros(filters.shape, dtype), np.zeros(len(w), dtype)
    for block in slices.blocks(geometry, dtype):
        of_block = dout[block.volume, :, block.depth]
        slices.unstack(convolution.backward_x(of_block, filters, block.geometry, dtype), block, geometry, dx)
        images = slices.stack(x_c, block, geometry)
        dw_block, db_block = convolution.backward_w(of_block, images, block.geometry, dtype)
        dw += dw_block
        db += db_block
    return dx, dw.reshape(w.shape), db


def conv_transpose_forward_fast(x, w, b, conv_param):
    """Transposed convolution, by the kernels of a convolution's backward pass; as conv_transpose_forward_naive.

    - x: images (N, C, H, W), float32 or float64
    - w: filters (C, F/groups, HH, WW)
    - b: biases (F,)
    - conv_param: dict as for conv_transpose_forward_naive

    Returns (out, cache): out (N, F, OH, OW), and a cache for conv_transpose_backward_fast.
    Raises ValueError where shapes or sizes do not fit, TypeError for other dtypes.
    """
    geometry, dtype = check_conv_transpose(x, w, b, conv_param)
    out = convolution.backward_x(x, w, geometry, dtype)
    out += b[:, None, None]
    return out, Cache("conv_transpose_forward_fast", x, w, geometry, dtype)


def conv_transpose_backward_fast(dout, cache):
    """Gradients of the transposed convolution, the first by a convolution; as conv_transpose_backward_naive.

    - dout: upstream gradient (N, F, OH, OW)
    - cache: from conv_transpose_forward_fast

    Returns (dx, dw, db) with the shapes of x, w and b.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    x, w, geometry, dtype = open_cache(cache, "conv_transpose_forward_fast")
    dtype = check_dout(dout, geometry.x_shape, "(N, F, OH, OW)", dtype)
    dx = convolution.forward(dout, w, None, geometry, dtype)
    dw, _ = convolution.backward_w(x, dout, geometry, dtype)
    return dx, dw, np.asarray(dout).sum(axis=(0, 2, 3), dtype=dtype)


def separable_conv_forward_fast(x, w_depth, w_point, b, conv_param):
    """Depthwise separable convolution; as separable_conv_forward_naive, compiled.

    - x: images (N, C, H, W), float32 or float64
    - w_depth: depthwise filters (C*M, 1, HH, WW)
    - w_point: pointwise filters (F, C*M, 1, 1)
    - b: biases (F,)
    - conv_param: dict with 'stride', 'pad', 'dilation' and 'rounding' of the depthwise step

    Returns (out, cache): out (N, F, OH, OW), and a cache for separable_conv_backward_fast.
    Raises ValueError where shapes or sizes do not fit, TypeError for other dtypes.
    """
    (first, second), dtype = check_separable_conv(x, w_depth, w_point, b, conv_param)
    maps = convolution.forward(x, w_depth, None, first, dtype)
    out = convolution.forward(maps, w_point, b, second, dtype)
    return out, Cache("separable_conv_forward_fast", x, w_depth, w_point, maps, first, second, dtype)


def separable_conv_backward_fast(dout, cache):
    """Gradients of the depthwise separable convolution; as separable_conv_backward_naive, compiled.

    - dout: upstream gradient (N, F, OH, OW)
    - cache: from separable_conv_forward_fast

    Returns (dx, dw_depth, dw_point, db) with the shapes of x, w_depth, w_point and b.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    x, w_depth, w_point, maps, first, second, dtype = open_cache(cache, "separable_conv_forward_fast")
    dtype = check_dout(dout, second.out_shape, "(N, F, OH, OW)", dtype)
    dmaps = convolution.backward_x(dout, w_point, second, dtype)
    dw_point, db = convolution.backward_w(dout, maps, second, dtype)
    dw_depth, _ = convolution.backward_w(dmaps, x, first, dtype)
    return convolution.backward_x(dmaps, w_depth, first, dtype), dw_depth, dw_point, db
