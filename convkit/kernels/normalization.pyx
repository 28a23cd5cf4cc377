"""Batch, layer and group normalization by the kernels of norm.h.

Arrays are C-contiguous and of one dtype, x of images (N, C, H, W) or vectors (N, C), gamma and beta (C,). Moments are
float64 (..., 2): mean and variance of each channel, group or sample. `above` is the mask of a ReLU that follows, or
None.
"""

import numpy as np

from convkit.kernels.native cimport Task, address, kernels_for, run


cdef extern from "norm.h" nogil:
    enum:
        NORM_BLOCK, NORM_COLUMNS, NORM_ROWS
    ctypedef struct Norm:
        const void *x
        const void *dout
        void *out
        unsigned char *above
        Py_ssize_t N, C, size, groups
        const void *gamma
        const void *beta
        double eps
        int training
        double *moments
        void *sums


cdef int describe(Norm* p, x, out, gamma, double eps, moments, above) except -1:
    p.N, p.C = x.shape[0], x.shape[1]
    p.size = x.shape[2] * x.shape[3] if x.ndim == 4 else 1
    p.x, p.out, p.gamma, p.moments = address(x), address(out), address(gamma), <double *> address(moments)
    p.eps, p.training, p.groups = eps, True, 1
    p.above = NULL if above is None else <unsigned char *> address(above)
    return 0


cdef int run_norm(Norm* p, Task task, Py_ssize_t tasks, Py_ssize_t item) except -1:
    # For each number some additions, and its way through memory.
    return run(task, p, tasks, 2 * NORM_BLOCK * item, 8.0 * p.N * p.C * p.size)


cdef Py_ssize_t up(Py_ssize_t size, Py_ssize_t step):
    return (size + step - 1) // step


def batch_forward(x, gamma, beta, double eps, moments, out, bint training, above=None):
    """out; moments (C, 2) are written in training, and else read."""
    cdef Norm p
    kernels = kernels_for(x.dtype)
    describe(&p, x, out, gamma, eps, moments, above)
    p.beta, p.training = address(beta), training
    if x.ndim == 4:
        run_norm(&p, kernels.norm_batch, p.C, x.dtype.itemsize)
    else:
        run_norm(&p, kernels.norm_columns, up(p.C, NORM_COLUMNS), x.dtype.itemsize)


def batch_backward(dout, x, gamma, double eps, moments, dx, bint training, above=None):
    """dx; returns the gradients of gamma and beta, two float64 arrays (C,)."""
    cdef Norm p
    kernels = kernels_for(x.dtype)
    describe(&p, x, dx, gamma, eps, moments, above)
    sums = np.zeros((p.C, 2))
    p.dout, p.sums, p.training = address(dout), address(sums), training
    if x.ndim == 4:
        run_norm(&p, kernels.norm_batch_backward, p.C, x.dtype.itemsize)
    else:
        run_norm(&p, kernels.norm_columns_backward, up(p.C, NORM_COLUMNS), x.dtype.itemsize)
    return sums[:, 0], sums[:, 1]


def group_forward(x, gamma, beta, double eps, moments, out):
    """out, and moments (N, groups, 2)."""
    cdef Norm p
    kernels = kernels_for(x.dtype)
    describe(&p, x, out, gamma, eps, moments, None)
    p.beta, p.groups = address(beta), moments.shape[1]
    run_norm(&p, kernels.norm_group, p.N * p.groups, x.dtype.itemsize)


def group_backward(dout, x, gamma, double eps, moments, dx):
    """dx; returns the gradients of gamma and beta, two float64 arrays (C,)."""
    cdef Norm p
    kernels = kernels_for(x.dtype)
    describe(&p, x, dx, gamma, eps, moments, None)
    sums = np.zeros((p.N, p.C, 2))
    p.dout, p.sums, p.groups = address(dout), address(sums), moments.shape[1]
    run_norm(&p, kernels.norm_group_backward, p.N * p.groups, x.dtype.itemsize)
    sums = sums.sum(axis=0)
    return sums[:, 0], sums[:, 1]


def layer_forward(x, gamma, beta, double eps, moments, out, above=None):
    """out, and moments (N, 2)."""
    cdef Norm p
    kernels = kernels_for(x.dtype)
    describe(&p, x, out, gamma, eps, moments, above)
    p.beta = address(beta)
    run_norm(&p, kernels.norm_layer, up(p.N, NORM_ROWS), x.dtype.itemsize)


def layer_backward(dout, x, gamma, double eps, moments, dx, above=None):
    """dx; returns the gradients of gamma and beta, two float64 arrays (C,)."""
    cdef Norm p
    kernels = kernels_for(x.dtype)
    describe(&p, x, dx, gamma, eps, moments, above)
    sums = np.empty((up(p.N, NORM_ROWS), 2, p.C), x.dtype)
    p.dout, p.sums = address(dout), address(sums)
    run_norm(&p, kernels.norm_layer_backward, len(sums), x.dtype.itemsize)
    sums = sums.sum(axis=0, dtype=np.float64)
    return sums[0], sums[1]
