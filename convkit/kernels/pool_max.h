/* Max pooling, vector lanes = windows.
 *
 * A task's pixels are copied into a slab, sorted by phase: rows and columns by their remainder modulo the strides, so that
 * what one element of the window (a tap) sees in neighbouring windows stands side by side, whatever the stride. What lies
 * outside of the plane is minus infinity there. The windows are then taken as one line, row after row and plane after
 * plane with the slab's pitch (what falls between two rows is computed and dropped): planes of 7 x 7 fill the lanes as
 * well as those of 224 x 224. For each tap, a vector is loaded and compared.
 *
 * Rows are copied in whole vectors; what is written too much behind a row is overwritten by the row that follows.
 */

/* The columns of a slab's row that lie in the plane: column j of phase b is pixel j*stride_w + b - pad_w. */
typedef struct {
    ptrdiff_t x, first, last; /* pixel of column 0; columns first .. last-1 */
} NAME(Columns);

INLINE NAME(Columns) NAME(pool_columns)(const Pool *p, ptrdiff_t b)
{
    NAME(Columns) c = {.x = b - p->pad_w};
    c.first = SMALLER(c.x < 0 ? CEIL_DIV(-c.x, p->stride_w) : 0, p->pitch);
    c.last = c.x >= p->W ? c.first : LARGER(SMALLER(CEIL_DIV(p->W - c.x, p->stride_w), p->pitch), c.first);
    return c;
}

/* One row of a phase, or of two phases side by side (both); pixels are `step` apart; `end`: where memory ends. */
INLINE void NAME(pool_slab_row)(const REAL *row, ptrdiff_t step, int both, const NAME(Columns) c[2], REAL *to, ptrdiff_t phase,
                                ptrdiff_t pitch, const REAL *end)
{
    const REAL lowest = (REAL)-__builtin_inf();
    ptrdiff_t j = both ? LARGER(c[0].first, c[1].first) : c[0].first, done = j;
    if (both)
        for (; j < c[1].last && end - (row + c[0].x + 2 * j) >= 2 * LANES; j += LANES) {
            const REAL *from = row + c[0].x + 2 * j;
            VEC a = NAME(load)(from), b = NAME(load)(from + LANES);
            NAME(store)(to + j, EVEN(a, b));
            NAME(store)(to + phase + j, ODD(a, b));
        }
    else if (step == 1)
        for (; j < c[0].last && end - (row + c[0].x + j) >= LANES; j += LANES)
            NAME(store)(to + j, NAME(load)(row + c[0].x + j));
    for (int b = 0; b <= both; b++, to += phase) {
        for (ptrdiff_t k = 0; k < c[b].first; k++) to[k] = lowest;
        for (ptrdiff_t k = c[b].first; k < done; k++) to[k] = row[c[b].x + k * step];
        for (ptrdiff_t k = SMALLER(j, both ? c[1].last : c[0].last); k < c[b].last; k++) to[k] = row[c[b].x + k * step];
        for (ptrdiff_t k = c[b].last; k < pitch; k++) to[k] = lowest;
    }
}

static void NAME(pool_slab)(const Pool *p, const PoolPlace *at, REAL *slab)
{
    const REAL *end = (const REAL *)p->in + p->planes * p->H * p->W;
    for (ptrdiff_t a = 0; a < p->phases_h; a++)
        for (ptrdiff_t b = 0; b < p->phases_w; b++, slab += p->phase_step) {
            int both = p->stride_w == 2 && b == 0 && p->phases_w == 2;
            NAME(Columns) c[2] = {NAME(pool_columns)(p, b), NAME(pool_columns)(p, b + 1)};
            for (ptrdiff_t n = 0; n < at->planes; n++) {
                ptrdiff_t y = at->row * p->stride_h + a - p->pad_h;
                REAL *to = slab + n * p->plane_step;
                const REAL *row = (const REAL *)p->in + ((at->plane + n) * p->H + y) * p->W;
                for (ptrdiff_t i = 0; i < at->rows + p->reach_h; i++, y += p->stride_h, row += p->stride_h * p->W, to += p->pitch) {
                    if (y < 0 || y >= p->H)
                        for (ptrdiff_t j = 0; j < p->pitch; j++)
                            to[j] = to[j + (both ? p->phase_step : 0)] = (REAL)-__builtin_inf();
                    else if (both)
                        NAME(pool_slab_row)(row, 2, 1, c, to, p->phase_step, p->pitch, end);
                    else if (p->stride_w == 1)
                        NAME(pool_slab_row)(row, 1, 0, c, to, p->phase_step, p->pitch, end);
                    else
                        NAME(pool_slab_row)(row, p->stride_w, 0, c, to, p->phase_step, p->pitch, end);
                }
            }
            if (both) {
                b++;
                slab += p->phase_step;
            }
        }
}

/* The maxima of V vectors of windows, and where they stood. winner holds the first tap that counts, for each window, if
 * that is not always tap 0. */
INLINE void NAME(pool_windows)(const REAL *x, const ptrdiff_t *offset, ptrdiff_t taps, int padded, REAL *out, INT *winner,
                               int V)
{
    VEC best[4];
    IVEC at[4];
    UNROLL for (int v = 0; v < V; v++)
    {
        best[v] = padded ? NAME(same)((REAL)-__builtin_inf()) : NAME(load)(x + offset[0] + v * LANES);
        at[v] = padded ? (IVEC)NAME(load)((REAL *)(winner + v * LANES)) : (IVEC){0};
    }
    /* (3x3 windows are written out; larger ones are no faster for it.) */
    _Pragma("GCC unroll 9") for (ptrdiff_t t = padded ? 0 : 1; t < taps; t++)
    {
        UNROLL for (int v = 0; v < V; v++)
            NAME(take_greater)(&best[v], &at[v], NAME(load)(x + offset[t] + v * LANES), (INT)t);
    }
    UNROLL for (int v = 0; v < V; v++)
    {
        NAME(store)(out + v * LANES, best[v]);
        NAME(store)((REAL *)(winner + v * LANES), (VEC)at[v]);
    }
}

/* The same for `length` windows side by side; out and winner have room for 2*LANES-1 more. */
INLINE void NAME(pool_line)(const REAL *x, const ptrdiff_t *offset, ptrdiff_t taps, int padded, ptrdiff_t length, REAL *out,
                            INT *winner)
{
    for (ptrdiff_t q = 0; q < length; q += 2 * LANES)
        NAME(pool_windows)(x + q, offset, taps, padded, out + q, winner + q, 2);
}

/* The first tap of each window of the line that lies inside of the plane. */
static void NAME(pool_first_taps)(const Pool *p, const PoolPlace *at, INT *first)
{
    for (ptrdiff_t n = 0; n < at->planes; n++)
        for (ptrdiff_t i = 0; i < at->rows; i++) {
            ptrdiff_t top = (at->row + i) * p->stride_h - p->pad_h, j;
            INT ii = (INT)(NAME(first_inside)(top, p->dilation_h) * p->kernel_w), *row = first + n * p->plane_step + i * p->pitch;
            for (j = 0; j < p->cols && j * p->stride_w < p->pad_w; j++)
                row[j] = ii + (INT)NAME(first_inside)(j * p->stride_w - p->pad_w, p->dilation_w);
            for (; j < p->pitch; j++) row[j] = ii;
        }
}

/* Rows of n elements, from_pitch apart, to rows to_pitch apart. What comes behind a row of `to` is arbitrary up to `end`. */
INLINE void NAME(copy_rows)(REAL *to, ptrdiff_t to_pitch, const REAL *from, ptrdiff_t from_pitch, ptrdiff_t rows, ptrdiff_t n,
                            const REAL *end)
{
    for (ptrdiff_t i = 0; i < rows; i++, to += to_pitch, from += from_pitch) {
        ptrdiff_t j = 0;
        for (; j < n && end - (to + j) >= LANES; j += LANES) NAME(store)(to + j, NAME(load)(from + j));
        for (; j < n; j++) to[j] = from[j];
    }
}

/* Scratch memory: the slab, the line of maxima, that of winners. */
static void NAME(pool_max)(const void *args, ptrdiff_t task, void *scratch)
{
    const Pool *p = args;
    PoolPlace at = pool_place(p, task, p->rows);
    ptrdiff_t taps = p->kernel_h * p->kernel_w, line = p->task_planes * p->plane_step + 2 * LANES;
    int padded = p->pad_h || p->pad_w;
    REAL *slab = scratch, *best = slab + p->phases_h * p->phases_w * p->phase_step;
    INT *winner = (INT *)(best + line);
    NAME(pool_slab)(p, &at, slab);
    if (padded) NAME(pool_first_taps)(p, &at, winner);
    ptrdiff_t length = (at.planes - 1) * p->plane_step + (at.rows - 1) * p->pitch + p->cols;
    if (taps == 4 && !padded)
        NAME(pool_line)(slab, p->offset, 4, 0, length, best, winner);
    else if (taps == 9)
        NAME(pool_line)(slab, p->offset, 9, padded, length, best, winner);
    else
        NAME(pool_line)(slab, p->offset, taps, padded, length, best, winner);
    /* Close up the rows. */
    ptrdiff_t o = (at.plane * p->rows + at.row) * p->cols, size = at.rows * p->cols;
    REAL *out = (REAL *)p->out + o, *end = out + at.planes * size;
    INT *to = (INT *)slab;
    for (ptrdiff_t n = 0; n < at.planes; n++) {
        ptrdiff_t from = n * p->plane_step;
        NAME(copy_rows)(out + n * size, p->cols, best + from, p->pitch, at.rows, p->cols, end);
        NAME(copy_rows)((REAL *)to + n * size, p->cols, (REAL *)winner + from, p->pitch, at.rows, p->cols, (REAL *)winner);
    }
    if (p->relu) NAME(strike_out)(to, out, at.planes * size);
    NAME(narrow)((unsigned char *)p->winner + o, to, at.planes * size);
}
