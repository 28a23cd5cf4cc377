/* Direct convolution, vector lanes = output channels: for 9 and more of them (forward), or channels (dx).
 *
 * A task is a block of output positions of some images and one group, and some panels of output channels (all of them but
 * where there would be few tasks). The part of the image that it sees is copied, with its
 * padding, into a slab that fits into the L2 cache (nothing is copied where nothing is padded). Then, outermost first:
 *
 *   panels of output channels (V vectors)  |  chunks of channels, whose filters fit into L1 or L2  |  rows  |
 *   tiles of M pixels of a row: M*V sums in registers; for each channel and tap, V vectors of filters are loaded and
 *   each of M pixels is broadcast.
 *
 * No im2col: the pixels are read where they stand. The sums are kept as (pixel, channel) and transposed in registers on
 * their way out to NCHW.
 *
 * dx with a stride has several phases (conv.h). A task computes all of them from the same slab; with stride 2 along the row,
 * two of them go out together, in full vectors.
 */

/* sums[m][v] (+)= the products of one chunk. packed: for each channel and tap V vectors.
 *
 * Where pixels are neighbours, those of the next tile are fetched: with 1x1 filters each comes from another line, which may
 * still be far away. With one vector of filters a pixel is used once, by an instruction that multiplies and loads: processors
 * do these as one only if the address is a register and a constant, hence `base`. */
typedef void NAME(wide_tile)(ptrdiff_t channels, int taps, ptrdiff_t channel_step, const ptrdiff_t *offset, const REAL *packed,
                             const REAL *x, ptrdiff_t step, REAL *sums, int add);

#define WIDE_TILE(M, V, STEP, FETCH, SUFFIX) \
    static __attribute__((noinline)) void NAME(wide_tile_##M##_##V##_##SUFFIX)( \
        ptrdiff_t channels, int taps, ptrdiff_t channel_step, const ptrdiff_t *offset, const REAL *restrict packed, \
        const REAL *restrict x, ptrdiff_t step, REAL *restrict sums, int add) \
    { \
        VEC sum[M][V]; \
        (void)step; \
        UNROLL for (int m = 0; m < M; m++) UNROLL for (int v = 0; v < V; v++) sum[m][v] = (VEC){0}; \
        for (ptrdiff_t c = 0; c < channels; c++, x += channel_step) \
            for (int t = 0; t < taps; t++, packed += V * LANES) { \
                const REAL *pixel = V == 1 ? NAME(base)(x + offset[t]) : x + offset[t]; \
                if (FETCH) __builtin_prefetch(pixel + 2 * M - 1); \
                VEC filter[V]; \
                UNROLL for (int v = 0; v < V; v++) filter[v] = NAME(load_once)(packed + v * LANES); \
                UNROLL for (int m = 0; m < M; m++) \
                { \
                    VEC value = NAME(same)(pixel[m * (STEP)]); \
                    UNROLL for (int v = 0; v < V; v++) sum[m][v] += value * filter[v]; \
                } \
            } \
        if (add) \
            UNROLL for (int m = 0; m < M; m++) UNROLL for (int v = 0; v < V; v++) \
                sum[m][v] += NAME(load)(sums + (m * V + v) * LANES); \
        UNROLL for (int m = 0; m < M; m++) UNROLL for (int v = 0; v < V; v++) \
            NAME(store)(sums + (m * V + v) * LANES, sum[m][v]); \
    }
/* The widest tiles that leave registers for V vectors of filters and one pixel. */
#if MANY_REGISTERS
#define WIDEST_PANEL 4
#define WIDE_TILES_1(T) T(1, 1) T(2, 1) T(3, 1) T(4, 1) T(5, 1) T(6, 1) T(7, 1) T(8, 1) T(9, 1) T(10, 1) T(11, 1) T(12, 1) T(13, 1) T(14, 1) T(15, 1) T(16, 1)
#define WIDE_TILES_2(T) T(1, 2) T(2, 2) T(3, 2) T(4, 2) T(5, 2) T(6, 2) T(7, 2) T(8, 2) T(9, 2) T(10, 2) T(11, 2) T(12, 2)
#define WIDE_TILES_3(T) T(1, 3) T(2, 3) T(3, 3) T(4, 3) T(5, 3) T(6, 3) T(7, 3) T(8, 3)
#define WIDE_TILES_4(T) T(1, 4) T(2, 4) T(3, 4) T(4, 4) T(5, 4) T(6, 4)
static const int NAME(wide_pixels)[5] = {0, 16, 12, 8, 6};
#else
#define WIDEST_PANEL 3
#define WIDE_TILES_1(T) T(1, 1) T(2, 1) T(3, 1) T(4, 1) T(5, 1) T(6, 1) T(7, 1) T(8, 1) T(9, 1) T(10, 1)
#define WIDE_TILES_2(T) T(1, 2) T(2, 2) T(3, 2) T(4, 2) T(5, 2) T(6, 2)
#define WIDE_TILES_3(T) T(1, 3) T(2, 3) T(3, 3) T(4, 3)
#define WIDE_TILES_4(T)
static const int NAME(wide_pixels)[5] = {0, 10, 6, 4, 0};
#endif
#define WIDE_TILES(T) WIDE_TILES_1(T) WIDE_TILES_2(T) WIDE_TILES_3(T) WIDE_TILES_4(T)
#define DEFINE(M, V) WIDE_TILE(M, V, 1, 1, by_1) WIDE_TILE(M, V, step, 0, by_any)
WIDE_TILES(DEFINE)
#undef DEFINE

#define ENTRY_BY_1(M, V) [V - 1][M - 1] = NAME(wide_tile_##M##_##V##_by_1),
#define ENTRY_BY_ANY(M, V) [V - 1][M - 1] = NAME(wide_tile_##M##_##V##_by_any),
static NAME(wide_tile) *const NAME(wide_tiles)[2][4][16] = {{WIDE_TILES(ENTRY_BY_1)}, {WIDE_TILES(ENTRY_BY_ANY)}};
#undef ENTRY_BY_1
#undef ENTRY_BY_ANY

/* With 32 registers and one vector of output channels, loading pixels takes longer than multiplying them: one load for each
 * product. Where the filter has rows of 5 taps that stand side by side (stride and dilation 1), M neighbouring sums share
 * M+4 pixels, which stay in registers for the 5 taps. (With half the lanes and 16 registers it brings nothing.) */
#if MANY_REGISTERS
#define ROW_TAPS 5
#define ROW_PIXELS 12
typedef void NAME(row_tile)(ptrdiff_t channels, int taps, ptrdiff_t channel_step, const ptrdiff_t *offset, const REAL *packed,
                            const REAL *x, REAL *sums, int add);

#define ROW_TILE(M) \
    static __attribute__((noinline)) void NAME(row_tile_##M)( \
        ptrdiff_t channels, int taps, ptrdiff_t channel_step, const ptrdiff_t *offset, const REAL *restrict packed, \
        const REAL *restrict x, REAL *restrict sums, int add) \
    { \
        VEC sum[M]; \
        UNROLL for (int m = 0; m < M; m++) sum[m] = (VEC){0}; \
        for (ptrdiff_t c = 0; c < channels; c++, x += channel_step) \
            for (int t = 0; t < taps; t += ROW_TAPS, packed += ROW_TAPS * LANES) { \
                const REAL *pixel = x + offset[t]; \
                VEC value[M + ROW_TAPS - 1]; \
                UNROLL for (int i = 0; i < M + ROW_TAPS - 1; i++) value[i] = NAME(same)(pixel[i]); \
                UNROLL for (int k = 0; k < ROW_TAPS; k++) \
                { \
                    VEC filter = NAME(load_once)(packed + k * LANES); \
                    UNROLL for (int m = 0; m < M; m++) sum[m] += value[m + k] * filter; \
                } \
            } \
        if (add) UNROLL \
            for (int m = 0; m < M; m++) sum[m] += NAME(load)(sums + m * LANES); \
        UNROLL for (int m = 0; m < M; m++) NAME(store)(sums + m * LANES, sum[m]); \
    }
#define ROW_TILES(T) T(1) T(2) T(3) T(4) T(5) T(6) T(7) T(8) T(9) T(10) T(11) T(12)
ROW_TILES(ROW_TILE)
#define ENTRY(M) [M - 1] = NAME(row_tile_##M),
static NAME(row_tile) *const NAME(row_tiles)[ROW_PIXELS] = {ROW_TILES(ENTRY)};
#undef ENTRY

static int NAME(taps_in_rows)(const ptrdiff_t *offset, int taps)
{
    int in_rows = taps % ROW_TAPS == 0;
    for (int t = 0; t < taps; t++) in_rows &= offset[t] == offset[t - t % ROW_TAPS] + t % ROW_TAPS;
    return in_rows;
}
#endif

/* Vector v of the output channels of group g, input channels c .. c+channels-1, the taps of a phase, as packed[c][t][LANES]
 * with `step` elements from one (c, t) to the next, zeros behind the last channel. Returns NaN where an element is not
 * finite. */
static VEC NAME(pack_vector)(const Conv *p, ptrdiff_t phase, ptrdiff_t g, ptrdiff_t v, ptrdiff_t c, ptrdiff_t channels,
                             ptrdiff_t step, REAL *to)
{
    enum { LINES_AHEAD = 8 };
    const ptrdiff_t *tap = p->w_tap + p->start[phase];
    int taps = conv_phase_taps(p, phase);
    const REAL *all = p->w, *w = all + g * p->w_group + v * LANES * p->w_filter + c * p->w_channel;
    int lanes = (int)SMALLER(p->F - v * LANES, (ptrdiff_t)LANES), in_order = p->w_channel == taps;
    for (int t = 0; t < taps; t++) in_order &= tap[t] == t;
    VEC zeros = {0};
    if (in_order) { /* the elements of a filter follow one another: one long line for each lane */
        ptrdiff_t elements = channels * taps, k = 0;
        for (; k < elements; k += LANES, to += LANES * step) {
            ptrdiff_t n = SMALLER(elements - k, (ptrdiff_t)LANES);
            VEC r[LANES];
            /* What stands behind the last element is read and dropped, but not behind the whole array. */
            if (n == LANES || p->w_size - (w - all) - (lanes - 1) * p->w_filter - k >= LANES)
                UNROLL
                for (int i = 0; i < LANES; i++) {
                    r[i] = i < lanes ? NAME(load)(w + i * p->w_filter + k) : (VEC){0};
                    __builtin_prefetch(w + i * p->w_filter + k + LINES_AHEAD * CACHE_LINE / REAL_BYTES);
                }
            else
                for (int i = 0; i < LANES; i++) r[i] = i < lanes ? NAME(load_part)(w + i * p->w_filter + k, n) : (VEC){0};
            NAME(transpose)(r);
            UNROLL
            for (int i = 0; i < LANES; i++)
                if (i < n) {
                    NAME(store)(to + i * step, r[i]);
                    zeros += r[i] * 0;
                }
        }
        return zeros;
    }
    for (ptrdiff_t k = 0; k < channels; k++, w += p->w_channel, to += taps * step)
        for (ptrdiff_t first = 0; first < p->w_taps; first += LANES) { /* a line of taps for each lane */
            VEC r[LANES];
            for (int i = 0; i < LANES; i++) {
                const REAL *line = w + i * p->w_filter + first;
                ptrdiff_t left = p->w_size - (line - all); /* the line may end with the array */
                r[i] = i >= lanes ? (VEC){0} : left >= LANES ? NAME(load)(line) : NAME(load_part)(line, LARGER(left, 0));
            }
            NAME(transpose)(r);
            for (int t = 0; t < taps; t++)
                if (tap[t] >= first && tap[t] < first + LANES) {
                    VEC value = r[tap[t] - first];
                    NAME(store)(to + t * step, value);
                    zeros += value * 0;
                }
        }
    return zeros;
}

static void NAME(report_not_finite)(const Conv *p, VEC zeros)
{
    if (NAME(sum)(zeros) != 0) __atomic_store_n(p->not_finite, 1, __ATOMIC_RELAXED);
}

/* The packed filters of a phase: packed[phase][group][panel][c][t][V*LANES]; the panel begins at vector `first`. */
INLINE REAL *NAME(packed_panel)(const Conv *p, ptrdiff_t phase, ptrdiff_t g, ptrdiff_t first)
{
    ptrdiff_t vectors = CEIL_DIV(p->F, LANES), taps = conv_phase_taps(p, phase);
    return (REAL *)p->packed + (p->start[phase] * p->groups * vectors + (g * vectors + first) * taps) * p->C * LANES;
}

/* Task: one vector of output channels of one phase and group. */
static void NAME(conv_pack_wide)(const void *args, ptrdiff_t task, void *scratch)
{
    const Conv *p = args;
    (void)scratch;
    ptrdiff_t vectors = CEIL_DIV(p->F, LANES), v = task % vectors, first = 0;
    ptrdiff_t g = task / vectors % p->groups, phase = task / vectors / p->groups;
    int width;
    while (first + (width = panel_width(vectors, first, WIDEST_PANEL)) <= v) first += width;
    REAL *to = NAME(packed_panel)(p, phase, g, first) + (v - first) * LANES;
    NAME(report_not_finite)(p, NAME(pack_vector)(p, phase, g, v, 0, p->C, width * LANES, to));
}

/* sums (pixels of `rows` full rows of `cols`, V, LANES) of vector v go out as channels f0 .. f0+channels-1. */
static void NAME(wide_write)(const Conv *p, const REAL *sums, int V, int v, ptrdiff_t rows, ptrdiff_t cols, VEC bias, REAL *out,
                             ptrdiff_t channels)
{
    ptrdiff_t plane = p->out_h * p->out_w;
    int whole = p->out_step_w == 1 && p->out_step_h == 1 && cols == p->out_w; /* rows follow one another */
    ptrdiff_t lines = whole ? 1 : rows, length = whole ? rows * cols : cols;
    for (ptrdiff_t line = 0; line < lines; line++) {
        REAL *to = out + line * p->out_step_h * p->out_w;
        const REAL *from = sums + (line * length * V + v) * LANES;
        for (ptrdiff_t j = 0; j < length; j += LANES) {
            ptrdiff_t n = SMALLER(length - j, (ptrdiff_t)LANES);
            VEC r[LANES];
            if (n == LANES) {
                UNROLL
                for (int i = 0; i < LANES; i++) r[i] = NAME(load)(from + (j + i) * V * LANES) + bias;
            } else
                UNROLL
                for (int i = 0; i < LANES; i++) r[i] = i < n ? NAME(load)(from + (j + i) * V * LANES) + bias : (VEC){0};
            if (p->relu) UNROLL
                for (int i = 0; i < LANES; i++) r[i] = NAME(relu)(r[i]);
            NAME(transpose)(r);
            if (p->out_step_w == 1 && n == LANES && channels >= LANES) {
                UNROLL
                for (int i = 0; i < LANES; i++) NAME(store)(to + j + i * plane, r[i]);
                continue;
            }
            REAL block[LANES][LANES] __attribute__((aligned(VBYTES)));
            UNROLL
            for (int i = 0; i < LANES; i++) *(VEC *)block[i] = r[i];
            for (ptrdiff_t i = 0; i < SMALLER(channels, (ptrdiff_t)LANES); i++) {
                REAL *row = to + i * plane + j * p->out_step_w;
                if (p->out_step_w == 1)
                    NAME(copy)(row, block[i], n);
                else
                    for (ptrdiff_t q = 0; q < n; q++) row[q * p->out_step_w] = block[i][q];
            }
        }
    }
}

/* Two phases of dx that take turns along the row: the sums of the even and of the odd pixels (NULL: zeros). out has `width`
 * pixels from the first one on. A gradient has neither bias nor ReLU. */
static void NAME(wide_write_pairs)(const Conv *p, const REAL *even, const REAL *odd, int V, int v, ptrdiff_t rows, ptrdiff_t cols,
                                   ptrdiff_t width, REAL *out, ptrdiff_t channels)
{
    ptrdiff_t plane = p->out_h * p->out_w;
    REAL block[2][LANES][LANES] __attribute__((aligned(VBYTES)));
    if (!even && !odd) {
        for (ptrdiff_t k = 0; k < SMALLER(channels, (ptrdiff_t)LANES); k++)
            for (ptrdiff_t i = 0; i < rows; i++) NAME(zero)(out + k * plane + i * p->out_step_h * p->out_w, SMALLER(width, 2 * cols));
        return;
    }
    for (ptrdiff_t i = 0; i < rows; i++, out += p->out_step_h * p->out_w)
        for (ptrdiff_t j = 0; j < cols; j += LANES) {
            ptrdiff_t n = SMALLER(cols - j, (ptrdiff_t)LANES), left = SMALLER(width - 2 * j, 2 * n);
            for (int phase = 0; phase < 2; phase++) {
                const REAL *from = phase ? odd : even;
                VEC r[LANES];
                for (int k = 0; k < LANES; k++)
                    r[k] = from && k < n ? NAME(load)(from + (((i * cols + j + k) * V) + v) * LANES) : (VEC){0};
                if (from) NAME(transpose)(r);
                UNROLL
                for (int k = 0; k < LANES; k++) *(VEC *)block[phase][k] = r[k];
            }
            for (ptrdiff_t k = 0; k < SMALLER(channels, (ptrdiff_t)LANES); k++) {
                VEC a = *(VEC *)block[0][k], b = *(VEC *)block[1][k];
                REAL *row = out + k * plane + 2 * j;
                NAME(store_pairs)(row, a, b, left);
            }
        }
}

/* Cache lines of the output, on their way from memory while the sums that will go there are computed: those of one row of
 * positions, line by line of all channels of a panel. */
typedef struct {
    const REAL *at;
    ptrdiff_t channel, channels, plane, lines; /* lines still to come of each channel */
} NAME(Fetch);

/* A row of several phases of columns is fetched with the first of them. */
static NAME(Fetch) NAME(fetch_row)(const Conv *p, const SlabPlace *at, ptrdiff_t phase, ptrdiff_t first, int V, ptrdiff_t image,
                                   ptrdiff_t row)
{
    NAME(Fetch) fetch = {NULL, 0, SMALLER(V * LANES, p->F - first * LANES), p->out_h * p->out_w, 0};
    if (phase % p->phase_cols) return fetch;
    ptrdiff_t y = p->out_row + (at->row + row) * p->out_step_h + phase / p->phase_cols;
    ptrdiff_t channel = ((at->image + image) * p->groups + at->group) * p->F + first * LANES;
    fetch.at = (const REAL *)p->out + channel * fetch.plane + y * p->out_w + p->out_col + at->col * p->out_step_w;
    fetch.lines = CEIL_DIV(at->cols * p->out_step_w * REAL_BYTES, CACHE_LINE);
    return fetch;
}

INLINE void NAME(fetch_some)(NAME(Fetch) *f, ptrdiff_t n)
{
    for (; n > 0 && f->lines > 0; n--) {
        __builtin_prefetch(f->at + f->channel * f->plane, 1);
        if (++f->channel == f->channels) f->channel = 0, f->lines--, f->at += CACHE_LINE / REAL_BYTES;
    }
}

/* The same for all rows of a block, one phase: `each` lines at a time. */
typedef struct {
    NAME(Fetch) row;
    ptrdiff_t image, next_row, each;
} NAME(FetchBlock);

/* Its lines in `times` steps; none if times is 0 or where the whole output is so small that it may well be in a cache. */
static NAME(FetchBlock) NAME(fetch_block)(const Conv *p, const SlabPlace *at, ptrdiff_t first, int V, ptrdiff_t times)
{
    enum { LEAST_BYTES = 1 << 20 };
    NAME(FetchBlock) block = {{0}, 0, 0, 0};
    if (!times || p->N * p->groups * p->F * p->out_h * p->out_w < LEAST_BYTES / REAL_BYTES) {
        block.image = at->images;
        return block;
    }
    block.row = NAME(fetch_row)(p, at, 0, first, V, 0, block.next_row++);
    block.each = CEIL_DIV(block.row.lines * block.row.channels * at->rows * at->images, times);
    return block;
}

static void NAME(fetch_more)(const Conv *p, const SlabPlace *at, ptrdiff_t first, int V, NAME(FetchBlock) *block)
{
    if (!block->row.lines) {
        if (block->next_row == at->rows) block->next_row = 0, block->image++;
        if (block->image >= at->images) return;
        block->row = NAME(fetch_row)(p, at, 0, first, V, block->image, block->next_row++);
    }
    NAME(fetch_some)(&block->row, block->each);
}

/* sums[image][row][col][V*LANES] of one panel and one phase, for the positions of a task. Returns NaN where a filter that had
 * to be packed has an element that is not finite. */
static VEC NAME(wide_sums)(const Conv *p, const SlabPlace *place, ptrdiff_t phase, ptrdiff_t first, int V, const REAL *x, REAL *pack,
                           REAL *sums)
{
    const ptrdiff_t *offset = p->offset + p->start[phase];
    int taps = conv_phase_taps(p, phase), by_any = p->stride_w != 1;
    NAME(wide_tile) *const *tile = NAME(wide_tiles)[by_any][V - 1];
    int widest = NAME(wide_pixels)[V];
#if MANY_REGISTERS
    int in_rows = V == 1 && p->stride_w == 1 && NAME(taps_in_rows)(offset, taps);
    if (in_rows) widest = ROW_PIXELS;
#endif
    /* The pixels of a row in tiles of nearly the same number. */
    ptrdiff_t tiles = CEIL_DIV(place->cols, widest), small = place->cols / tiles, larger = place->cols % tiles;
    VEC zeros = {0};
    for (ptrdiff_t c = 0; c < p->C; c += p->chunk) {
        ptrdiff_t channels = SMALLER(p->chunk, p->C - c);
        const REAL *filters = pack;
        if (p->packed)
            filters = NAME(packed_panel)(p, phase, place->group, first) + c * V * taps * LANES;
        else
            for (int v = 0; v < V; v++)
                zeros += NAME(pack_vector)(p, phase, place->group, first + v, c, channels, V * LANES, pack + v * LANES);
        REAL *to = sums;
        for (ptrdiff_t n = 0; n < place->images; n++)
            for (ptrdiff_t i = 0; i < place->rows; i++) {
                NAME(Fetch) fetch = {0};
                if (c + channels == p->C) fetch = NAME(fetch_row)(p, place, phase, first, V, n, i);
                ptrdiff_t lines = CEIL_DIV(fetch.lines * fetch.channels, tiles);
                const REAL *pixel = x + n * p->image_step + c * p->channel_step + i * p->stride_h * p->pitch;
                for (ptrdiff_t j = 0; j < tiles; j++) {
                    ptrdiff_t M = small + (j < larger);
                    NAME(fetch_some)(&fetch, lines);
#if MANY_REGISTERS
                    if (in_rows)
                        NAME(row_tiles)[M - 1](channels, taps, p->channel_step, offset, filters, pixel, to, c > 0);
                    else
#endif
                        tile[M - 1](channels, taps, p->channel_step, offset, filters, pixel, p->stride_w, to, c > 0);
                    pixel += M * p->stride_w;
                    to += M * V * LANES;
                }
            }
    }
    return zeros;
}

static void NAME(conv_wide)(const void *args, ptrdiff_t task, void *scratch)
{
    const Conv *p = args;
    ptrdiff_t vectors = CEIL_DIV(p->F, LANES), plane = p->out_h * p->out_w;
    ptrdiff_t begin = task / conv_blocks(p) * p->task_vectors, last = SMALLER(begin + p->task_vectors, vectors), first = 0;
    while (first < begin) first += panel_width(vectors, first, WIDEST_PANEL); /* the panels that start in begin .. last-1 */
    if (first >= last) return;
    SlabPlace place = slab_place(p, task % conv_blocks(p));
    int pairs = conv_in_pairs(p);
    REAL *sums = scratch, *odd_sums = sums + p->result_size, *pack = pairs ? odd_sums + p->result_size : odd_sums;
    const REAL *x = NAME(slab)(p, &place, pack + p->pack_size);
    VEC zeros = {0};
    const REAL *bias = p->bias ? (const REAL *)p->bias + place.group * p->F : NULL;
    REAL *out = (REAL *)p->out + (place.image * p->groups + place.group) * p->F * plane +
                (p->out_row + place.row * p->out_step_h) * p->out_w + p->out_col + place.col * p->out_step_w;

    for (int V; first < last; first += V) {
        V = panel_width(vectors, first, WIDEST_PANEL);
        ptrdiff_t step = pairs ? 2 : 1;
        for (ptrdiff_t phase = 0; phase < conv_phases(p); phase += step) {
            ptrdiff_t a = phase / p->phase_cols, b = phase % p->phase_cols;
            SlabPlace seen = slab_of_phase(p, place, phase);
            if (seen.rows <= 0 || seen.cols <= 0) continue;
            const REAL *of[2] = {NULL, NULL}; /* the sums; NULL where no tap reaches one of two */
            for (int k = 0; k < step; k++)
                if (!pairs || conv_phase_taps(p, phase + k)) {
                    zeros += NAME(wide_sums)(p, &seen, phase + k, first, V, x, pack, k ? odd_sums : sums);
                    of[k] = k ? odd_sums : sums;
                }
            ptrdiff_t image_sums = seen.rows * seen.cols * V * LANES;
            ptrdiff_t width = p->out_w - p->out_col - place.col * p->out_step_w;
            for (int v = 0; v < V; v++) {
                ptrdiff_t f = (first + v) * LANES, channels = SMALLER(p->F - f, (ptrdiff_t)LANES);
                VEC add = bias ? NAME(load_part)(bias + f, channels) : (VEC){0};
                for (ptrdiff_t n = 0; n < place.images; n++) {
                    REAL *to = out + (n * p->groups * p->F + f) * plane + a * p->out_w + b;
                    if (pairs)
                        NAME(wide_write_pairs)(p, of[0] ? of[0] + n * image_sums : NULL, of[1] ? of[1] + n * image_sums : NULL, V, v,
                                               seen.rows, seen.cols, width, to, channels);
                    else
                        NAME(wide_write)(p, sums + n * image_sums, V, v, seen.rows, seen.cols, add, to, channels);
                }
            }
        }
    }
    if (!p->packed) NAME(report_not_finite)(p, zeros);
}
