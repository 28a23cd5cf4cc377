ctypedef fused real:
    float
    double

cdef struct Watch:
    # What a kernel keeps to notice that it should stop.
    const int* stop           # not zero: another thread has raised an exception
    Py_ssize_t work           # in multiply-adds, since the last look at the signals
    bint in_main_thread       # no other thread is ever sent a signal

cdef Watch watch_for(const int* stop)

cdef int should_stop(Watch* watch, Py_ssize_t work) except -1 nogil

cdef int gemm(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k,
    const real* a, Py_ssize_t a_row, Py_ssize_t a_col,
    const real* b, Py_ssize_t b_row, Py_ssize_t b_col,
    real* c, Py_ssize_t ldc, bint accumulate, real* work, Watch* watch,
) except -1 nogil
