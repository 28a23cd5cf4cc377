/* What the compiled kernels have in common: how a kernel is called, and the table of them that exists once for each
 * element type and each instruction set.
 *
 * A kernel is divided into tasks. Task t reads its arguments (a struct of the kernel's own, the same for all tasks),
 * writes only what belongs to it, and has a piece of scratch memory, aligned to 64 bytes, whose content is arbitrary.
 * How the work is cut into tasks depends on the shapes alone, so that the bits of a result never depend on threads.
 *
 * Sizes and steps are counted in elements, in ptrdiff_t throughout.
 */
#ifndef CONVKIT_KERNELS_H
#define CONVKIT_KERNELS_H
#include <stddef.h>
#include <string.h>

#if !defined(__GNUC__) && !defined(restrict)
#define restrict __restrict
#endif

typedef void (*Task)(const void *args, ptrdiff_t task, void *scratch);

/* For tasks that may take long, between two steps of at least some microseconds: whether to return at once, because Ctrl-C
 * was pressed. Whatever the task leaves is thrown away then. (parallel.c) */
int parallel_stopped(void);

/* Vector extensions (gcc, clang) are what all but the matrix product of gemm_impl.h needs. */
#if defined(__GNUC__)
#define CONVKIT_VECTORS 1
#else
#define CONVKIT_VECTORS 0
#endif

#define SMALLER(a, b) ((a) < (b) ? (a) : (b))
#define LARGER(a, b) ((a) > (b) ? (a) : (b))
#define CACHE_LINE 64 /* bytes; fewer or more cost time, no more */
#define CEIL_DIV(a, b) (((a) + (b)-1) / (b))

/* The kernels for one element type, compiled for one instruction set. */
typedef struct {
    int lanes;  /* elements in a vector register; 1 without vector extensions: then only plain kernels are there */
    int widest; /* vectors in a panel of output channels (conv.h) */
    int panel;  /* vectors in a panel of columns of a matrix product (product.h) */
    void *gemm; /* of the type gemm_f32_fn or gemm_f64_fn */
    int fma_sums; /* multiply-adds of vectors in a round of fma_rate */
    Task fma_rate;
    Task conv_pack_wide, conv_wide;
    Task conv_pack_few, conv_few;
    Task conv_pack_pointwise, conv_pointwise;
    Task conv_dw_wide, conv_dw_wide_finish;
    Task conv_dw_few, conv_dw_few_finish;
    Task conv_depthwise, conv_dx_depthwise, conv_dw_depthwise;
    Task winograd_pack_2, winograd_2, winograd_dw_2, winograd_dw_finish_2;
    Task winograd_pack_4, winograd_4, winograd_dw_4, winograd_dw_finish_4;
    Task pool_max, pool_2x2, pool_2x2_backward, pool_plain, pool_scatter;
    Task product, product_finish, product_dots, affine_backward, affine_update, columns;
    Task update_sgd, update_momentum, update_nesterov, update_rmsprop, update_adagrad, update_adadelta, update_adam, update_adamw;
    Task update_beside; /* the rule of these that a product can do beside it (product_beside.h), NULL for none */
    Task add_scaled;
    Task relu_forward, relu_backward;
    Task leaky_relu_forward, leaky_relu_backward, sigmoid_forward, sigmoid_backward, tanh_forward, tanh_backward;
    Task gelu_forward, gelu_backward, gelu_tanh_forward, gelu_tanh_backward;
    Task scale_rows, dot_rows;
    Task norm_batch, norm_batch_backward, norm_group, norm_group_backward;
    Task norm_columns, norm_columns_backward, norm_layer, norm_layer_backward;
    Task loss_softmax, loss_hinge;
} Kernels;

/* The tables of the instruction set that was selected. */
extern const Kernels *kernels_f32, *kernels_f64;

/* Takes the named instruction set ("base", "avx2", "avx512"), or with "" the best; returns its name, NULL if it cannot. */
const char *kernels_select(const char *isa);
#endif
