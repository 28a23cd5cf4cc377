"""The matrix products of the affine layer and the sums of columns, by the kernels of product_*.h and columns.h.

Arrays are all of one dtype; results are C-contiguous, matrices that are read may be C- or Fortran-contiguous.
"""

import numpy as np

from convkit.kernels.native cimport Kernels, Task, address, kernels_for, run
from convkit.kernels.update cimport Update
from convkit.kernels.update cimport describe as describe_update


cdef extern from "product.h" nogil:
    ctypedef struct Product:
        const void *a
        const void *b
        void *c
        const void *bias
        int relu
        Py_ssize_t m, n, k
        Py_ssize_t a_row, a_col, b_row, b_col
        Py_ssize_t parts, row_tasks, col_tasks
        int dots
        void *sums
    ctypedef struct AffineBackward:
        Product dx, dw
        const void *w
        double decay
        double *squares
    ctypedef struct AffineUpdate:
        Product dw
        double decay
        Task rule
        int beside
        Update update
    ctypedef struct Columns:
        const void *dout
        const void *out
        void *masked
        void *sums
        Py_ssize_t m, n, task_cols
    size_t product_plan(Product* p, int lanes, size_t size)
    size_t affine_backward_plan(AffineBackward* p, int lanes, size_t size)
    size_t affine_update_plan(AffineUpdate* p, int lanes, size_t size)
    Py_ssize_t product_tasks(const Product* p)


def product(a, b, out, bias=None, bint relu=False):
    """out (m, n) = a (m, k) times b (k, n), plus bias (n,) or None, for each column.

    - relu: whether max(0, out) is written instead
    """
    cdef Product p
    cdef const Kernels* kernels = kernels_for(out.dtype)
    cdef size_t scratch
    describe(&p, a, b, out)
    if p.m == 0 or p.n == 0:
        return
    if p.k == 0:
        out[...] = 0 if bias is None else bias
        if relu:
            np.maximum(out, 0, out=out)
        return
    p.bias = NULL if bias is None else address(bias)
    p.relu = relu
    scratch = product_plan(&p, kernels.lanes, out.dtype.itemsize)
    if p.dots:
        run(kernels.product_dots, &p, p.col_tasks, 0, <double> p.m * p.n * p.k)
        return
    if p.parts > 1:
        sums = np.empty(p.parts * p.m * p.n, out.dtype)
        p.sums = address(sums)
    run(kernels.product, &p, product_tasks(&p), scratch, <double> p.m * p.n * p.k)
    if p.parts > 1:
        run(kernels.product_finish, &p, p.m, 0, <double> p.parts * p.m * p.n)


def affine_backward(dout, x, w, dx, dw, decay=None):
    """dw (D, M) = x (N, D) transposed times dout (N, M), plus decay times w (D, M); dx = dout times w transposed.

    - dx, dw: (N, D) and (D, M), or None where one is not wanted
    - decay: a number, or None without weight decay

    Returns the sum of the squares of w, added up in float64; 0 without weight decay. No array is empty.
    """
    cdef AffineBackward p
    cdef const Kernels* kernels = kernels_for(w.dtype)
    cdef size_t scratch
    cdef double work = <double> w.size * len(dout)
    cdef double[::1] squares = None
    describe(&p.dw, x.T, dout, dw)
    describe(&p.dx, dout, w.T, dx)
    p.w, p.decay, p.squares = address(w), 0 if decay is None else decay, NULL
    scratch = affine_backward_plan(&p, kernels.lanes, w.dtype.itemsize)
    if decay is not None:
        squares = np.empty(p.dw.row_tasks)
        p.squares = &squares[0]
    run(kernels.affine_backward, &p, p.dw.row_tasks, scratch, work if dx is None or dw is None else 2 * work)
    return 0.0 if decay is None else float(np.sum(squares))


def affine_update(dout, x, double decay, str rule, w, memory, numbers):
    """A rule's step in place from w (D, M), by the gradient x (N, D) transposed times dout (N, M), plus decay times w.

    - memory: list of the rule's arrays
    - numbers: what the rule's formula in update_rules.h calls s

    No array is empty. Ctrl-C does not stop an update half way.
    """
    cdef AffineUpdate p
    cdef const Kernels* kernels = kernels_for(w.dtype)
    cdef size_t scratch
    describe(&p.dw, x.T, dout, None)
    p.rule = describe_update(&p.update, rule, kernels, w, w, memory, memory, numbers)
    p.beside = p.rule == kernels.update_beside
    p.decay = decay
    scratch = affine_update_plan(&p, kernels.lanes, w.dtype.itemsize)
    run(kernels.affine_update, &p, p.dw.row_tasks, scratch, <double> w.size * len(dout), True)


def columns(dout, sums, out=None, masked=None):
    """sums (n,) = the sum of each column of dout (m, n).

    - out, masked (m, n): with both, masked = dout where out > 0, else 0, and its columns are summed
    """
    cdef Columns p
    cdef const Kernels* kernels = kernels_for(dout.dtype)
    p.m, p.n = dout.shape
    p.task_cols = 4 * kernels.lanes
    p.dout, p.sums = address(dout), address(sums)
    p.out = p.masked = NULL
    if out is not None:
        p.out, p.masked = address(out), address(masked)
    run(kernels.columns, &p, (p.n + p.task_cols - 1) // p.task_cols, 0, <double> p.m * p.n)


cdef int describe(Product* p, a, b, out) except -1:
    """out (m, n), which may be None, = a (m, k) times b (k, n), without a bias or a ReLU."""
    p.m, p.n, p.k = a.shape[0], b.shape[1], a.shape[1]
    p.a = matrix(a, &p.a_row, &p.a_col)
    p.b = matrix(b, &p.b_row, &p.b_col)
    p.c = NULL if out is None else address(out)
    p.bias = NULL
    p.relu = 0
    return 0


cdef void* matrix(array, Py_ssize_t* row, Py_ssize_t* col) except? NULL:
    """Where a C- or Fortran-contiguous matrix begins, and its steps."""
    if array.flags.c_contiguous:
        row[0], col[0] = array.shape[1], 1
        return address(array)
    row[0], col[0] = 1, array.shape[0]
    return address(array.T)
