/* Gradient of the filters, vector lanes = pixels: for few output channels (depthwise).
 *
 * A task takes one group of one part of the batch. The image is copied into a slab sorted by phase (slab_by_phase) and dout
 * into rows padded with zeros. Tiles of M output channels and T taps: for each vector of positions of a row, M vectors of dout
 * and T of pixels are loaded, and M*T vectors of sums run in registers. Pixels beyond the end of a row are masked (zero times
 * infinity would be NaN). The vectors of sums are added across their lanes by _finish.
 */

/* sums[m][t] += the products over all positions. dout[m] is dout_step apart, its rows dout_pitch. */
typedef void NAME(dw_few_tile)(ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t pitch, const ptrdiff_t *offset, const REAL *x,
                               const REAL *dout, ptrdiff_t dout_step, ptrdiff_t dout_pitch, REAL *sums, ptrdiff_t sums_step);

#define DW_FEW_TILE(M, T) \
    static __attribute__((noinline)) void NAME(dw_few_tile_##M##_##T)( \
        ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t pitch, const ptrdiff_t *offset, const REAL *restrict x, \
        const REAL *restrict dout, ptrdiff_t dout_step, ptrdiff_t dout_pitch, REAL *restrict sums, ptrdiff_t sums_step) \
    { \
        VEC sum[M][T]; \
        const REAL *pixels[T]; \
        IVEC mask = NAME(first_lanes)(cols % LANES); \
        UNROLL for (int t = 0; t < T; t++) pixels[t] = x + offset[t]; \
        UNROLL for (int m = 0; m < M; m++) UNROLL for (int t = 0; t < T; t++) sum[m][t] = (VEC){0}; \
        for (ptrdiff_t i = 0; i < rows; i++) { \
            const REAL *d = dout + i * dout_pitch; \
            ptrdiff_t at = i * pitch, end = at + cols; \
            for (; at < end; at += LANES, d += LANES) { \
                IVEC wanted = at + LANES <= end ? ~(IVEC){0} : mask; \
                /* What there are fewer of stays in registers. */ \
                if (M > T) { \
                    VEC value[T]; \
                    UNROLL for (int t = 0; t < T; t++) value[t] = (VEC)(wanted & (IVEC)NAME(load)(pixels[t] + at)); \
                    UNROLL for (int m = 0; m < M; m++) \
                    { \
                        VEC factor = NAME(load_once)(d + m * dout_step); \
                        UNROLL for (int t = 0; t < T; t++) sum[m][t] += factor * value[t]; \
                    } \
                    continue; \
                } \
                VEC factor[M]; \
                UNROLL for (int m = 0; m < M; m++) factor[m] = NAME(load_once)(d + m * dout_step); \
                UNROLL for (int t = 0; t < T; t++) \
                { \
                    VEC value = (VEC)(wanted & (IVEC)NAME(load)(pixels[t] + at)); \
                    UNROLL for (int m = 0; m < M; m++) sum[m][t] += factor[m] * value; \
                } \
            } \
        } \
        UNROLL for (int m = 0; m < M; m++) UNROLL for (int t = 0; t < T; t++) \
        { \
            REAL *to = sums + m * sums_step + t * LANES; \
            NAME(store)(to, NAME(load)(to) + sum[m][t]); \
        } \
    }
#define UP_TO_3(E, M) E(M, 1) E(M, 2) E(M, 3)
#define UP_TO_5(E, M) UP_TO_3(E, M) E(M, 4) E(M, 5)
#define UP_TO_9(E, M) UP_TO_3(E, M) E(M, 5) E(M, 9)
#if MANY_REGISTERS
#define DW_FEW_TILES(E) UP_TO_9(E, 1) UP_TO_9(E, 2) UP_TO_9(E, 3) UP_TO_5(E, 4) UP_TO_5(E, 5) UP_TO_3(E, 6) UP_TO_3(E, 7) UP_TO_3(E, 8)
static const int NAME(few_taps)[MOST_FEW + 1] = {0, 9, 9, 9, 5, 5, 3, 3, 3};
#else
#define DW_FEW_TILES(E) UP_TO_9(E, 1) UP_TO_5(E, 2) UP_TO_3(E, 3) UP_TO_3(E, 4)
static const int NAME(few_taps)[MOST_FEW + 1] = {0, 9, 5, 3, 3};
#endif
DW_FEW_TILES(DW_FEW_TILE)
#define ENTRY(M, T) [M][T] = NAME(dw_few_tile_##M##_##T),
static NAME(dw_few_tile) *const NAME(dw_few_tiles)[MOST_FEW + 1][10] = {DW_FEW_TILES(ENTRY)};
#undef ENTRY

/* Task: one group of one part. sums[part][group][f][k][LANES], k = 0 .. C*taps-1 for the filters and C*taps for db. */
static void NAME(conv_dw_few)(const void *args, ptrdiff_t task, void *scratch)
{
    const ConvDw *q = args;
    const Conv *p = &q->of;
    ptrdiff_t group = task % p->groups, part = task / p->groups, elements = p->C * p->taps, sums_step = (elements + 1) * LANES;
    REAL *sums = (REAL *)q->sums + part * q->part_size + group * p->F * sums_step;
    REAL *rows = scratch, *slab = rows + q->dout_size;
    memset(sums, 0, sizeof(REAL) * (size_t)(p->F * sums_step));
    ptrdiff_t blocks = p->image_tasks * p->row_tasks * p->col_tasks, area = p->row_tasks * p->col_tasks;
    ptrdiff_t channel_blocks = CEIL_DIV(p->F, MOST_FEW);
    const REAL *end = (const REAL *)q->dout + p->N * p->groups * p->F * p->rows * p->cols;
    for (ptrdiff_t b = blocks * part / q->parts; b < blocks * (part + 1) / q->parts; b++) {
        if (parallel_stopped()) return;
        SlabPlace place = slab_place(p, (b / area * p->groups + group) * area + b % area);
        ptrdiff_t dout_step = place.rows * q->dout_pitch;
        NAME(slab_by_phase)(p, &place, 0, p->C, slab);
        for (ptrdiff_t f = 0; f < p->F; f++) {
            const REAL *dout = (const REAL *)q->dout +
                               (((place.image * p->groups + group) * p->F + f) * p->rows + place.row) * p->cols + place.col;
            VEC total = {0};
            for (ptrdiff_t i = 0; i < place.rows; i++) {
                REAL *to = rows + f * dout_step + i * q->dout_pitch;
                const REAL *from = dout + i * p->cols;
                NAME(slab_row)(to, from, 1, 0, place.cols, q->dout_pitch, end - from);
                for (ptrdiff_t j = 0; j < place.cols; j += LANES) total += NAME(load)(to + j);
            }
            REAL *db = sums + f * sums_step + elements * LANES;
            NAME(store)(db, NAME(load)(db) + total);
        }
        for (ptrdiff_t i = 0; i < channel_blocks; i++) {
            ptrdiff_t f = block_start(p->F, channel_blocks, i), M = block_start(p->F, channel_blocks, i + 1) - f;
            for (ptrdiff_t c = 0; c < p->C; c++)
                for (int t = 0, T; t < p->taps; t += T) {
                    T = SMALLER(NAME(few_taps)[M], p->taps - t);
                    while (!NAME(dw_few_tiles)[M][T]) T--; /* not every number has a tile */
                    NAME(dw_few_tiles)[M][T](place.rows, place.cols, p->pitch, p->offset + t, slab + c * p->channel_step,
                                             rows + f * dout_step, dout_step, q->dout_pitch,
                                             sums + f * sums_step + (c * p->taps + t) * LANES, sums_step);
                }
        }
    }
}

/* Task: one output channel: the parts added in order, then the lanes. */
static void NAME(conv_dw_few_finish)(const void *args, ptrdiff_t task, void *scratch)
{
    const ConvDw *q = args;
    ptrdiff_t elements = q->of.C * q->of.taps;
    (void)scratch;
    const REAL *from = (const REAL *)q->sums + task * (elements + 1) * LANES;
    for (ptrdiff_t k = 0; k <= elements; k++) {
        VEC sum = NAME(load)(from + k * LANES);
        for (ptrdiff_t part = 1; part < q->parts; part++) sum += NAME(load)(from + part * q->part_size + k * LANES);
        if (k < elements)
            ((REAL *)q->dw)[task * elements + k] = NAME(sum)(sum);
        else
            ((REAL *)q->db)[task] = NAME(sum)(sum);
    }
}
