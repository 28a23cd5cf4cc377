/* Gradient of the filters by Winograd, vector lanes = output channels, for one TILE size.
 *
 * A task goes through the blocks of its part of the batch. For each it transforms the pixels of its input channels (B^T d B)
 * and the gradients dout of its output channels (A dY A^T); then, for each position, the tiles of conv_dw_wide.h add up the
 * products over all tiles of the block. The sums, as many as products for each pair of channels, stay in the L2 cache. _finish adds the parts
 * in order and takes G^T s G. db, the sum of dout, is kept as one more element.
 */

/* A dY A^T of the tiles in a slab (whole tiles, zeros beyond the block): to [position][tile][...LANES...]. */
static void TILED(winograd_dout)(const WinogradDw *q, const TILED(Tiles) *of, ptrdiff_t slab_cols, const REAL *slab, REAL *to)
{
    const Winograd *p = &q->of;
    ptrdiff_t row_step = slab_cols * p->dilation_h * LANES, col_step = p->dilation_w * LANES;
    const ptrdiff_t tile_step = q->dout_tile_step, position_step = q->dout_position_step;
    for (ptrdiff_t line = 0; line < of->lines; line++) {
        const REAL *from = slab + (TILED(line_row)(p, line) * slab_cols + line % p->dilation_w) * LANES;
        for (ptrdiff_t x = 0; x < of->across; x++, to += tile_step) {
            VEC tile[TILE][TILE];
            UNROLL
            for (int j = 0; j < TILE; j++, from += col_step)
                UNROLL
                for (int i = 0; i < TILE; i++) tile[i][j] = NAME(load)(from + i * row_step);
            TILED(winograd_dout_tile)(tile, to, position_step);
        }
    }
}

/* Task: one part of the batch, one group, some input channels, some vectors of output channels.
 * sums[part][group][panel][k][V*LANES], where k counts positions, channels and pairs of pieces, and then db. */
static void TILED(winograd_dw)(const void *args, ptrdiff_t task, void *scratch)
{
    const WinogradDw *q = args;
    const Winograd *p = &q->of;
    const Conv *conv = &p->of;
    ptrdiff_t elements = p->products * conv->C, vectors = CEIL_DIV(conv->F, LANES), plane = conv->rows * conv->cols;
    ptrdiff_t phases = winograd_phases(p);
    ptrdiff_t begin = task % conv->vector_tasks * conv->task_vectors, end = SMALLER(begin + conv->task_vectors, vectors);
    task /= conv->vector_tasks;
    ptrdiff_t c = task % q->channel_tasks * q->task_channels, channels = SMALLER(q->task_channels, conv->C - c);
    task /= q->channel_tasks;
    ptrdiff_t group = task % conv->groups, part = task / conv->groups;
    REAL *sums = (REAL *)q->sums + part * q->part_size + group * vectors * LANES * (elements + 1);
    REAL *pixels = scratch, *dout = pixels + p->pixels_size, *slab = dout + q->dout_size;
    ptrdiff_t *place = (ptrdiff_t *)(slab + p->slab_size + conv->slab_size);
    VEC db[WINOGRAD_DW_CHANNELS / LANES] = {{0}};

    ptrdiff_t blocks = conv->image_tasks * conv->row_tasks * conv->col_tasks, area = conv->row_tasks * conv->col_tasks;
    ptrdiff_t first_block = blocks * part / q->parts, last_block = blocks * (part + 1) / q->parts; /* at least one */
    for (ptrdiff_t b = first_block; b < last_block; b++) {
        if (parallel_stopped()) return;
        SlabPlace at = slab_place(conv, (b / area * conv->groups + group) * area + b % area);
        TILED(Tiles) of = TILED(tiles_of)(p, &at);
        TILED(Offsets) offsets = TILED(offsets)(p, &of, 1);
        TILED(winograd_pixels)(p, &at, &of, c, channels, place, slab, pixels);
        ptrdiff_t slab_cols = of.across * TILE * p->dilation_w, slab_rows = of.lines / p->dilation_w * TILE;
        NAME(Window) window = NAME(window)(at.row, at.col, slab_rows, slab_cols, conv->rows, conv->cols, place, slab);
        for (ptrdiff_t v = begin; v < end; v++)
            for (ptrdiff_t n = 0; n < at.images; n++) {
                ptrdiff_t f = ((at.image + n) * conv->groups + group) * conv->F + v * LANES;
                REAL *to = dout + n * of.image_tiles * q->dout_tile_step + (v - begin) * LANES;
#if TILE == 2
                if (p->winner) {
                    VEC total = NAME(winograd_unpool)(q, &at, f, conv->F - v * LANES, slab, to);
                    if (c == 0) db[v - begin] += total;
                    continue;
                }
#endif
                NAME(to_lanes)(&window, (const REAL *)q->dout + f * plane, plane, conv->F - v * LANES, slab);
                TILED(winograd_dout)(q, &of, slab_cols, slab, to);
                if (c == 0) {
                    VEC even = {0}, odd = {0};
                    for (ptrdiff_t i = 0; i < slab_rows * slab_cols; i += 2) { /* an even number: TILE is */
                        even += NAME(load)(slab + i * LANES);
                        odd += NAME(load)(slab + (i + 1) * LANES);
                    }
                    db[v - begin] += even + odd;
                }
            }
        /* Tiles that follow one another in the pixels, too, are one long line. */
        int whole = of.in_image_tiles == of.image_tiles;
        ptrdiff_t images = whole ? 1 : at.images, lines = whole ? 1 : of.lines, length = whole ? of.tiles : of.across;
        for (int position = 0; position < POSITIONS; position++) {
            int row = position / SIDE, col = position % SIDE;
            ptrdiff_t pairs = winograd_pieces(&p->height, row, SIDE) * winograd_pieces(&p->width, col, SIDE);
            const ptrdiff_t *offset = offsets.at[TILED(last)(row, col)];
            ptrdiff_t before = winograd_before(p, row, col, SIDE) * conv->C + c * pairs, count = channels * pairs;
            if (!count) continue;
            for (ptrdiff_t v = begin; v < end;) {
                int V = panel_width(end - begin, v - begin, WIDEST_PANEL);
                const REAL *d = dout + position * q->dout_position_step + (v - begin) * LANES;
                REAL *to = sums + (v * (elements + 1) + before * V) * LANES;
                ptrdiff_t groups = CEIL_DIV(count, NAME(wide_pixels)[V]), small = count / groups, larger = count % groups;
                const REAL *from = pixels + position * p->position_step;
                ptrdiff_t pair = 0;
                for (ptrdiff_t i = 0; i < groups; i++) {
                    ptrdiff_t M = small + (i < larger);
                    const REAL *pixel[16];
                    for (ptrdiff_t m = 0; m < M; m++) {
                        pixel[m] = from + offset[pair];
                        if (++pair == pairs) pair = 0, from += phases * p->channel_step;
                    }
                    NAME(dw_tiles)[V - 1][M - 1](images, lines, length, of.in_image_tiles * p->tile_step, of.in_across * p->tile_step,
                                                 p->tile_step, pixel, d, q->dout_tile_step, to, b > first_block);
                    to += M * V * LANES;
                }
                v += V;
            }
        }
    }
    if (c == 0)
        for (ptrdiff_t v = begin; v < end;) {
            int V = panel_width(end - begin, v - begin, WIDEST_PANEL);
            for (int i = 0; i < V; i++)
                NAME(store)(sums + (v * (elements + 1) + elements * V + i) * LANES, db[v - begin + i]);
            v += V;
        }
}

/* G^T s G of a pair of pieces of one filter: to [element][LANES]. The sums s of all parts are added up. Returns what is zero,
 * but NaN where an element is not finite. */
static VEC TILED(winograd_dw_filter)(const WinogradDw *q, const REAL *from, int V, ptrdiff_t c, int a, int b, REAL *to)
{
    const Winograd *p = &q->of;
    int height = p->height.piece[a].elements, width = p->width.piece[b].elements;
    to += (p->height.piece[a].first * p->width.elements + p->width.piece[b].first) * LANES;
    VEC half[3][SIDE], zeros = {0};
    UNROLL
    for (int j = 0; j < SIDE; j++) {
        VEC column[SIDE], result[3];
        UNROLL
        for (int i = 0; i < SIDE; i++) {
            column[i] = (VEC){0};
            if ((i == SIDE - 1 && a >= p->height.whole) || (j == SIDE - 1 && b >= p->width.whole)) continue;
            ptrdiff_t across = winograd_pieces(&p->width, j, SIDE), pairs = winograd_pieces(&p->height, i, SIDE) * across;
            const REAL *sum = from + (winograd_before(p, i, j, SIDE) * p->of.C + c * pairs + a * across + b) * V * LANES;
            for (ptrdiff_t part = 0; part < q->parts; part++) column[i] += NAME(load)(sum + part * q->part_size);
        }
        TILED(dw_side)(column, result);
        UNROLL
        for (int i = 0; i < 3; i++) half[i][j] = result[i];
    }
    UNROLL
    for (int i = 0; i < 3; i++) {
        if (i >= height) break;
        VEC result[3];
        TILED(dw_side)(half[i], result);
        UNROLL
        for (int j = 0; j < 3; j++) {
            if (j >= width) break;
            result[j] *= OUTPUT_SCALE;
            zeros += result[j] * 0;
            NAME(store)(to + (i * p->height.stride * p->width.elements + j * p->width.stride) * LANES, result[j]);
        }
    }
    return zeros;
}

/* Task: one vector of output channels of one group. */
static void TILED(winograd_dw_finish)(const void *args, ptrdiff_t task, void *scratch)
{
    const WinogradDw *q = args;
    const Winograd *p = &q->of;
    const Conv *conv = &p->of;
    ptrdiff_t taps = conv->taps, elements = p->products * conv->C;
    ptrdiff_t vectors = CEIL_DIV(conv->F, LANES), group = task / vectors, v = task % vectors;
    ptrdiff_t begin = v / conv->task_vectors * conv->task_vectors, end = SMALLER(begin + conv->task_vectors, vectors), first = begin;
    int V;
    while (first + (V = panel_width(end - begin, first - begin, WIDEST_PANEL)) <= v) first += V;
    const REAL *from = (REAL *)q->sums + (group * vectors + first) * LANES * (elements + 1) + (v - first) * LANES;
    ptrdiff_t f = group * conv->F + v * LANES;
    int lanes = (int)SMALLER(conv->F - v * LANES, (ptrdiff_t)LANES);
    REAL *block = scratch;
    VEC zeros = {0};
    for (ptrdiff_t c0 = 0; c0 < conv->C; c0 += LANES) {
        ptrdiff_t channels = SMALLER(conv->C - c0, (ptrdiff_t)LANES);
        for (ptrdiff_t c = 0; c < channels; c++)
            for (int a = 0; a < p->height.pieces; a++)
                for (int b = 0; b < p->width.pieces; b++)
                    zeros += TILED(winograd_dw_filter)(q, from, V, c0 + c, a, b, block + c * taps * LANES);
        for (ptrdiff_t k = 0; k < channels * taps; k += LANES) {
            VEC r[LANES];
            UNROLL
            for (int i = 0; i < LANES; i++) r[i] = NAME(load)(block + (k + i) * LANES);
            NAME(transpose)(r);
            UNROLL
            for (int i = 0; i < LANES; i++)
                if (i < lanes)
                    NAME(store_part)((REAL *)q->dw + ((f + i) * conv->C + c0) * taps + k, r[i], channels * taps - k);
        }
    }
    VEC db = NAME(load)(from + elements * V * LANES);
    for (ptrdiff_t part = 1; part < q->parts; part++) db += NAME(load)(from + elements * V * LANES + part * q->part_size);
    NAME(store_part)((REAL *)q->db + f, db, lanes);
    NAME(report_not_finite)(conv, zeros);
}
