/* Depthwise convolution (one channel in, one out, in each group), lanes = neighbouring pixels of a row; strides 1 and 2
 * along the row. Forward, dx with stride 1, and dw.
 *
 * There are few operations for each pixel, so nothing is copied: taps read the image where it stands, at shifted, unaligned
 * places. What a tap sees outside of the image is dealt with in two ways: rows outside are replaced by a row of zeros, columns
 * outside are masked in the first and last vectors of a row (a vector that begins before its row holds the end of the row
 * above). A row whose vectors would reach beyond the whole array is copied to where they may.
 *
 * A task is some planes (images x channels). Loops: planes | vectors along a row | rows, four at a time | taps. Filters of 3x3,
 * stride 1 (undilated along the column), read each row once instead: the sums of three rows of outputs are under way, each
 * with its taps in the order in which the general loop has them.
 */
typedef struct {
    ptrdiff_t blocks;         /* vectors along a row of the output */
    ptrdiff_t least, reach;   /* the first and the last pixel + 1, from a row's start, that any vector reads */
    const REAL **row;         /* row[y - first_row]: the row that position 0's taps see y rows further down */
    IVEC *mask;               /* [slot][tap] for the vectors at the ends of a row */
    REAL *zeros, *edge;       /* a row of zeros; copies of rows at the ends of the array, one for each row of a plane's ends */
    ptrdiff_t zeros_size;
} NAME(Rows);

/* Where vector j of a row of outputs begins. Forward, the last one ends with the row and computes some outputs once more;
 * dw would count them twice. */
INLINE ptrdiff_t NAME(vector_start)(const Conv *p, ptrdiff_t j, int overlap)
{
    return overlap && p->cols >= LANES ? SMALLER(j * LANES, p->cols - LANES) : j * LANES;
}

/* Whether every tap of every lane of the vector at x lies inside the image, and every lane is an output. */
INLINE int NAME(whole_vector)(const Conv *p, ptrdiff_t x)
{
    return x * p->stride_w + p->first_col >= 0 && x + LANES <= p->cols &&
           (x + LANES - 1) * p->stride_w + p->first_col + p->col_span < p->W;
}

/* Scratch memory of conv_depthwise in elements: pointers to rows, masks, zeros and copies of rows. */
static NAME(Rows) NAME(rows_in)(const Conv *p, int overlap, void *scratch)
{
    NAME(Rows) r;
    char *memory = scratch;
    ptrdiff_t rows = (p->rows - 1) * p->stride_h + p->row_span + 1, slots = 0;
    r.blocks = CEIL_DIV(p->cols, LANES);
    r.least = p->first_col;
    r.reach = (r.blocks * LANES - 1) * p->stride_w + p->first_col + p->col_span + 1 + p->stride_w;
    r.zeros_size = r.reach - r.least + LANES;
    r.mask = (IVEC *)memory;
    for (ptrdiff_t j = 0; j < r.blocks; j++) {
        ptrdiff_t start = NAME(vector_start)(p, j, overlap);
        if (NAME(whole_vector)(p, start)) continue;
        for (int t = 0; t < p->taps; t++)
            for (int i = 0; i < LANES; i++) {
                ptrdiff_t at = start + i, x = at * p->stride_w + p->col[t];
                ((INT *)&r.mask[slots * p->taps + t])[i] = at < p->cols && x >= 0 && x < p->W ? -1 : 0;
            }
        slots++;
    }
    memory += slots * p->taps * VBYTES;
    r.row = (const REAL **)memory;
    memory += (rows * (ptrdiff_t)sizeof(REAL *) + VBYTES - 1) / VBYTES * VBYTES;
    r.zeros = (REAL *)memory;
    memset(r.zeros, 0, sizeof(REAL) * (size_t)r.zeros_size);
    r.edge = r.zeros + r.zeros_size;
    return r;
}

/* Where the rows of one plane are. */
static void NAME(find_rows)(const Conv *p, NAME(Rows) *r, ptrdiff_t plane)
{
    const REAL *all = p->in;
    ptrdiff_t rows = (p->rows - 1) * p->stride_h + p->row_span + 1, size = p->N * p->groups * p->H * p->W;
    REAL *edge = r->edge;
    for (ptrdiff_t i = 0; i < rows; i++) {
        ptrdiff_t y = p->first_row + i, at = (plane * p->H + y) * p->W;
        if (y < 0 || y >= p->H)
            r->row[i] = r->zeros - r->least;
        else if (at + r->least >= 0 && at + r->reach <= size)
            r->row[i] = all + at;
        else {
            memset(edge, 0, sizeof(REAL) * (size_t)r->zeros_size);
            memcpy(edge + LARGER(-r->least, 0), all + at, sizeof(REAL) * (size_t)SMALLER(p->W, r->zeros_size + SMALLER(r->least, 0)));
            r->row[i] = edge + LARGER(-r->least, 0);
            edge += r->zeros_size;
        }
    }
}

INLINE VEC NAME(pixels_by)(const REAL *p, int step)
{
    if (step == 1) return NAME(load)(p);
    VEC even = NAME(load)(p), odd = NAME(load)(p + LANES);
    return EVEN(even, odd);
}

/* Vector j of U rows from row i on. */
#define DEPTHWISE_TILE(U, STEP, MASKED) \
    static __attribute__((noinline)) void NAME(depthwise_##U##_##STEP##_##MASKED)(const Conv *p, const REAL *const *row, \
        ptrdiff_t x, const IVEC *mask, const REAL *w, REAL bias, REAL *out, const REAL *end) \
    { \
        VEC sum[U]; \
        UNROLL for (int u = 0; u < U; u++) sum[u] = NAME(same)(bias); \
        for (int t = 0; t < p->taps; t++) { \
            const REAL *const *here = row + (p->row[t] - p->first_row); \
            ptrdiff_t at = x * STEP + p->col[t]; \
            VEC factor = NAME(same)(w[t]); \
            UNROLL for (int u = 0; u < U; u++) \
            { \
                VEC value = NAME(pixels_by)(here[u * p->stride_h] + at, STEP); \
                if (MASKED) value = (VEC)((IVEC)value & mask[t]); \
                sum[u] += factor * value; \
            } \
        } \
        UNROLL for (int u = 0; u < U; u++) \
        { \
            VEC value = p->relu ? NAME(relu)(sum[u]) : sum[u]; \
            /* What is written beyond a short row is overwritten by the rows that come after it; the last ones take care. */ \
            REAL *to = out + u * p->cols + x; \
            if (MASKED && to + LANES > end) \
                NAME(store_part)(to, value, p->cols - x); \
            else \
                NAME(store)(to, value); \
        } \
    }
#define DEPTHWISE_TILES(U) DEPTHWISE_TILE(U, 1, 0) DEPTHWISE_TILE(U, 1, 1) DEPTHWISE_TILE(U, 2, 0) DEPTHWISE_TILE(U, 2, 1)
DEPTHWISE_TILES(4)
DEPTHWISE_TILES(1)

INLINE int NAME(is_3x3)(const Conv *p)
{
    return p->taps == 9 && p->stride_h == 1 && p->stride_w == 1 && p->row[2] == p->row[0] && p->row[3] == p->row[0] + 1 &&
           p->row[6] == p->row[0] + 2;
}

/* Vector j of all rows, filters of 3x3. */
#define DEPTHWISE_3X3(MASKED) \
    static __attribute__((noinline)) void NAME(depthwise_3x3_##MASKED)(const Conv *p, const REAL *const *row, ptrdiff_t x, \
        const IVEC *mask, const REAL *w, REAL bias, REAL *out, const REAL *end) \
    { \
        const ptrdiff_t left = x + p->col[0], middle = x + p->col[1], right = x + p->col[2]; \
        VEC begun = NAME(same)(bias), half = begun, factor[9]; /* sums that have seen one row, and two */ \
        UNROLL for (int t = 0; t < 9; t++) factor[t] = NAME(same)(w[t]); \
        for (ptrdiff_t i = 0; i < p->rows + 2; i++) { \
            VEC see[3] = {NAME(load)(row[i] + left), NAME(load)(row[i] + middle), NAME(load)(row[i] + right)}; \
            VEC sum[3] = {NAME(same)(bias), begun, half}; \
            UNROLL for (int t = 0; t < 3; t++) \
            { \
                if (MASKED) see[t] = (VEC)((IVEC)see[t] & mask[t]); \
                UNROLL for (int u = 0; u < 3; u++) sum[u] += factor[3 * u + t] * see[t]; \
            } \
            begun = sum[0], half = sum[1]; \
            if (i < 2) continue; \
            VEC value = p->relu ? NAME(relu)(sum[2]) : sum[2]; \
            REAL *to = out + (i - 2) * p->cols + x; \
            if (MASKED && to + LANES > end) /* as above */ \
                NAME(store_part)(to, value, p->cols - x); \
            else \
                NAME(store)(to, value); \
        } \
    }
DEPTHWISE_3X3(0)
DEPTHWISE_3X3(1)

static void NAME(conv_depthwise)(const void *args, ptrdiff_t task, void *scratch)
{
    const Conv *p = args;
    NAME(Rows) r = NAME(rows_in)(p, 1, scratch);
    REAL *w = r.edge + p->edge_rows * r.zeros_size;
    const int is_3x3 = NAME(is_3x3)(p);
    ptrdiff_t first = task * p->task_images, last = SMALLER(first + p->task_images, p->N * p->groups);
    for (ptrdiff_t plane = first; plane < last; plane++) {
        ptrdiff_t g = plane % p->groups, slot = 0;
        REAL bias = p->bias ? ((const REAL *)p->bias)[g] : 0, *out = (REAL *)p->out + plane * p->rows * p->cols;
        REAL zeros = 0; /* NaN where an element is not finite */
        for (int t = 0; t < p->taps; t++) {
            w[t] = ((const REAL *)p->w)[g * p->w_group + p->w_tap[t]];
            zeros += w[t] * 0;
        }
        if (zeros != 0) __atomic_store_n(p->not_finite, 1, __ATOMIC_RELAXED);
        NAME(find_rows)(p, &r, plane);
        for (ptrdiff_t j = 0; j < r.blocks; j++) {
            ptrdiff_t x = NAME(vector_start)(p, j, 1);
            int whole = NAME(whole_vector)(p, x);
            const IVEC *mask = r.mask + (whole ? 0 : slot++ * p->taps);
            ptrdiff_t i = 0;
            if (is_3x3) {
                (whole ? NAME(depthwise_3x3_0) : NAME(depthwise_3x3_1))(p, r.row, x, mask, w, bias, out, out + p->rows * p->cols);
                continue;
            }
#define RUN(U) \
    (p->stride_w == 1 ? whole ? NAME(depthwise_##U##_1_0) : NAME(depthwise_##U##_1_1) \
                      : whole ? NAME(depthwise_##U##_2_0) : NAME(depthwise_##U##_2_1))( \
        p, r.row + i * p->stride_h, x, mask, w, bias, out + i * p->cols, out + p->rows * p->cols)
            for (; i + 4 <= p->rows; i += 4) RUN(4);
            for (; i < p->rows; i++) RUN(1);
#undef RUN
        }
    }
}

/* sums[t] += the products of dout with what tap t sees, T taps over all rows of vector j. */
#define DEPTHWISE_DW_TILE(T, STEP) \
    static __attribute__((noinline)) void NAME(depthwise_dw_##T##_##STEP)(const Conv *p, const REAL *const *row, ptrdiff_t x, \
        const IVEC *mask, const REAL *dout, ptrdiff_t lanes, const REAL *end, int t0, REAL *sums) \
    { \
        VEC sum[T]; \
        ptrdiff_t down[T], at[T]; \
        UNROLL for (int t = 0; t < T; t++) \
        { \
            sum[t] = (VEC){0}; \
            down[t] = p->row[t0 + t] - p->first_row; \
            at[t] = x * STEP + p->col[t0 + t]; \
        } \
        IVEC inside = NAME(first_lanes)(lanes); \
        for (ptrdiff_t i = 0; i < p->rows; i++, dout += p->cols, row += p->stride_h) { \
            VEC d = dout + LANES <= end ? (VEC)(inside & (IVEC)NAME(load)(dout)) : NAME(load_part)(dout, lanes); \
            UNROLL for (int t = 0; t < T; t++) \
            { \
                VEC value = NAME(pixels_by)(row[down[t]] + at[t], STEP); \
                if (mask) value = (VEC)((IVEC)value & mask[t0 + t]); \
                sum[t] += d * value; \
            } \
        } \
        UNROLL for (int t = 0; t < T; t++) \
            NAME(store)(sums + (t0 + t) * LANES, NAME(load)(sums + (t0 + t) * LANES) + sum[t]); \
    }
/* Filters of 3 and 5 taps a row, and what is left over. */
#define DEPTHWISE_DW_TILES(E) E(1) E(2) E(3) E(5) E(9)
static const int NAME(depthwise_dw_taps)[10] = {0, 1, 2, 3, 3, 5, 5, 5, 5, 9};
#define DEFINE(T) DEPTHWISE_DW_TILE(T, 1) DEPTHWISE_DW_TILE(T, 2)
DEPTHWISE_DW_TILES(DEFINE)
#undef DEFINE

/* The same for the nine taps of a 3x3 filter: row i of the image is read once, for the three rows of dout that see it. */
static __attribute__((noinline)) void NAME(depthwise_dw_3x3)(const Conv *p, const REAL *const *row, ptrdiff_t x, const IVEC *mask,
                                                             const REAL *dout, ptrdiff_t lanes, const REAL *end, REAL *sums)
{
    const ptrdiff_t left = x + p->col[0], middle = x + p->col[1], right = x + p->col[2];
    const IVEC inside = NAME(first_lanes)(lanes), all = ~(IVEC){0};
    const IVEC keep[3] = {mask ? mask[0] : all, mask ? mask[1] : all, mask ? mask[2] : all};
    VEC sum[9], above[3] = {{0}, {0}, {0}}; /* rows i, i-1 and i-2 of dout */
    UNROLL for (int t = 0; t < 9; t++) sum[t] = NAME(load)(sums + t * LANES);
    for (ptrdiff_t i = 0; i < p->rows + 2; i++, dout += p->cols) {
        above[2] = above[1], above[1] = above[0];
        if (i < p->rows) above[0] = dout + LANES <= end ? (VEC)(inside & (IVEC)NAME(load)(dout)) : NAME(load_part)(dout, lanes);
        VEC see[3] = {NAME(load)(row[i] + left), NAME(load)(row[i] + middle), NAME(load)(row[i] + right)};
        UNROLL for (int t = 0; t < 3; t++) see[t] = (VEC)((IVEC)see[t] & keep[t]);
        UNROLL for (int u = 0; u < 3; u++)
            if ((i >= 2 && i < p->rows) || (i >= u && i - u < p->rows)) /* no product with a row that is not there: it may be NaN */
                UNROLL
                for (int t = 0; t < 3; t++) sum[3 * u + t] += above[u] * see[t];
    }
    UNROLL for (int t = 0; t < 9; t++) NAME(store)(sums + t * LANES, sum[t]);
}

/* Task: some channels of one part of the batch; sums as those of conv_dw_few, with F = C = 1. */
static void NAME(conv_dw_depthwise)(const void *args, ptrdiff_t task, void *scratch)
{
    const ConvDw *q = args;
    const Conv *p = &q->of;
    NAME(Rows) r = NAME(rows_in)(p, 0, scratch);
    const int is_3x3 = NAME(is_3x3)(p);
    ptrdiff_t blocks = CEIL_DIV(p->groups, p->task_images), part = task / blocks, size = (p->taps + 1) * LANES;
    ptrdiff_t first = task % blocks * p->task_images, last = SMALLER(first + p->task_images, p->groups);
    ptrdiff_t begin = p->N * part / q->parts, end = p->N * (part + 1) / q->parts;
    const REAL *dout_end = (const REAL *)q->dout + p->N * p->groups * p->rows * p->cols;
    REAL *sums = (REAL *)q->sums + part * q->part_size;
    memset(sums + first * size, 0, sizeof(REAL) * (size_t)((last - first) * size));
    for (ptrdiff_t n = begin; n < end; n++) {
        if (n % 16 == 0 && parallel_stopped()) return;
        for (ptrdiff_t g = first; g < last; g++) {
            const REAL *dout = (const REAL *)q->dout + (n * p->groups + g) * p->rows * p->cols;
            REAL *to = sums + g * size;
            ptrdiff_t slot = 0, area = p->rows * p->cols;
            VEC total = NAME(load)(to + p->taps * LANES);
            for (ptrdiff_t i = 0; i < area; i += LANES)
                total += i + LANES <= area ? NAME(load)(dout + i) : NAME(load_part)(dout + i, area - i);
            NAME(store)(to + p->taps * LANES, total);
            NAME(find_rows)(p, &r, n * p->groups + g);
            for (ptrdiff_t j = 0; j < r.blocks; j++) {
                const IVEC *mask = NAME(whole_vector)(p, j * LANES) ? NULL : r.mask + slot++ * p->taps;
                ptrdiff_t lanes = SMALLER(p->cols - j * LANES, (ptrdiff_t)LANES);
                if (is_3x3) {
                    NAME(depthwise_dw_3x3)(p, r.row, j * LANES, mask, dout + j * LANES, lanes, dout_end, to);
                    continue;
                }
                for (int t = 0, taps; t < p->taps; t += taps) {
                    taps = NAME(depthwise_dw_taps)[SMALLER(9, p->taps - t)];
#define RUN(T) \
    case T: \
        (p->stride_w == 1 ? NAME(depthwise_dw_##T##_1) : NAME(depthwise_dw_##T##_2))(p, r.row, j * LANES, mask, dout + j * LANES, \
                                                                                   lanes, dout_end, t, to); \
        break;
                    switch (taps) {
                        DEPTHWISE_DW_TILES(RUN)
                    }
#undef RUN
                }
            }
        }
    }
}
