"""Matrix product in cache-sized blocks, the same bits for any number of threads."""

import threading

import numpy as np

from cpython.exc cimport PyErr_CheckSignals


from convkit.kernels.native cimport kernels_for


cdef extern from "gemm.h" nogil:
    enum:
        GEMM_KC, GEMM_MC, GEMM_NC, GEMM_WORK
    ctypedef void (*gemm_f32_fn)(
        Py_ssize_t m, Py_ssize_t n, Py_ssize_t k,
        const float* a, Py_ssize_t a_row, Py_ssize_t a_col, const float* b, Py_ssize_t b_row, Py_ssize_t b_col,
        float* c, Py_ssize_t ldc, int accumulate, float* work,
    ) noexcept
    ctypedef void (*gemm_f64_fn)(
        Py_ssize_t m, Py_ssize_t n, Py_ssize_t k,
        const double* a, Py_ssize_t a_row, Py_ssize_t a_col, const double* b, Py_ssize_t b_row, Py_ssize_t b_col,
        double* c, Py_ssize_t ldc, int accumulate, double* work,
    ) noexcept

cdef gemm_f32_fn gemm_f32 = <gemm_f32_fn> kernels_for(np.dtype(np.float32)).gemm
cdef gemm_f64_fn gemm_f64 = <gemm_f64_fn> kernels_for(np.dtype(np.float64)).gemm
WORK_SIZE = GEMM_WORK  # elements of scratch memory that a call of gemm needs


# To look at the signals a thread must hold the GIL, for which it may have to wait five milliseconds; so it looks after
# so many multiply-adds, which take it between five and a hundred milliseconds.
cdef enum:
    LOOK_EVERY = 1 << 28
    LONGEST_CALL = 1 << 27  # of multiply-adds without asking whether to stop


cdef Watch watch_for(const int* stop):
    """A watch for a kernel that starts now in this thread."""
    cdef Watch watch
    watch.stop = stop
    watch.work = 0
    watch.in_main_thread = threading.get_ident() == threading.main_thread().ident
    return watch


cdef int should_stop(Watch* watch, Py_ssize_t work) except -1 nogil:
    """To be called before some work, counted in multiply-adds (a number that is moved or compared costs about eight).

    1 where another thread has asked to stop, else 0; KeyboardInterrupt after Ctrl-C.
    """
    if watch.in_main_thread and watch.work >= LOOK_EVERY:
        watch.work = 0
        with gil:
            PyErr_CheckSignals()
    watch.work += work
    return watch.stop[0] != 0


cdef int gemm(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k,
    const real* a, Py_ssize_t a_row, Py_ssize_t a_col,
    const real* b, Py_ssize_t b_row, Py_ssize_t b_col,
    real* c, Py_ssize_t ldc, bint accumulate, real* work, Watch* watch,
) except -1 nogil:
    """C (m x n) = or += A (m x k) B (k x n). Steps are counted in elements: a transposition is a swap of two steps.

    A large product is done in parts, cut where gemm_impl.h cuts too, so that the bits are the same. Returns 1 if it was
    stopped between two of them.
    """
    cdef Py_ssize_t strip = max(1, min(n, <Py_ssize_t> GEMM_NC)), stretch = max(1, min(k, <Py_ssize_t> GEMM_KC))
    cdef Py_ssize_t block = max(1, LONGEST_CALL // (strip * stretch * GEMM_MC)) * GEMM_MC
    cdef Py_ssize_t row = 0, column = 0, depth = 0, rows, columns, depths
    while column < n:
        columns = min(strip, n - column)
        depth = 0
        while depth < k:
            depths = min(stretch, k - depth)
            row = 0
            while row < m:
                rows = min(block, m - row)
                if should_stop(watch, rows * columns * depths):
                    return 1
                if real is float:
                    gemm_f32(
                        rows, columns, depths, a + row * a_row + depth * a_col, a_row, a_col,
                        b + depth * b_row + column * b_col, b_row, b_col, c + row * ldc + column, ldc,
                        accumulate or depth > 0, work,
                    )
                else:
                    gemm_f64(
                        rows, columns, depths, a + row * a_row + depth * a_col, a_row, a_col,
                        b + depth * b_row + column * b_col, b_row, b_col, c + row * ldc + column, ldc,
                        accumulate or depth > 0, work,
                    )
                row += rows
            depth += depths
        column += columns
    return 0


def matmul(
    const real[:, :] a,    # IN   (m, k), any strides
    const real[:, :] b,    # IN   (k, n), any strides
    real[:, ::1] out,      # OUT  (m, n)
    real[::1] work,        # scratch, (WORK_SIZE,)
    Py_ssize_t first, Py_ssize_t last, const int[::1] stop,
):
    """Columns first to last of the product a b."""
    cdef Py_ssize_t m = a.shape[0], k = a.shape[1]
    cdef Py_ssize_t a_row = a.strides[0] // <Py_ssize_t> sizeof(real), a_col = a.strides[1] // <Py_ssize_t> sizeof(real)
    cdef Py_ssize_t b_row = b.strides[0] // <Py_ssize_t> sizeof(real), b_col = b.strides[1] // <Py_ssize_t> sizeof(real)
    cdef Watch watch = watch_for(&stop[0])
    if b.shape[0] != k or out.shape[0] != m or out.shape[1] != b.shape[1] or first < 0 or last > out.shape[1]:
        raise ValueError("matmul: the shapes of a, b and out do not fit")
    if m == 0 or first >= last:
        return
    if k == 0:
        out[:, first:last] = 0
        return
    with nogil:
        gemm(
            m, last - first, k, &a[0, 0], a_row, a_col, &b[0, first], b_row, b_col,
            &out[0, first], out.shape[1], False, &work[0], &watch,
        )
