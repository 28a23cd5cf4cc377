"""Losses by the kernels of loss.h. Scores are a C-contiguous matrix (N, C), N > 0; labels were checked."""

import numpy as np

from convkit.kernels.native cimport Task, address, kernels_for, run


cdef extern from "loss.h" nogil:
    ctypedef struct Loss:
        const void *x
        const Py_ssize_t *y
        void *dx
        Py_ssize_t N, C, task_rows
        double *sums

cdef enum:
    TASK_ELEMENTS = 4096


cdef object run_loss(Task task, x, y, dx):
    cdef Loss p
    labels, sums = np.ascontiguousarray(y, np.intp), np.empty((len(x), 2))
    p.N, p.C = x.shape
    p.x, p.y, p.dx, p.sums = address(x), <const Py_ssize_t *> address(labels), address(dx), <double *> address(sums)
    p.task_rows = max(1, TASK_ELEMENTS // p.C)
    run(task, &p, (p.N + p.task_rows - 1) // p.task_rows, 0, 10.0 * p.N * p.C)
    return sums


def softmax(x, y):
    """(loss, dx): the mean of -log p[y], and its gradient (N, C)."""
    dx = np.empty(x.shape, x.dtype)
    sums = run_loss(kernels_for(x.dtype).loss_softmax, x, y, dx)
    with np.errstate(all="ignore"):
        return np.mean(np.log(sums[:, 0]) - sums[:, 1]), dx


def hinge(x, y):
    """(loss, dx): the mean of the sums of margins, and its gradient (N, C)."""
    dx = np.empty(x.shape, x.dtype)
    return np.mean(run_loss(kernels_for(x.dtype).loss_hinge, x, y, dx)[:, 0]), dx
