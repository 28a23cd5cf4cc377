ctypedef fused real:
    float
    double

cdef void gemm(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k,
    const real* a, Py_ssize_t a_row, Py_ssize_t a_col,
    const real* b, Py_ssize_t b_row, Py_ssize_t b_col,
    real* c, Py_ssize_t ldc, bint accumulate, real* work,
) noexcept nogil

cdef int check_interrupt(const int[::1] stop) except -1 nogil
