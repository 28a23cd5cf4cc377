/* Depthwise convolution, the gradient of the images (dx) with stride 2 along the row; any stride along the column.
 *
 * Row y of dx is what the taps of phase y % stride_h bring: those of the even pixels give one vector of sums, those of the
 * odd pixels another, and the two are stored as pairs. So dx is written once, from beginning to end, where a convolution
 * for each phase would go through it as many times, element by element. A band of dout stands padded in scratch memory.
 *
 * A task is some planes (images x channels). Loops: planes | bands | rows | vectors of pairs along a row | taps.
 */
INLINE VEC NAME(phase_sum)(const Conv *p, const REAL *from, const REAL *w, ptrdiff_t t, ptrdiff_t end)
{
    VEC sum = {0};
    for (; t < end; t++) sum += NAME(same)(w[t]) * NAME(load)(from + p->offset[t]);
    return sum;
}

static void NAME(conv_dx_depthwise)(const void *args, ptrdiff_t task, void *scratch)
{
    const Conv *p = args;
    REAL *slab = scratch, *w = slab + p->slab_size;
    ptrdiff_t first = task * p->task_images, last = SMALLER(first + p->task_images, p->N * p->groups);
    for (ptrdiff_t plane = first; plane < last; plane++) {
        SlabPlace at = {.image = plane / p->groups, .images = 1, .group = plane % p->groups, .cols = p->task_cols};
        REAL *out = (REAL *)p->out + plane * p->out_h * p->out_w, *const end = out + p->out_h * p->out_w;
        REAL zeros = 0; /* NaN where an element is not finite */
        for (int t = 0; t < p->taps; t++) {
            w[t] = ((const REAL *)p->w)[at.group * p->w_group + p->w_tap[t]];
            zeros += w[t] * 0;
        }
        if (zeros != 0) __atomic_store_n(p->not_finite, 1, __ATOMIC_RELAXED);
        for (ptrdiff_t y = 0; y < p->out_h; y++, out += p->out_w) {
            ptrdiff_t row = y / p->out_step_h;
            if (y % (p->task_rows * p->out_step_h) == 0) {
                at.row = row;
                at.rows = SMALLER(p->task_rows, p->rows - row);
                NAME(slab)(p, &at, slab);
            }
            const REAL *from = slab + (row - at.row) * p->pitch;
            const ptrdiff_t *phase = p->start + 2 * (y % p->out_step_h);
            for (ptrdiff_t x = 0; x < p->out_w; x += 2 * LANES, from += LANES) {
                VEC even = NAME(phase_sum)(p, from, w, phase[0], phase[1]), odd = NAME(phase_sum)(p, from, w, phase[1], phase[2]);
                ptrdiff_t left = end - (out + x) >= 2 * LANES ? 2 * LANES : p->out_w - x;
                /* What is written beyond a short row is overwritten by the rows that come after it; the last ones take care. */
                NAME(store_pairs)(out + x, even, odd, left);
            }
        }
    }
}
