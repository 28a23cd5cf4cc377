/* The gradient of max pooling, vector lanes = pixels of one phase.
 *
 * A pixel (y, x) of the padded plane has phase (y % stride_h, x % stride_w) and row and column y / stride_h, x / stride_w
 * in it. A tap of this phase that is s rows and c columns away in it receives from the window s rows above and c columns
 * to the left, if the winner there was this tap: so a phase is, as one line, the sum over its taps of the gradients,
 * masked and shifted. The taps are taken from the last to the first, which adds the windows in their order. The phases
 * are then interleaved into rows of pixels; each pixel is written once, and never read.
 */

/* dout and winner of the windows that the task's pixels see, with zeros where there is no window; room: for the winners
 * as they come. */
static void NAME(pool_gradients)(const Pool *p, const PoolPlace *at, REAL *dout, INT *winner, INT *room)
{
    ptrdiff_t top = at->row - p->reach_h, first = LARGER(top, 0), last = SMALLER(at->row + at->rows, p->rows);
    for (ptrdiff_t n = 0; n < at->planes; n++) {
        REAL *to = dout + n * p->plane_step;
        ptrdiff_t from = ((at->plane + n) * p->rows + first) * p->cols, rows = last - first, start = (first - top) * p->pitch;
        if (rows <= 0) {
            NAME(zero)(to, p->plane_step);
            continue;
        }
        NAME(widen)(room, (const unsigned char *)p->winner + from, rows * p->cols);
        NAME(copy_rows)((REAL *)winner + n * p->plane_step + start + p->reach_w, p->pitch, (const REAL *)room, p->cols, rows,
                        p->cols, (REAL *)(winner + p->phase_step));
        NAME(zero)(to, start);
        for (ptrdiff_t i = 0; i < rows; i++) {
            REAL *row = to + start + i * p->pitch;
            const REAL *gradient = (const REAL *)p->in + from + i * p->cols;
            for (ptrdiff_t j = 0; j < p->reach_w; j++) row[j] = 0;
            row += p->reach_w;
            NAME(copy)(row, gradient, p->cols);
            if (p->cut)
                for (ptrdiff_t j = 0; j < p->cols; j++)
                    if (!(((const REAL *)p->cut)[from + i * p->cols + j] > 0)) row[j] = 0;
            for (ptrdiff_t j = p->cols; j < p->pitch - p->reach_w; j++) row[j] = 0;
        }
        NAME(zero)(to + start + rows * p->pitch, p->plane_step - start - rows * p->pitch);
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

/* Scratch memory: the line of each phase, dout, winner. task_rows counts rows of phases. */
static void NAME(pool_max_backward)(const void *args, ptrdiff_t task, void *scratch)
{
    const Pool *p = args;
    PoolPlace at = pool_place(p, task, CEIL_DIV(p->H + p->pad_h, p->stride_h));
    ptrdiff_t phases = p->stride_h * p->stride_w;
    REAL *lines = scratch, *dout = lines + phases * p->phase_step;
    INT *winner = (INT *)(dout + p->phase_step);
    ptrdiff_t start = p->reach_h * p->pitch + p->reach_w; /* of the first pixel in these lines */
    ptrdiff_t length = at.planes * p->plane_step - start;
    NAME(pool_gradients)(p, &at, dout, winner, (INT *)lines);
    for (ptrdiff_t f = 0; f < phases; f++) {
        int first = p->first_tap[f], taps = p->first_tap[f + 1] - first;
        const int *tap = p->tap + first;
        const ptrdiff_t *offset = p->offset + first;
        REAL *to = lines + f * p->phase_step;
        if (taps == 1)
            NAME(pool_phase)(dout + start, winner + start, tap, offset, 1, length, to);
        else if (taps == 2)
            NAME(pool_phase)(dout + start, winner + start, tap, offset, 2, length, to);
        else if (taps == 4)
            NAME(pool_phase)(dout + start, winner + start, tap, offset, 4, length, to);
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
