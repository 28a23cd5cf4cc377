/* Convolution with 3x3 filters and stride 1 by Winograd's minimal filtering: fewer multiplications, more additions.
 *
 * The outputs are computed in tiles of m x m, m = 2 or 4. With a = m + 2, a tile sees a x a pixels d, and
 *
 *   Y = A^T [ sum over channels of (G g G^T) * (B^T d B) ] A        (* element by element)
 *
 * takes a*a multiplications for a channel and a filter, where the direct sum takes 9*m*m: 16 instead of 36 with m = 2, 36
 * instead of 144 with m = 4. For each of the a*a positions in a tile the sum is a matrix product (tiles x channels) times
 * (channels x filters). The gradient of the filters is the same read backwards:
 *
 *   dg = G^T [ sum over tiles of (B^T d B) * (A dY A^T) ] G
 *
 * The matrices stand in winograd_transforms.h. Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks",
 * CVPR 2016, section 4.
 *
 * A dilated convolution is one without dilation on each of the dilation_h * dilation_w phases of the image (the pixels with
 * the same remainders): a tile and the pixels that it sees are then that many rows and columns apart.
 */
#ifndef CONVKIT_WINOGRAD_H
#define CONVKIT_WINOGRAD_H
#include "conv.h"

/* Forward pass and dx. A task is a block of positions, as with the direct kernels, and some vectors of output channels. */
typedef struct {
    Conv of; /* 3*3 taps in rising order, stride 1; task_rows and task_cols are whole tiles of all phases */
    ptrdiff_t dilation_h, dilation_w;
    ptrdiff_t slab_rows, slab_cols;         /* pixels that a block sees */
    ptrdiff_t tile_step, position_step;     /* of the transformed pixels [position][tile][channel] */
    ptrdiff_t sums_step;                    /* from position to position, of the sums [position][tile][channel] */
    ptrdiff_t pixels_size, sums_size, slab_size; /* elements of scratch memory */
} Winograd;

/* dw and db. A task is one part of the batch, some input channels and some vectors of output channels: as many as leave the
 * transformed gradients, a*a for each pair of them, in the L2 cache while the blocks go by. */
typedef struct {
    Winograd of; /* its tile_step and position_step are for the input channels of one task */
    const void *dout;
    void *dw, *db;
    void *sums; /* parts * part_size elements, arbitrary on entry */
    ptrdiff_t parts, part_size;
    ptrdiff_t task_channels, channel_tasks;
    ptrdiff_t dout_tile_step, dout_position_step, dout_size;
} WinogradDw;

/* Fill in the blocking for tiles of m x m, as the plans of conv.h do; bytes of scratch memory of a task, SIZE_MAX where
 * nothing can be planned. */
size_t winograd_plan(Winograd *p, int m, int lanes, int widest, size_t size);
size_t winograd_plan_dw(WinogradDw *q, int m, int lanes, int widest, size_t size);

/* Input channels of a task of dw at most, and, up to whole panels, output channels. */
enum { WINOGRAD_DW_CHANNELS = 64 };

static inline ptrdiff_t winograd_tasks(const Winograd *p) { return conv_blocks(&p->of) * p->of.vector_tasks; }
static inline ptrdiff_t winograd_dw_tasks(const WinogradDw *q)
{
    return q->parts * q->of.of.groups * q->channel_tasks * q->of.of.vector_tasks;
}
#endif
