/* The kernels for one element type and one instruction set, and their table.
 *
 * Those between push_options and pop_options have their loops written out in vectors already: what -O3 makes of the
 * rest is no faster, and up to twice as long. CONVKIT_SMALL (setup.py defines it) lets gcc make less of them.
 */
#if !defined(__GNUC__) || defined(__clang__)
#undef CONVKIT_SMALL
#endif
#include "gemm_impl.h"
#include "pool_plain.h"
#include "relu_loops.h"
#include "activation_loops.h"
#include "gate_loops.h"
#include "norm_runs.h"
#include "norm_images.h"
#include "norm_vectors.h"
#include "loss_loops.h"
#if CONVKIT_VECTORS
#include "vector.h"
#include "fma_rate.h"
#include "conv_slab.h"
#include "conv_wide.h"
#include "pool_2x2.h"
#include "pool_max.h"
#include "update_rules.h"
#include "product_beside.h"
#include "product_tiles.h"
#include "product_dots.h"
#include "conv_pointwise.h"
#include "columns.h"
#include "affine_backward.h"
#include "affine_update.h"
#if CONVKIT_SMALL
#pragma GCC push_options
#pragma GCC optimize("O2", "tree-vectorize")
#endif
#include "conv_few.h"
#include "conv_dw_wide.h"
#include "conv_dw_few.h"
#include "conv_depthwise.h"
#include "conv_depthwise_dx.h"
#include "winograd.h"
#include "winograd_lanes.h"
#define TILE 2
#include "winograd_transforms.h"
#include "winograd_pool.h"
#include "winograd_forward.h"
#include "winograd_dw.h"
#include "winograd_end.h"
#define TILE 4
#include "winograd_transforms.h"
#include "winograd_forward.h"
#include "winograd_dw.h"
#include "winograd_end.h"
#if CONVKIT_SMALL
#pragma GCC pop_options
#endif
#endif

const Kernels NAME(table) = {
    .gemm = (void *)NAME(gemm),
    .relu_forward = NAME(relu_forward),
    .relu_backward = NAME(relu_backward),
    .leaky_relu_forward = NAME(leaky_relu_forward),
    .leaky_relu_backward = NAME(leaky_relu_backward),
    .sigmoid_forward = NAME(sigmoid_forward),
    .sigmoid_backward = NAME(sigmoid_backward),
    .tanh_forward = NAME(tanh_forward),
    .tanh_backward = NAME(tanh_backward),
    .gelu_forward = NAME(gelu_forward),
    .gelu_backward = NAME(gelu_backward),
    .gelu_tanh_forward = NAME(gelu_tanh_forward),
    .gelu_tanh_backward = NAME(gelu_tanh_backward),
    .scale_rows = NAME(scale_rows),
    .dot_rows = NAME(dot_rows),
    .norm_batch = NAME(norm_batch),
    .norm_batch_backward = NAME(norm_batch_backward),
    .norm_group = NAME(norm_group),
    .norm_group_backward = NAME(norm_group_backward),
    .norm_columns = NAME(norm_columns),
    .norm_columns_backward = NAME(norm_columns_backward),
    .norm_layer = NAME(norm_layer),
    .norm_layer_backward = NAME(norm_layer_backward),
    .loss_softmax = NAME(loss_softmax),
    .loss_hinge = NAME(loss_hinge),
    .pool_plain = NAME(pool_plain),
    .pool_scatter = NAME(pool_scatter),
#if CONVKIT_VECTORS
    .lanes = LANES,
    .widest = WIDEST_PANEL,
    .panel = PRODUCT_PANEL,
    .fma_sums = NAME(fma_sums),
    .fma_rate = NAME(fma_rate),
    .conv_pack_wide = NAME(conv_pack_wide),
    .conv_wide = NAME(conv_wide),
    .conv_pack_few = NAME(conv_pack_few),
    .conv_few = NAME(conv_few),
    .conv_pack_pointwise = NAME(conv_pack_pointwise),
    .conv_pointwise = NAME(conv_pointwise),
    .conv_dw_wide = NAME(conv_dw_wide),
    .conv_dw_wide_finish = NAME(conv_dw_wide_finish),
    .conv_depthwise = NAME(conv_depthwise),
    .conv_dx_depthwise = NAME(conv_dx_depthwise),
    .conv_dw_depthwise = NAME(conv_dw_depthwise),
    .conv_dw_few = NAME(conv_dw_few),
    .conv_dw_few_finish = NAME(conv_dw_few_finish),
    .winograd_pack_2 = NAME(winograd_pack_2),
    .winograd_2 = NAME(winograd_2),
    .winograd_dw_2 = NAME(winograd_dw_2),
    .winograd_dw_finish_2 = NAME(winograd_dw_finish_2),
    .winograd_pack_4 = NAME(winograd_pack_4),
    .winograd_4 = NAME(winograd_4),
    .winograd_dw_4 = NAME(winograd_dw_4),
    .winograd_dw_finish_4 = NAME(winograd_dw_finish_4),
    .product = NAME(product),
    .product_finish = NAME(product_finish),
    .product_dots = NAME(product_dots),
    .affine_backward = NAME(affine_backward),
    .affine_update = NAME(affine_update),
    .columns = NAME(columns),
    .update_sgd = NAME(update_sgd),
    .update_momentum = NAME(update_momentum),
    .update_nesterov = NAME(update_nesterov),
    .update_rmsprop = NAME(update_rmsprop),
    .update_adagrad = NAME(update_adagrad),
    .update_adadelta = NAME(update_adadelta),
    .update_adam = NAME(update_adam),
    .update_adamw = NAME(update_adamw),
    .update_beside = UPDATE_BESIDE,
    .add_scaled = NAME(add_scaled),
    .pool_max = NAME(pool_max),
    .pool_2x2 = NAME(pool_2x2),
    .pool_2x2_backward = NAME(pool_2x2_backward),
#else
    .lanes = 1,
#endif
};
#if CONVKIT_VECTORS
#include "vector_end.h"
#endif
