"""Matrix product in cache-sized blocks, the same bits for any number of threads."""

import os

from cpython.exc cimport PyErr_CheckSignals


cdef extern from "gemm.h" nogil:
    enum:
        GEMM_WORK
    void gemm_f32(
        Py_ssize_t m, Py_ssize_t n, Py_ssize_t k,
        const float* a, Py_ssize_t a_row, Py_ssize_t a_col, const float* b, Py_ssize_t b_row, Py_ssize_t b_col,
        float* c, Py_ssize_t ldc, int accumulate, float* work,
    )
    void gemm_f64(
        Py_ssize_t m, Py_ssize_t n, Py_ssize_t k,
        const double* a, Py_ssize_t a_row, Py_ssize_t a_col, const double* b, Py_ssize_t b_row, Py_ssize_t b_col,
        double* c, Py_ssize_t ldc, int accumulate, double* work,
    )
    const char* gemm_select(const char* isa)


cdef str select_isa():
    """The instruction set to use: CONVKIT_ISA where it is set, else the best that the processor has."""
    wanted = os.environ.get("CONVKIT_ISA", "")
    cdef const char* taken = gemm_select(wanted.encode())
    if taken == NULL:
        raise ImportError(
            f"CONVKIT_ISA={wanted!r} cannot be used: this build and this processor have no such instruction set. "
            "Leave it unset, or set it to 'base', 'avx2' or 'avx512'."
        )
    return taken.decode()


ISA = select_isa()
WORK_SIZE = GEMM_WORK  # elements of scratch memory that a call of gemm needs


cdef void gemm(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k,
    const real* a, Py_ssize_t a_row, Py_ssize_t a_col,
    const real* b, Py_ssize_t b_row, Py_ssize_t b_col,
    real* c, Py_ssize_t ldc, bint accumulate, real* work,
) noexcept nogil:
    """C (m x n) = or += A (m x k) B (k x n); steps are counted in elements, so any transposition is a swap of two steps."""
    if real is float:
        gemm_f32(m, n, k, a, a_row, a_col, b, b_row, b_col, c, ldc, accumulate, work)
    else:
        gemm_f64(m, n, k, a, a_row, a_col, b, b_row, b_col, c, ldc, accumulate, work)


cdef int check_interrupt(const int[::1] stop) except -1 nogil:
    """Raise KeyboardInterrupt where Ctrl-C was pressed; 1 where another thread has asked to stop, else 0."""
    if stop[0]:
        return 1
    with gil:
        PyErr_CheckSignals()
    return 0


def matmul(
    const real[:, :] a,    # IN   (m, k), any strides
    const real[:, :] b,    # IN   (k, n), any strides
    real[:, ::1] out,      # OUT  (m, n)
    real[::1] work,        # scratch, (WORK_SIZE,)
    Py_ssize_t first, Py_ssize_t last, const int[::1] stop,
):
    """Columns first to last of the product a b. Rows go in blocks, between which Ctrl-C is seen."""
    cdef Py_ssize_t m = a.shape[0], k = a.shape[1], row, column, rows, columns
    cdef Py_ssize_t a_row = a.strides[0] // <Py_ssize_t> sizeof(real), a_col = a.strides[1] // <Py_ssize_t> sizeof(real)
    cdef Py_ssize_t b_row = b.strides[0] // <Py_ssize_t> sizeof(real), b_col = b.strides[1] // <Py_ssize_t> sizeof(real)
    if b.shape[0] != k or out.shape[0] != m or out.shape[1] != b.shape[1] or first < 0 or last > out.shape[1]:
        raise ValueError("matmul: the shapes of a, b and out do not fit")
    if m == 0 or first >= last:
        return
    if k == 0:
        out[:, first:last] = 0
        return
    # About 2^27 multiply-adds between two looks at the signals: some milliseconds.
    cdef Py_ssize_t block_columns = 512
    cdef Py_ssize_t block_rows = max(144, (1 << 27) // (block_columns * k))
    cdef Py_ssize_t column_blocks = (last - first + block_columns - 1) // block_columns, i
    cdef Py_ssize_t row_blocks = (m + block_rows - 1) // block_rows, j
    with nogil:
        for i in range(column_blocks):
            column = first + i * block_columns
            columns = min(block_columns, last - column)
            for j in range(row_blocks):
                row = j * block_rows
                if check_interrupt(stop):
                    break
                rows = min(block_rows, m - row)
                gemm(
                    rows, columns, k, &a[row, 0], a_row, a_col, &b[0, column], b_row, b_col,
                    &out[row, column], out.shape[1], False, &work[0],
                )
