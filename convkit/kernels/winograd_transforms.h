/* The transforms of one side of a tile, for TILE (m) = 2 or 4; two sides are done one after the other.
 *
 * F(2,3), points 0, 1, -1. G is Lavin and Gray's doubled, so that no fraction is needed and whole (and denormal) numbers stay
 * exact; OUTPUT_SCALE takes it back, twice for two sides.
 *
 *         1  0 -1  0          2  0  0          1  1  1  0
 *   B^T = 0  1  1  0      G = 1  1  1    A^T = 0  1 -1 -1
 *         0 -1  1  0          1 -1  1
 *         0  1  0 -1          0  0  2
 *
 * F(4,3), points 0, 1, -1, 2, -2.
 *
 *         4  0 -5  0  1  0          1/4    0    0          1  1  1  1  1  0
 *         0 -4 -4  1  1  0         -1/6  -1/6  -1/6  A^T = 0  1 -1  2 -2  0
 *   B^T = 0  4 -4 -1  1  0     G = -1/6   1/6  -1/6        0  1  1  4  4  0
 *         0 -2 -1  2  1  0         1/24  1/12   1/6        0  1 -1  8 -8  1
 *         0  2 -1 -2  1  0         1/24 -1/12   1/6
 *         0  4  0 -5  0  1           0     0      1
 */
#define TILED__(name, m) NAME(name##_##m)
#define TILED_(name, m) TILED__(name, m)
#define TILED(name) TILED_(name, TILE) /* the function of this name for this tile size */
#define SIDE (TILE + 2)                /* a: pixels of a side that a tile sees */
#define POSITIONS (SIDE * SIDE)

#if TILE == 2
#define OUTPUT_SCALE ((REAL)0.25)

/* B^T d */
INLINE void TILED(input_side)(const VEC d[SIDE], VEC v[SIDE])
{
    v[0] = d[0] - d[2];
    v[1] = d[1] + d[2];
    v[2] = d[2] - d[1];
    v[3] = d[1] - d[3];
}
/* G g */
INLINE void TILED(filter_side)(const VEC g[3], VEC u[SIDE])
{
    VEC outer = g[0] + g[2];
    u[0] = g[0] + g[0];
    u[1] = outer + g[1];
    u[2] = outer - g[1];
    u[3] = g[2] + g[2];
}
/* A^T s */
INLINE void TILED(output_side)(const VEC s[SIDE], VEC y[TILE])
{
    y[0] = s[0] + s[1] + s[2];
    y[1] = s[1] - s[2] - s[3];
}
/* A y */
INLINE void TILED(dout_side)(const VEC y[TILE], VEC d[SIDE])
{
    d[0] = y[0];
    d[1] = y[0] + y[1];
    d[2] = y[0] - y[1];
    d[3] = -y[1];
}
/* G^T u */
INLINE void TILED(dw_side)(const VEC u[SIDE], VEC g[3])
{
    VEC both = u[1] + u[2];
    g[0] = u[0] + u[0] + both;
    g[1] = u[1] - u[2];
    g[2] = both + u[3] + u[3];
}
#else
#define OUTPUT_SCALE ((REAL)1)
#define SIXTH ((REAL)1 / 6)

INLINE void TILED(input_side)(const VEC d[SIDE], VEC v[SIDE])
{
    VEC even = d[4] - 4 * d[2], odd = d[3] - 4 * d[1], even2 = d[4] - d[2], odd2 = 2 * (d[3] - d[1]);
    v[0] = 4 * d[0] - 5 * d[2] + d[4];
    v[1] = even + odd;
    v[2] = even - odd;
    v[3] = even2 + odd2;
    v[4] = even2 - odd2;
    v[5] = 4 * d[1] - 5 * d[3] + d[5];
}
INLINE void TILED(filter_side)(const VEC g[3], VEC u[SIDE])
{
    VEC outer = -SIXTH * (g[0] + g[2]), inner = SIXTH * g[1];
    VEC outer2 = SIXTH / 4 * g[0] + SIXTH * g[2], inner2 = SIXTH / 2 * g[1];
    u[0] = (REAL)0.25 * g[0];
    u[1] = outer - inner;
    u[2] = outer + inner;
    u[3] = outer2 + inner2;
    u[4] = outer2 - inner2;
    u[5] = g[2];
}
INLINE void TILED(output_side)(const VEC s[SIDE], VEC y[TILE])
{
    VEC both = s[1] + s[2], difference = s[1] - s[2], both2 = s[3] + s[4], difference2 = s[3] - s[4];
    y[0] = s[0] + both + both2;
    y[1] = difference + 2 * difference2;
    y[2] = both + 4 * both2;
    y[3] = difference + 8 * difference2 + s[5];
}
INLINE void TILED(dout_side)(const VEC y[TILE], VEC d[SIDE])
{
    VEC even = y[0] + y[2], odd = y[1] + y[3], even2 = y[0] + 4 * y[2], odd2 = 2 * y[1] + 8 * y[3];
    d[0] = y[0];
    d[1] = even + odd;
    d[2] = even - odd;
    d[3] = even2 + odd2;
    d[4] = even2 - odd2;
    d[5] = y[3];
}
INLINE void TILED(dw_side)(const VEC u[SIDE], VEC g[3])
{
    VEC both = u[1] + u[2], difference = u[1] - u[2], both2 = u[3] + u[4], difference2 = u[3] - u[4];
    g[0] = (REAL)0.25 * u[0] - SIXTH * both + SIXTH / 4 * both2;
    g[1] = SIXTH / 2 * difference2 - SIXTH * difference;
    g[2] = SIXTH * (both2 - both) + u[5];
}
#undef SIXTH
#endif

/* A^T s A of one tile: s stands at sums[position*step]. Returns what is zero, but NaN where a result is not finite. */
INLINE VEC TILED(winograd_tile)(const REAL *sums, ptrdiff_t step, VEC tile[TILE][TILE])
{
    VEC half[TILE][SIDE], zeros = {0};
    UNROLL
    for (int j = 0; j < SIDE; j++) {
        VEC column[SIDE], result[TILE];
        UNROLL
        for (int i = 0; i < SIDE; i++) column[i] = NAME(load)(sums + (i * SIDE + j) * step);
        TILED(output_side)(column, result);
        UNROLL
        for (int i = 0; i < TILE; i++) half[i][j] = result[i];
    }
    UNROLL
    for (int i = 0; i < TILE; i++) {
        TILED(output_side)(half[i], tile[i]);
        UNROLL
        for (int j = 0; j < TILE; j++) {
            tile[i][j] *= OUTPUT_SCALE;
            zeros += tile[i][j] * 0;
        }
    }
    return zeros;
}

/* A dY A^T of one tile: to[position*step]. */
INLINE void TILED(winograd_dout_tile)(VEC tile[TILE][TILE], REAL *to, ptrdiff_t step)
{
    VEC half[SIDE][TILE];
    UNROLL
    for (int j = 0; j < TILE; j++) {
        VEC column[TILE], result[SIDE];
        UNROLL
        for (int i = 0; i < TILE; i++) column[i] = tile[i][j];
        TILED(dout_side)(column, result);
        UNROLL
        for (int i = 0; i < SIDE; i++) half[i][j] = result[i];
    }
    UNROLL
    for (int i = 0; i < SIDE; i++) {
        VEC result[SIDE];
        TILED(dout_side)(half[i], result);
        UNROLL
        for (int j = 0; j < SIDE; j++) NAME(store)(to + (i * SIDE + j) * step, result[j]);
    }
}
