ctypedef void (*Task)(const void* args, Py_ssize_t task, void* scratch) noexcept nogil

cdef extern from "kernels.h" nogil:
    ctypedef struct Kernels:
        int lanes, widest, panel
        void* gemm
        int fma_sums
        Task fma_rate
        Task conv_pack_wide, conv_wide
        Task conv_pack_few, conv_few
        Task conv_pack_pointwise, conv_pointwise
        Task conv_dw_wide, conv_dw_wide_finish
        Task conv_dw_few, conv_dw_few_finish
        Task conv_depthwise, conv_dx_depthwise, conv_dw_depthwise
        Task winograd_pack_2, winograd_2, winograd_dw_2, winograd_dw_finish_2
        Task winograd_pack_4, winograd_4, winograd_dw_4, winograd_dw_finish_4
        Task pool_max, pool_2x2, pool_2x2_backward, pool_plain, pool_scatter
        Task product, product_finish, product_dots, affine_backward, affine_update, columns
        Task update_sgd, update_momentum, update_nesterov, update_rmsprop, update_adagrad, update_adadelta
        Task update_adam, update_adamw, update_beside, add_scaled
        Task relu_forward, relu_backward
        Task leaky_relu_forward, leaky_relu_backward, sigmoid_forward, sigmoid_backward, tanh_forward, tanh_backward
        Task gelu_forward, gelu_backward, gelu_tanh_forward, gelu_tanh_backward
        Task scale_rows, dot_rows
        Task norm_batch, norm_batch_backward, norm_group, norm_group_backward
        Task norm_columns, norm_columns_backward, norm_layer, norm_layer_backward
        Task loss_softmax, loss_hinge

cdef const Kernels* kernels_for(dtype) except NULL

cdef int run(
    Task task, const void* args, Py_ssize_t tasks, size_t scratch, double work, bint to_the_end=*
) except -1

cdef void* address(array) except? NULL
