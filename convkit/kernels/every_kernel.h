/* The kernels for one element type and one instruction set, and their table. */
#include "gemm_impl.h"
#include "pool_plain.h"
#include "relu_loops.h"
#include "norm_rows.h"
#include "norm_columns.h"
#if CONVKIT_VECTORS
#include "vector.h"
#include "fma_rate.h"
#include "conv_slab.h"
#include "conv_wide.h"
#include "conv_few.h"
#include "conv_dw_wide.h"
#include "conv_dw_few.h"
#include "pool_2x2.h"
#include "pool_max.h"
#endif

const Kernels NAME(table) = {
    .gemm = (void *)NAME(gemm),
    .relu_forward = NAME(relu_forward),
    .relu_backward = NAME(relu_backward),
    .norm_moments = NAME(norm_moments),
    .norm_apply = NAME(norm_apply),
    .norm_sums = NAME(norm_sums),
    .norm_gradient = NAME(norm_gradient),
    .norm_column_moments = NAME(norm_column_moments),
    .norm_column_apply = NAME(norm_column_apply),
    .norm_column_sums = NAME(norm_column_sums),
    .norm_column_gradient = NAME(norm_column_gradient),
    .pool_plain = NAME(pool_plain),
    .pool_scatter = NAME(pool_scatter),
#if CONVKIT_VECTORS
    .lanes = LANES,
    .fma_rate = NAME(fma_rate),
    .conv_pack_wide = NAME(conv_pack_wide),
    .conv_wide = NAME(conv_wide),
    .conv_pack_few = NAME(conv_pack_few),
    .conv_few = NAME(conv_few),
    .conv_dw_wide = NAME(conv_dw_wide),
    .conv_dw_wide_finish = NAME(conv_dw_wide_finish),
    .conv_dw_few = NAME(conv_dw_few),
    .conv_dw_few_finish = NAME(conv_dw_few_finish),
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
