"""Convolution by the direct kernels and by Winograd's: forward pass, gradient of the images, gradient of the filters.

The three functions write down what conv.h asks for (which pixel a tap sees, where an output goes), let the plan cut it
into tasks, pack the filters and run the tasks. Arrays are C-contiguous and all of one dtype; geometry is a
ConvGeometry; algorithm is a name of algorithm.py but 'im2col'. They return whether the result is there: False means
that this algorithm cannot compute it as the reference does (see run_conv, run_winograd), and another is to be taken.
"""

import numpy as np

from convkit.kernels.native cimport Kernels, address, kernels_for, run


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
        const Py_ssize_t *start
        Py_ssize_t phase_rows, phase_cols
        const void *w
        Py_ssize_t w_group, w_filter, w_channel, w_size, w_taps
        const Py_ssize_t *w_tap
        int *not_finite
        Py_ssize_t *offset
        Py_ssize_t vector_tasks, task_images
    ctypedef struct ConvDw:
        Conv of
        const void *dout
        void *dw
        void *db
        void *sums
        Py_ssize_t parts, part_size
    size_t conv_plan_wide(Conv* p, int lanes, int widest, size_t size)
    size_t conv_plan_few(Conv* p, int lanes, size_t size)
    size_t conv_plan_pointwise(Conv* p, int lanes, int panel, size_t size)
    size_t conv_plan_dw_wide(ConvDw* q, int lanes, int widest, size_t size)
    size_t conv_plan_dw_few(ConvDw* q, int lanes, size_t size)
    size_t conv_plan_depthwise(Conv* p, int lanes, size_t size)
    size_t conv_plan_dx_depthwise(Conv* p, int lanes, size_t size)
    size_t conv_plan_dw_depthwise(ConvDw* q, int lanes, size_t size)
    Py_ssize_t conv_blocks(const Conv* p)
    Py_ssize_t conv_phases(const Conv* p)

cdef extern from "product.h" nogil:
    enum:
        PRODUCT_ROWS

cdef extern from "winograd.h" nogil:
    enum:
        WINOGRAD_PIECES
        WINOGRAD_LANES_OF_CHANNEL
    ctypedef struct Winograd:
        Conv of
        Py_ssize_t products
        unsigned char* winner
        Py_ssize_t pool_rows, pool_cols
    ctypedef struct WinogradDw:
        Winograd of
        const void *dout
        void *dw
        void *db
        void *sums
        Py_ssize_t parts, part_size
    size_t winograd_plan(Winograd* p, int m, int lanes, int widest, size_t size)
    size_t winograd_plan_dw(WinogradDw* q, int m, int lanes, int widest, size_t size)
    Py_ssize_t winograd_tasks(const Winograd* p)
    Py_ssize_t winograd_dw_tasks(const WinogradDw* q)

# Filters that no more blocks of positions than this will read are packed by the tasks themselves, into their cache.
cdef enum:
    PACK_INSIDE = 2

# No kernel takes more scratch memory for a thread; shapes that would need more go through tiles of im2col.
MOST_SCRATCH = 8 << 20

# Pieces into which Winograd's algorithm may cut a filter along one axis; and with how few channels lanes are tiles.
MOST_PIECES, LANES_OF_CHANNEL = WINOGRAD_PIECES, WINOGRAD_LANES_OF_CHANNEL

# Filters that would take more bytes than this when rearranged are rearranged piece by piece: a convolution takes at
# most 64 MB beside its arrays.
MOST_PACKED = 48 << 20


cdef Py_ssize_t up(Py_ssize_t size, Py_ssize_t step):
    return (size + step - 1) // step


# The names of algorithm.choose that are computed here.
cdef enum Algorithm:
    WIDE, FEW, POINTWISE, DEPTHWISE, WINOGRAD, WINOGRAD4

NAMES = {
    "wide": WIDE,
    "few": FEW,
    "pointwise": POINTWISE,
    "depthwise": DEPTHWISE,
    "winograd": WINOGRAD,
    "winograd4": WINOGRAD4,
}

cdef Algorithm algorithm_of(name) except *:
    return NAMES[name]


cdef bint run_conv(Conv* p, const Kernels* kernels, dtype, Algorithm algorithm, bint finite=False) except -1:
    """Plan, pack and run one convolution whose description is complete but for the blocking and the packed filters.

    Returns whether it ran: not if it needs too much scratch memory, nor, with `finite`, if filters hold NaN or
    infinity.
    """
    if algorithm >= WINOGRAD:
        return run_winograd(p, kernels, dtype, 4 if algorithm == WINOGRAD4 else 2)
    cdef bint large = p.groups * p.F * p.C * p.taps > MOST_PACKED // dtype.itemsize
    if large and algorithm == POINTWISE:
        algorithm = WIDE
    cdef int not_finite = 0
    cdef Py_ssize_t size = dtype.itemsize, lanes = kernels.lanes, vectors = up(p.F, lanes)
    cdef double work = <double> p.N * p.groups * p.F * p.C * p.taps * p.rows * p.cols
    cdef double moved = <double> p.groups * p.F * p.C * p.taps * 8
    cdef size_t scratch
    cdef Py_ssize_t count = p.groups * p.C * p.taps * (p.F if algorithm == FEW else vectors * lanes)
    p.not_finite = &not_finite
    p.packed = NULL
    if algorithm == DEPTHWISE:
        scratch = conv_plan_depthwise(p, lanes, size)
    elif algorithm == FEW:
        scratch = conv_plan_few(p, lanes, size)
    elif algorithm == POINTWISE:
        scratch = conv_plan_pointwise(p, lanes, kernels.panel, size)
    else:
        scratch = conv_plan_wide(p, lanes, kernels.widest, size)
    if scratch > <size_t> MOST_SCRATCH:
        return False
    if algorithm == DEPTHWISE:
        run(kernels.conv_depthwise, p, up(p.N * p.groups, p.task_images), scratch, work)
    elif algorithm == FEW:
        packed = np.empty(count, dtype)
        p.packed = address(packed)
        run(kernels.conv_pack_few, p, conv_phases(p) * p.groups, 0, moved)
        if finite and not_finite:
            return False
        run(kernels.conv_few, p, conv_blocks(p), scratch, work)
    elif algorithm == POINTWISE:
        packed = np.empty(p.groups * p.F * p.C, dtype)
        p.packed = address(packed)
        run(kernels.conv_pack_pointwise, p, p.groups * up(p.F, PRODUCT_ROWS), 0, moved)
        run(kernels.conv_pointwise, p, conv_blocks(p), scratch, work)
    else:
        if conv_blocks(p) > PACK_INSIDE * p.groups and not large:
            packed = np.empty(count, dtype)
            p.packed = address(packed)
            run(kernels.conv_pack_wide, p, conv_phases(p) * p.groups * vectors, 0, moved)
            if finite and not_finite:
                return False
        run(kernels.conv_wide, p, conv_blocks(p) * p.vector_tasks, scratch, work)
    return not (finite and not_finite)


cdef bint run_winograd(Conv* conv, const Kernels* kernels, dtype, int m, winner=None) except -1:
    """The same by Winograd's algorithm with tiles of m x m; returns False, too, where a result is not finite.

    - winner: see forward_pooled
    """
    cdef Winograd p
    set_winner(&p, winner)
    cdef int not_finite = 0
    cdef Py_ssize_t vectors = up(conv.F, kernels.lanes)
    if conv.phase_rows * conv.phase_cols > 1:  # dx with a stride
        return False
    p.of = conv[0]
    cdef size_t scratch = winograd_plan(&p, m, kernels.lanes, kernels.widest, dtype.itemsize)
    if scratch > <size_t> MOST_SCRATCH:
        return False
    cdef Py_ssize_t count = conv.groups * vectors * kernels.lanes * conv.C * p.products
    if count > MOST_PACKED // dtype.itemsize:
        return False
    cdef size_t block = 2 * conv.taps * kernels.lanes * kernels.lanes * dtype.itemsize
    cdef double tiles = <double> up(conv.rows, m) * up(conv.cols, m) * conv.N
    packed = np.empty(count, dtype)
    p.of.packed = address(packed)
    p.of.not_finite = &not_finite
    run(kernels.winograd_pack_2 if m == 2 else kernels.winograd_pack_4, &p, conv.groups * vectors, block, 4. * count)
    run(kernels.winograd_2 if m == 2 else kernels.winograd_4, &p, winograd_tasks(&p), scratch, tiles * count)
    return not not_finite


cdef int set_winner(Winograd* p, winner) except -1:
    p.winner = NULL
    p.pool_rows = p.pool_cols = 0
    if winner is not None:
        p.winner = <unsigned char*> address(winner)
        p.pool_rows, p.pool_cols = winner.shape[2:]
    return 0


cdef object taps_of(geometry, Conv* p):
    """Fill in the taps of the forward pass; returns the array that they stand in."""
    cdef Py_ssize_t t, kw = geometry.kernel[1], dh, dw, top, left
    cdef Py_ssize_t taps = geometry.kernel[0] * geometry.kernel[1]
    cdef Py_ssize_t[:, ::1] table
    dh, dw = geometry.dilation
    top, left = geometry.pad[0], geometry.pad[1]
    array = np.empty((5, max(taps, 2)), np.intp)
    table = array
    for t in range(taps):
        table[0, t] = t // kw * dh - top
        table[1, t] = t % kw * dw - left
        table[2, t] = t
    p.taps = taps
    p.row, p.col, p.w_tap, p.offset = &table[0, 0], &table[1, 0], &table[2, 0], &table[3, 0]
    table[4, 0], table[4, 1] = 0, taps
    p.start, p.phase_rows, p.phase_cols = &table[4, 0], 1, 1
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
    return taps_of(geometry, p)


def forward(x, w, b, out, geometry, algorithm, bint relu=False, winner=None):
    """out (N, F, OH, OW) = the convolution of x (N, C, H, W) with w (F, C/groups, HH, WW), plus b (F,) or None.

    - relu: whether max(0, out) is written instead
    - winner: with 'winograd' and no dilation alone; then out is (N, F, OH//2, OW//2), what max pooling with 2x2 windows
      and stride 2 makes of max(0, .), and winner, bytes of this shape, notes what pooling.max_forward does with relu
    """
    cdef Conv p
    cdef const Kernels* kernels = kernels_for(x.dtype)
    _taps = describe(geometry, &p)
    if out.size == 0:
        return True
    p.input, p.w, p.out = address(x), address(w), address(out)
    if b is not None:
        p.bias = address(b)
    p.relu = relu
    p.w_channel = p.w_taps = p.taps
    p.w_filter = p.C * p.w_channel
    p.w_group = p.F * p.w_filter
    p.w_size = w.size
    if winner is not None:
        return run_winograd(&p, kernels, x.dtype, 2, winner)
    return run_conv(&p, kernels, x.dtype, algorithm_of(algorithm))


def backward_x(dout, w, dx, geometry, algorithm):
    """dx (N, C, H, W), the gradient of the images, from dout (N, F, OH, OW) and w: a convolution for each phase.

    The direct kernels return False where w holds NaN or infinity: at the border it would be multiplied by zeros that
    stand for no output position, and make NaN where there is none.
    """
    cdef Conv p
    cdef const Kernels* kernels = kernels_for(dout.dtype)
    cdef Py_ssize_t kh = geometry.kernel[0], kw = geometry.kernel[1], H = geometry.x_shape[2], W = geometry.x_shape[3]
    cdef Algorithm which = algorithm_of(algorithm)
    cdef Py_ssize_t sh, sw, dh, dw, top = geometry.pad[0], left = geometry.pad[1], a, b, ii, jj, taps
    cdef Py_ssize_t[:, ::1] table
    sh, sw = geometry.stride
    dh, dw = geometry.dilation
    if dx.size == 0:
        return True
    if dout.size == 0:
        dx[...] = 0
        return True
    array = np.empty((4, kh * kw), np.intp)
    table = array
    p.input, p.w, p.out = address(dout), address(w), address(dx)
    p.bias = NULL
    p.relu = 0
    p.row, p.col, p.w_tap, p.offset = &table[0, 0], &table[1, 0], &table[2, 0], &table[3, 0]
    p.w_filter = p.w_taps = kh * kw
    p.w_size = w.size
    p.w_channel = geometry.w_shape[1] * p.w_filter
    p.w_group = geometry.w_shape[0] // geometry.groups * p.w_channel
    p.N, p.groups = geometry.x_shape[0], geometry.groups
    p.C, p.F = geometry.w_shape[0] // geometry.groups, geometry.w_shape[1]
    p.H, p.W = geometry.out
    p.stride_h = p.stride_w = 1
    p.rows, p.cols = up(H, sh), up(W, sw)
    p.out_h, p.out_w, p.out_row, p.out_col, p.out_step_h, p.out_step_w = H, W, 0, 0, sh, sw
    # conv_dx_depthwise takes the phases of columns in pairs, even where the image has one column only.
    cdef bint pairs = which == DEPTHWISE and sw == 2
    p.phase_rows, p.phase_cols = min(sh, H), 2 if pairs else min(sw, W)
    cdef Py_ssize_t[::1] start = np.zeros(conv_phases(&p) + 1, np.intp)
    p.start = &start[0]
    taps = 0
    for a in range(p.phase_rows):
        for b in range(p.phase_cols):
            # Pixels (a + i*sh, b + j*sw). The filter from its last element to its first: row and col increase.
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
            start[a * p.phase_cols + b + 1] = taps
    p.taps = taps
    if pairs:
        return run_dx_depthwise(&p, kernels, dout.dtype)
    return run_conv(&p, kernels, dout.dtype, which, finite=True)


cdef bint run_dx_depthwise(Conv* p, const Kernels* kernels, dtype) except -1:
    """Plan and run dx of a depthwise layer, all phases together; returns whether it ran, as run_conv does."""
    cdef int not_finite = 0
    cdef size_t scratch = conv_plan_dx_depthwise(p, kernels.lanes, dtype.itemsize)
    cdef double work = <double> p.N * p.groups * p.taps * p.rows * p.cols
    if scratch > <size_t> MOST_SCRATCH:
        return False
    p.not_finite = &not_finite
    run(kernels.conv_dx_depthwise, p, up(p.N * p.groups, p.task_images), scratch, work)
    return not not_finite


def backward_w(dout, x, dw, db, geometry, algorithm, winner=None):
    """dw (F, C/groups, HH, WW) and db (F,), the gradients of filters and biases, from dout (N, F, OH, OW) and x.

    - winner: as forward wrote it; then dout is (N, F, OH//2, OW//2), the gradient of what came out of the pooling
    """
    cdef ConvDw q
    cdef const Kernels* kernels = kernels_for(x.dtype)
    cdef Py_ssize_t size = x.dtype.itemsize, lanes = kernels.lanes
    cdef size_t scratch
    cdef double work
    cdef Algorithm which = algorithm_of(algorithm)
    if x.size == 0 or dout.size == 0:
        dw[...] = 0
        db[...] = 0
        return True
    if which >= WINOGRAD:
        return backward_w_winograd(dout, x, dw, db, geometry, 4 if which == WINOGRAD4 else 2, winner)
    _taps = describe(geometry, &q.of)
    q.of.input, q.dout, q.dw, q.db = address(x), address(dout), address(dw), address(db)
    work = <double> q.of.N * q.of.groups * q.of.F * q.of.C * q.of.taps * q.of.rows * q.of.cols
    if which == DEPTHWISE:
        scratch = conv_plan_dw_depthwise(&q, lanes, size)
    elif which == FEW:
        scratch = conv_plan_dw_few(&q, lanes, size)
    else:
        scratch = conv_plan_dw_wide(&q, lanes, kernels.widest, size)
    if scratch > <size_t> MOST_SCRATCH:
        return False
    if which != WIDE or q.parts > 1:
        sums = np.empty(q.parts * q.part_size, x.dtype)
        q.sums = address(sums)
    cdef double added = <double> q.parts * q.part_size * 8
    if which == DEPTHWISE:
        run(kernels.conv_dw_depthwise, &q, q.parts * up(q.of.groups, q.of.task_images), scratch, work)
        run(kernels.conv_dw_few_finish, &q, q.of.groups, 0, added)
    elif which == FEW:
        run(kernels.conv_dw_few, &q, q.parts * q.of.groups, scratch, work)
        run(kernels.conv_dw_few_finish, &q, q.of.groups * q.of.F, 0, added)
    else:
        run(kernels.conv_dw_wide, &q, q.parts * q.of.groups * q.of.vector_tasks, scratch, work)
        if q.parts > 1:
            run(kernels.conv_dw_wide_finish, &q, q.of.groups * up(q.of.F, lanes), 0, added)
    return True


cdef bint backward_w_winograd(dout, x, dw, db, geometry, int m, winner) except -1:
    """The same by Winograd's algorithm with tiles of m x m; returns False where an element of dw is not finite."""
    cdef WinogradDw q
    cdef Conv* p = &q.of.of
    cdef int not_finite = 0
    cdef const Kernels* kernels = kernels_for(x.dtype)
    _taps = describe(geometry, p)
    p.input, q.dout, q.dw, q.db = address(x), address(dout), address(dw), address(db)
    p.not_finite = &not_finite
    set_winner(&q.of, winner)
    cdef size_t scratch = winograd_plan_dw(&q, m, kernels.lanes, kernels.widest, x.dtype.itemsize)
    if scratch > <size_t> MOST_SCRATCH or q.part_size > MOST_PACKED // x.dtype.itemsize:
        return False
    sums = np.empty(q.parts * q.part_size, x.dtype)
    q.sums = address(sums)
    cdef Py_ssize_t vectors = up(p.F, kernels.lanes)
    cdef size_t block = p.taps * kernels.lanes * kernels.lanes * x.dtype.itemsize
    cdef double work = <double> up(p.rows, m) * up(p.cols, m) * p.N * q.part_size
    cdef double added = <double> q.parts * q.part_size * 8
    run(kernels.winograd_dw_2 if m == 2 else kernels.winograd_dw_4, &q, winograd_dw_tasks(&q), scratch, work)
    run(kernels.winograd_dw_finish_2 if m == 2 else kernels.winograd_dw_finish_4, &q, p.groups * vectors, block, added)
    return not not_finite
