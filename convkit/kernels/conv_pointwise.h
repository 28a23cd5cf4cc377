/* Convolution with filters of one pixel, whose positions all lie inside the image; vector lanes = positions.
 *
 * At each position it is the matrix of the filters times the channels, out (F x positions) = w (F x C) times x (C x positions),
 * so it runs on the tiles of the matrix product (product_tiles.h), which write rows of the output as they stand: nothing is
 * transposed.
 *
 * A task is a block of positions of one image and group, counted through all rows (slab_line), copied into a slab channel by
 * channel, whatever the stride. Then, outermost first:
 *
 *   chunks of channels, of which a panel stays in L1  |  panels of V vectors of positions  |  tiles of R filters: R*V sums in
 *   registers; for each channel, V vectors of pixels are loaded and each of R elements of the filters is broadcast.
 *
 * The bias is one more channel, of ones, behind the last.
 */

/* The packed filters: packed[group][chunk][block of R filters][c][R], behind the last channel the biases. Task: one group, one
 * block of filters. */
static void NAME(conv_pack_pointwise)(const void *args, ptrdiff_t task, void *scratch)
{
    const Conv *p = args;
    (void)scratch;
    ptrdiff_t blocks = CEIL_DIV(p->F, PRODUCT_ROWS), g = task / blocks, i = task % blocks;
    ptrdiff_t f = block_start(p->F, blocks, i), R = block_start(p->F, blocks, i + 1) - f;
    const REAL *w = (const REAL *)p->w + g * p->w_group + f * p->w_filter, *bias = p->bias;
    for (ptrdiff_t first = 0; first < p->C; first += p->chunk) {
        ptrdiff_t channels = SMALLER(p->chunk, p->C - first), last = first + channels == p->C;
        REAL *to = (REAL *)p->packed + g * p->F * (p->C + 1) + first * p->F + f * (channels + last);
        for (ptrdiff_t c = first; c < first + channels; c++)
            for (ptrdiff_t r = 0; r < R; r++) *to++ = w[r * p->w_filter + c * p->w_channel];
        if (last)
            for (ptrdiff_t r = 0; r < R; r++) *to++ = bias ? bias[g * p->F + f + r] : 0;
    }
}

static void NAME(conv_pointwise)(const void *args, ptrdiff_t task, void *scratch)
{
    const Conv *p = args;
    SlabPlace place = slab_place(p, task);
    ptrdiff_t count = place.cols, whole = CEIL_DIV(count, LANES) * LANES, width = PRODUCT_PANEL * LANES;
    ptrdiff_t blocks = CEIL_DIV(p->F, PRODUCT_ROWS), image = place.image * p->groups + place.group;
    REAL *out = (REAL *)p->out + image * p->F * p->cols + place.col, *slab = scratch;
    NAME(slab_line)(p, (const REAL *)p->in + image * p->C * p->W, place.col, count, slab);
    for (ptrdiff_t c = 0; c < p->C; c++) NAME(zero)(slab + c * p->pitch + count, whole - count);
    for (ptrdiff_t j = 0; j < whole; j++) slab[p->C * p->pitch + j] = 1;
    for (ptrdiff_t c = 0; c < p->C; c += p->chunk) {
        ptrdiff_t channels = SMALLER(p->chunk, p->C - c), last = c + channels == p->C, terms = channels + last;
        const REAL *filters = (const REAL *)p->packed + place.group * p->F * (p->C + 1) + c * p->F;
        for (ptrdiff_t at = 0; at < count; at += width) {
            ptrdiff_t here = SMALLER(width, count - at), V = CEIL_DIV(here, LANES);
            for (ptrdiff_t i = 0, f = 0, R; i < blocks; i++, f += R) {
                R = block_start(p->F, blocks, i + 1) - f;
                REAL *to = out + f * p->cols + at;
                for (ptrdiff_t r = 0; r < R; r++) /* what will be written comes while the sums are computed */
                    for (ptrdiff_t j = 0; j < here; j += CACHE_LINE / REAL_BYTES) __builtin_prefetch(to + r * p->cols + j, 1);
                NAME(product_tiles)[V - 1][R - 1](terms, filters + f * terms, slab + c * p->pitch + at, p->pitch, to, p->cols,
                                                  here - (V - 1) * LANES, c > 0, NULL, last && p->relu);
            }
        }
    }
}
