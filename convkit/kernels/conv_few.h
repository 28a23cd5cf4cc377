/* Direct convolution, vector lanes = pixels: for few output channels (dx of a first layer), and for more of them where they would
 * leave many lanes empty or where sums have few terms: they need not be transposed (pixels_fill_lanes in algorithm.py).
 *
 * A task is a block of output positions of one image and group. Its part of the image is copied, with its padding, into a
 * slab sorted by phase (slab_by_phase), in which every tap sees neighbouring positions side by side, whatever the stride.
 * The positions are then taken as one line, row after row with the slab's pitch (what falls between two rows is computed
 * and dropped): tiles of M output channels and V vectors of positions; for each channel and tap, V vectors are loaded and M
 * elements of the filters broadcast. All phases of dx with a stride (conv.h) are computed from the same slab.
 *
 * Rows that fill their vectors need no such line: the V vectors of a tile then stand below each other, and go straight to where
 * they belong. The last vector of a row ends with it; what it shares with the one before it is computed twice. Where there is none
 * before it, it reaches into the next row, which is written later; only the last row of the block goes by way of scratch memory.
 */

/* result[m][v] = bias[m] + the sums over channels and taps at V vectors of positions; packed: M elements for each channel and tap.
 * Vectors are x_step apart in the slab, result_step in the result, channels result_pitch. */
typedef void NAME(few_tile)(ptrdiff_t channels, int taps, ptrdiff_t channel_step, const ptrdiff_t *offset, const REAL *packed,
                            const REAL *x, ptrdiff_t x_step, const REAL *bias, int relu, REAL *result, ptrdiff_t result_step,
                            ptrdiff_t result_pitch);

#define FEW_TILE(M, V, SUFFIX) \
    static __attribute__((noinline)) void NAME(few_tile_##M##_##SUFFIX)( \
        ptrdiff_t channels, int taps, ptrdiff_t channel_step, const ptrdiff_t *offset, const REAL *restrict packed, \
        const REAL *restrict x, ptrdiff_t x_step, const REAL *bias, int relu, REAL *restrict result, ptrdiff_t result_step, \
        ptrdiff_t result_pitch) \
    { \
        VEC sum[M][V]; \
        UNROLL for (int m = 0; m < M; m++) UNROLL for (int v = 0; v < V; v++) sum[m][v] = (VEC){0}; \
        for (ptrdiff_t c = 0; c < channels; c++, x += channel_step) \
            for (int t = 0; t < taps; t++, packed += M) { \
                const REAL *pixels = x + offset[t]; \
                /* What there are more of comes one after the other, the others stay in registers. */ \
                if (M > V) { \
                    VEC value[V]; \
                    UNROLL for (int v = 0; v < V; v++) value[v] = NAME(load)(pixels + v * x_step); \
                    UNROLL for (int m = 0; m < M; m++) \
                    { \
                        VEC filter = NAME(same)(packed[m]); \
                        UNROLL for (int v = 0; v < V; v++) sum[m][v] += filter * value[v]; \
                    } \
                    continue; \
                } \
                VEC filter[M]; \
                UNROLL for (int m = 0; m < M; m++) filter[m] = NAME(same)(packed[m]); \
                UNROLL for (int v = 0; v < V; v++) \
                { \
                    VEC value = NAME(load_once)(pixels + v * x_step); \
                    UNROLL for (int m = 0; m < M; m++) sum[m][v] += filter[m] * value; \
                } \
            } \
        UNROLL for (int m = 0; m < M; m++) UNROLL for (int v = 0; v < V; v++) \
        { \
            VEC value = sum[m][v] + bias[m]; \
            NAME(store)(result + m * result_pitch + v * result_step, relu ? NAME(relu)(value) : value); \
        } \
    }
#if MANY_REGISTERS
#define MOST_FEW 8
#define FEW_TILES(T) T(1, 8, 4) T(2, 8, 4) T(3, 8, 4) T(4, 6, 4) T(5, 4, 2) T(6, 4, 2) T(7, 3, 2) T(8, 3, 2)
#else
#define MOST_FEW 4
#define FEW_TILES(T) T(1, 8, 4) T(2, 6, 3) T(3, 4, 2) T(4, 3, 2)
#endif
/* Vectors of positions of a tile, for so many channels: as many as there are registers for, some fewer, one. */
#define DEFINE(M, LONG, MIDDLE) FEW_TILE(M, LONG, long) FEW_TILE(M, MIDDLE, middle) FEW_TILE(M, 1, short)
FEW_TILES(DEFINE)
#undef DEFINE
#define ENTRY(M, LONG, MIDDLE) [M] = {NAME(few_tile_##M##_long), NAME(few_tile_##M##_middle), NAME(few_tile_##M##_short)},
static NAME(few_tile) *const NAME(few_tiles)[MOST_FEW + 1][3] = {FEW_TILES(ENTRY)};
#undef ENTRY
#define ENTRY(M, LONG, MIDDLE) [M] = {LONG, MIDDLE, 1},
static const int NAME(few_vectors)[MOST_FEW + 1][3] = {FEW_TILES(ENTRY)};
#undef ENTRY

/* The packed filters: packed[phase][group][block][c][t][m]. */
INLINE REAL *NAME(packed_few)(const Conv *p, ptrdiff_t phase, ptrdiff_t group)
{
    return (REAL *)p->packed + (p->start[phase] * p->groups + group * conv_phase_taps(p, phase)) * p->F * p->C;
}

/* Task: one group and phase. */
static void NAME(conv_pack_few)(const void *args, ptrdiff_t task, void *scratch)
{
    const Conv *p = args;
    (void)scratch;
    ptrdiff_t blocks = CEIL_DIV(p->F, MOST_FEW);
    ptrdiff_t phase = task / p->groups, group = task % p->groups;
    REAL *to = NAME(packed_few)(p, phase, group);
    const REAL *w = (const REAL *)p->w + group * p->w_group;
    REAL zeros = 0; /* NaN where an element is not finite */
    for (ptrdiff_t i = 0; i < blocks; i++)
        for (ptrdiff_t c = 0; c < p->C; c++)
            for (ptrdiff_t t = p->start[phase]; t < p->start[phase + 1]; t++)
                for (ptrdiff_t f = block_start(p->F, blocks, i); f < block_start(p->F, blocks, i + 1); f++) {
                    *to = w[f * p->w_filter + c * p->w_channel + p->w_tap[t]];
                    zeros += *to++ * 0;
                }
    if (zeros != 0) __atomic_store_n(p->not_finite, 1, __ATOMIC_RELAXED);
}

/* result[m][position] of one phase and block of M output channels, for the positions of a task. */
static void NAME(few_sums)(const Conv *p, ptrdiff_t phase, ptrdiff_t M, ptrdiff_t length, const REAL *slab, const REAL *filters,
                           const REAL *bias, REAL *result)
{
    const ptrdiff_t *offset = p->offset + p->start[phase];
    int taps = conv_phase_taps(p, phase);
    const int *vectors = NAME(few_vectors)[M];
    ptrdiff_t step;
    for (ptrdiff_t q = 0; q < length; q += step) {
        ptrdiff_t left = CEIL_DIV(length - q, LANES);
        int width = left > vectors[1] ? 0 : left > vectors[1] / 2 ? 1 : 2; /* what lies beyond the end is computed and dropped */
        step = vectors[width] * LANES;
        NAME(few_tiles)[M][width](p->C, taps, p->channel_step, offset, filters, slab + q, LANES, bias, p->relu, result + q,
                                    LANES, p->result_size);
    }
}

/* The same for rows that fill their vectors, where there is one phase: out[m] are planes of the output. */
static void NAME(few_rows)(const Conv *p, const SlabPlace *place, ptrdiff_t M, const REAL *slab, const REAL *filters,
                           const REAL *bias, REAL *result, REAL *out)
{
    const int *vectors = NAME(few_vectors)[M];
    ptrdiff_t plane = p->out_h * p->out_w, last = place->rows - 1, rows = place->cols < LANES ? last : place->rows;
    for (ptrdiff_t i = 0, step; i < rows; i += step) {
        ptrdiff_t left = rows - i;
        int width = left >= vectors[0] ? 0 : left >= vectors[1] ? 1 : 2;
        step = vectors[width];
        for (ptrdiff_t k = 0; k < place->cols; k += LANES) {
            ptrdiff_t j = LARGER(SMALLER(k, place->cols - LANES), 0);
            NAME(few_tiles)[M][width](p->C, p->taps, p->channel_step, p->offset, filters, slab + i * p->pitch + j, p->pitch, bias,
                                      p->relu, out + i * p->out_w + j, p->out_w, plane);
        }
    }
    if (rows == place->rows) return;
    NAME(few_tiles)[M][2](p->C, p->taps, p->channel_step, p->offset, filters, slab + last * p->pitch, 0, bias, p->relu, result, 0,
                          LANES);
    for (ptrdiff_t m = 0; m < M; m++) NAME(copy)(out + m * plane + last * p->out_w, result + m * LANES, place->cols);
}

/* to[0], to[step], ... = from[0], from[1], ...: n of them. */
INLINE void NAME(spread)(REAL *restrict to, const REAL *restrict from, ptrdiff_t n, ptrdiff_t step)
{
    if (step == 1)
        NAME(copy)(to, from, n);
    else
        for (ptrdiff_t j = 0; j < n; j++) to[j * step] = from[j];
}

/* to = even[0], odd[0], even[1], ...: `width` elements. */
INLINE void NAME(zip)(REAL *restrict to, const REAL *restrict even, const REAL *restrict odd, ptrdiff_t width)
{
    for (ptrdiff_t j = 0; j < width; j += 2 * LANES, even += LANES, odd += LANES)
        NAME(store_pairs)(to + j, NAME(load)(even), NAME(load)(odd), width - j);
}

static void NAME(conv_few)(const void *args, ptrdiff_t task, void *scratch)
{
    const Conv *p = args;
    ptrdiff_t blocks = CEIL_DIV(p->F, MOST_FEW), plane = p->out_h * p->out_w, step = conv_in_pairs(p) ? 2 : 1;
    SlabPlace place = slab_place(p, task);
    REAL *result = scratch, *odd = result + MOST_FEW * p->result_size, *slab = result + step * MOST_FEW * p->result_size;
    NAME(slab_by_phase)(p, &place, 0, p->C, slab);
    REAL *out = (REAL *)p->out + (place.image * p->groups + place.group) * p->F * plane +
                (p->out_row + place.row * p->out_step_h) * p->out_w + p->out_col + place.col * p->out_step_w;
    int by_rows = 8 * place.cols >= 7 * CEIL_DIV(place.cols, LANES) * LANES && (place.cols >= LANES || place.cols == p->out_w) &&
                  conv_phases(p) == 1 && p->out_step_h == 1 && p->out_step_w == 1;
    for (ptrdiff_t i = 0; i < blocks; i++) {
        ptrdiff_t f = block_start(p->F, blocks, i), M = block_start(p->F, blocks, i + 1) - f;
        REAL bias[MOST_FEW] = {0};
        if (p->bias) memcpy(bias, (const REAL *)p->bias + place.group * p->F + f, sizeof(REAL) * (size_t)M);
        if (by_rows) {
            NAME(few_rows)(p, &place, M, slab, NAME(packed_few)(p, 0, place.group) + f * p->C * p->taps, bias, result,
                           out + f * plane);
            continue;
        }
        for (ptrdiff_t phase = 0; phase < conv_phases(p); phase += step) {
            ptrdiff_t a = phase / p->phase_cols, b = phase % p->phase_cols;
            for (ptrdiff_t k = phase; k < phase + step; k++)
                NAME(few_sums)(p, k, M, (place.rows - 1) * p->pitch + place.cols, slab,
                               NAME(packed_few)(p, k, place.group) + f * p->C * conv_phase_taps(p, k), bias,
                               k > phase ? odd : result);
            SlabPlace seen = slab_of_phase(p, place, phase);
            ptrdiff_t width = SMALLER(p->out_w - p->out_col - place.col * 2, place.cols * 2);
            for (ptrdiff_t m = 0; m < M; m++)
                for (ptrdiff_t r = 0; r < seen.rows; r++) {
                    REAL *to = out + (f + m) * plane + (r * p->out_step_h + a) * p->out_w + b;
                    ptrdiff_t from = m * p->result_size + r * p->pitch;
                    if (step == 2)
                        NAME(zip)(to, result + from, odd + from, width);
                    else
                        NAME(spread)(to, result + from, seen.cols, p->out_step_w);
                }
        }
    }
}
