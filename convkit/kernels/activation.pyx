"""ReLU by the kernels of relu.h, the other activations by those of activation.h, gates of channels by those of gate.h.

Arrays are C-contiguous.

Of x, ReLU and leaky ReLU keep only a mask: one byte for each element, 1 above 0.
"""

import numpy as np

from convkit.kernels.native cimport Kernels, Task, address, kernels_for, run


cdef extern from "relu.h" nogil:
    enum:
        RELU_TASK
    ctypedef struct Relu:
        const void *input "in"
        void *out
        unsigned char *above
        Py_ssize_t size

cdef extern from "activation.h" nogil:
    enum:
        ACTIVATION_TASK
    ctypedef struct Activation:
        const void *input "in"
        const void *kept
        void *out
        unsigned char *above
        double slope
        Py_ssize_t size

cdef extern from "gate.h" nogil:
    ctypedef struct Gate:
        const void *input "in"
        const void *other "with"
        void *out
        const void *factor
        const void *shift
        Py_ssize_t rows, size, task_rows


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


# About how many multiply-adds an element is.
cdef enum:
    PLAIN = 1
    EXPONENTIAL = 20
    NORMAL = 40


cdef run_activation(Task task, double work, source, kept=None, mask=None, double slope=0):
    """A new array of what the task makes of the source; work for each element."""
    cdef Activation p
    out = np.empty(source.shape, source.dtype)
    if source.size == 0:
        return out
    p.input, p.out, p.size, p.slope = address(source), address(out), source.size, slope
    p.kept = NULL if kept is None else address(kept)
    p.above = NULL if mask is None else <unsigned char *> address(mask)
    run(task, &p, (p.size + ACTIVATION_TASK - 1) // ACTIVATION_TASK, 0, work * p.size)
    return out


def leaky_relu_forward(x, double slope):
    """(x where it is above 0, else slope*x; mask)"""
    mask = np.empty(x.shape, np.uint8)
    return run_activation(kernels_for(x.dtype).leaky_relu_forward, PLAIN, x, None, mask, slope), mask


def leaky_relu_backward(dout, mask, double slope):
    """dout where the mask is set, slope*dout elsewhere."""
    return run_activation(kernels_for(dout.dtype).leaky_relu_backward, PLAIN, dout, None, mask, slope)


def sigmoid_forward(x):
    """1/(1 + exp(-x))"""
    return run_activation(kernels_for(x.dtype).sigmoid_forward, EXPONENTIAL, x)


def sigmoid_backward(dout, out):
    """dout*out*(1 - out)"""
    return run_activation(kernels_for(dout.dtype).sigmoid_backward, PLAIN, dout, out)


def tanh_forward(x):
    """tanh(x)"""
    return run_activation(kernels_for(x.dtype).tanh_forward, EXPONENTIAL, x)


def tanh_backward(dout, out):
    """dout*(1 - out²)"""
    return run_activation(kernels_for(dout.dtype).tanh_backward, PLAIN, dout, out)


def gelu_forward(x, bint tanh_form):
    """x times the normal distribution function of x, exactly or in the tanh form"""
    cdef const Kernels* kernels = kernels_for(x.dtype)
    return run_activation(kernels.gelu_tanh_forward if tanh_form else kernels.gelu_forward, NORMAL, x)


def gelu_backward(dout, x, bint tanh_form):
    """dout times the derivative of that at x"""
    cdef const Kernels* kernels = kernels_for(x.dtype)
    return run_activation(kernels.gelu_tanh_backward if tanh_form else kernels.gelu_backward, NORMAL, dout, x)


cdef int run_gate(Task task, Gate* p, Py_ssize_t rows, Py_ssize_t size) except -1:
    if rows == 0 or size == 0:
        return 0
    p.rows, p.size, p.task_rows = rows, size, max(1, ACTIVATION_TASK // size)
    return run(task, p, (rows + p.task_rows - 1) // p.task_rows, 0, <double> rows * size)


def scale_rows(matrix, factor, shift=None):
    """matrix (rows, size) times the factor (rows,) of each row, plus its shift (rows,)"""
    cdef Gate p
    out = np.empty(matrix.shape, matrix.dtype)
    p.input, p.out, p.factor = address(matrix), address(out), address(factor)
    p.shift = NULL if shift is None else address(shift)
    run_gate(kernels_for(matrix.dtype).scale_rows, &p, matrix.shape[0], matrix.shape[1])
    return out


def dot_rows(a, b):
    """The sum of a*b along each row of two matrices (rows, size): (rows,)"""
    cdef Gate p
    sums = np.zeros(len(a), a.dtype)
    p.input, p.other, p.out = address(a), address(b), address(sums)
    run_gate(kernels_for(a.dtype).dot_rows, &p, a.shape[0], a.shape[1])
    return sums
