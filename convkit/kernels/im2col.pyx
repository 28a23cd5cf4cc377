"""im2col: an image as a matrix with one window in each column; col2im, its adjoint, adds the windows back.

A row of the matrix stands for one element (c, ii, jj) of the filter, row = (c*HH + ii)*WW + jj. A column stands for one
output position (i, j). Entry (row, column) is the pixel of channel c at height i*stride - pad + ii*dilation, or zero
where that lies in the padding. The convolution is then one matrix product: filters (F, C*HH*WW) times the matrix.
"""

from convkit.kernels.matmul cimport Watch, should_stop, watch_for


cdef struct Span:
    # A run of output columns [first, last) of one output row whose pixels lie inside the image.
    Py_ssize_t first, last


cdef inline Py_ssize_t ceil_divide(Py_ssize_t a, Py_ssize_t b) noexcept nogil:
    """a / b rounded up, for b > 0 and any sign of a (C rounds towards zero, and cdivision is on)."""
    return a // b + (1 if a % b > 0 else 0)


cdef inline Span inside(
    Py_ssize_t offset, Py_ssize_t stride, Py_ssize_t size, Py_ssize_t first, Py_ssize_t last,
) noexcept nogil:
    """Those j in [first, last) with 0 <= j*stride + offset < size."""
    cdef Span span
    span.first = min(max(first, ceil_divide(-offset, stride)), last)
    span.last = max(min(last, ceil_divide(size - offset, stride)), span.first)
    return span


cdef int im2col_tile(
    const real[:, :, ::1] image,         # IN   (C, H, W), without padding
    const Windows* windows,
    Py_ssize_t first_row, Py_ssize_t last_row,   # which elements of the filter
    Py_ssize_t first_col, Py_ssize_t last_col,   # which output positions, i*out_w + j
    real[:, ::1] cols,                   # OUT  the tile of the matrix, from its own (0, 0) on
) except -1 nogil:
    """Fill one tile of the im2col matrix of an image."""
    cdef Py_ssize_t height = image.shape[1], width = image.shape[2], row, col, i, j, y, x, begin, end, at
    cdef Py_ssize_t c, ii, jj
    cdef Span span
    for row in range(first_row, last_row):
        c = row // (windows.kernel_h * windows.kernel_w)
        ii = row // windows.kernel_w % windows.kernel_h
        jj = row % windows.kernel_w
        col = first_col
        while col < last_col:
            i = col // windows.out_w
            begin = col - i * windows.out_w
            end = min(windows.out_w, begin + last_col - col)
            y = i * windows.stride_h - windows.pad_h + ii * windows.dilation_h
            x = jj * windows.dilation_w - windows.pad_w
            at = col - first_col - begin
            if 0 <= y < height:
                span = inside(x, windows.stride_w, width, begin, end)
            else:
                span.first = span.last = end
            for j in range(begin, span.first):
                cols[row - first_row, at + j] = 0
            if windows.stride_w == 1:
                for j in range(span.first, span.last):
                    cols[row - first_row, at + j] = image[c, y, x + j]
            else:
                for j in range(span.first, span.last):
                    cols[row - first_row, at + j] = image[c, y, x + j * windows.stride_w]
            for j in range(span.last, end):
                cols[row - first_row, at + j] = 0
            col += end - begin
    return 0


cdef int col2im_tile(
    const real[:, ::1] cols,             # IN   a tile of the matrix, from its own (0, 0) on
    const Windows* windows,
    Py_ssize_t first_row, Py_ssize_t last_row,
    Py_ssize_t first_col, Py_ssize_t last_col,
    real[:, :, ::1] image,               # IN/OUT  (C, H, W); what falls into the padding is dropped
) except -1 nogil:
    """Add one tile of the matrix back to the pixels that it was read from."""
    cdef Py_ssize_t height = image.shape[1], width = image.shape[2], row, col, i, j, y, x, begin, end, at
    cdef Py_ssize_t c, ii, jj
    cdef Span span
    for row in range(first_row, last_row):
        c = row // (windows.kernel_h * windows.kernel_w)
        ii = row // windows.kernel_w % windows.kernel_h
        jj = row % windows.kernel_w
        col = first_col
        while col < last_col:
            i = col // windows.out_w
            begin = col - i * windows.out_w
            end = min(windows.out_w, begin + last_col - col)
            y = i * windows.stride_h - windows.pad_h + ii * windows.dilation_h
            x = jj * windows.dilation_w - windows.pad_w
            at = col - first_col - begin
            if 0 <= y < height:
                span = inside(x, windows.stride_w, width, begin, end)
                if windows.stride_w == 1:
                    for j in range(span.first, span.last):
                        image[c, y, x + j] += cols[row - first_row, at + j]
                else:
                    for j in range(span.first, span.last):
                        image[c, y, x + j * windows.stride_w] += cols[row - first_row, at + j]
            col += end - begin
    return 0


def read_windows(
    const real[:, :, :, :] x,            # IN   (N, C, H, W)
    real[:, :, :, :, :, :] cols,         # OUT  (C, HH, WW, N, OH, OW), any strides
    Py_ssize_t stride, Py_ssize_t pad,
):
    """im2col of a whole batch, zero where a window reaches into the padding."""
    cdef Py_ssize_t c, ii, jj, n, i, j, y, col
    cdef int never = 0
    cdef Watch watch = watch_for(&never)
    with nogil:
        for c in range(cols.shape[0]):
            for ii in range(cols.shape[1]):
                for jj in range(cols.shape[2]):
                    for n in range(cols.shape[3]):
                        should_stop(&watch, 8 * cols.shape[4] * cols.shape[5])
                        for i in range(cols.shape[4]):
                            y = i * stride - pad + ii
                            for j in range(cols.shape[5]):
                                col = j * stride - pad + jj
                                if 0 <= y < x.shape[2] and 0 <= col < x.shape[3]:
                                    cols[c, ii, jj, n, i, j] = x[n, c, y, col]
                                else:
                                    cols[c, ii, jj, n, i, j] = 0


def add_windows(
    const real[:, :, :, :, :, :] cols,   # IN   (C, HH, WW, N, OH, OW), any strides
    real[:, :, :, :] x,                  # IN/OUT  (N, C, H, W)
    Py_ssize_t stride, Py_ssize_t pad,
):
    """col2im of a whole batch: every entry is added to the pixel that it was read from."""
    cdef Py_ssize_t c, ii, jj, n, i, j, y, col
    cdef int never = 0
    cdef Watch watch = watch_for(&never)
    with nogil:
        for c in range(cols.shape[0]):
            for ii in range(cols.shape[1]):
                for jj in range(cols.shape[2]):
                    for n in range(cols.shape[3]):
                        should_stop(&watch, 8 * cols.shape[4] * cols.shape[5])
                        for i in range(cols.shape[4]):
                            y = i * stride - pad + ii
                            for j in range(cols.shape[5]):
                                col = j * stride - pad + jj
                                if 0 <= y < x.shape[2] and 0 <= col < x.shape[3]:
                                    x[n, c, y, col] += cols[c, ii, jj, n, i, j]
