"""Convolution by the direct kernels: forward pass, gradient of the images, gradient of the filters.

The three functions write down what conv.h asks for (which pixel a tap sees, where an output goes), let the plan cut it into
tasks, pack the filters and run the tasks. Arrays are C-contiguous and all of one dtype; geometry is a ConvGeometry.
"""

import numpy as np

from convkit.kernels.native cimport Kernels, Task, address, kernels_for, run


cdef extern from "conv.h" nogil:
    ctypedef struct Conv:
        const void *input "in"
        const void *bias
        const void *packed
        void *out
        Py_ssize_t N, groups, C, H, W, F
        Py_ssize_t rows, cols, stride_h, stride_w
        Py_ssize_t out_h, out_w, out_row, out_col, out_step_h, out_step_w
        int relu, taps
        const Py_ssize_t *row
        const Py_ssize_t *col
        const void *w
        Py_ssize_t w_group, w_filter, w_channel
        const Py_ssize_t *w_tap
        Py_ssize_t *offset
    ctypedef struct ConvDw:
        Conv of
        const void *dout
        void *dw
        void *db
        void *sums
        Py_ssize_t parts, part_size, vector_tasks
    size_t conv_plan_wide(Conv* p, int lanes, size_t size)
    size_t conv_plan_few(Conv* p, int lanes, size_t size)
    size_t conv_plan_dw_wide(ConvDw* q, int lanes, size_t size)
    size_t conv_plan_dw_few(ConvDw* q, int lanes, size_t size)
    Py_ssize_t conv_tasks(const Conv* p)

# More scratch memory than this for a thread, and the convolution goes through tiles of im2col instead.
MOST_SCRATCH = 8 << 20


cdef Py_ssize_t up(Py_ssize_t size, Py_ssize_t step):
    return (size + step - 1) // step


cdef int run_conv(Conv* p, const Kernels* kernels, dtype, bint few) except -1:
    """Plan, pack and run one convolution whose description is complete but for the blocking and the packed filters."""
    cdef Py_ssize_t size = dtype.itemsize, lanes = kernels.lanes, vectors = up(p.F, lanes)
    cdef double work = <double> p.N * p.groups * p.F * p.C * p.taps * p.rows * p.cols
    cdef double moved = <double> p.groups * p.F * p.C * p.taps * 8
    cdef size_t scratch
    cdef Py_ssize_t count = p.groups * p.C * p.taps * (p.F if few else vectors * lanes)
    packed = np.empty(count, dtype)
    p.packed = address(packed)
    if few:
        scratch = conv_plan_few(p, lanes, size)
        run(kernels.conv_pack_few, p, p.groups, 0, moved)
        run(kernels.conv_few, p, conv_tasks(p), scratch, work)
    else:
        scratch = conv_plan_wide(p, lanes, size)
        run(kernels.conv_pack_wide, p, p.groups * vectors, 0, moved)
        run(kernels.conv_wide, p, conv_tasks(p), scratch, work)
    return 0


cdef object taps_of(geometry, Conv* p, indices):
    """Fill in the taps of the forward pass; returns the array that they stand in."""
    cdef Py_ssize_t t, kw = geometry.kernel[1], dh, dw, top, left
    cdef Py_ssize_t taps = len(indices)
    cdef Py_ssize_t[:, ::1] table
    dh, dw = geometry.dilation
    top, left = geometry.pad[0], geometry.pad[1]
    array = np.empty((4, max(taps, 1)), np.intp)
    table = array
    for t in range(taps):
        table[0, t] = t // kw * dh - top
        table[1, t] = t % kw * dw - left
        table[2, t] = t
    p.taps = taps
    p.row, p.col, p.w_tap, p.offset = &table[0, 0], &table[1, 0], &table[2, 0], &table[3, 0]
    return array


cdef object describe(geometry, Conv* p):
    """What forward pass and gradient of the filters have in common; returns the array in which the taps stand."""
    p.N, p.groups = geometry.x_shape[0], geometry.groups
    p.C, p.H, p.W = geometry.w_shape[1], geometry.x_shape[2], geometry.x_shape[3]
    p.F = geometry.w_shape[0] // geometry.groups
    p.rows, p.cols = geometry.out
    p.stride_h, p.stride_w = geometry.stride
    p.out_h, p.out_w = geometry.out
    p.out_row = p.out_col = 0
    p.out_step_h = p.out_step_w = 1
    p.relu = 0
    p.bias = NULL
    return taps_of(geometry, p, range(geometry.kernel[0] * geometry.kernel[1]))


def forward(x, w, b, out, geometry, bint few, bint relu=False):
    """out (N, F, OH, OW) = the convolution of x (N, C, H, W) with w (F, C/groups, HH, WW), plus b (F,) or None.

    - few: whether vector lanes are pixels (for few filters in a group) instead of filters
    - relu: whether max(0, out) is written instead
    """
    cdef Conv p
    cdef const Kernels* kernels = kernels_for(x.dtype)
    taps = describe(geometry, &p)
    if out.size == 0:
        return
    p.input, p.w, p.out = address(x), address(w), address(out)
    if b is not None:
        p.bias = address(b)
    p.relu = relu
    p.w_channel = p.taps
    p.w_filter = p.C * p.w_channel
    p.w_group = p.F * p.w_filter
    run_conv(&p, kernels, x.dtype, few)


def backward_x(dout, w, dx, geometry, bint few):
    """dx (N, C, H, W), the gradient of the images, from dout (N, F, OH, OW) and w: a convolution for each phase."""
    cdef Conv p
    cdef const Kernels* kernels = kernels_for(dout.dtype)
    cdef Py_ssize_t kh = geometry.kernel[0], kw = geometry.kernel[1], H = geometry.x_shape[2], W = geometry.x_shape[3]
    cdef Py_ssize_t sh, sw, dh, dw, top = geometry.pad[0], left = geometry.pad[1], a, b, ii, jj, taps
    cdef Py_ssize_t[:, ::1] table
    sh, sw = geometry.stride
    dh, dw = geometry.dilation
    if dx.size == 0:
        return
    if dout.size == 0:
        dx[...] = 0
        return
    array = np.empty((4, max(kh * kw, 1)), np.intp)
    table = array
    p.input, p.w, p.out = address(dout), address(w), address(dx)
    p.bias = NULL
    p.relu = 0
    p.row, p.col, p.w_tap, p.offset = &table[0, 0], &table[1, 0], &table[2, 0], &table[3, 0]
    p.w_filter = kh * kw
    p.w_channel = geometry.w_shape[1] * p.w_filter
    p.w_group = geometry.w_shape[0] // geometry.groups * p.w_channel
    for a in range(min(sh, H)):
        for b in range(min(sw, W)):
            # The plan may change sizes, so they are written anew for each phase: pixels (a + i*sh, b + j*sw).
            p.N, p.groups = geometry.x_shape[0], geometry.groups
            p.C, p.F = geometry.w_shape[0] // geometry.groups, geometry.w_shape[1]
            p.H, p.W = geometry.out
            p.stride_h = p.stride_w = 1
            p.rows, p.cols = up(H - a, sh), up(W - b, sw)
            p.out_h, p.out_w, p.out_row, p.out_col, p.out_step_h, p.out_step_w = H, W, a, b, sh, sw
            taps = 0
            # From the last element of the filter to the first: so that row and col of the taps increase.
            for ii in range(kh - 1, -1, -1):
                if (a + top - ii * dh) % sh:
                    continue
                for jj in range(kw - 1, -1, -1):
                    if (b + left - jj * dw) % sw:
                        continue
                    table[0, taps] = (a + top - ii * dh) // sh
                    table[1, taps] = (b + left - jj * dw) // sw
                    table[2, taps] = ii * kw + jj
                    taps += 1
            p.taps = taps
            run_conv(&p, kernels, dout.dtype, few)


def backward_w(dout, x, dw, db, geometry, bint few):
    """dw (F, C/groups, HH, WW) and db (F,), the gradients of filters and biases, from dout (N, F, OH, OW) and x."""
    cdef ConvDw q
    cdef const Kernels* kernels = kernels_for(x.dtype)
    cdef Py_ssize_t size = x.dtype.itemsize, lanes = kernels.lanes
    cdef size_t scratch
    cdef double work
    if x.size == 0 or dout.size == 0:
        dw[...] = 0
        db[...] = 0
        return
    taps = describe(geometry, &q.of)
    q.of.input, q.dout, q.dw, q.db = address(x), address(dout), address(dw), address(db)
    work = <double> q.of.N * q.of.groups * q.of.F * q.of.C * q.of.taps * q.of.rows * q.of.cols
    scratch = (conv_plan_dw_few if few else conv_plan_dw_wide)(&q, lanes, size)
    sums = np.empty(q.parts * q.part_size, x.dtype)
    q.sums = address(sums)
    cdef double added = <double> q.parts * q.part_size * 8
    if few:
        run(kernels.conv_dw_few, &q, q.parts * q.of.groups, scratch, work)
        run(kernels.conv_dw_few_finish, &q, q.of.groups * q.of.F, 0, added)
    else:
        run(kernels.conv_dw_wide, &q, q.parts * q.of.groups * q.vector_tasks, scratch, work)
        run(kernels.conv_dw_wide_finish, &q, q.of.groups * up(q.of.F, lanes), 0, added)
