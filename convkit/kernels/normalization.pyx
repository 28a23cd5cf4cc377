"""The passes over memory of which normalization layers are made; norm.h says what they compute.

x, dout and results are C-contiguous matrices (rows, size) of one dtype; coefficients are float64 arrays, one number for
each row or column, and are rounded to that dtype here. `above` is the mask of a ReLU that follows, or None.
"""

import numpy as np

from convkit.kernels.native cimport Task, address, kernels_for, run


cdef extern from "norm.h" nogil:
    enum:
        NORM_BLOCK, NORM_COLUMNS
    ctypedef struct Norm:
        const void *x
        const void *dout
        void *out
        unsigned char *above
        Py_ssize_t rows, size, task_rows
        int by_columns
        Py_ssize_t period
        const void *center
        const void *factor
        const void *slope
        const void *shift
        const void *gamma
        const void *beta
        double *sums

cdef enum:
    TASK_ELEMENTS = 16384


cdef int run_norm(Norm* p, Task task, bint columns, Py_ssize_t item) except -1:
    if p.rows == 0 or p.size == 0:
        return 0
    cdef Py_ssize_t step = NORM_COLUMNS if columns else max(1, TASK_ELEMENTS // p.size)
    cdef Py_ssize_t units = p.size if columns else p.rows
    p.task_rows = step
    return run(task, p, (units + step - 1) // step, NORM_BLOCK * item, 2.0 * p.rows * p.size)


cdef object describe(Norm* p, x, columns, above, center, factor, slope, shift, gamma=None, beta=None):
    """Fill in the struct; returns the arrays that its pointers point to."""
    dtype = x.dtype
    p.rows, p.size = x.shape
    p.x, p.by_columns, p.period = address(x), columns, 1
    kept = [None if a is None else np.ascontiguousarray(a, dtype) for a in (center, factor, slope, shift, gamma, beta)]
    if center is not None and not columns:
        p.period = len(center)
    p.center = NULL if center is None else address(kept[0])
    p.factor = NULL if factor is None else address(kept[1])
    p.slope = NULL if slope is None else address(kept[2])
    p.shift = NULL if shift is None else address(kept[3])
    p.gamma = NULL if gamma is None else address(kept[4])
    p.beta = NULL if beta is None else address(kept[5])
    p.above = NULL if above is None else <unsigned char *> address(above)
    return kept


def moments(x, bint columns=False):
    """Mean and sum of squared deviations of each row, or column: two float64 arrays."""
    cdef Norm p
    kernels = kernels_for(x.dtype)
    _kept = describe(&p, x, columns, None, None, None, None, None)
    sums = np.zeros((p.size if columns else p.rows, 2))
    p.sums = <double *> address(sums)
    run_norm(&p, kernels.norm_column_moments if columns else kernels.norm_moments, columns, x.dtype.itemsize)
    return sums[:, 0], sums[:, 1]


def apply(x, out, center, factor, shift, gamma=None, beta=None, above=None, bint columns=False):
    """out = (x - center)*factor + shift, then times gamma plus beta (size,), where given; then ReLU, where above is
    given, into which its mask is written."""
    cdef Norm p
    kernels = kernels_for(x.dtype)
    _kept = describe(&p, x, columns, above, center, factor, None, shift, gamma, beta)
    p.out = address(out)
    run_norm(&p, kernels.norm_column_apply if columns else kernels.norm_apply, False, x.dtype.itemsize)


def sums(dout, x, center, gamma=None, above=None, bint columns=False):
    """The sums of d and of d*(x - center) along each row, or column, where d = dout*gamma: two float64 arrays."""
    cdef Norm p
    kernels = kernels_for(x.dtype)
    _kept = describe(&p, x, columns, above, center, None, None, None, gamma)
    found = np.zeros((p.size if columns else p.rows, 2))
    p.dout, p.sums = address(dout), <double *> address(found)
    run_norm(&p, kernels.norm_column_sums if columns else kernels.norm_sums, columns, x.dtype.itemsize)
    return found[:, 0], found[:, 1]


def sums_over_rows(dout, x, center, factor, shift, above=None):
    """The sums of dout and of dout*((x - center)*factor + shift) along each column, with coefficients of rows."""
    cdef Norm p
    kernels = kernels_for(x.dtype)
    _kept = describe(&p, x, False, above, center, factor, None, shift)
    found = np.zeros((p.size, 2))
    p.dout, p.sums = address(dout), <double *> address(found)
    run_norm(&p, kernels.norm_column_sums, True, x.dtype.itemsize)
    return found[:, 0], found[:, 1]


def gradient(dout, x, dx, center, factor, slope, shift, gamma=None, above=None, bint columns=False):
    """dx = d*factor + (x - center)*slope + shift, where d = dout*gamma."""
    cdef Norm p
    kernels = kernels_for(x.dtype)
    _kept = describe(&p, x, columns, above, center, factor, slope, shift, gamma)
    p.dout, p.out = address(dout), address(dx)
    run_norm(&p, kernels.norm_column_gradient if columns else kernels.norm_gradient, False, x.dtype.itemsize)
