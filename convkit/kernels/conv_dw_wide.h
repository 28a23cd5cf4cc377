/* Gradient of the filters, vector lanes = output channels.
 *
 * A task takes the blocks of positions of one part of the batch, and some vectors of output channels. For each block the image
 * is copied into a slab, as in the forward pass, and dout, a few vectors of channels at a time, transposed in registers to
 * (position, channel). Then, for panels of
 * V vectors of channels and tiles of M elements (c, t) of the filters, M*V sums run over all positions of the block in
 * registers: V vectors of dout are loaded, M pixels broadcast. They are added to the part's sums, which _finish adds up and
 * transposes to dw. The sum of dout itself, db, is kept as one more element of the filters.
 */

/* sums[m][v] += sum over the positions; x[m]: where element m sees the first position. */
typedef void NAME(dw_tile)(ptrdiff_t images, ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t image_step, ptrdiff_t row_step,
                           ptrdiff_t step, const REAL *const *x, const REAL *dout, ptrdiff_t dout_pitch, REAL *sums, int add);

#define DW_TILE(M, V) \
    static __attribute__((noinline)) void NAME(dw_tile_##M##_##V)( \
        ptrdiff_t images, ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t image_step, ptrdiff_t row_step, ptrdiff_t step, \
        const REAL *const *x, const REAL *restrict dout, ptrdiff_t dout_pitch, REAL *restrict sums, int add) \
    { \
        VEC sum[M][V]; \
        const REAL *pixel[M]; \
        UNROLL for (int m = 0; m < M; m++) pixel[m] = x[m]; \
        UNROLL for (int m = 0; m < M; m++) UNROLL for (int v = 0; v < V; v++) sum[m][v] = (VEC){0}; \
        for (ptrdiff_t n = 0; n < images; n++) \
            for (ptrdiff_t i = 0; i < rows; i++) { \
                ptrdiff_t at = n * image_step + i * row_step, end = at + cols * step; \
                for (; at < end; at += step, dout += dout_pitch) { \
                    VEC d[V]; \
                    UNROLL for (int v = 0; v < V; v++) d[v] = NAME(load_once)(dout + v * LANES); \
                    UNROLL for (int m = 0; m < M; m++) \
                    { \
                        VEC value = NAME(same)(pixel[m][at]); \
                        UNROLL for (int v = 0; v < V; v++) sum[m][v] += value * d[v]; \
                    } \
                } \
            } \
        if (add) \
            UNROLL for (int m = 0; m < M; m++) UNROLL for (int v = 0; v < V; v++) \
                sum[m][v] += NAME(load)(sums + (m * V + v) * LANES); \
        UNROLL for (int m = 0; m < M; m++) UNROLL for (int v = 0; v < V; v++) \
            NAME(store)(sums + (m * V + v) * LANES, sum[m][v]); \
    }
WIDE_TILES(DW_TILE)
#define ENTRY(M, V) [V - 1][M - 1] = NAME(dw_tile_##M##_##V),
static NAME(dw_tile) *const NAME(dw_tiles)[4][16] = {WIDE_TILES(ENTRY)};
#undef ENTRY

/* dout of `vectors` vectors of channels from f0 on, at the task's positions, as [position][channel], zeros behind the last. */
static void NAME(transpose_dout)(const ConvDw *q, const SlabPlace *at, ptrdiff_t f0, ptrdiff_t vectors, REAL *block)
{
    const Conv *p = &q->of;
    ptrdiff_t plane = p->rows * p->cols, pitch = q->dout_pitch;
    int whole = at->cols == p->cols; /* rows follow one another */
    ptrdiff_t lines = whole ? 1 : at->rows, length = whole ? at->rows * at->cols : at->cols;
    for (ptrdiff_t n = 0; n < at->images; n++)
        for (ptrdiff_t line = 0; line < lines; line++, block += length * pitch) {
            const REAL *dout = (const REAL *)q->dout + ((at->image + n) * p->groups + at->group) * p->F * plane +
                               (at->row + line) * p->cols + at->col;
            for (ptrdiff_t v = 0; v < vectors; v++) {
                ptrdiff_t f = f0 + v * LANES;
                int lanes = (int)SMALLER(p->F - f, (ptrdiff_t)LANES);
                for (ptrdiff_t j = 0; j < length; j += LANES) {
                    ptrdiff_t n_here = SMALLER(length - j, (ptrdiff_t)LANES);
                    VEC r[LANES];
                    if (n_here == LANES && lanes == LANES)
                        UNROLL
                        for (int i = 0; i < LANES; i++) r[i] = NAME(load)(dout + (f + i) * plane + j);
                    else
                        for (int i = 0; i < LANES; i++)
                            r[i] = i < lanes ? NAME(load_part)(dout + (f + i) * plane + j, n_here) : (VEC){0};
                    NAME(transpose)(r);
                    REAL *to = block + j * pitch + v * LANES;
                    if (n_here == LANES)
                        UNROLL
                        for (int i = 0; i < LANES; i++) NAME(store)(to + i * pitch, r[i]);
                    else
                        for (int i = 0; i < n_here; i++) NAME(store)(to + i * pitch, r[i]);
                }
            }
        }
}

/* A vector of output channels: its parts (part_step apart) added in order, transposed to dw and db. from: [k][V*LANES]. */
static void NAME(write_dw)(const ConvDw *q, ptrdiff_t group, ptrdiff_t v, const REAL *from, int V, ptrdiff_t parts)
{
    const Conv *p = &q->of;
    ptrdiff_t elements = p->C * p->taps, f = group * p->F + v * LANES;
    int lanes = (int)SMALLER(p->F - v * LANES, (ptrdiff_t)LANES);
    REAL *dw = (REAL *)q->dw + f * elements;
    for (ptrdiff_t k = 0; k <= elements; k += LANES) {
        VEC r[LANES];
        UNROLL
        for (int i = 0; i < LANES; i++) {
            r[i] = (VEC){0};
            if (k + i <= elements) {
                r[i] = NAME(load)(from + (k + i) * V * LANES);
                for (ptrdiff_t part = 1; part < parts; part++)
                    r[i] += NAME(load)(from + part * q->part_size + (k + i) * V * LANES);
            }
            if (k + i == elements) NAME(store_part)((REAL *)q->db + f, r[i], lanes);
        }
        NAME(transpose)(r);
        UNROLL
        for (int i = 0; i < LANES; i++)
            if (i < lanes) NAME(store_part)(dw + i * elements + k, r[i], elements - k);
    }
}

/* Task: one part of the batch, one group, some vectors of output channels. sums[part][group][panel][k][V*LANES] with
 * k = 0 .. C*taps-1 for the filters' elements and C*taps for db. If there is only one part, the task has the sums to itself,
 * in scratch memory, and writes dw and db at once. */
static void NAME(conv_dw_wide)(const void *args, ptrdiff_t task, void *scratch)
{
    const ConvDw *q = args;
    const Conv *p = &q->of;
    ptrdiff_t elements = p->C * p->taps, vectors = CEIL_DIV(p->F, LANES);
    ptrdiff_t first = task % p->vector_tasks * p->task_vectors, last = SMALLER(first + p->task_vectors, vectors);
    task /= p->vector_tasks;
    ptrdiff_t group = task % p->groups, part = task / p->groups;
    REAL *block = scratch, *own = block + q->dout_size, *slab = own + p->result_size;
    REAL *sums = q->parts == 1 ? own
                               : (REAL *)q->sums + part * q->part_size + (group * vectors + first) * LANES * (elements + 1);
    ptrdiff_t blocks = p->image_tasks * p->row_tasks * p->col_tasks, area = p->row_tasks * p->col_tasks;
    ptrdiff_t begin = blocks * part / q->parts, end = blocks * (part + 1) / q->parts;
    for (ptrdiff_t b = begin; b < end; b++) {
        if (parallel_stopped()) return;
        SlabPlace place = slab_place(p, (b / area * p->groups + group) * area + b % area);
        const REAL *x = NAME(slab)(p, &place, slab);
        ptrdiff_t positions = place.images * place.rows * place.cols;
        for (ptrdiff_t v = 0, begins = 0, ends = 0; v < last - first;) {
            if (v == ends) { /* the next vectors of dout */
                begins = v, ends = SMALLER(v + q->dout_vectors, last - first);
                NAME(transpose_dout)(q, &place, (first + v) * LANES, ends - v, block);
            }
            int V = panel_width(ends - begins, v - begins, WIDEST_PANEL);
            const REAL *dout = block + (v - begins) * LANES;
            REAL *to = sums + v * LANES * (elements + 1);
            ptrdiff_t tiles = CEIL_DIV(elements, NAME(wide_pixels)[V]), small = elements / tiles, larger = elements % tiles;
            ptrdiff_t k = 0, c = 0;
            int t = 0;
            for (ptrdiff_t i = 0; i < tiles; i++) {
                ptrdiff_t M = small + (i < larger);
                const REAL *pixel[16];
                for (ptrdiff_t m = 0; m < M; m++) {
                    pixel[m] = x + c * p->channel_step + p->offset[t];
                    if (++t == p->taps) t = 0, c++;
                }
                NAME(dw_tiles)[V - 1][M - 1](place.images, place.rows, place.cols, p->image_step, p->stride_h * p->pitch,
                                             p->stride_w, pixel, dout, q->dout_pitch, to + k * V * LANES, b > begin);
                k += M;
            }
            for (int i = 0; i < V; i++) {
                VEC sum = {0}, odd = {0};
                ptrdiff_t j = 0;
                for (; j + 1 < positions; j += 2) {
                    sum += NAME(load)(dout + j * q->dout_pitch + i * LANES);
                    odd += NAME(load)(dout + (j + 1) * q->dout_pitch + i * LANES);
                }
                if (j < positions) sum += NAME(load)(dout + j * q->dout_pitch + i * LANES);
                REAL *db = to + (elements * V + i) * LANES;
                sum += odd;
                NAME(store)(db, b > begin ? NAME(load)(db) + sum : sum);
            }
            v += V;
        }
    }
    if (q->parts > 1) return;
    for (ptrdiff_t v = 0; v < last - first;) {
        int V = panel_width(last - first, v, WIDEST_PANEL);
        for (int i = 0; i < V; i++)
            NAME(write_dw)(q, group, first + v + i, sums + v * LANES * (elements + 1) + i * LANES, V, 1);
        v += V;
    }
}

/* Task: one vector of output channels of one group, where there are several parts. */
static void NAME(conv_dw_wide_finish)(const void *args, ptrdiff_t task, void *scratch)
{
    const ConvDw *q = args;
    const Conv *p = &q->of;
    (void)scratch;
    ptrdiff_t elements = p->C * p->taps, vectors = CEIL_DIV(p->F, LANES), group = task / vectors, v = task % vectors;
    ptrdiff_t begin = v / q->dout_vectors * q->dout_vectors, end = SMALLER(begin + q->dout_vectors, vectors), first = begin;
    int V;
    while (first + (V = panel_width(end - begin, first - begin, WIDEST_PANEL)) <= v) first += V;
    NAME(write_dw)(q, group, v, (REAL *)q->sums + (group * vectors + first) * LANES * (elements + 1) + (v - first) * LANES, V,
                   q->parts);
}
