/* Convolution with filters of one pixel, whose positions all lie inside the image; vector lanes = positions.
 *
 * At each position it is the matrix of the filters times the channels, out (F x positions) = w (F x C) times x (C x positions),
 * so it runs on the tiles of the matrix product (product_tiles.h), which write rows of the output as they stand: nothing is
 * transposed.
 *
 * A task is a block of positions of one image and group, counted through all rows (slab_line). Outermost first:
 *
 *   chunks of channels, of which a panel stays in L1  |  panels of V vectors of positions  |  tiles of R filters: R*V sums in
 *   registers, which begin with the bias; for each channel, V vectors of pixels are loaded and each of R elements of the filters
 *   is broadcast.
 *
 * Mostly, the block is copied into a slab first, channel by channel. For few filters that is a good part of the work: then pixels
 * are read where they stand, and the next panel is fetched meanwhile (but for a last panel that is not whole). Not with a stride,
 * nor where channels lie so far apart that they would share few lines of the cache (ALIASED bytes).
 */
#include "product.h"

/* The packed filters: packed[group][chunk][block of R filters][c][R]. Task: one group, one block of filters. */
static void NAME(conv_pack_pointwise)(const void *args, ptrdiff_t task, void *scratch)
{
    const Conv *p = args;
    (void)scratch;
    ptrdiff_t blocks = CEIL_DIV(p->F, PRODUCT_ROWS), g = task / blocks, i = task % blocks;
    ptrdiff_t f = block_start(p->F, blocks, i), R = block_start(p->F, blocks, i + 1) - f;
    const REAL *w = (const REAL *)p->w + g * p->w_group + f * p->w_filter;
    for (ptrdiff_t first = 0; first < p->C; first += p->chunk) {
        ptrdiff_t channels = SMALLER(p->chunk, p->C - first);
        REAL *to = (REAL *)p->packed + g * p->F * p->C + first * p->F + f * channels;
        for (ptrdiff_t c = first; c < first + channels; c++)
            for (ptrdiff_t r = 0; r < R; r++) *to++ = w[r * p->w_filter + c * p->w_channel];
    }
}

static void NAME(conv_pointwise)(const void *args, ptrdiff_t task, void *scratch)
{
    enum { FEW_FILTERS = 64 };
    const Conv *p = args;
    SlabPlace place = slab_place(p, task);
    ptrdiff_t count = place.cols, whole = CEIL_DIV(count, LANES) * LANES, width = PRODUCT_PANEL * LANES;
    ptrdiff_t blocks = CEIL_DIV(p->F, PRODUCT_ROWS), small = p->F / blocks, larger = p->F % blocks;
    ptrdiff_t image = place.image * p->groups + place.group, plane = p->H * p->W;
    const REAL *in = (const REAL *)p->in + image * p->C * plane, *bias = p->bias;
    REAL *out = (REAL *)p->out + image * p->F * p->cols + place.col, *slab = scratch;
    ptrdiff_t step = plane;
    if (p->F > FEW_FILTERS || p->line_cols || plane * REAL_BYTES % ALIASED == 0) {
        NAME(slab_line)(p, in, place.col, count, slab);
        for (ptrdiff_t c = 0; c < p->C; c++) NAME(zero)(slab + c * p->pitch + count, whole - count);
        step = p->pitch;
        in = slab;
    } else
        in += place.col;
    for (ptrdiff_t c = 0; c < p->C; c += p->chunk) {
        ptrdiff_t channels = SMALLER(p->chunk, p->C - c), last = c + channels == p->C;
        const REAL *filters = (const REAL *)p->packed + place.group * p->F * p->C + c * p->F;
        for (ptrdiff_t at = 0; at < count; at += width) {
            ptrdiff_t here = SMALLER(width, count - at), V = CEIL_DIV(here, LANES), pixel_step = step;
            const REAL *pixels = in + c * step + at;
            NAME(PieceFetch) fetch = {0};
            if (in != slab) {
                if (here < V * LANES) {
                    NAME(product_pack_b)(channels, here, pixels, step, 1, slab, V * LANES);
                    pixels = slab;
                    pixel_step = V * LANES;
                }
                ptrdiff_t next = at + width < count ? at + width : 0, next_c = next ? c : c + channels;
                fetch = NAME(piece_fetch)(in + next_c * step + next, step, SMALLER(p->chunk, p->C - next_c),
                                          SMALLER(width, count - next), blocks);
            }
            for (ptrdiff_t i = 0, f = 0, R; i < blocks; i++, f += R) {
                R = small + (i < larger);
                REAL *to = out + f * p->cols + at;
                for (ptrdiff_t r = 0; r < R; r++) /* what will be written comes while the sums are computed */
                    for (ptrdiff_t j = 0; j < here; j += CACHE_LINE / REAL_BYTES) __builtin_prefetch(to + r * p->cols + j, 1);
                NAME(fetch_piece)(&fetch);
                NAME(product_tiles)[V - 1][R - 1](channels, filters + f * channels, pixels, pixel_step,
                                                  bias && !c ? bias + place.group * p->F + f : NULL, to, p->cols,
                                                  here - (V - 1) * LANES, c > 0, NULL, last && p->relu);
            }
        }
    }
}
