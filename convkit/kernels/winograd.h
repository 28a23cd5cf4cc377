/* Convolution by Winograd's minimal filtering: fewer multiplications, more additions. 3x3 filters with stride 1 first:
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
 *
 * Larger filters, with m = 2, are a sum of smaller ones: along each axis a filter is cut into pieces of two elements, the last
 * one with two or three. A piece that begins at element 2*j sees the pixels of the tile that is j tiles further on: what was
 * transformed for one piece serves all, and their products are summed up before A^T s A. A piece of two elements needs no
 * product at the last of the four positions, where G only looks at the third. 5x5 filters take 7*7 products instead of 10*10,
 * 7x7 take 10*10 instead of 14*14.
 *
 * With a stride, the pixels of each phase (remainders modulo the strides) are an image of their own, which meets every
 * stride-th element of the filter; the sum over phases is one more sum over channels. 7x7 with stride 2: 10*10 instead of
 * 14*14; 11x11 with stride 4: 15*15 instead of 22*22; 3x3 with stride 2: nothing is saved.
 */
#ifndef CONVKIT_WINOGRAD_H
#define CONVKIT_WINOGRAD_H
#include "conv.h"

/* The elements of a filter along one axis, and the pieces into which they are cut; those of three elements come first. */
enum {
    WINOGRAD_PIECES = 6,
    WINOGRAD_CHUNK = 64,           /* products that are added up in one go, at most */
    WINOGRAD_LANES_OF_CHANNEL = 2, /* channels that fill no more than one lane in so many: lanes are tiles (by_tile) */
};
typedef struct {
    int elements, stride, phases;
    int pieces, whole; /* whole: those of three elements */
    int reach;         /* tiles that the pieces see beyond the first */
    struct {
        int first, elements; /* first, first + stride, ... of the filter */
        int phase, tile;     /* of the image that it sees */
    } piece[WINOGRAD_PIECES];
} WinogradSide;

/* Pieces that need products at position `index` of `side`: all but at the last one. */
static inline int winograd_pieces(const WinogradSide *of, int index, int side) { return index == side - 1 ? of->whole : of->pieces; }

/* Forward pass and dx. A task is a block of positions, as with the direct kernels, and some vectors of output channels. */
typedef struct {
    Conv of; /* taps in rising order; task_rows and task_cols are whole tiles of all phases of a dilation */
    WinogradSide height, width;
    ptrdiff_t dilation_h, dilation_w;
    ptrdiff_t products;                     /* of a tile, for a channel and a filter: at all positions together */
    /* With ReLU and max pooling (2x2 windows, stride 2) as one, m = 2 and no dilation: `out`, or dout, is that of the pooling,
     * (N, groups*F, pool_rows, pool_cols), and winner says which pixel of its window each came from, or NO_WINNER where ReLU
     * lets no gradient pass. Else winner is NULL. */
    unsigned char *winner;
    ptrdiff_t pool_rows, pool_cols;

    ptrdiff_t slab_rows, slab_cols;         /* pixels that a block sees */
    int by_tile;                            /* few channels: vector lanes are tiles, else channels, when pixels are transformed */
    /* Of the transformed pixels, [position][tile][channel][phase], or [position][channel][tile] if by_tile. */
    ptrdiff_t tile_step, channel_step, position_step;
    ptrdiff_t sums_step;                    /* from position to position, of the sums [position][tile][channel] */
    ptrdiff_t pixels_size, sums_size, slab_size; /* elements of scratch memory */
} Winograd;

/* dw and db. A task is one part of the batch, some input channels and some vectors of output channels: as many as leave the
 * transformed gradients, as many as products for each pair of them, in the L2 cache while the blocks go by. */
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

/* Phases of the image: a channel is so many images. */
static inline ptrdiff_t winograd_phases(const Winograd *p) { return p->height.phases * p->width.phases; }

/* Products of a tile at the positions before (i, j), of `side` rows and columns. */
static inline ptrdiff_t winograd_before(const Winograd *p, int i, int j, int side)
{
    ptrdiff_t row = (side - 1) * p->width.pieces + p->width.whole;
    return i * p->height.pieces * row + winograd_pieces(&p->height, i, side) * (ptrdiff_t)(j * p->width.pieces);
}

/* Input channels of a task of dw at most, with 3x3 filters, and, up to whole panels, output channels. */
enum { WINOGRAD_DW_CHANNELS = 64 };

static inline ptrdiff_t winograd_tasks(const Winograd *p) { return conv_blocks(&p->of) * p->of.vector_tasks; }
static inline ptrdiff_t winograd_dw_tasks(const WinogradDw *q)
{
    return q->parts * q->of.of.groups * q->channel_tasks * q->of.of.vector_tasks;
}
#endif
