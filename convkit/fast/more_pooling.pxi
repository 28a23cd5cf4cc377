# Pooling beyond the plain maximum: padded and dilated windows, indices, averages, whole images, adaptive windows.


def max_pool_with_indices_fast(x, pool_param):
    """Max pooling, and where in its channel each maximum stood; as max_pool_with_indices_naive, compiled.

    - x: images (N, C, H, W), float32 or float64
    - pool_param: dict as for max_pool_forward_fast

    Returns (out, indices), both (N, C, OH, OW): indices of int64 are row*W + column.
    Raises ValueError where sizes do not fit, TypeError for other dtypes.
    """
    geometry, dtype = check_pool(x, pool_param)
    out, indices = _max_of_windows(x, geometry, geometry.dilation, dtype)
    return out, indices.astype(np.int64, copy=False)


def avg_pool_forward_fast(x, pool_param):
    """Mean of each window of each channel; as avg_pool_forward_naive, compiled.

    - x: images (N, C, H, W), float32 or float64
    - pool_param: dict as for max_pool_forward_fast, and optionally 'count_include_pad'

    Returns (out, cache): out (N, C, OH, OW), and a cache for avg_pool_backward_fast.
    Raises ValueError where sizes do not fit, TypeError for other dtypes.
    """
    geometry, count, dtype = check_avg_pool(x, pool_param)
    count = count.astype(dtype)
    out = _mean_of_windows(x, count, geometry, geometry.dilation, dtype)
    return out, Cache("avg_pool_forward_fast", geometry, count, dtype)


def avg_pool_backward_fast(dout, cache):
    """Gradient of average pooling; as avg_pool_backward_naive, compiled.

    - dout: upstream gradient (N, C, OH, OW)
    - cache: from avg_pool_forward_fast

    Returns dx (N, C, H, W).
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    geometry, count, dtype = open_cache(cache, "avg_pool_forward_fast")
    return _spread_over_windows(dout, count, geometry, geometry.dilation, dtype)


def global_avg_pool_forward_fast(x):
    """Mean of each channel; as global_avg_pool_forward_naive, compiled.

    - x: images (N, C, H, W), float32 or float64

    Returns (out, cache): out (N, C), and a cache for global_avg_pool_backward_fast.
    Raises ValueError for an x of other axes or without pixels, TypeError for other dtypes.
    """
    dtype = check_global_pool(x)
    N, C, H, W = x.shape
    planes, out = _c_order(x, dtype).reshape(N * C, H * W), np.empty(N * C, dtype)

    def forward(first, last, stop):
        resample_kernels.plane_means(planes, out, first, last, stop)

    threads.run(forward, N * C, x.size)
    return out.reshape(N, C), Cache("global_avg_pool_forward_fast", x.shape, dtype)


def global_avg_pool_backward_fast(dout, cache):
    """Gradient of the global mean; as global_avg_pool_backward_naive.

    - dout: upstream gradient (N, C)
    - cache: from global_avg_pool_forward_fast

    Returns dx (N, C, H, W).
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    shape, dtype = open_cache(cache, "global_avg_pool_forward_fast")
    dtype = check_dout(dout, shape[:2], "(N, C)", dtype)
    dx = np.empty(shape, dtype)
    dx[...] = (dout.astype(dtype, copy=False) / dtype.type(shape[2] * shape[3]))[:, :, None, None]
    return dx


def global_max_pool_forward_fast(x):
    """Largest value of each channel; as global_max_pool_forward_naive, compiled.

    - x: images (N, C, H, W), float32 or float64

    Returns (out, cache): out (N, C), and a cache for global_max_pool_backward_fast.
    Raises ValueError for an x of other axes or without pixels, TypeError for other dtypes.
    """
    dtype = check_global_pool(x)
    out, indices = _max_of_windows(x, AdaptiveGeometry(x.shape, (1, 1)), (1, 1), dtype)
    return out.reshape(x.shape[:2]), Cache("global_max_pool_forward_fast", x.shape, indices, dtype)


def global_max_pool_backward_fast(dout, cache):
    """Gradient of the global maximum; as global_max_pool_backward_naive, compiled.

    - dout: upstream gradient (N, C)
    - cache: from global_max_pool_forward_fast

    Returns dx (N, C, H, W).
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    shape, indices, dtype = open_cache(cache, "global_max_pool_forward_fast")
    dtype = check_dout(dout, shape[:2], "(N, C)", dtype)
    return _add_at_maxima(dout, indices, shape, dtype)


def adaptive_avg_pool_forward_fast(x, pool_param):
    """Mean of each of as many windows as the output shall have; as adaptive_avg_pool_forward_naive, compiled.

    - x: images (N, C, H, W), float32 or float64
    - pool_param: dict with 'output_size'

    Returns (out, cache): out (N, C, OH, OW), and a cache for adaptive_avg_pool_backward_fast.
    Raises ValueError where sizes do not fit, TypeError for other dtypes.
    """
    geometry, dtype = check_adaptive_pool(x, pool_param)
    rows, columns = (stop - first for first, stop in geometry.spans())
    count = (rows[:, None] * columns).astype(dtype)
    out = _mean_of_windows(x, count, geometry, (1, 1), dtype)
    return out, Cache("adaptive_avg_pool_forward_fast", geometry, count, dtype)


def adaptive_avg_pool_backward_fast(dout, cache):
    """Gradient of adaptive average pooling; as adaptive_avg_pool_backward_naive, compiled.

    - dout: upstream gradient (N, C, OH, OW)
    - cache: from adaptive_avg_pool_forward_fast

    Returns dx (N, C, H, W).
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    geometry, count, dtype = open_cache(cache, "adaptive_avg_pool_forward_fast")
    return _spread_over_windows(dout, count, geometry, (1, 1), dtype)


def adaptive_max_pool_forward_fast(x, pool_param):
    """Maximum of each of as many windows as the output shall have; as adaptive_max_pool_forward_naive, compiled.

    - x: images (N, C, H, W), float32 or float64
    - pool_param: dict with 'output_size'

    Returns (out, cache): out (N, C, OH, OW), and a cache for adaptive_max_pool_backward_fast.
    Raises ValueError where sizes do not fit, TypeError for other dtypes.
    """
    geometry, dtype = check_adaptive_pool(x, pool_param)
    out, indices = _max_of_windows(x, geometry, (1, 1), dtype)
    return out, Cache("adaptive_max_pool_forward_fast", geometry, indices, dtype)


def adaptive_max_pool_backward_fast(dout, cache):
    """Gradient of adaptive max pooling; as adaptive_max_pool_backward_naive, compiled.

    - dout: upstream gradient (N, C, OH, OW)
    - cache: from adaptive_max_pool_forward_fast

    Returns dx (N, C, H, W).
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    geometry, indices, dtype = open_cache(cache, "adaptive_max_pool_forward_fast")
    dtype = check_dout(dout, geometry.out_shape, "(N, C, OH, OW)", dtype)
    return _add_at_maxima(dout, indices, geometry.x_shape, dtype)


def _planes(array, dtype):
    """Every channel of every image as one plane."""
    return _c_order(array, dtype).reshape(array.shape[0] * array.shape[1], *array.shape[2:])


def _tables(geometry, dilation):
    """The windows as the kernels take them: first and stop of rows and the step within, and the same of columns."""
    (first_row, stop_row), (first_col, stop_col) = (
        (first.astype(np.intp), stop.astype(np.intp)) for first, stop in geometry.spans()
    )
    return first_row, stop_row, dilation[0], first_col, stop_col, dilation[1]


def _work_of(tables, planes):
    """About how many pixels all windows of so many planes have."""
    first_row, stop_row, row_step, first_col, stop_col, col_step = tables
    rows, columns = (stop_row - first_row).sum() / row_step, (stop_col - first_col).sum() / col_step
    return 2 * planes * rows * columns


def _max_of_windows(x, geometry, dilation, dtype):
    planes, tables = _planes(x, dtype), _tables(geometry, dilation)
    out = np.empty((len(planes), *geometry.out), dtype)
    indices = np.empty(out.shape, np.intp)

    def forward(first, last, stop):
        resample_kernels.max_windows(planes, out, indices, *tables, first, last, stop)

    threads.run(forward, len(planes), _work_of(tables, len(planes)))
    return out.reshape(geometry.out_shape), indices.reshape(geometry.out_shape)


def _add_at_maxima(dout, indices, x_shape, dtype):
    N, C, H, W = x_shape
    values = indices.shape[2] * indices.shape[3]
    dx, places = np.zeros((N * C, H * W), dtype), indices.reshape(N * C, values)
    dout = _c_order(dout, dtype).reshape(N * C, values)

    def backward(first, last, stop):
        resample_kernels.add_at(dout, places, dx, first, last, stop)

    threads.run(backward, N * C, dout.size)
    return dx.reshape(x_shape)


def _mean_of_windows(x, count, geometry, dilation, dtype):
    planes, tables = _planes(x, dtype), _tables(geometry, dilation)
    out = np.empty((len(planes), *geometry.out), dtype)

    def forward(first, last, stop):
        resample_kernels.mean_windows(planes, count, out, *tables, first, last, stop)

    threads.run(forward, len(planes), _work_of(tables, len(planes)))
    return out.reshape(geometry.out_shape)


def _spread_over_windows(dout, count, geometry, dilation, dtype):
    dtype = check_dout(dout, geometry.out_shape, "(N, C, OH, OW)", dtype)
    planes, tables = _planes(dout, dtype), _tables(geometry, dilation)
    count = count.astype(dtype, copy=False)
    dx = np.zeros((len(planes), *geometry.x_shape[2:]), dtype)

    def backward(first, last, stop):
        resample_kernels.spread_windows(planes, count, dx, *tables, first, last, stop)

    threads.run(backward, len(planes), _work_of(tables, len(planes)))
    return dx.reshape(geometry.x_shape)
