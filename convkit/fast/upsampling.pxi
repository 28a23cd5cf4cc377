# Upsampling and unpooling.


def upsample_nearest_forward_fast(x, upsample_param):
    """Repeat every pixel; as upsample_nearest_forward_naive, compiled.

    - x: images (N, C, H, W), float32 or float64
    - upsample_param: dict with 'scale'

    Returns (out, cache): out (N, C, H*scale, W*scale), and a cache for upsample_nearest_backward_fast.
    Raises ValueError or TypeError for settings, shapes and dtypes that do not fit.
    """
    (SH, SW), dtype = check_upsample(x, upsample_param)
    N, C, H, W = x.shape
    planes, out = _planes(x, dtype), np.empty((N * C, H * SH, W * SW), dtype)

    def forward(first, last, stop):
        resample_kernels.repeat_pixels(planes, out, SH, SW, first, last, stop)

    threads.run(forward, N * C, out.size)
    return out.reshape(N, C, H * SH, W * SW), Cache("upsample_nearest_forward_fast", x.shape, (SH, SW), dtype)


def upsample_nearest_backward_fast(dout, cache):
    """Gradient of nearest-neighbour upsampling; as upsample_nearest_backward_naive, compiled.

    - dout: upstream gradient (N, C, H*scale, W*scale)
    - cache: from upsample_nearest_forward_fast

    Returns dx (N, C, H, W).
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    (N, C, H, W), (SH, SW), dtype = open_cache(cache, "upsample_nearest_forward_fast")
    dtype = check_dout(dout, (N, C, H * SH, W * SW), "(N, C, OH, OW)", dtype)
    planes, dx = _planes(dout, dtype), np.zeros((N * C, H, W), dtype)

    def backward(first, last, stop):
        resample_kernels.sum_blocks(planes, dx, SH, SW, first, last, stop)

    threads.run(backward, N * C, dout.size)
    return dx.reshape(N, C, H, W)


def upsample_bilinear_forward_fast(x, upsample_param):
    """Interpolate linearly between the pixels; as upsample_bilinear_forward_naive, compiled.

    - x: images (N, C, H, W), float32 or float64
    - upsample_param: dict with 'scale' and optionally 'align_corners'

    Returns (out, cache): out (N, C, H*scale, W*scale), and a cache for upsample_bilinear_backward_fast.
    Raises ValueError or TypeError for settings, shapes and dtypes that do not fit.
    """
    rows, columns, dtype = check_upsample_bilinear(x, upsample_param)
    N, C = x.shape[:2]
    OH, OW = len(rows.low), len(columns.low)
    planes, out, tables = _planes(x, dtype), np.empty((N * C, OH, OW), dtype), _between(rows, columns, dtype)

    def forward(first, last, stop):
        resample_kernels.interpolate(planes, out, *tables, first, last, stop)

    threads.run(forward, N * C, 4 * out.size)
    return out.reshape(N, C, OH, OW), Cache("upsample_bilinear_forward_fast", x.shape, rows, columns, dtype)


def upsample_bilinear_backward_fast(dout, cache):
    """Gradient of bilinear upsampling; as upsample_bilinear_backward_naive, compiled.

    - dout: upstream gradient (N, C, H*scale, W*scale)
    - cache: from upsample_bilinear_forward_fast

    Returns dx (N, C, H, W).
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    x_shape, rows, columns, dtype = open_cache(cache, "upsample_bilinear_forward_fast")
    N, C, H, W = x_shape
    dtype = check_dout(dout, (N, C, len(rows.low), len(columns.low)), "(N, C, OH, OW)", dtype)
    planes, dx, tables = _planes(dout, dtype), np.zeros((N * C, H, W), dtype), _between(rows, columns, dtype)

    def backward(first, last, stop):
        resample_kernels.spread_between(planes, dx, *tables, first, last, stop)

    threads.run(backward, N * C, 4 * dout.size)
    return dx.reshape(x_shape)


def bed_of_nails_forward_fast(x, upsample_param):
    """Set the pixels apart and zeros between them; as bed_of_nails_forward_naive.

    - x: images (N, C, H, W), float32 or float64
    - upsample_param: dict with 'scale'

    Returns (out, cache): out (N, C, H*scale, W*scale), and a cache for bed_of_nails_backward_fast.
    Raises ValueError or TypeError for settings, shapes and dtypes that do not fit.
    """
    (SH, SW), dtype = check_upsample(x, upsample_param)
    N, C, H, W = x.shape
    out = np.zeros((N, C, H * SH, W * SW), dtype)
    out[:, :, ::SH, ::SW] = x
    return out, Cache("bed_of_nails_forward_fast", (SH, SW), out.shape, dtype)


def bed_of_nails_backward_fast(dout, cache):
    """Gradient of the bed of nails; as bed_of_nails_backward_naive.

    - dout: upstream gradient (N, C, H*scale, W*scale)
    - cache: from bed_of_nails_forward_fast

    Returns dx (N, C, H, W).
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    (SH, SW), shape, dtype = open_cache(cache, "bed_of_nails_forward_fast")
    dtype = check_dout(dout, shape, "(N, C, OH, OW)", dtype)
    return np.array(dout[:, :, ::SH, ::SW], dtype, order="C")


def max_unpool_forward_fast(x, indices, unpool_param):
    """Put every value where its index says; as max_unpool_forward_naive, compiled.

    - x: values (N, C, H, W), float32 or float64
    - indices: integers (N, C, H, W), from max_pool_with_indices_fast
    - unpool_param: dict with 'output_size'

    Returns (out, cache): out (N, C, OH, OW), and a cache for max_unpool_backward_fast.
    Raises ValueError for shapes or indices that do not fit, TypeError for other dtypes.
    """
    shape, dtype = check_max_unpool(x, indices, unpool_param)
    planes, values = x.shape[0] * x.shape[1], x.shape[2] * x.shape[3]
    # a copy, in which is noted which values stay; and the caller may change the indices before the backward pass
    places = np.array(indices, np.intp, order="C").reshape(planes, values)
    flat, out = _c_order(x, dtype).reshape(planes, values), np.zeros((planes, shape[2] * shape[3]), dtype)

    def forward(first, last, stop):
        resample_kernels.put_at(flat, places, np.empty(out.shape[1], np.intp), out, first, last, stop)

    threads.run(forward, planes, flat.size)
    return out.reshape(shape), Cache("max_unpool_forward_fast", x.shape, places, shape, dtype)


def max_unpool_backward_fast(dout, cache):
    """Gradient of max unpooling; as max_unpool_backward_naive, compiled.

    - dout: upstream gradient (N, C, OH, OW)
    - cache: from max_unpool_forward_fast

    Returns dx (N, C, H, W).
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    x_shape, places, shape, dtype = open_cache(cache, "max_unpool_forward_fast")
    dtype = check_dout(dout, shape, "(N, C, OH, OW)", dtype)
    flat = _c_order(dout, dtype).reshape(len(places), shape[2] * shape[3])
    dx = np.empty(places.shape, dtype)

    def backward(first, last, stop):
        resample_kernels.take_from(flat, places, dx, first, last, stop)

    threads.run(backward, len(places), places.size)
    return dx.reshape(x_shape)


def _between(rows, columns, dtype):
    """The positions between pixels as the kernels take them."""
    return rows.low, rows.high, rows.part.astype(dtype), columns.low, columns.high, columns.part.astype(dtype)
