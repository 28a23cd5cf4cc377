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

/* to[j] = from[j*step] for j < n, and arbitrary numbers behind them, as far as LANES-1; memory ends at `end`. */
INLINE void NAME(take_steps)(REAL *to, const REAL *from, ptrdiff_t n, ptrdiff_t step, const REAL *end)
{
    ptrdiff_t j = 0;
    if (step == 1)
        for (; j < n && end - (from + j) >= LANES; j += LANES) NAME(store)(to + j, NAME(load)(from + j));
    for (; j < n; j++) to[j] = from[j * step];
}
/* The same for step 2, even and odd columns at once; n is the number of the even ones. */
INLINE ptrdiff_t NAME(take_pairs)(REAL *even, REAL *odd, const REAL *from, ptrdiff_t n, const REAL *end)
{
    ptrdiff_t j = 0;
    for (; j < n && end - (from + 2 * j) >= 2 * LANES; j += LANES) {
        VEC a = NAME(load)(from + 2 * j), b = NAME(load)(from + 2 * j + LANES);
        NAME(store)(even + j, EVEN(a, b));
        NAME(store)(odd + j, ODD(a, b));
    }
    return SMALLER(j, n);
}

/* One row of all phases of columns: column j of phase b is row[j*stride_w + b - pad_w]; row == NULL: outside of the plane. */
static void NAME(pool_slab_row)(const Pool *p, const REAL *row, REAL *to, const REAL *end)
{
    const REAL lowest = (REAL)-__builtin_inf();
    ptrdiff_t together = 0, from = p->pad_w / 2;
    if (row && p->stride_w == 2 && p->phases_w == 2 && from < p->pitch) {
        const REAL *start = row + 2 * from - p->pad_w + 2 * (p->pad_w & 1);
        from += p->pad_w & 1;
        together = SMALLER(p->pitch - from, (row + p->W - start) / 2);
        if (together > 0) together = NAME(take_pairs)(to + from, to + p->phase_step + from, start, together, end);
    }
    for (ptrdiff_t b = 0; b < p->phases_w; b++, to += p->phase_step) {
        ptrdiff_t x = b - p->pad_w, s = p->stride_w;
        ptrdiff_t first = !row ? p->pitch : SMALLER(x < 0 ? CEIL_DIV(-x, s) : 0, p->pitch);
        ptrdiff_t last = !row || x >= p->W ? first : LARGER(SMALLER(CEIL_DIV(p->W - x, s), p->pitch), first);
        ptrdiff_t done = together > 0 ? LARGER(from + together, first) : first;
        if (together > 0)
            for (ptrdiff_t j = first; j < SMALLER(from, last); j++) to[j] = row[x + j * s];
        NAME(take_steps)(to + done, row + x + done * s, last - done, s, end);
        for (ptrdiff_t j = 0; j < first; j++) to[j] = lowest;
        for (ptrdiff_t j = last; j < p->pitch; j++) to[j] = lowest;
    }
}

static void NAME(pool_slab)(const Pool *p, const PoolPlace *at, REAL *slab)
{
    const REAL *end = (const REAL *)p->in + p->planes * p->H * p->W;
    for (ptrdiff_t n = 0; n < at->planes; n++) {
        const REAL *plane = (const REAL *)p->in + (at->plane + n) * p->H * p->W;
        for (ptrdiff_t a = 0; a < p->phases_h; a++)
            for (ptrdiff_t i = 0; i < at->rows + p->reach_h; i++) {
                ptrdiff_t y = (at->row + i) * p->stride_h + a - p->pad_h;
                REAL *to = slab + a * p->phases_w * p->phase_step + n * p->plane_step + i * p->pitch;
                NAME(pool_slab_row)(p, y >= 0 && y < p->H ? plane + y * p->W : NULL, to, end);
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
    UNROLL for (ptrdiff_t t = padded ? 0 : 1; t < taps; t++)
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
    NAME(narrow)((unsigned char *)p->winner + o, to, at.planes * size);
}
