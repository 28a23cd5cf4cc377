ctypedef void (*Task)(const void* args, Py_ssize_t task, void* scratch) noexcept nogil

cdef extern from "kernels.h" nogil:
    ctypedef struct Kernels:
        int lanes
        void* gemm
        Task fma_rate
        Task conv_pack_wide, conv_wide
        Task conv_pack_few, conv_few
        Task conv_dw_wide, conv_dw_wide_finish
        Task conv_dw_few, conv_dw_few_finish
        Task pool_max, pool_2x2, pool_2x2_backward, pool_plain, pool_scatter
        Task relu_forward, relu_backward
        Task norm_moments, norm_apply, norm_sums, norm_gradient
        Task norm_column_moments, norm_column_apply, norm_column_sums, norm_column_gradient

cdef const Kernels* kernels_for(dtype) except NULL

cdef int run(Task task, const void* args, Py_ssize_t tasks, size_t scratch, double work) except -1

cdef void* address(array) except? NULL
