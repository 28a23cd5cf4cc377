"""Windows of any kind and their way back: maxima, means, sums, copies and places in the planes of a batch of images.

A plane is one channel of one image. Windows are given by tables: that of output row i has the input rows first[i],
first[i] + step, ... below stop[i]; columns alike. So fixed, padded, dilated and adaptive windows are the same loop.
Work is divided among threads by planes; within one it goes in one order, so the division cannot be seen in the bits.
"""

from convkit.kernels.matmul cimport Watch, real, should_stop, watch_for


cdef inline Py_ssize_t work_of_row(Py_ssize_t width, Py_ssize_t windows, Py_ssize_t rows) noexcept nogil:
    """Steps that a row of windows of so many rows takes at most, for should_stop."""
    return 8 * width + windows * rows * width


def max_windows(
    const real[:, :, ::1] x,             # IN   (planes, H, W)
    real[:, :, ::1] out,                 # OUT  (planes, OH, OW)
    Py_ssize_t[:, :, ::1] indices,       # OUT  (planes, OH, OW): row*W + column of each maximum
    const Py_ssize_t[::1] first_row, const Py_ssize_t[::1] stop_row, Py_ssize_t row_step,
    const Py_ssize_t[::1] first_col, const Py_ssize_t[::1] stop_col, Py_ssize_t col_step,
    Py_ssize_t first, Py_ssize_t last, const int[::1] stop,
):
    """Largest element of each window. The first of several equal ones is taken; NaN beats any number."""
    cdef Py_ssize_t plane, i, j, row, col, at
    cdef real best, value
    cdef Watch watch = watch_for(&stop[0])
    with nogil:
        for plane in range(first, last):
            for i in range(out.shape[1]):
                if should_stop(&watch, work_of_row(x.shape[2], out.shape[2], 1 + stop_row[i] - first_row[i])):
                    break
                for j in range(out.shape[2]):
                    best = x[plane, first_row[i], first_col[j]]
                    at = first_row[i] * x.shape[2] + first_col[j]
                    row = first_row[i]
                    while row < stop_row[i]:
                        col = first_col[j]
                        while col < stop_col[j]:
                            value = x[plane, row, col]
                            if value > best or (value != value and best == best):
                                best = value
                                at = row * x.shape[2] + col
                            col += col_step
                        row += row_step
                    out[plane, i, j] = best
                    indices[plane, i, j] = at


def mean_windows(
    const real[:, :, ::1] x,             # IN   (planes, H, W)
    const real[:, ::1] count,            # IN   (OH, OW): by how much each sum is divided
    real[:, :, ::1] out,                 # OUT  (planes, OH, OW)
    const Py_ssize_t[::1] first_row, const Py_ssize_t[::1] stop_row, Py_ssize_t row_step,
    const Py_ssize_t[::1] first_col, const Py_ssize_t[::1] stop_col, Py_ssize_t col_step,
    Py_ssize_t first, Py_ssize_t last, const int[::1] stop,
):
    """Sum of each window, row by row, divided by its count."""
    cdef Py_ssize_t plane, i, j, row, col
    cdef double total, of_row  # a window may be as large as the plane
    cdef Watch watch = watch_for(&stop[0])
    with nogil:
        for plane in range(first, last):
            for i in range(out.shape[1]):
                if should_stop(&watch, work_of_row(x.shape[2], out.shape[2], 1 + stop_row[i] - first_row[i])):
                    break
                for j in range(out.shape[2]):
                    total = 0
                    row = first_row[i]
                    while row < stop_row[i]:
                        of_row = 0
                        col = first_col[j]
                        while col < stop_col[j]:
                            of_row += x[plane, row, col]
                            col += col_step
                        total += of_row
                        row += row_step
                    out[plane, i, j] = total / count[i, j]


def spread_windows(
    const real[:, :, ::1] dout,          # IN   (planes, OH, OW)
    const real[:, ::1] count,            # IN   (OH, OW)
    real[:, :, ::1] dx,                  # OUT  (planes, H, W), zeros on entry
    const Py_ssize_t[::1] first_row, const Py_ssize_t[::1] stop_row, Py_ssize_t row_step,
    const Py_ssize_t[::1] first_col, const Py_ssize_t[::1] stop_col, Py_ssize_t col_step,
    Py_ssize_t first, Py_ssize_t last, const int[::1] stop,
):
    """The adjoint of mean_windows: every window's pixels get dout/count."""
    cdef Py_ssize_t plane, i, j, row, col
    cdef real share
    cdef Watch watch = watch_for(&stop[0])
    with nogil:
        for plane in range(first, last):
            for i in range(dout.shape[1]):
                if should_stop(&watch, work_of_row(dx.shape[2], dout.shape[2], 1 + stop_row[i] - first_row[i])):
                    break
                for j in range(dout.shape[2]):
                    share = dout[plane, i, j] / count[i, j]
                    row = first_row[i]
                    while row < stop_row[i]:
                        col = first_col[j]
                        while col < stop_col[j]:
                            dx[plane, row, col] += share
                            col += col_step
                        row += row_step


def add_at(
    const real[:, ::1] values,           # IN   (planes, values of each)
    const Py_ssize_t[:, ::1] indices,    # IN   the same: where in its plane each value belongs
    real[:, ::1] out,                    # OUT  (planes, pixels), zeros on entry
    Py_ssize_t first, Py_ssize_t last, const int[::1] stop,
):
    """Each value added in its place, in order."""
    cdef Py_ssize_t plane, k
    cdef Watch watch = watch_for(&stop[0])
    with nogil:
        for plane in range(first, last):
            if should_stop(&watch, 8 * values.shape[1]):
                break
            for k in range(values.shape[1]):
                out[plane, indices[plane, k]] += values[plane, k]


def put_at(
    const real[:, ::1] values,           # IN   (planes, values of each)
    Py_ssize_t[:, ::1] indices,          # IN   the same: where in its plane each value belongs
                                         # OUT  -1 for those of values that did not stay
    Py_ssize_t[::1] owner,               # scratch: (pixels,)
    real[:, ::1] out,                    # OUT  (planes, pixels), zeros on entry
    Py_ssize_t first, Py_ssize_t last, const int[::1] stop,
):
    """Each value put in its place; of several for one place the last one stands."""
    cdef Py_ssize_t plane, k
    cdef Watch watch = watch_for(&stop[0])
    with nogil:
        for plane in range(first, last):
            if should_stop(&watch, 8 * values.shape[1]):
                break
            for k in range(values.shape[1]):
                out[plane, indices[plane, k]] = values[plane, k]
                owner[indices[plane, k]] = k
            for k in range(values.shape[1]):
                if owner[indices[plane, k]] != k:
                    indices[plane, k] = -1


def take_from(
    const real[:, ::1] dout,             # IN   (planes, pixels)
    const Py_ssize_t[:, ::1] indices,    # IN   (planes, values of each), from put_at
    real[:, ::1] dx,                     # OUT  (planes, values of each)
    Py_ssize_t first, Py_ssize_t last, const int[::1] stop,
):
    """The adjoint of put_at: each value takes what stands in its place, those that did not stay nothing."""
    cdef Py_ssize_t plane, k, at
    cdef Watch watch = watch_for(&stop[0])
    with nogil:
        for plane in range(first, last):
            if should_stop(&watch, 8 * dx.shape[1]):
                break
            for k in range(dx.shape[1]):
                at = indices[plane, k]
                dx[plane, k] = dout[plane, at] if at >= 0 else 0


def repeat_pixels(
    const real[:, :, ::1] x,             # IN   (planes, H, W)
    real[:, :, ::1] out,                 # OUT  (planes, H*scale_h, W*scale_w)
    Py_ssize_t scale_h, Py_ssize_t scale_w, Py_ssize_t first, Py_ssize_t last, const int[::1] stop,
):
    """Every pixel as a block of scale_h by scale_w."""
    cdef Py_ssize_t plane, i, j, a, b
    cdef Watch watch = watch_for(&stop[0])
    with nogil:
        for plane in range(first, last):
            for i in range(x.shape[1]):
                if should_stop(&watch, 8 * scale_h * out.shape[2]):
                    break
                for a in range(i * scale_h, (i + 1) * scale_h):
                    for j in range(x.shape[2]):
                        for b in range(scale_w):
                            out[plane, a, j * scale_w + b] = x[plane, i, j]


def sum_blocks(
    const real[:, :, ::1] dout,          # IN   (planes, H*scale_h, W*scale_w)
    real[:, :, ::1] dx,                  # OUT  (planes, H, W), zeros on entry
    Py_ssize_t scale_h, Py_ssize_t scale_w, Py_ssize_t first, Py_ssize_t last, const int[::1] stop,
):
    """The adjoint of repeat_pixels: the sum of every block."""
    cdef Py_ssize_t plane, i, j, a, b
    cdef real total
    cdef Watch watch = watch_for(&stop[0])
    with nogil:
        for plane in range(first, last):
            for i in range(dx.shape[1]):
                if should_stop(&watch, 8 * scale_h * dout.shape[2]):
                    break
                for a in range(i * scale_h, (i + 1) * scale_h):
                    for j in range(dx.shape[2]):
                        total = 0
                        for b in range(scale_w):
                            total += dout[plane, a, j * scale_w + b]
                        dx[plane, i, j] += total


def interpolate(
    const real[:, :, ::1] x,             # IN   (planes, H, W)
    real[:, :, ::1] out,                 # OUT  (planes, OH, OW)
    const Py_ssize_t[::1] top, const Py_ssize_t[::1] bottom, const real[::1] down,      # IN  (OH,): rows, and the part
    const Py_ssize_t[::1] left, const Py_ssize_t[::1] right, const real[::1] across,    # IN  (OW,)
    Py_ssize_t first, Py_ssize_t last, const int[::1] stop,
):
    """Mean of the four pixels around each position, by how near they are."""
    cdef Py_ssize_t plane, i, j
    cdef real a, b
    cdef Watch watch = watch_for(&stop[0])
    with nogil:
        for plane in range(first, last):
            for i in range(out.shape[1]):
                if should_stop(&watch, 16 * out.shape[2]):
                    break
                a = down[i]
                for j in range(out.shape[2]):
                    b = across[j]
                    out[plane, i, j] = (
                        (1 - a) * (1 - b) * x[plane, top[i], left[j]] + (1 - a) * b * x[plane, top[i], right[j]]
                        + a * (1 - b) * x[plane, bottom[i], left[j]] + a * b * x[plane, bottom[i], right[j]]
                    )


def spread_between(
    const real[:, :, ::1] dout,          # IN   (planes, OH, OW)
    real[:, :, ::1] dx,                  # OUT  (planes, H, W), zeros on entry
    const Py_ssize_t[::1] top, const Py_ssize_t[::1] bottom, const real[::1] down,
    const Py_ssize_t[::1] left, const Py_ssize_t[::1] right, const real[::1] across,
    Py_ssize_t first, Py_ssize_t last, const int[::1] stop,
):
    """The adjoint of interpolate."""
    cdef Py_ssize_t plane, i, j
    cdef real a, b, value
    cdef Watch watch = watch_for(&stop[0])
    with nogil:
        for plane in range(first, last):
            for i in range(dout.shape[1]):
                if should_stop(&watch, 16 * dout.shape[2]):
                    break
                a = down[i]
                for j in range(dout.shape[2]):
                    b = across[j]
                    value = dout[plane, i, j]
                    dx[plane, top[i], left[j]] += (1 - a) * (1 - b) * value
                    dx[plane, top[i], right[j]] += (1 - a) * b * value
                    dx[plane, bottom[i], left[j]] += a * (1 - b) * value
                    dx[plane, bottom[i], right[j]] += a * b * value


cdef enum:
    LANES = 16
    BLOCK = 256 * LANES  # numbers that are added up in the array's dtype before they go into a total of double


def plane_means(
    const real[:, ::1] x,                # IN   (planes, pixels)
    real[::1] out,                       # OUT  (planes,)
    Py_ssize_t first, Py_ssize_t last, const int[::1] stop,
):
    """Mean of each plane, in LANES sums of their own, so that the compiler can use vectors."""
    cdef Py_ssize_t plane, i, k, end, whole = x.shape[1] - x.shape[1] % LANES
    cdef real lanes[LANES]
    cdef double total
    cdef Watch watch = watch_for(&stop[0])
    with nogil:
        for plane in range(first, last):
            if should_stop(&watch, x.shape[1]):
                break
            total = 0
            i = 0
            while i < whole:
                for k in range(LANES):
                    lanes[k] = 0
                end = min(i + BLOCK, whole)
                while i < end:
                    for k in range(LANES):
                        lanes[k] += x[plane, i + k]
                    i += LANES
                for k in range(LANES):
                    total += lanes[k]
            for i in range(whole, x.shape[1]):
                total += x[plane, i]
            out[plane] = <real> (total / x.shape[1])


def stack_slices(
    const real[:, :, :, ::1] x,          # IN   (N, C, D, H*W): volumes
    real[:, :, :, ::1] images,           # OUT  (slices, C, DD, H*W)
    const Py_ssize_t[::1] volume, const Py_ssize_t[::1] depth,      # IN  (slices,): where in x each one begins
    Py_ssize_t dilation, Py_ssize_t first, Py_ssize_t last, const int[::1] stop,
):
    """What each output slice of a convolution of volumes sees: slices of x as channels, zeros where there are none."""
    cdef Py_ssize_t s, c, dd, k, d
    cdef Watch watch = watch_for(&stop[0])
    with nogil:
        for s in range(first, last):
            for c in range(x.shape[1]):
                if should_stop(&watch, images.shape[2] * x.shape[3]):
                    break
                for dd in range(images.shape[2]):
                    d = depth[s] + dd * dilation
                    if 0 <= d < x.shape[2]:
                        for k in range(x.shape[3]):
                            images[s, c, dd, k] = x[volume[s], c, d, k]
                    else:
                        for k in range(x.shape[3]):
                            images[s, c, dd, k] = 0


def unstack_slices(
    const real[:, :, :, ::1] images,     # IN   (slices, C, DD, H*W)
    real[:, :, :, ::1] x,                # OUT  (N, C, D, H*W)
    const Py_ssize_t[::1] volume, const Py_ssize_t[::1] depth,
    Py_ssize_t dilation, Py_ssize_t first, Py_ssize_t last, const int[::1] stop,
):
    """The adjoint of stack_slices: every image is added to the slices it was read from; channels first to last."""
    cdef Py_ssize_t s, c, dd, k, d
    cdef Watch watch = watch_for(&stop[0])
    with nogil:
        for c in range(first, last):
            for s in range(images.shape[0]):
                if should_stop(&watch, images.shape[2] * x.shape[3]):
                    break
                for dd in range(images.shape[2]):
                    d = depth[s] + dd * dilation
                    if 0 <= d < x.shape[2]:
                        for k in range(x.shape[3]):
                            x[volume[s], c, d, k] += images[s, c, dd, k]
