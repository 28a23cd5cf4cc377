/* The gradient of max pooling, vector lanes = pixels of one phase.
 *
 * A pixel (y, x) of the padded plane has phase (y % stride_h, x % stride_w) and row and column y / stride_h, x / stride_w
 * in it. A tap of this phase that is s rows and c columns away in it receives from the window s rows above and c columns
 * to the left, if the winner there was this tap: so a phase is, as one line, the sum over its taps of the gradients,
 * masked and shifted. The taps are taken from the last to the first, which adds the windows in their order. The phases
 * are then interleaved into rows of pixels; each pixel is written once, and never read.
 */

/* dout and winner of the windows that the task's pixels see, with zeros where there is no window. */
static void NAME(pool_gradients)(const Pool *p, const PoolPlace *at, REAL *dout, INT *winner)
{
    for (ptrdiff_t n = 0; n < at->planes; n++)
        for (ptrdiff_t r = 0; r < at->rows + p->reach_h; r++) {
            ptrdiff_t i = at->row + r - p->reach_h, to = n * p->plane_step + r * p->pitch, j = 0;
            ptrdiff_t from = ((at->plane + n) * p->rows + i) * p->cols;
            for (; j < p->reach_w; j++) dout[to + j] = 0;
            if (i < 0 || i >= p->rows) {
                for (; j < p->pitch; j++) dout[to + j] = 0;
                continue;
            }
            memcpy(dout + to + j, (const REAL *)p->in + from, sizeof(REAL) * (size_t)p->cols);
            const unsigned char *bytes = (const unsigned char *)p->winner + from;
            for (ptrdiff_t k = 0; k < p->cols; k++) winner[to + j + k] = bytes[k];
            if (p->cut)
                for (ptrdiff_t k = 0; k < p->cols; k++)
                    if (!(((const REAL *)p->cut)[from + k] > 0)) dout[to + j + k] = 0;
            for (j += p->cols; j < p->pitch; j++) dout[to + j] = 0;
        }
}

/* The gradients of one phase, as far as `length`; to has room for 2*LANES-1 more. */
INLINE void NAME(pool_phase)(const REAL *dout, const INT *winner, const int *tap, const ptrdiff_t *offset,
                             int taps, ptrdiff_t length, REAL *to)
{
    for (ptrdiff_t q = 0; q < length; q += 2 * LANES) {
        VEC sum[2] = {{0}, {0}};
        UNROLL for (int k = 0; k < taps; k++)
        {
            ptrdiff_t from = q + offset[k];
            UNROLL for (int v = 0; v < 2; v++)
            {
                IVEC hit = (IVEC)NAME(load)((const REAL *)(winner + from + v * LANES)) == tap[k];
                sum[v] += (VEC)((IVEC)NAME(load)(dout + from + v * LANES) & hit);
            }
        }
        UNROLL for (int v = 0; v < 2; v++) NAME(store)(to + q + v * LANES, sum[v]);
    }
}

/* The elements of a and b in turn: the first and the second half of that line. */
#if VBYTES / REAL_BYTES == 2
#define FIRST_PAIRS(a, b) SHUFFLE(a, b, 0, 2)
#define LAST_PAIRS(a, b) SHUFFLE(a, b, 1, 3)
#elif VBYTES / REAL_BYTES == 4
#define FIRST_PAIRS(a, b) SHUFFLE(a, b, 0, 4, 1, 5)
#define LAST_PAIRS(a, b) SHUFFLE(a, b, 2, 6, 3, 7)
#elif VBYTES / REAL_BYTES == 8
#define FIRST_PAIRS(a, b) SHUFFLE(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define LAST_PAIRS(a, b) SHUFFLE(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#else
#define FIRST_PAIRS(a, b) SHUFFLE(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define LAST_PAIRS(a, b) SHUFFLE(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#endif

/* One row of pixels, from the line of each phase of columns. What comes behind the row is arbitrary up to `end`. */
static void NAME(pool_pixels)(const Pool *p, const REAL *line, REAL *row, const REAL *end)
{
    ptrdiff_t s = p->stride_w, x = 0, from;
    if (s == 1) {
        line += p->pad_w;
        for (; x < p->W && end - (row + x) >= LANES; x += LANES) NAME(store)(row + x, NAME(load)(line + x));
        for (; x < p->W; x++) row[x] = line[x];
    } else if (s == 2) {
        if (p->pad_w & 1) row[x++] = line[p->phase_step + p->pad_w / 2];
        from = (x + p->pad_w) / 2;
        for (; x < p->W && end - (row + x) >= 2 * LANES; x += 2 * LANES, from += LANES) {
            VEC a = NAME(load)(line + from), b = NAME(load)(line + p->phase_step + from);
            NAME(store)(row + x, FIRST_PAIRS(a, b));
            NAME(store)(row + x + LANES, LAST_PAIRS(a, b));
        }
        for (; x < p->W; x++) row[x] = line[(x + p->pad_w) % 2 * p->phase_step + (x + p->pad_w) / 2];
    } else
        for (ptrdiff_t b = 0; b < s; b++, line += p->phase_step) {
            from = b < p->pad_w % s ? p->pad_w / s + 1 : p->pad_w / s;
            for (x = from * s + b - p->pad_w; x < p->W; x += s) row[x] = line[from++];
        }
}

/* Scratch memory: dout, winner, and the line of each phase. task_rows counts rows of phases. */
static void NAME(pool_max_backward)(const void *args, ptrdiff_t task, void *scratch)
{
    const Pool *p = args;
    PoolPlace at = pool_place(p, task, CEIL_DIV(p->H + p->pad_h, p->stride_h));
    ptrdiff_t phases = p->stride_h * p->stride_w;
    REAL *lines = scratch, *dout = lines + phases * p->phase_step;
    INT *winner = (INT *)(dout + p->phase_step);
    ptrdiff_t start = p->reach_h * p->pitch + p->reach_w; /* of the first pixel in these lines */
    ptrdiff_t length = at.planes * p->plane_step - start;
    NAME(pool_gradients)(p, &at, dout, winner);
    for (ptrdiff_t f = 0; f < phases; f++) {
        int first = p->first_tap[f], taps = p->first_tap[f + 1] - first;
        const int *tap = p->tap + first;
        const ptrdiff_t *offset = p->offset + first;
        REAL *to = lines + f * p->phase_step;
        if (taps == 1)
            NAME(pool_phase)(dout + start, winner + start, tap, offset, 1, length, to);
        else if (taps == 2)
            NAME(pool_phase)(dout + start, winner + start, tap, offset, 2, length, to);
        else
            NAME(pool_phase)(dout + start, winner + start, tap, offset, taps, length, to);
    }
    ptrdiff_t top = LARGER(at.row * p->stride_h - p->pad_h, 0);
    ptrdiff_t bottom = SMALLER((at.row + at.rows) * p->stride_h - p->pad_h, p->H);
    const REAL *end = (REAL *)p->out + ((at.plane + at.planes - 1) * p->H + bottom) * p->W;
    for (ptrdiff_t n = 0; n < at.planes; n++)
        for (ptrdiff_t y = top; y < bottom; y++) {
            ptrdiff_t a = (y + p->pad_h) % p->stride_h, i = (y + p->pad_h) / p->stride_h - at.row;
            const REAL *line = lines + a * p->stride_w * p->phase_step + n * p->plane_step + i * p->pitch;
            NAME(pool_pixels)(p, line, (REAL *)p->out + ((at.plane + n) * p->H + y) * p->W, end);
        }
}
