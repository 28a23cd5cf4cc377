/* Matrix product C (+)= A B for one element type and one vector width; included once for each pair of them.
 *
 * Before inclusion: REAL (float or double), VBYTES (bytes in a vector register), MR (rows of a tile), NAME(x) (adds the suffix).
 *
 * Loop order, outermost first (Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008):
 *   columns of C in strips of NC | the shared dimension in slices of KC | rows of C in blocks of MC | tiles of MR x NR.
 * A strip of B is packed into panels NR wide, a block of A into panels MR tall, both padded with zeros. So the tile loop
 * reads memory in order, and every tile, at the border too, runs through the same instructions: an element of C is the
 * same sum in the same order however the rows and columns are divided (among threads, for instance).
 */
#define LANES (VBYTES / (int)sizeof(REAL))
#define NR (2 * LANES)

#if defined(__GNUC__)
typedef REAL NAME(vec) __attribute__((vector_size(VBYTES)));
typedef REAL NAME(vec_unaligned) __attribute__((vector_size(VBYTES), aligned(sizeof(REAL)), may_alias));
#define VEC NAME(vec)
#define LOAD(p) (*(const NAME(vec_unaligned) *)(p))
#endif

/* tile[MR][NR] = the product of one panel of A and one of B, both kc long. */
static inline void NAME(tile_product)(ptrdiff_t kc, const REAL *restrict a, const REAL *restrict b, REAL *restrict tile)
{
#if defined(__GNUC__)
    VEC left[MR], right[MR];
    for (int i = 0; i < MR; i++) left[i] = right[i] = (VEC){0};
    for (ptrdiff_t k = 0; k < kc; k++, a += MR, b += NR) {
        VEC b_left = LOAD(b), b_right = LOAD(b + LANES);
#pragma GCC unroll 16
        for (int i = 0; i < MR; i++) {
            left[i] += a[i] * b_left;
            right[i] += a[i] * b_right;
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < MR; i++) {
        *(NAME(vec_unaligned) *)(tile + i * NR) = left[i];
        *(NAME(vec_unaligned) *)(tile + i * NR + LANES) = right[i];
    }
#else
    for (int i = 0; i < MR * NR; i++) tile[i] = 0;
    for (ptrdiff_t k = 0; k < kc; k++, a += MR, b += NR)
        for (int i = 0; i < MR; i++)
            for (int j = 0; j < NR; j++) tile[i * NR + j] += a[i] * b[j];
#endif
}

/* Rows [0, rows) of the strided matrix m, cols entries each, into panels of `width` rows, padded with zeros. */
static void NAME(pack)(ptrdiff_t rows, ptrdiff_t cols, const REAL *m, ptrdiff_t row_step, ptrdiff_t col_step, int width,
                       REAL *restrict packed)
{
    for (ptrdiff_t r = 0; r < rows; r += width, packed += width * cols) {
        int full = rows - r < width ? (int)(rows - r) : width;
        const REAL *panel = m + r * row_step;
        if (full < width) memset(packed, 0, sizeof(REAL) * (size_t)(width * cols));
        if (row_step == 1)
            for (ptrdiff_t c = 0; c < cols; c++)
                for (int i = 0; i < full; i++) packed[c * width + i] = panel[i + c * col_step];
        else
            for (int i = 0; i < full; i++)
                for (ptrdiff_t c = 0; c < cols; c++) packed[c * width + i] = panel[i * row_step + c * col_step];
    }
}

/* C (m x n, rows ldc apart) = or += A (m x k) B (k x n). work: GEMM_WORK elements. Steps are counted in elements. */
static void NAME(gemm)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const REAL *a, ptrdiff_t a_row, ptrdiff_t a_col, const REAL *b,
                       ptrdiff_t b_row, ptrdiff_t b_col, REAL *c, ptrdiff_t ldc, int accumulate, REAL *work)
{
    enum { BLOCK_ROWS = GEMM_MC / MR * MR };
    REAL *a_packed = work, *b_packed = work + GEMM_MC * GEMM_KC;
    REAL tile[MR * NR];
    for (ptrdiff_t jc = 0; jc < n; jc += GEMM_NC) {
        ptrdiff_t nc = n - jc < GEMM_NC ? n - jc : GEMM_NC;
        for (ptrdiff_t pc = 0; pc < k; pc += GEMM_KC) {
            ptrdiff_t kc = k - pc < GEMM_KC ? k - pc : GEMM_KC;
            int add = accumulate || pc > 0;
            NAME(pack)(nc, kc, b + pc * b_row + jc * b_col, b_col, b_row, NR, b_packed);
            for (ptrdiff_t ic = 0; ic < m; ic += BLOCK_ROWS) {
                ptrdiff_t mc = m - ic < BLOCK_ROWS ? m - ic : BLOCK_ROWS;
                NAME(pack)(mc, kc, a + ic * a_row + pc * a_col, a_row, a_col, MR, a_packed);
                for (ptrdiff_t jr = 0; jr < nc; jr += NR) {
                    int cols = nc - jr < NR ? (int)(nc - jr) : NR;
                    for (ptrdiff_t ir = 0; ir < mc; ir += MR) {
                        int rows = mc - ir < MR ? (int)(mc - ir) : MR;
                        NAME(tile_product)(kc, a_packed + ir * kc, b_packed + jr * kc, tile);
                        for (int i = 0; i < rows; i++) {
                            REAL *row = c + (ic + ir + i) * ldc + jc + jr;
                            const REAL *from = tile + i * NR;
                            if (add)
                                for (int j = 0; j < cols; j++) row[j] += from[j];
                            else
                                for (int j = 0; j < cols; j++) row[j] = from[j];
                        }
                    }
                }
            }
        }
    }
}

#undef VEC
#undef LOAD
#undef NR
#undef LANES
