ctypedef void (*Task)(const void* args, Py_ssize_t task, void* scratch) noexcept nogil

cdef extern from "kernels.h" nogil:
    ctypedef struct Kernels:
        int lanes
        void* gemm
        Task conv_pack_wide, conv_wide
        Task conv_pack_few, conv_few
        Task conv_dw_wide, conv_dw_wide_finish
        Task conv_dw_few, conv_dw_few_finish

cdef const Kernels* kernels_for(dtype) except NULL

cdef int run(Task task, const void* args, Py_ssize_t tasks, size_t scratch, double work) except -1

cdef void* address(array) except? NULL
