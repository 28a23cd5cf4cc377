/* The kernels for one element type and one instruction set, and their table. */
#include "gemm_impl.h"
#if CONVKIT_VECTORS
#include "vector.h"
#include "conv_slab.h"
#include "conv_wide.h"
#include "conv_few.h"
#include "conv_dw_wide.h"
#include "conv_dw_few.h"
#endif

const Kernels NAME(table) = {
    .gemm = (void *)NAME(gemm),
#if CONVKIT_VECTORS
    .lanes = LANES,
    .conv_pack_wide = NAME(conv_pack_wide),
    .conv_wide = NAME(conv_wide),
    .conv_pack_few = NAME(conv_pack_few),
    .conv_few = NAME(conv_few),
    .conv_dw_wide = NAME(conv_dw_wide),
    .conv_dw_wide_finish = NAME(conv_dw_wide_finish),
    .conv_dw_few = NAME(conv_dw_few),
    .conv_dw_few_finish = NAME(conv_dw_few_finish),
#else
    .lanes = 1,
#endif
};
#if CONVKIT_VECTORS
#include "vector_end.h"
#endif
