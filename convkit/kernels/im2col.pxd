from convkit.kernels.matmul cimport real

cdef struct Windows:
    # How a window moves over one image; the shape rule of layers/conv.py in C.
    Py_ssize_t kernel_h, kernel_w
    Py_ssize_t stride_h, stride_w
    Py_ssize_t pad_h, pad_w
    Py_ssize_t dilation_h, dilation_w
    Py_ssize_t out_h, out_w

cdef int im2col_tile(
    const real[:, :, ::1] image, const Windows* windows, Py_ssize_t first_row, Py_ssize_t last_row,
    Py_ssize_t first_col, Py_ssize_t last_col, real[:, ::1] cols,
) except -1 nogil

cdef int col2im_tile(
    const real[:, ::1] cols, const Windows* windows, Py_ssize_t first_row, Py_ssize_t last_row,
    Py_ssize_t first_col, Py_ssize_t last_col, real[:, :, ::1] image,
) except -1 nogil
