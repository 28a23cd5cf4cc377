/* Max pooling with 2x2 windows and stride 2, by far the most frequent, without a slab; and what all pooling kernels share.
 *
 * Two rows of pixels become one row of windows: the even and the odd columns of each are the four taps. The last vector of
 * a row ends where the row ends and overlaps the one before it. Rows of less than a vector are written as whole vectors,
 * from the first to the last, so that what is too much is overwritten; where a row of windows fills at most half a vector,
 * two of them are computed at once. What comes close to the end of the memory goes element by element.
 */

/* Every second element of the line that a and b make up: those at even places, and those at odd ones. */
#if VBYTES / REAL_BYTES == 2
#define EVEN(a, b) SHUFFLE(a, b, 0, 2)
#define JOIN_HALVES(a, b) SHUFFLE(a, b, 0, 2)
#define SECOND_HALF(a) SHUFFLE(a, a, 1, 1)
#define ODD(a, b) SHUFFLE(a, b, 1, 3)
#elif VBYTES / REAL_BYTES == 4
#define EVEN(a, b) SHUFFLE(a, b, 0, 2, 4, 6)
#define JOIN_HALVES(a, b) SHUFFLE(a, b, 0, 1, 4, 5)
#define SECOND_HALF(a) SHUFFLE(a, a, 2, 3, 2, 3)
#define ODD(a, b) SHUFFLE(a, b, 1, 3, 5, 7)
#elif VBYTES / REAL_BYTES == 8
#define EVEN(a, b) SHUFFLE(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
#define JOIN_HALVES(a, b) SHUFFLE(a, b, 0, 1, 2, 3, 8, 9, 10, 11)
#define SECOND_HALF(a) SHUFFLE(a, a, 4, 5, 6, 7, 4, 5, 6, 7)
#define ODD(a, b) SHUFFLE(a, b, 1, 3, 5, 7, 9, 11, 13, 15)
#else
#define EVEN(a, b) SHUFFLE(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#define JOIN_HALVES(a, b) SHUFFLE(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
#define SECOND_HALF(a) SHUFFLE(a, a, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15)
#define ODD(a, b) SHUFFLE(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
#endif

INLINE IVEC NAME(choose_int)(IVEC mask, IVEC a, IVEC b) { return (mask & a) | (~mask & b); }
/* Takes value as the maximum where it is greater, or the first NaN: not less or equal means greater, or one is NaN. */
INLINE void NAME(take_greater)(VEC *best, IVEC *at, VEC value, INT tap)
{
    IVEC take = ~(IVEC)(value <= *best) & (IVEC)(*best == *best);
    *best = NAME(choose)(take, value, *best);
    *at = NAME(choose_int)(take, tap - (IVEC){0}, *at);
}

/* Winners as the kernels compare them, and as they are kept. */
static __attribute__((noinline)) void NAME(narrow)(unsigned char *restrict to, const INT *restrict from, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++) to[i] = (unsigned char)from[i];
}
static __attribute__((noinline)) void NAME(widen)(INT *restrict to, const unsigned char *restrict from, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++) to[i] = from[i];
}

/* After a ReLU, a maximum that is not above 0 has no winner. */
INLINE void NAME(strike_out)(INT *winner, const REAL *best, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++) winner[i] = best[i] > 0 ? winner[i] : NO_WINNER;
}

/* The maxima of the windows whose upper pixels are a, b and whose lower pixels are c, d; *at: where they stand. */
INLINE VEC NAME(pool_2x2_windows)(VEC a, VEC b, VEC c, VEC d, IVEC *at)
{
    VEC best = EVEN(a, b);
    *at = (IVEC){0};
    NAME(take_greater)(&best, at, ODD(a, b), 1);
    NAME(take_greater)(&best, at, EVEN(c, d), 2);
    NAME(take_greater)(&best, at, ODD(c, d), 3);
    return best;
}
INLINE void NAME(pool_2x2_vector)(const REAL *x, ptrdiff_t W, REAL *out, INT *winner)
{
    IVEC at;
    VEC best = NAME(pool_2x2_windows)(NAME(load)(x), NAME(load)(x + LANES), NAME(load)(x + W), NAME(load)(x + W + LANES), &at);
    NAME(store)(out, best);
    NAME(store)((REAL *)winner, (VEC)at);
}
INLINE void NAME(pool_2x2_one)(const REAL *x, ptrdiff_t W, REAL *out, INT *winner)
{
    REAL best = x[0];
    *winner = 0;
    for (int t = 1; t < 4; t++) {
        REAL value = x[t / 2 * W + t % 2];
        if (!(value <= best) && best == best) {
            best = value;
            *winner = t;
        }
    }
    *out = best;
}

/* Rows of windows, the last of which is followed by nothing that may be written to (out) or read (x). Rows of pixels of one
 * plane follow one another. */
static void NAME(pool_2x2_plane)(const REAL *x, ptrdiff_t W, ptrdiff_t rows, ptrdiff_t cols, REAL *out, INT *winner,
                                 const REAL *x_end, const REAL *out_end)
{
    ptrdiff_t i = 0;
    if (cols >= LANES) {
        for (; i < rows; i++, x += 2 * W, out += cols, winner += cols) {
            for (ptrdiff_t j = 0; j + LANES <= cols; j += LANES) NAME(pool_2x2_vector)(x + 2 * j, W, out + j, winner + j);
            if (cols % LANES)
                NAME(pool_2x2_vector)(x + 2 * (cols - LANES), W, out + cols - LANES, winner + cols - LANES);
        }
        return;
    }
    if (cols <= LANES / 2)
        for (; i + 2 <= rows && x_end - x >= 3 * W + LANES && out_end - out >= cols + LANES;
             i += 2, x += 4 * W, out += 2 * cols, winner += 2 * cols) {
            IVEC at;
            VEC best = NAME(pool_2x2_windows)(NAME(load)(x), NAME(load)(x + 2 * W), NAME(load)(x + W), NAME(load)(x + 3 * W), &at);
            NAME(store)(out, best);
            NAME(store)((REAL *)winner, (VEC)at);
            NAME(store)(out + cols, SECOND_HALF(best));
            NAME(store)((REAL *)(winner + cols), SECOND_HALF((VEC)at));
        }
    for (; i < rows && x_end - x >= W + 2 * LANES && out_end - out >= LANES; i++, x += 2 * W, out += cols, winner += cols)
        NAME(pool_2x2_vector)(x, W, out, winner);
    for (; i < rows; i++, x += 2 * W, out += cols, winner += cols)
        for (ptrdiff_t j = 0; j < cols; j++) NAME(pool_2x2_one)(x + 2 * j, W, out + j, winner + j);
}

/* Scratch memory: the winners, and a vector. */
static void NAME(pool_2x2)(const void *args, ptrdiff_t task, void *scratch)
{
    const Pool *p = args;
    PoolPlace at = pool_place(p, task, p->rows);
    const REAL *x = (const REAL *)p->in + (at.plane * p->H + 2 * at.row) * p->W;
    const REAL *x_end = (const REAL *)p->in + p->planes * p->H * p->W;
    ptrdiff_t o = (at.plane * p->rows + at.row) * p->cols, size = at.rows * p->cols;
    REAL *out = (REAL *)p->out + o, *out_end = out + at.planes * size;
    INT *winner = scratch;
    for (ptrdiff_t n = 0; n < at.planes; n++)
        NAME(pool_2x2_plane)(x + n * p->H * p->W, p->W, at.rows, p->cols, out + n * size, winner + n * size, x_end, out_end);
    if (p->relu) NAME(strike_out)(winner, out, at.planes * size);
    NAME(narrow)((unsigned char *)p->winner + o, winner, at.planes * size);
}

/* The gradients of LANES windows, spread over their four taps: 2*LANES pixels of the upper and of the lower row. */
INLINE void NAME(pool_2x2_spread)(VEC dout, IVEC at, VEC upper[2], VEC lower[2])
{
    VEC tap[4];
    UNROLL for (int t = 0; t < 4; t++) tap[t] = (VEC)((IVEC)dout & (at == t)) + (VEC){0};
    upper[0] = FIRST_PAIRS(tap[0], tap[1]);
    upper[1] = LAST_PAIRS(tap[0], tap[1]);
    lower[0] = FIRST_PAIRS(tap[2], tap[3]);
    lower[1] = LAST_PAIRS(tap[2], tap[3]);
}
INLINE void NAME(pool_2x2_pixels)(VEC dout, const INT *winner, REAL *dx, ptrdiff_t W)
{
    VEC upper[2], lower[2];
    NAME(pool_2x2_spread)(dout, (IVEC)NAME(load)((const REAL *)winner), upper, lower);
    NAME(store)(dx, upper[0]);
    NAME(store)(dx + LANES, upper[1]);
    NAME(store)(dx + W, lower[0]);
    NAME(store)(dx + W + LANES, lower[1]);
}

/* Rows of windows of one plane. */
INLINE void NAME(pool_2x2_plane_backward)(const REAL *dout, const INT *winner, ptrdiff_t rows, ptrdiff_t cols,
                                          REAL *dx, ptrdiff_t W, const REAL *dout_end, const REAL *dx_end)
{
    ptrdiff_t i = 0;
#define STEP(n) (dout += (n) * cols, winner += (n) * cols, dx += 2 * (n) * W, i += (n))
    if (cols >= LANES) {
        while (i < rows) {
            for (ptrdiff_t j = 0; j + LANES <= cols; j += LANES)
                NAME(pool_2x2_pixels)(NAME(load)(dout + j), winner + j, dx + 2 * j, W);
            if (cols % LANES) {
                ptrdiff_t j = cols - LANES;
                NAME(pool_2x2_pixels)(NAME(load)(dout + j), winner + j, dx + 2 * j, W);
            }
            if (W & 1) dx[W - 1] = dx[2 * W - 1] = 0;
            STEP(1);
        }
        return;
    }
    if (cols <= LANES / 2)
        while (i + 2 <= rows && dx_end - dx >= 3 * W + LANES && dout_end - dout >= cols + LANES) {
            VEC value = JOIN_HALVES(NAME(load)(dout), NAME(load)(dout + cols));
            VEC at = JOIN_HALVES(NAME(load)((const REAL *)winner), NAME(load)((const REAL *)(winner + cols)));
            VEC upper[2], lower[2];
            NAME(pool_2x2_spread)(value, (IVEC)at, upper, lower);
            UNROLL for (int k = 0; k < 2; k++)
            {
                NAME(store)(dx + 2 * k * W, upper[k]);
                if (W & 1) dx[2 * k * W + W - 1] = 0;
                NAME(store)(dx + (2 * k + 1) * W, lower[k]);
                if (W & 1) dx[2 * k * W + 2 * W - 1] = 0;
            }
            STEP(2);
        }
    while (i < rows && dx_end - dx >= W + 2 * LANES && dout_end - dout >= LANES) {
        VEC upper[2], lower[2];
        NAME(pool_2x2_spread)(NAME(load)(dout), (IVEC)NAME(load)((const REAL *)winner), upper, lower);
        NAME(store)(dx, upper[0]);
        NAME(store)(dx + LANES, upper[1]);
        if (W & 1) dx[W - 1] = 0;
        NAME(store)(dx + W, lower[0]);
        NAME(store)(dx + W + LANES, lower[1]);
        if (W & 1) dx[2 * W - 1] = 0;
        STEP(1);
    }
    while (i < rows) {
        NAME(zero)(dx, 2 * W);
        for (ptrdiff_t j = 0; j < cols; j++)
            if (winner[j] < 4) dx[winner[j] / 2 * W + 2 * j + winner[j] % 2] += dout[j];
        STEP(1);
    }
#undef STEP
}

/* Scratch memory: the winners, and a vector. task_rows counts rows of windows. */
static void NAME(pool_2x2_backward)(const void *args, ptrdiff_t task, void *scratch)
{
    const Pool *p = args;
    PoolPlace at = pool_place(p, task, p->rows);
    ptrdiff_t o = (at.plane * p->rows + at.row) * p->cols, size = at.rows * p->cols;
    int last = at.row + at.rows == p->rows;
    const REAL *dout = (const REAL *)p->in + o;
    const REAL *dout_end = (const REAL *)p->in + p->planes * p->rows * p->cols;
    REAL *dx = (REAL *)p->out + (at.plane * p->H + 2 * at.row) * p->W;
    ptrdiff_t below = last ? p->H - 2 * p->rows : 0; /* rows of pixels that no window sees */
    REAL *dx_end = dx + ((at.planes - 1) * p->H + 2 * at.rows + below) * p->W;
    INT *winner = scratch;
    NAME(widen)(winner, (const unsigned char *)p->winner + o, at.planes * size);
    for (ptrdiff_t n = 0; n < at.planes; n++) {
        ptrdiff_t from = n * size;
        REAL *to = dx + n * p->H * p->W;
        NAME(pool_2x2_plane_backward)(dout + from, winner + from, at.rows, p->cols, to, p->W, dout_end, dx_end);
        NAME(zero)(to + 2 * at.rows * p->W, below * p->W);
    }
}
