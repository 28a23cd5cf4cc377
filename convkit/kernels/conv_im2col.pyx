"""Convolution as a matrix product, one cache-sized tile of the im2col matrix at a time.

For each image and group, with K = (C/groups)*HH*WW elements in a filter and P = OH*OW output positions:

    forward   out (F, P)  = filters (F, K) times cols (K, P)         tiles: T columns of cols
    dx        dcols (K, P) = filters.T (K, F) times dout (F, P), then col2im
    dw        dw (F, K)  += dout (F, P) times cols.T (P, K)

The caller chooses the number of columns of a tile, the same for every thread, so that a tile has about a megabyte
whatever the batch and the image. Each of the three is divided among threads along an axis of its result: [first, last)
are images and output positions (forward), images and channels (dx), elements of the filter (dw). An element of the
result is always summed by one thread in one order: the division cannot be seen in the bits.
"""

from convkit.kernels.im2col cimport Windows, col2im_tile, im2col_tile
from convkit.kernels.matmul cimport Watch, gemm, real, should_stop, watch_for


cdef Windows windows_of(geometry):
    """The part of layers.conv.ConvGeometry that describes how a window moves, in C."""
    cdef Windows w
    w.kernel_h, w.kernel_w = geometry.kernel
    w.stride_h, w.stride_w = geometry.stride
    w.pad_h, w.pad_w = geometry.pad
    w.dilation_h, w.dilation_w = geometry.dilation
    w.out_h, w.out_w = geometry.out
    return w


cdef bint reads_itself(const Windows* w, Py_ssize_t height, Py_ssize_t width) noexcept nogil:
    """Whether cols is the image itself: 1x1 filters, stride 1, no padding. Then nothing needs to be copied."""
    return (
        w.kernel_h == 1 and w.kernel_w == 1 and w.stride_h == 1 and w.stride_w == 1 and w.pad_h == 0 and w.pad_w == 0
        and w.out_h == height and w.out_w == width
    )


def conv_forward(
    const real[:, :, :, ::1] x,          # IN   (N, C, H, W)
    const real[:, ::1] w,                # IN   (F, K)
    const real[::1] b,                   # IN   (F,)
    real[:, :, ::1] out,                 # OUT  (N, F, P)
    geometry, real[:, ::1] cols, real[::1] work,   # scratch: (K, columns of a tile), (WORK_SIZE,)
    Py_ssize_t first_image, Py_ssize_t last_image, Py_ssize_t first, Py_ssize_t last, const int[::1] stop,
):
    """Output positions first to last of the given images."""
    cdef Windows windows = windows_of(geometry)
    cdef Watch watch = watch_for(&stop[0])
    cdef Py_ssize_t K = w.shape[1], F = w.shape[0], P = out.shape[2], groups = geometry.groups
    cdef Py_ssize_t FG = F // groups, CG = x.shape[1] // groups, tile = cols.shape[1], n, g, f, p, t, begin, end
    cdef bint direct = reads_itself(&windows, x.shape[2], x.shape[3])
    with nogil:
        for n in range(first_image, last_image):
            for g in range(groups):
                for t in range((last - first + tile - 1) // tile):
                    begin = first + t * tile
                    end = min(begin + tile, last)
                    if should_stop(&watch, 8 * K * (end - begin)):
                        break
                    for f in range(g * FG, (g + 1) * FG):
                        for p in range(begin, end):
                            out[n, f, p] = b[f]
                    if direct:
                        gemm(
                            FG, end - begin, K, &w[g * FG, 0], K, 1, &x[n, g * CG, 0, 0] + begin, P, 1,
                            &out[n, g * FG, begin], P, True, &work[0], &watch,
                        )
                    else:
                        im2col_tile(x[n, g * CG:(g + 1) * CG], &windows, 0, K, begin, end, cols)
                        gemm(
                            FG, end - begin, K, &w[g * FG, 0], K, 1, &cols[0, 0], tile, 1,
                            &out[n, g * FG, begin], P, True, &work[0], &watch,
                        )


def conv_backward_x(
    const real[:, :, ::1] dout,          # IN   (N, F, P)
    const real[:, ::1] w,                # IN   (F, K)
    real[:, :, :, ::1] dx,               # OUT  (N, C, H, W), zeros on entry
    geometry, real[:, ::1] cols, real[::1] work,   # scratch: (K, columns of a tile), (WORK_SIZE,)
    Py_ssize_t first_image, Py_ssize_t last_image, Py_ssize_t first, Py_ssize_t last, const int[::1] stop,
):
    """Channels first to last of the gradient of the given images."""
    cdef Windows windows = windows_of(geometry)
    cdef Watch watch = watch_for(&stop[0])
    cdef Py_ssize_t K = w.shape[1], F = w.shape[0], P = dout.shape[2], groups = geometry.groups
    cdef Py_ssize_t FG = F // groups, CG = dx.shape[1] // groups, tile = cols.shape[1], area = K // CG
    cdef Py_ssize_t n, g, t, begin, end, low, high
    with nogil:
        for n in range(first_image, last_image):
            for g in range(groups):
                low = max(first, g * CG) - g * CG
                high = min(last, (g + 1) * CG) - g * CG
                if low >= high:
                    continue
                for t in range((P + tile - 1) // tile):
                    begin = t * tile
                    end = min(begin + tile, P)
                    if should_stop(&watch, 8 * K * (end - begin)):
                        break
                    gemm(
                        (high - low) * area, end - begin, FG, &w[g * FG, low * area], 1, K,
                        &dout[n, g * FG, begin], P, 1, &cols[0, 0], tile, False, &work[0], &watch,
                    )
                    col2im_tile(cols, &windows, 0, (high - low) * area, begin, end, dx[n, g * CG + low:g * CG + high])


def conv_backward_w(
    const real[:, :, ::1] dout,          # IN   (N, F, P)
    const real[:, :, :, ::1] x,          # IN   (N, C, H, W)
    real[:, ::1] dw,                     # OUT  (F, K), zeros on entry
    geometry, real[:, ::1] cols, real[::1] work,   # scratch: (K, columns of a tile), (WORK_SIZE,)
    Py_ssize_t first, Py_ssize_t last, const int[::1] stop,
):
    """Columns first to last of dw: these elements of every filter."""
    cdef Windows windows = windows_of(geometry)
    cdef Watch watch = watch_for(&stop[0])
    cdef Py_ssize_t K = dw.shape[1], F = dw.shape[0], P = dout.shape[2], groups = geometry.groups
    cdef Py_ssize_t FG = F // groups, CG = x.shape[1] // groups, tile = cols.shape[1], n, g, t, begin, end
    with nogil:
        for n in range(x.shape[0]):
            for g in range(groups):
                for t in range((P + tile - 1) // tile):
                    begin = t * tile
                    end = min(begin + tile, P)
                    if should_stop(&watch, 8 * K * (end - begin)):
                        break
                    im2col_tile(x[n, g * CG:(g + 1) * CG], &windows, first, last, begin, end, cols)
                    gemm(
                        FG, last - first, end - begin, &dout[n, g * FG, begin], P, 1, &cols[0, 0], 1, tile,
                        &dw[g * FG, first], K, True, &work[0], &watch,
                    )
