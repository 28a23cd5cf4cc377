/* Convolution, ReLU and max pooling with 2x2 windows and stride 2 as one: a tile of 2x2 outputs of Winograd's is a window. Vector
 * lanes = channels.
 *
 * Forward, the four outputs of a tile go no further than its maximum, and a byte that says which of them it is (NO_WINNER where
 * it is not above zero). For dw, each tile of dout is what the byte makes of the pooled dout: zero but for one pixel. What lies
 * between the two layers never reaches memory, a quarter of it does.
 */
typedef unsigned char NAME(bytes) __attribute__((vector_size(LANES)));

/* Tiles of a block that are windows; where the last row or column of outputs is in none, nor is its tile. */
INLINE SlabPlace NAME(windows)(const Winograd *p, const SlabPlace *at)
{
    SlabPlace windows = *at;
    windows.row = at->row / 2;
    windows.col = at->col / 2;
    windows.rows = SMALLER(CEIL_DIV(at->rows, 2), p->pool_rows - windows.row);
    windows.cols = SMALLER(CEIL_DIV(at->cols, 2), p->pool_cols - windows.col);
    return windows;
}

/* Winners [window][LANES], as integers, of rows x cols windows go out as bytes. */
static void NAME(write_winners)(const Winograd *p, const REAL *winner, ptrdiff_t rows, ptrdiff_t cols, unsigned char *out,
                                ptrdiff_t channels)
{
    ptrdiff_t plane = p->pool_rows * p->pool_cols;
    for (ptrdiff_t i = 0; i < rows; i++, out += p->pool_cols, winner += cols * LANES)
        for (ptrdiff_t j = 0; j < cols; j += LANES) {
            ptrdiff_t n = SMALLER(cols - j, (ptrdiff_t)LANES);
            VEC r[LANES];
            UNROLL
            for (int k = 0; k < LANES; k++) r[k] = k < n ? NAME(load)(winner + (j + k) * LANES) : (VEC){0};
            NAME(transpose)(r);
            UNROLL
            for (int k = 0; k < LANES; k++)
                if (k < channels) {
                    NAME(bytes) line = __builtin_convertvector((IVEC)r[k], NAME(bytes));
                    if (n == LANES)
                        memcpy(out + k * plane + j, &line, LANES);
                    else
                        memcpy(out + k * plane + j, &line, (size_t)n);
                }
        }
}

/* The windows of one image and one vector of output channels, from the sums of their tiles to memory; plane: the first of these
 * channels. slab: 2*LANES elements for each. Returns what winograd_tile does. */
static VEC NAME(winograd_pool)(const Winograd *p, const SlabPlace *at, const REAL *sums, int V, VEC bias, ptrdiff_t plane,
                               ptrdiff_t channels, REAL *slab)
{
    SlabPlace windows = NAME(windows)(p, at);
    ptrdiff_t lines = CEIL_DIV(at->rows, 2), across = CEIL_DIV(at->cols, 2);
    REAL *to = slab, *winner = slab + lines * across * LANES, *first_winner = winner;
    VEC zeros = {0};
    for (ptrdiff_t i = 0; i < lines; i++)
        for (ptrdiff_t j = 0; j < across; j++, sums += V * LANES) {
            VEC tile[2][2];
            zeros += NAME(winograd_tile_2)(sums, p->sums_step, tile);
            if (i >= windows.rows || j >= windows.cols) continue;
            UNROLL for (int k = 0; k < 4; k++) tile[k / 2][k % 2] += bias;
            /* The first of equals wins. NaN need not be thought of: then all is computed anew. */
            IVEC right = (IVEC)(tile[0][1] > tile[0][0]), right_below = (IVEC)(tile[1][1] > tile[1][0]);
            VEC above = NAME(choose)(right, tile[0][1], tile[0][0]), best = NAME(choose)(right_below, tile[1][1], tile[1][0]);
            IVEC below = (IVEC)(best > above);
            best = NAME(choose)(below, best, above);
            IVEC which = NAME(choose_int)(below, 2 - right_below, -right); /* a comparison that holds is -1 */
            which = NAME(choose_int)((IVEC)(best > (VEC){0}), which, NO_WINNER - (IVEC){0});
            NAME(store)(to, NAME(relu)(best));
            NAME(store)(winner, (VEC)which);
            to += LANES, winner += LANES;
        }
    Conv pooled = p->of;
    pooled.out_h = p->pool_rows;
    pooled.out_w = p->pool_cols;
    pooled.relu = 0;
    ptrdiff_t first = (plane * p->pool_rows + windows.row) * p->pool_cols + windows.col;
    NAME(wide_write)(&pooled, slab, 1, 0, windows.rows, windows.cols, (VEC){0}, (REAL *)pooled.out + first, channels);
    NAME(write_winners)(p, first_winner, windows.rows, windows.cols, p->winner + first, channels);
    return zeros;
}

/* The pooled dout of one image and one vector of channels (plane: the first of them), spread over its tiles and transformed: to
 * [position][tile][...LANES...]. slab as above. Returns the sum of dout over the windows that have a winner. */
static VEC NAME(winograd_unpool)(const WinogradDw *q, const SlabPlace *at, ptrdiff_t plane, ptrdiff_t channels, REAL *slab, REAL *to)
{
    const Winograd *p = &q->of;
    SlabPlace windows = NAME(windows)(p, at);
    ptrdiff_t lines = CEIL_DIV(at->rows, 2), across = CEIL_DIV(at->cols, 2), pool_plane = p->pool_rows * p->pool_cols;
    ptrdiff_t first = (plane * p->pool_rows + windows.row) * p->pool_cols + windows.col;
    const REAL *dout = (const REAL *)q->dout + first;
    const unsigned char *from = p->winner + first;
    VEC total = {0};
    for (ptrdiff_t i = 0; i < lines; i++, dout += p->pool_cols, from += p->pool_cols)
        for (ptrdiff_t j = 0; j < across; j += LANES) {
            ptrdiff_t tiles = SMALLER(across - j, (ptrdiff_t)LANES), n = i < windows.rows ? SMALLER(windows.cols - j, tiles) : 0;
            VEC value[LANES], which[LANES];
            for (int k = 0; k < LANES; k++) {
                value[k] = which[k] = (VEC){0};
                if (k >= channels || n <= 0) continue;
                NAME(bytes) line = {0};
                if (n == LANES)
                    memcpy(&line, from + k * pool_plane + j, LANES);
                else
                    memcpy(&line, from + k * pool_plane + j, (size_t)n);
                value[k] = NAME(load_part)(dout + k * pool_plane + j, n);
                which[k] = (VEC)__builtin_convertvector(line, IVEC);
            }
            NAME(transpose)(value);
            NAME(transpose)(which);
            UNROLL
            for (int k = 0; k < LANES; k++) {
                NAME(store)(slab + k * LANES, value[k]);
                NAME(store)(slab + (LANES + k) * LANES, which[k]);
            }
            for (ptrdiff_t k = 0; k < tiles; k++, to += q->dout_tile_step) {
                IVEC winner = (IVEC)NAME(load)(slab + (LANES + k) * LANES);
                VEC here = NAME(load)(slab + k * LANES), tile[2][2];
                UNROLL
                for (int t = 0; t < 4; t++) tile[t / 2][t % 2] = (VEC)((IVEC)here & (IVEC)(winner == t));
                total += (tile[0][0] + tile[0][1]) + (tile[1][0] + tile[1][1]);
                NAME(winograd_dout_tile_2)(tile, to, q->dout_position_step);
            }
        }
    return total;
}
