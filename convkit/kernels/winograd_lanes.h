/* Pixels, and filters, of LANES channels side by side: what Winograd's transforms read, whatever the tile size. */

/* The part of an image plane that a block sees, and the slab of so many columns into which it goes. */
typedef struct {
    ptrdiff_t top, left, bottom, right; /* of the image: rows top .. bottom-1 */
    ptrdiff_t W;
    const ptrdiff_t *place; /* where in the slab each of these pixels goes */
} NAME(Window);

/* The block's slab begins at row `top` and column `left` of the image, both of which may lie outside. Zeroes the slab; the
 * pixels inside the image are then written by to_lanes, again and again, and those outside stay zero. */
static NAME(Window) NAME(window)(ptrdiff_t top, ptrdiff_t left, ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t H, ptrdiff_t W,
                                 ptrdiff_t *place, REAL *slab)
{
    NAME(Window) at = {LARGER(top, 0), LARGER(left, 0), SMALLER(top + rows, H), SMALLER(left + cols, W), W, place};
    NAME(zero)(slab, rows * cols * LANES);
    for (ptrdiff_t y = at.top; y < at.bottom; y++)
        for (ptrdiff_t x = at.left; x < at.right; x++) *place++ = ((y - top) * cols + x - left) * LANES;
    return at;
}

/* Transposes the window of `channels` <= LANES planes into the slab [row][column][LANES]. */
static void NAME(to_lanes)(const NAME(Window) *at, const REAL *plane, ptrdiff_t plane_step, ptrdiff_t channels, REAL *slab)
{
    ptrdiff_t rows = at->bottom - at->top, cols = at->right - at->left;
    if (rows <= 0 || cols <= 0) return;
    int whole = cols == at->W; /* rows follow one another */
    ptrdiff_t lines = whole ? 1 : rows, length = whole ? rows * cols : cols;
    const ptrdiff_t *place = at->place;
    for (ptrdiff_t line = 0; line < lines; line++, place += length) {
        const REAL *from = plane + (at->top + line) * at->W + at->left;
        for (ptrdiff_t j = 0; j < length; j += LANES) {
            ptrdiff_t n = SMALLER(length - j, (ptrdiff_t)LANES);
            if (n < LANES && length >= LANES) { /* the last pixels, some of them once more */
                j = length - LANES;
                n = LANES;
            }
            VEC r[LANES];
            if (n == LANES)
                UNROLL
                for (int i = 0; i < LANES; i++) r[i] = i < channels ? NAME(load)(from + i * plane_step + j) : (VEC){0};
            else
                for (int i = 0; i < LANES; i++)
                    r[i] = i < channels ? NAME(load_part)(from + i * plane_step + j, n) : (VEC){0};
            NAME(transpose)(r);
            if (n == LANES)
                UNROLL
                for (int i = 0; i < LANES; i++) NAME(store)(slab + place[j + i], r[i]);
            else
                for (int i = 0; i < n; i++) NAME(store)(slab + place[j + i], r[i]);
        }
    }
}

/* filter[(c*taps + e)*LANES + i] = element e of input channel c0 + c and output channel f0 + i, for up to LANES of each; zeros
 * where there is no such output channel. The filters lie in memory by output channel (w_channel == taps), or, for dx, by input
 * channel; then they pass through `other`, which is as large. */
static void NAME(filters_to_lanes)(const Conv *p, ptrdiff_t group, ptrdiff_t f0, ptrdiff_t c0, REAL *filter, REAL *other)
{
    ptrdiff_t taps = p->taps, fs = SMALLER(p->F - f0, (ptrdiff_t)LANES), cs = SMALLER(p->C - c0, (ptrdiff_t)LANES);
    int by_output = p->w_channel == taps;
    ptrdiff_t row_step = by_output ? p->w_filter : p->w_channel, rows = by_output ? fs : cs, length = taps * (by_output ? cs : fs);
    const REAL *w = (const REAL *)p->w + group * p->w_group + f0 * p->w_filter + c0 * p->w_channel;
    REAL *to = by_output ? filter : other;
    for (ptrdiff_t k = 0; k < (by_output ? length : taps * LANES); k += LANES) {
        VEC r[LANES];
        UNROLL
        for (int i = 0; i < LANES; i++)
            r[i] = i >= rows || k >= length ? (VEC){0} : NAME(load_part)(w + i * row_step + k, length - k);
        NAME(transpose)(r);
        UNROLL
        for (int i = 0; i < LANES; i++) NAME(store)(to + (k + i) * LANES, r[i]);
    }
    if (by_output) return;
    for (ptrdiff_t e = 0; e < taps; e++) { /* lanes are input channels: make them output channels */
        VEC r[LANES];
        UNROLL
        for (int i = 0; i < LANES; i++) r[i] = NAME(load)(other + (i * taps + e) * LANES);
        NAME(transpose)(r);
        UNROLL
        for (int i = 0; i < LANES; i++) NAME(store)(filter + (i * taps + e) * LANES, r[i]);
    }
}
