"""Max pooling by the kernels of pool.h: the largest element of each window, and the way back for its gradient.

Arrays are C-contiguous and all of one dtype; geometry is a PoolGeometry. The plan decides how work is cut into tasks
and which kernel does it: by vectors where the window is small, else window by window.
"""

import numpy as np

from convkit.kernels.native cimport Kernels, address, kernels_for, run


cdef extern from "pool.h" nogil:
    enum:
        NO_WINNER
    ctypedef struct Pool:
        const void *input "in"
        void *out
        void *winner
        Py_ssize_t planes, H, W, rows, cols
        Py_ssize_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_h, pad_w
        int large_window, relu
        Py_ssize_t task_planes, task_rows, row_tasks
        Py_ssize_t phases_h, phases_w, reach_h, reach_w, pitch, plane_step, phase_step
        const Py_ssize_t *offset

cdef enum:
    TASK_BYTES = 24 << 10   # of the pixels of a task: they should stay in the L1 cache
    MOST_SCRATCH = 2 << 20


def winner_dtype(geometry):
    """The type of index in which max_forward notes the winners."""
    return np.uint8 if geometry.kernel[0] * geometry.kernel[1] <= NO_WINNER else np.intp


cdef Py_ssize_t up(Py_ssize_t size, Py_ssize_t step):
    return (size + step - 1) // step


cdef int describe(geometry, Pool* p, bint relu) except -1:
    """Shapes and settings. Steps that are never taken become small: sums of sizes cannot overflow then."""
    p.planes = geometry.x_shape[0] * geometry.x_shape[1]
    p.H, p.W = geometry.x_shape[2:]
    p.rows, p.cols = geometry.out
    p.kernel_h, p.kernel_w = geometry.kernel
    p.large_window = p.kernel_h * p.kernel_w > NO_WINNER
    p.pad_h, p.pad_w = geometry.pad
    dilation, stride = geometry.dilation, geometry.stride
    p.dilation_h = dilation[0] if p.kernel_h > 1 else 1
    p.dilation_w = dilation[1] if p.kernel_w > 1 else 1
    p.stride_h = stride[0] if p.rows > 1 else min(stride[0], (p.kernel_h - 1) * p.dilation_h + 1)
    p.stride_w = stride[1] if p.cols > 1 else min(stride[1], (p.kernel_w - 1) * p.dilation_w + 1)
    p.reach_h = (p.kernel_h - 1) * p.dilation_h // p.stride_h
    p.reach_w = (p.kernel_w - 1) * p.dilation_w // p.stride_w
    p.relu = relu
    return 0


cdef int plan_plain(Pool* p) except -1:
    """Tasks of whole planes."""
    p.row_tasks, p.task_rows = 1, max(p.rows, p.H)
    p.task_planes = max(1, TASK_BYTES // max(1, p.H * p.W * 4))
    return 0


cdef double plan_vectors(Pool* p, Py_ssize_t phases, Py_ssize_t rows, Py_ssize_t pitch, int lanes, int size) except -1:
    """Tasks of whole planes, or of rows of one plane; returns the bytes of all phases in scratch memory.

    - phases: how many there are in scratch memory
    - rows: of all tasks of a plane; pitch: elements from one row of a phase to the next
    """
    cdef double row = <double> phases * pitch * size
    cdef Py_ssize_t most, blocks
    p.pitch = pitch
    p.row_tasks, p.task_planes, p.task_rows = 1, 1, rows
    if row * (rows + p.reach_h) > TASK_BYTES:
        most = max(<Py_ssize_t> (TASK_BYTES / row) - p.reach_h, 2 * (p.reach_h + 1))
        blocks = up(rows, most)
        p.task_rows = up(rows, blocks)
        p.row_tasks = up(rows, p.task_rows)
    else:
        p.task_planes = <Py_ssize_t> (TASK_BYTES / (row * (rows + p.reach_h)))
    if row * (p.task_rows + p.reach_h) > MOST_SCRATCH:
        return 2 * MOST_SCRATCH
    p.plane_step = (p.task_rows + p.reach_h) * pitch
    p.phase_step = up(p.task_planes * p.plane_step + 4 * lanes, 16) * 16 + 16
    return <double> phases * p.phase_step * size


cdef Py_ssize_t plan_2x2(Pool* p):
    """Tasks of whole planes, or of rows of one plane; returns the windows of a task. See pool_2x2.h."""
    cdef Py_ssize_t row = 8 * p.W, most  # about the bytes of the pixels of a row of windows
    if row * p.rows > TASK_BYTES:
        most = max(1, TASK_BYTES // row)
        p.task_rows = up(p.rows, up(p.rows, most))
        p.row_tasks, p.task_planes = up(p.rows, p.task_rows), 1
    else:
        p.task_planes, p.task_rows, p.row_tasks = TASK_BYTES // (row * p.rows), p.rows, 1
    return p.task_planes * p.task_rows * p.cols


cdef bint is_2x2(Pool* p):
    """Whether windows are 2x2 with stride 2, all of them inside of the plane."""
    return (
        p.kernel_h == p.kernel_w == p.stride_h == p.stride_w == 2
        and p.dilation_h == p.dilation_w == 1 and p.pad_h == p.pad_w == 0
        and 2 * p.rows <= p.H and 0 <= p.W - 2 * p.cols <= 1
    )


cdef Py_ssize_t tasks_of(Pool* p):
    return up(p.planes, p.task_planes) * p.row_tasks


def max_forward(x, out, winner, geometry, bint relu=False, bint plain=False):
    """out and winner (N, C, OH, OW) from x (N, C, H, W); winner is of winner_dtype.

    - relu: whether x came out of a ReLU, through which the gradient is to go back as well: none then passes where the
      maximum is not above 0
    - plain: whether windows are taken one by one in any case
    """
    cdef Pool p
    cdef const Kernels* kernels = kernels_for(x.dtype)
    cdef Py_ssize_t t, ii, jj, size = x.dtype.itemsize, line
    cdef Py_ssize_t[::1] offset
    describe(geometry, &p, relu)
    if out.size == 0:
        return
    p.input, p.out, p.winner = address(x), address(out), address(winner)
    cdef double work = <double> out.size * p.kernel_h * p.kernel_w
    if is_2x2(&p) and kernels.lanes > 1 and not plain:
        line = plan_2x2(&p) + 2 * kernels.lanes
        run(kernels.pool_2x2, &p, tasks_of(&p), line * size, 2 * work)
        return
    p.phases_h = min(p.stride_h, (p.kernel_h - 1) * p.dilation_h + 1)
    p.phases_w = min(p.stride_w, (p.kernel_w - 1) * p.dilation_w + 1)
    cdef double phases = <double> p.phases_h * p.phases_w
    plain = plain or kernels.lanes == 1 or p.large_window or p.cols < 2 or phases > 256
    if plain or plan_vectors(
        &p, p.phases_h * p.phases_w, p.rows, p.cols + p.reach_w, kernels.lanes, size
    ) > MOST_SCRATCH:
        plan_plain(&p)
        run(kernels.pool_plain, &p, tasks_of(&p), 0, work)
        return
    offsets = np.empty(p.kernel_h * p.kernel_w, np.intp)
    offset = offsets
    for t in range(p.kernel_h * p.kernel_w):
        ii, jj = t // p.kernel_w * p.dilation_h, t % p.kernel_w * p.dilation_w
        offset[t] = (
            (ii % p.stride_h * p.phases_w + jj % p.stride_w) * p.phase_step
            + ii // p.stride_h * p.pitch + jj // p.stride_w
        )
    p.offset = &offset[0]
    line = p.task_planes * p.plane_step + 2 * kernels.lanes
    run(kernels.pool_max, &p, tasks_of(&p), (p.phases_h * p.phases_w * p.phase_step + 2 * line) * size + line, work / 4)


def max_backward(dout, winner, dx, geometry, bint relu=False, bint plain=False):
    """dx (N, C, H, W) from dout (N, C, OH, OW) and the winners of the forward pass.

    - relu: as in the forward pass
    - plain: whether windows are taken one by one in any case
    """
    cdef Pool p
    cdef const Kernels* kernels = kernels_for(dout.dtype)
    cdef Py_ssize_t room
    describe(geometry, &p, relu)
    if dx.size == 0:
        return
    if dout.size == 0:
        dx[...] = 0
        return
    p.input, p.out, p.winner = address(dout), address(dx), address(winner)
    if is_2x2(&p) and kernels.lanes > 1 and not plain:
        room = plan_2x2(&p) + 2 * kernels.lanes
        run(kernels.pool_2x2_backward, &p, tasks_of(&p), room * dout.dtype.itemsize, 2.0 * dx.size)
        return
    plan_plain(&p)
    run(kernels.pool_scatter, &p, tasks_of(&p), 0, 4.0 * dout.size + dx.size)
