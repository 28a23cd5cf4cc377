/* Winograd's convolution, vector lanes = channels; forward pass and dx, for one TILE size.
 *
 * A task is a block of tiles and some vectors of output channels. In turn:
 *
 *   pixels    for each vector of input channels: transposed into a slab that stays in L1, then B^T d B of every tile; with few
 *             channels for each of them, vector lanes = tiles
 *   products  for each panel of output channels (V vectors) and each of the a*a positions: the tiles' sums over channels, by
 *             the tiles of conv_wide.h (it is a convolution with 1x1 filters); in chunks of channels, whose filters stay in
 *             L1, and whose short sums keep the round-off small
 *   outputs   A^T s A of every tile, transposed on its way out by conv_wide.h
 *
 * What the transforms make of NaN and infinity reaches a whole tile: a result that is not finite sets *not_finite, and the
 * caller computes everything anew by a direct kernel.
 */

/* Where line `line` of tiles begins in its block. Lines: for each row of tiles and its dilation_h phases, dilation_w phases. */
INLINE ptrdiff_t TILED(line_row)(const Winograd *p, ptrdiff_t line)
{
    ptrdiff_t y = line / p->dilation_w;
    return y / p->dilation_h * TILE * p->dilation_h + y % p->dilation_h;
}

/* The shape of a block in tiles, of outputs and of the pixels that they see (where the filter reaches beyond one tile, there
 * are more). */
typedef struct {
    ptrdiff_t lines, across, image_tiles, tiles;
    ptrdiff_t in_lines, in_across, in_image_tiles;
} TILED(Tiles);

INLINE TILED(Tiles) TILED(tiles_of)(const Winograd *p, const SlabPlace *at)
{
    TILED(Tiles) of;
    of.lines = CEIL_DIV(at->rows, TILE * p->dilation_h) * p->dilation_h * p->dilation_w;
    of.across = CEIL_DIV(at->cols, TILE * p->dilation_w);
    of.image_tiles = of.lines * of.across;
    of.tiles = of.image_tiles * at->images;
    of.in_lines = of.lines + p->height.reach * p->dilation_h * p->dilation_w;
    of.in_across = of.across + p->width.reach;
    of.in_image_tiles = of.in_lines * of.in_across;
    return of;
}

/* Where the products of a tile are read: for each channel of a chunk and each pair of pieces, from the tile's first transformed
 * pixel on. [2*last row + last column]: at the last position of a row or column only whole pieces have products. */
typedef struct {
    ptrdiff_t at[4][WINOGRAD_CHUNK];
} TILED(Offsets);

INLINE int TILED(last)(int i, int j) { return 2 * (i == SIDE - 1) + (j == SIDE - 1); }

static TILED(Offsets) TILED(offsets)(const Winograd *p, const TILED(Tiles) *of, ptrdiff_t channels)
{
    TILED(Offsets) offsets;
    for (int last = 0; last < 4; last++) {
        ptrdiff_t *to = offsets.at[last];
        for (ptrdiff_t c = 0; c < channels; c++)
            for (int i = 0; i < (last & 2 ? p->height.whole : p->height.pieces); i++)
                for (int j = 0; j < (last & 1 ? p->width.whole : p->width.pieces); j++) {
                    ptrdiff_t tile = p->height.piece[i].tile * p->dilation_h * p->dilation_w * of->in_across + p->width.piece[j].tile;
                    ptrdiff_t phase = p->height.piece[i].phase * p->width.phases + p->width.piece[j].phase;
                    *to++ = tile * p->tile_step + (c * winograd_phases(p) + phase) * p->channel_step;
                }
    }
    return offsets;
}

/* The second half of B^T d B, along the rows; half: B^T d by column. to[position*step]. */
INLINE void TILED(winograd_input_rows)(VEC half[SIDE][SIDE], REAL *to, ptrdiff_t step)
{
    UNROLL
    for (int i = 0; i < SIDE; i++) {
        VEC row[SIDE], result[SIDE];
        UNROLL
        for (int j = 0; j < SIDE; j++) row[j] = half[j][i];
        TILED(input_side)(row, result);
        UNROLL
        for (int j = 0; j < SIDE; j++) NAME(store)(to + (i * SIDE + j) * step, result[j]);
    }
}

/* B^T d B of the tiles in a slab: to [position][tile][...LANES...]. Neighbouring tiles share two columns, whose half of the
 * work is done once. */
static void TILED(winograd_input)(const Winograd *p, const TILED(Tiles) *of, const REAL *slab, REAL *to)
{
    ptrdiff_t row_step = p->slab_cols * p->dilation_h * LANES, col_step = p->dilation_w * LANES;
    const ptrdiff_t tile_step = p->tile_step, position_step = p->position_step, across = of->in_across;
    for (ptrdiff_t line = 0; line < of->in_lines; line++) {
        const REAL *from = slab + (TILED(line_row)(p, line) * p->slab_cols + line % p->dilation_w) * LANES;
        VEC half[SIDE][SIDE]; /* by column */
        UNROLL
        for (int j = 0; j < 2; j++, from += col_step) {
            VEC column[SIDE];
            UNROLL
            for (int i = 0; i < SIDE; i++) column[i] = NAME(load)(from + i * row_step);
            TILED(input_side)(column, half[j]);
        }
        for (ptrdiff_t x = 0; x < across; x++, to += tile_step) {
            UNROLL
            for (int j = 2; j < SIDE; j++, from += col_step) {
                VEC column[SIDE];
                UNROLL
                for (int i = 0; i < SIDE; i++) column[i] = NAME(load)(from + i * row_step);
                TILED(input_side)(column, half[j]);
            }
            TILED(winograd_input_rows)(half, to, position_step);
            UNROLL
            for (int i = 0; i < SIDE; i++) {
                half[0][i] = half[TILE][i];
                half[1][i] = half[TILE + 1][i];
            }
        }
    }
}

#if TILE == 2
/* The same for the lines of tiles in the slab of one channel, vector lanes = tiles: to [position][...][tile]. Behind a line up to
 * LANES-1 elements are written, too, and twice as many behind the slab are read. */
static void NAME(winograd_input_by_tile)(const Winograd *p, const TILED(Tiles) *of, const REAL *slab, REAL *to)
{
    for (ptrdiff_t line = 0; line < of->in_lines; line++, slab += TILE * p->slab_cols, to += of->in_across)
        for (ptrdiff_t x = 0; x < of->in_across; x += LANES) {
            VEC pixel[SIDE][SIDE], half[SIDE][SIDE]; /* by column */
            UNROLL
            for (int i = 0; i < SIDE; i++) {
                const REAL *from = slab + i * p->slab_cols + TILE * x;
                UNROLL
                for (int j = 0; j < SIDE; j += 2) {
                    VEC first = NAME(load)(from + j), last = NAME(load)(from + j + LANES);
                    pixel[j][i] = EVEN(first, last);
                    pixel[j + 1][i] = ODD(first, last);
                }
            }
            UNROLL
            for (int j = 0; j < SIDE; j++) TILED(input_side)(pixel[j], half[j]);
            TILED(winograd_input_rows)(half, to + x, p->position_step);
        }
}

static void NAME(winograd_pixels_by_tile)(const Winograd *p, const SlabPlace *at, const TILED(Tiles) *of, ptrdiff_t c,
                                          ptrdiff_t channels, REAL *slab, REAL *pixels)
{
    const Conv *q = &p->of;
    ptrdiff_t top = at->row + q->first_row, left = at->col + q->first_col;
    for (ptrdiff_t n = 0; n < at->images; n++)
        for (ptrdiff_t i = 0; i < channels; i++) {
            ptrdiff_t channel = ((at->image + n) * q->groups + at->group) * q->C + c + i;
            NAME(slab_plane)(q, channel, top, left, TILE * of->in_lines + 2, p->slab_cols, slab, p->slab_cols);
            NAME(winograd_input_by_tile)(p, of, slab, pixels + i * p->channel_step + n * of->in_image_tiles);
        }
}
#endif

/* The transformed pixels of a block, channels c .. c+channels-1 of its group. Each phase of a stride counts as a channel. */
static void TILED(winograd_pixels)(const Winograd *p, const SlabPlace *at, const TILED(Tiles) *of, ptrdiff_t c,
                                   ptrdiff_t channels, ptrdiff_t *place, REAL *slab, REAL *pixels)
{
    const Conv *q = &p->of;
    ptrdiff_t plane = q->H * q->W, phases = winograd_phases(p);
#if TILE == 2
    if (p->by_tile) {
        NAME(winograd_pixels_by_tile)(p, at, of, c, channels, slab, pixels);
        return;
    }
#endif
    if (q->stride_h > 1 || q->stride_w > 1) {
        REAL *sorted = slab + p->slab_size;
        ptrdiff_t rows = at->rows + q->row_span / q->stride_h, cols = at->cols + q->col_span / q->stride_w;
        NAME(Window) window = NAME(window)(0, 0, p->slab_rows, p->slab_cols, rows, cols, place, slab);
        window.W = q->pitch;
        for (ptrdiff_t n = 0; n < at->images; n++) {
            SlabPlace image = *at;
            image.image += n;
            NAME(slab_by_phase)(q, &image, c, channels, sorted);
            for (ptrdiff_t first = 0; first < channels * phases; first += LANES) {
                NAME(to_lanes)(&window, sorted + first * q->phase_step, q->phase_step, channels * phases - first, slab);
                TILED(winograd_input)(p, of, slab, pixels + n * of->in_image_tiles * p->tile_step + first);
            }
        }
        return;
    }
    NAME(Window) window = NAME(window)(at->row + q->first_row, at->col + q->first_col, p->slab_rows, p->slab_cols, q->H, q->W,
                                       place, slab);
    for (ptrdiff_t first = 0; first < channels; first += LANES)
        for (ptrdiff_t n = 0; n < at->images; n++) {
            const REAL *in = (const REAL *)q->in + (((at->image + n) * q->groups + at->group) * q->C + c + first) * plane;
            NAME(to_lanes)(&window, in, plane, channels - first, slab);
            TILED(winograd_input)(p, of, slab, pixels + n * of->in_image_tiles * p->tile_step + first);
        }
}

/* A^T s A of the tiles of one image and one vector of output channels: to [position][LANES]. Returns what is zero, but NaN
 * where a result is not finite. */
static VEC TILED(winograd_output)(const Winograd *p, const SlabPlace *at, const TILED(Tiles) *of, const REAL *sums, int V,
                                  REAL *to)
{
    VEC zeros = {0};
    const ptrdiff_t sums_step = p->sums_step;
    for (ptrdiff_t line = 0; line < of->lines; line++) {
        ptrdiff_t row = TILED(line_row)(p, line), col = line % p->dilation_w;
        for (ptrdiff_t x = 0; x < of->across; x++, sums += V * LANES, col += TILE * p->dilation_w) {
            VEC tile[TILE][TILE];
            zeros += TILED(winograd_tile)(sums, sums_step, tile);
            REAL *corner = to + (row * at->cols + col) * LANES;
            ptrdiff_t row_step = p->dilation_h * at->cols * LANES, col_step = p->dilation_w * LANES;
            if (row + (TILE - 1) * p->dilation_h < at->rows && col + (TILE - 1) * p->dilation_w < at->cols)
                UNROLL
                for (int i = 0; i < TILE; i++)
                    UNROLL
                    for (int j = 0; j < TILE; j++) NAME(store)(corner + i * row_step + j * col_step, tile[i][j]);
            else /* a tile that reaches beyond the block's end */
                UNROLL
                for (int i = 0; i < TILE; i++)
                    UNROLL
                    for (int j = 0; j < TILE; j++)
                        if (row + i * p->dilation_h < at->rows && col + j * p->dilation_w < at->cols)
                            NAME(store)(corner + i * row_step + j * col_step, tile[i][j]);
        }
    }
    return zeros;
}

static void TILED(winograd)(const void *args, ptrdiff_t task, void *scratch)
{
    const Winograd *p = args;
    const Conv *q = &p->of;
    ptrdiff_t vectors = CEIL_DIV(q->F, LANES), plane = q->out_h * q->out_w, phases = winograd_phases(p);
    ptrdiff_t begin = task % q->vector_tasks * q->task_vectors, end = SMALLER(begin + q->task_vectors, vectors);
    SlabPlace at = slab_place(q, task / q->vector_tasks);
    TILED(Tiles) of = TILED(tiles_of)(p, &at);
    TILED(Offsets) offsets = TILED(offsets)(p, &of, q->chunk);
    REAL *pixels = scratch, *sums = pixels + p->pixels_size, *slab = sums + p->sums_size;
    TILED(winograd_pixels)(p, &at, &of, 0, q->C, (ptrdiff_t *)(slab + p->slab_size + q->slab_size), slab, pixels);
    /* Tiles that follow one another in the pixels, too. */
    ptrdiff_t run = of.in_image_tiles == of.image_tiles ? of.tiles : of.across;

    VEC zeros = {0};
    for (ptrdiff_t v = begin; v < end;) {
        int V = panel_width(end - begin, v - begin, WIDEST_PANEL);
        const REAL *filters = (const REAL *)q->packed + (at.group * vectors + v) * p->products * q->C * LANES;
        ptrdiff_t groups = CEIL_DIV(run, NAME(wide_pixels)[V]), small = run / groups, larger = run % groups;
        /* The lines of the output come from memory meanwhile. */
        NAME(FetchBlock) fetch = NAME(fetch_block)(q, &at, v, V, p->winner ? 0 : POSITIONS * (of.tiles / run) * groups);
        for (int position = 0; position < POSITIONS; position++) {
            int row = position / SIDE, col = position % SIDE;
            int taps = winograd_pieces(&p->height, row, SIDE) * winograd_pieces(&p->width, col, SIDE);
            const ptrdiff_t *offset = offsets.at[TILED(last)(row, col)];
            for (ptrdiff_t c = 0; c < q->C; c += q->chunk) {
                REAL *to = sums + position * p->sums_step;
                int terms = taps * (int)SMALLER(q->chunk, q->C - c);
                for (ptrdiff_t tile = 0; tile < of.tiles; tile += run) {
                    ptrdiff_t in_tile = tile / of.image_tiles * of.in_image_tiles + tile % of.image_tiles / of.across * of.in_across;
                    const REAL *from = pixels + position * p->position_step + in_tile * p->tile_step + c * phases * p->channel_step;
                    for (ptrdiff_t i = 0; i < groups; i++) {
                        ptrdiff_t M = small + (i < larger);
                        if (!c) NAME(fetch_more)(q, &at, v, V, &fetch);
                        NAME(wide_tiles)[1][V - 1][M - 1](1, terms, 0, offset, filters + c * taps * V * LANES, from, p->tile_step, to, c > 0);
                        from += M * p->tile_step;
                        to += M * V * LANES;
                    }
                }
            }
            filters += taps * q->C * V * LANES;
        }
        for (int i = 0; i < V; i++, v++) {
            ptrdiff_t channels = SMALLER(q->F - v * LANES, (ptrdiff_t)LANES), f = at.group * q->F + v * LANES;
            VEC bias = q->bias ? NAME(load_part)((const REAL *)q->bias + f, channels) : (VEC){0};
            for (ptrdiff_t n = 0; n < at.images; n++) {
                const REAL *tiles = sums + (n * of.image_tiles * V + i) * LANES;
                ptrdiff_t first_plane = (at.image + n) * q->groups * q->F + f;
#if TILE == 2
                if (p->winner) {
                    zeros += NAME(winograd_pool)(p, &at, tiles, V, bias, first_plane, channels, slab);
                    continue;
                }
#endif
                REAL *out = (REAL *)q->out + first_plane * plane + at.row * q->out_w + at.col;
                zeros += TILED(winograd_output)(p, &at, &of, tiles, V, slab);
                NAME(wide_write)(q, slab, 1, 0, at.rows, at.cols, bias, out, channels);
            }
        }
    }
    NAME(report_not_finite)(q, zeros);
}

/* G g G^T of a pair of pieces of one filter ([element][LANES]), its products with input channel c. */
static void TILED(winograd_filter)(const Winograd *p, const REAL *filter, int a, int b, ptrdiff_t c, REAL *to, int V)
{
    const Conv *q = &p->of;
    int rows = p->height.piece[a].elements, cols = p->width.piece[b].elements;
    const ptrdiff_t *tap = q->w_tap + p->height.piece[a].first * p->width.elements + p->width.piece[b].first;
    VEC half[SIDE][3];
    UNROLL
    for (int j = 0; j < 3; j++) {
        VEC column[3], result[SIDE];
        UNROLL
        for (int i = 0; i < 3; i++)
            column[i] = i < rows && j < cols
                            ? NAME(load)(filter + tap[i * p->height.stride * p->width.elements + j * p->width.stride] * LANES)
                            : (VEC){0};
        TILED(filter_side)(column, result);
        UNROLL
        for (int i = 0; i < SIDE; i++) half[i][j] = result[i];
    }
    for (int i = 0; i < (a < p->height.whole ? SIDE : SIDE - 1); i++) {
        VEC result[SIDE];
        TILED(filter_side)(half[i], result);
        UNROLL
        for (int j = 0; j < SIDE; j++) {
            if (j == SIDE - 1 && b >= p->width.whole) break;
            ptrdiff_t across = winograd_pieces(&p->width, j, SIDE), pairs = winograd_pieces(&p->height, i, SIDE) * across;
            NAME(store)(to + (winograd_before(p, i, j, SIDE) * q->C + c * pairs + a * across + b) * V * LANES, result[j]);
        }
    }
}

/* Task: one vector of output channels of one group. packed[group][panel][position][c][pair of pieces][V*LANES]. */
static void TILED(winograd_pack)(const void *args, ptrdiff_t task, void *scratch)
{
    const Winograd *p = args;
    const Conv *q = &p->of;
    ptrdiff_t vectors = CEIL_DIV(q->F, LANES), g = task / vectors, v = task % vectors, taps = q->taps;
    ptrdiff_t begin = v / q->task_vectors * q->task_vectors, end = SMALLER(begin + q->task_vectors, vectors), first = begin;
    int V;
    while (first + (V = panel_width(end - begin, first - begin, WIDEST_PANEL)) <= v) first += V;
    REAL *to = (REAL *)q->packed + (g * vectors + first) * p->products * q->C * LANES + (v - first) * LANES;
    REAL *filter = scratch, *other = filter + taps * LANES * LANES;
    for (ptrdiff_t c0 = 0; c0 < q->C; c0 += LANES) {
        NAME(filters_to_lanes)(q, g, v * LANES, c0, filter, other);
        for (ptrdiff_t c = c0; c < SMALLER(c0 + LANES, q->C); c++)
            for (int a = 0; a < p->height.pieces; a++)
                for (int b = 0; b < p->width.pieces; b++)
                    TILED(winograd_filter)(p, filter + (c - c0) * taps * LANES, a, b, c, to, V);
    }
}
