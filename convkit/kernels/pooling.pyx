"""Max pooling: the largest element of each window, and the way back for its gradient.

The forward pass writes down where in its window the maximum stood, ii*pool_width + jj, in a byte where the window has
at most 256 elements. The backward pass adds each gradient there. The first maximum wins a tie; NaN beats any number.
"""

from convkit.kernels.matmul cimport Watch, real, should_stop, watch_for

ctypedef fused index:
    unsigned char
    Py_ssize_t


def max_pool_forward(
    const real[:, :, ::1] x,             # IN   (planes, H, W): every channel of every image is a plane
    real[:, :, ::1] out,                 # OUT  (planes, OH, OW)
    index[:, :, ::1] winner,             # OUT  (planes, OH, OW): where in its window the maximum stood
    Py_ssize_t pool_h, Py_ssize_t pool_w, Py_ssize_t stride_h, Py_ssize_t stride_w,
    Py_ssize_t first, Py_ssize_t last, const int[::1] stop,
):
    """Planes first to last. A window that reaches beyond the plane counts what lies inside."""
    cdef Py_ssize_t plane, i, j, y, left, ii, jj, rows, columns
    cdef index at
    cdef real best, value
    cdef Watch watch = watch_for(&stop[0])
    with nogil:
        for plane in range(first, last):
            for i in range(out.shape[1]):
                if should_stop(&watch, 8 * out.shape[2] * pool_h * pool_w):
                    break
                y = i * stride_h
                rows = min(pool_h, x.shape[1] - y)
                for j in range(out.shape[2]):
                    left = j * stride_w
                    columns = min(pool_w, x.shape[2] - left)
                    best = x[plane, y, left]
                    at = 0
                    for ii in range(rows):
                        for jj in range(columns):
                            value = x[plane, y + ii, left + jj]
                            if value > best or (value != value and best == best):
                                best = value
                                at = <index> (ii * pool_w + jj)
                    out[plane, i, j] = best
                    winner[plane, i, j] = at


def max_pool_backward(
    const real[:, :, ::1] dout,          # IN   (planes, OH, OW)
    const index[:, :, ::1] winner,       # IN   (planes, OH, OW), as the forward pass wrote it
    real[:, :, ::1] dx,                  # OUT  (planes, H, W), zeros on entry
    Py_ssize_t pool_w, Py_ssize_t stride_h, Py_ssize_t stride_w,
    Py_ssize_t first, Py_ssize_t last, const int[::1] stop,
):
    """Planes first to last: each gradient is added where its maximum stood, windows in order."""
    cdef Py_ssize_t plane, i, j
    cdef Watch watch = watch_for(&stop[0])
    with nogil:
        for plane in range(first, last):
            for i in range(dout.shape[1]):
                if should_stop(&watch, 8 * dout.shape[2]):
                    break
                for j in range(dout.shape[2]):
                    dx[
                        plane, i * stride_h + winner[plane, i, j] // pool_w, j * stride_w + winner[plane, i, j] % pool_w
                    ] += dout[plane, i, j]
