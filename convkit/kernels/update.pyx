"""Update rules in one pass over memory, by the kernels of update_rules.h; see convkit/optim.py for what they do.

Arrays are C-contiguous, all of one dtype and shape. Ctrl-C does not stop an update half way.
"""

import numpy as np

from convkit.kernels.native cimport Kernels, Task, address, kernels_for, run


cdef extern from "update.h" nogil:
    enum:
        UPDATE_BLOCK
    ctypedef struct AddScaled:
        const void *x
        void *y
        double scale
        double *sums
        Py_ssize_t size

# About how many multiply-adds an element costs: memory is the limit.
cdef enum:
    COST = 8


cdef Py_ssize_t blocks(Py_ssize_t size):
    return (size + UPDATE_BLOCK - 1) // UPDATE_BLOCK


cdef Task kernel_of(str rule, const Kernels* kernels) except NULL:
    if rule == "sgd":
        return kernels.update_sgd
    if rule == "sgd_momentum":
        return kernels.update_momentum
    if rule == "nesterov_momentum":
        return kernels.update_nesterov
    if rule == "rmsprop":
        return kernels.update_rmsprop
    if rule == "adagrad":
        return kernels.update_adagrad
    if rule == "adadelta":
        return kernels.update_adadelta
    if rule == "adam":
        return kernels.update_adam
    if rule == "adamw":
        return kernels.update_adamw
    raise ValueError(f"no kernel for the update rule {rule!r}")


def step(str rule, w, dw, next_w, before, after, numbers):
    """next_w and after = a rule's step from w by the gradient dw, with what the rule remembers before.

    - before, after: lists of the rule's arrays; they, and w and next_w, may be the same arrays
    - numbers: what the rule's formula in update_rules.h calls s
    """
    cdef Update p
    cdef const Kernels* kernels = kernels_for(w.dtype)
    cdef Task kernel = describe(&p, rule, kernels, w, next_w, before, after, numbers)
    p.dw = address(dw)
    run(kernel, &p, blocks(p.size), 0, <double> COST * p.size, True)


cdef Task describe(Update* p, str rule, const Kernels* kernels, w, next_w, before, after, numbers) except NULL:
    """Fill in all but dw; returns the rule's kernel. Arguments as for step."""
    cdef Py_ssize_t i
    p.w, p.next, p.size = address(w), address(next_w), w.size
    for i in range(2):
        p.before[i] = p.after[i] = NULL
    for i in range(len(before)):
        p.before[i], p.after[i] = address(before[i]), address(after[i])
    for i in range(8):
        p.numbers[i] = numbers[i] if i < len(numbers) else 0
    return kernel_of(rule, kernels)


def add_scaled(x, y, double scale):
    """y += scale * x in place, unless y is None; returns the sum of the squares of x."""
    cdef AddScaled p
    p.x, p.y, p.scale, p.size = address(x), NULL if y is None else address(y), scale, x.size
    cdef double[::1] sums = np.empty(blocks(p.size))
    if p.size == 0:
        return 0.0
    p.sums = &sums[0]
    run(kernels_for(x.dtype).add_scaled, &p, len(sums), 0, <double> COST * p.size, True)
    return float(np.sum(sums))
