"""The C kernels as the Cython files beside it use them: the table for a dtype, and a task run on several threads.

The table is that of the best instruction set the processor has, or of the one that CONVKIT_ISA names.
"""

import os
import time

from convkit.kernels import denormals, threads

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer


cdef extern from "Python.h":
    int PyErr_CheckSignals() noexcept  # leaves the exception for whoever can raise it

cdef extern from "kernels.h" nogil:
    const Kernels* kernels_f32
    const Kernels* kernels_f64
    const char* kernels_select(const char* isa)

cdef extern from "parallel.h" nogil:
    enum:
        PARALLEL_STOPPED, PARALLEL_NO_MEMORY
    int parallel_run(
        Task task, const void* args, Py_ssize_t tasks, size_t scratch, int threads, int flush,
        int (*look)() noexcept nogil
    )
    const char* parallel_backend()


cdef str select_isa():
    """The instruction set to use: CONVKIT_ISA where it is set, else the best that the processor has."""
    wanted = os.environ.get("CONVKIT_ISA", "")
    cdef const char* taken = kernels_select(wanted.encode())
    if taken == NULL:
        raise ImportError(
            f"CONVKIT_ISA={wanted!r} cannot be used: this build and this processor have no such instruction set. "
            "Leave it unset, or set it to 'base', 'avx2' or 'avx512'."
        )
    return taken.decode()


ISA = select_isa()
LANES = kernels_f32.lanes  # float32 numbers in a vector register
VECTORS = LANES > 1  # False without vector extensions: then only gemm and pool_plain are there
BACKEND = parallel_backend().decode()

cdef const Kernels* kernels_for(dtype) except NULL:
    """The kernels for float32 or float64."""
    return kernels_f32 if dtype.itemsize == 4 else kernels_f64


cdef int look() noexcept nogil:
    """Whether Ctrl-C was pressed; Python then holds a KeyboardInterrupt (only its main thread is ever told)."""
    with gil:
        return PyErr_CheckSignals() != 0


cdef int never() noexcept nogil:
    return 0


cdef int run(
    Task task, const void* args, Py_ssize_t tasks, size_t scratch, double work, bint to_the_end=False
) except -1:
    """Do the tasks 0 .. tasks-1 on the threads of convkit.set_num_threads, the GIL released meanwhile.

    - scratch: bytes of memory that each thread needs
    - work: about how many multiply-adds all of them are; little work stays in the calling thread
    - to_the_end: Ctrl-C waits until all is done, because half of it must not stand in memory

    Raises KeyboardInterrupt after Ctrl-C, MemoryError without memory.
    """
    cdef int result, wanted = 1, flush = denormals.flushes_denormals()
    cdef double least = threads.MIN_WORK_PER_THREAD
    if tasks <= 0:
        return 0
    if work >= 2 * least:
        wanted = min(<Py_ssize_t> threads.get_num_threads(), tasks, <Py_ssize_t> (work / least))
    with nogil:
        result = parallel_run(task, args, tasks, scratch, wanted, flush, never if to_the_end else look)
    if result == PARALLEL_NO_MEMORY:
        raise MemoryError(f"no {scratch} bytes of scratch memory for a kernel")
    if result == PARALLEL_STOPPED:
        return -1  # with the exception that PyErr_CheckSignals has set
    return 0


cdef void* address(array) except? NULL:
    """Where the elements of a C-contiguous array begin; valid as long as the caller holds the array."""
    cdef Py_buffer view
    PyObject_GetBuffer(array, &view, PyBUF_SIMPLE)
    cdef void* start = view.buf
    PyBuffer_Release(&view)
    return start


def peak(dtype, Py_ssize_t rounds=2_000_000):
    """Multiply-adds a second that the threads of convkit.set_num_threads can do at most, measured on registers."""
    cdef const Kernels* kernels = kernels_for(dtype)
    cdef Py_ssize_t tasks = threads.get_num_threads(), sums
    if not VECTORS:
        raise RuntimeError("this build has no vector kernels to measure")
    sums = kernels.fma_sums
    best = float("inf")
    for _ in range(10):  # a core that has slept takes some milliseconds to come back
        start = time.perf_counter()
        run(kernels.fma_rate, &rounds, tasks, 4096, 1e9)
        best = min(best, time.perf_counter() - start)
    return rounds * tasks * sums * kernels.lanes / best
