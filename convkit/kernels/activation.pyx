"""ReLU by the kernels of relu.h. Arrays are C-contiguous; of x only a mask is kept: one byte for each element, 1
above 0."""

import numpy as np

from convkit.kernels.native cimport address, kernels_for, run


cdef extern from "relu.h" nogil:
    enum:
        RELU_TASK
    ctypedef struct Relu:
        const void *input "in"
        void *out
        unsigned char *above
        Py_ssize_t size


cdef int run_relu(bint backward, source, target, mask) except -1:
    cdef Relu p
    if source.size == 0:
        return 0
    p.input, p.above, p.size = address(source), <unsigned char *> address(mask), source.size
    p.out = NULL if target is None else address(target)
    kernels = kernels_for(source.dtype)
    run(
        kernels.relu_backward if backward else kernels.relu_forward,
        &p, (p.size + RELU_TASK - 1) // RELU_TASK, 0, 4.0 * p.size,  # (it is memory that costs)
    )
    return 0


def relu_forward(x):
    """(max(0, x), mask): of the shape of x, C-contiguous; NaN stays NaN, and counts as not above 0."""
    out, mask = np.empty(x.shape, x.dtype), np.empty(x.shape, np.uint8)
    run_relu(False, x, out, mask)
    return out, mask


def above_zero(x):
    """The mask alone."""
    mask = np.empty(x.shape, np.uint8)
    run_relu(False, x, None, mask)
    return mask


def relu_backward(dout, mask):
    """dout where the mask is set, 0 elsewhere."""
    dx = np.empty(dout.shape, dout.dtype)
    run_relu(True, dout, dx, mask)
    return dx
