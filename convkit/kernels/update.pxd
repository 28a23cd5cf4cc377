"""A step of an update rule as a kernel takes it, for the files that hand it on to another kernel."""

from convkit.kernels.native cimport Kernels, Task


cdef extern from "update.h" nogil:
    ctypedef struct Update:
        const void *w
        const void *dw
        void *next
        const void *before "from"[2]
        void *after "to"[2]
        Py_ssize_t size
        double numbers[8]

cdef Task describe(Update* p, str rule, const Kernels* kernels, w, next_w, before, after, numbers) except NULL
