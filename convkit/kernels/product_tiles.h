/* Matrix product, vector lanes = columns of c: for every transposition, see product.h.
 *
 * A task takes a block of rows and columns of c, and a part of the sums. Outermost first:
 *
 *   chunks of terms  |  panels of V vectors of columns  |  tiles of R rows: R*V sums in registers; for each term, V vectors
 *   of b are loaded and each of R elements of a is broadcast.
 *
 * The chunk's piece of a is packed into scratch memory tile by tile, with the R rows side by side, whichever way a stands in
 * memory; so is a panel of b, with its columns side by side, unless it stands so already. What comes next of b is fetched meanwhile.
 */
#include "conv.h" /* panel_width */
#include "product.h"

/* What a tile does with its sums, [rows][V], where that is more than writing or adding whole vectors; last: lanes of the last
 * vector of a row that belong to c. */
static __attribute__((noinline)) void NAME(product_end)(const VEC *sums, int rows, int V, ptrdiff_t last, REAL *c, ptrdiff_t ldc,
                                                        int add, const REAL *bias, int relu)
{
    for (int r = 0; r < rows; r++, c += ldc)
        for (int v = 0; v < V; v++) {
            ptrdiff_t lanes = v < V - 1 ? LANES : last;
            VEC total = *sums++;
            if (add) total += NAME(load_part)(c + v * LANES, lanes);
            if (bias) total += NAME(load_part)(bias + v * LANES, lanes);
            NAME(store_part)(c + v * LANES, relu ? NAME(relu)(total) : total, lanes);
        }
}

/* c (R rows, ldc apart) = or += the product of a (terms, R) and of rows of b, b_step apart; last: lanes of the last vector; start:
 * NULL, or what is added to each of the R rows. */
typedef void NAME(product_tile)(ptrdiff_t terms, const REAL *a, const REAL *b, ptrdiff_t b_step, const REAL *start, REAL *c,
                                ptrdiff_t ldc, ptrdiff_t last, int add, const REAL *bias, int relu);

#define PRODUCT_TILE(R, V) \
    static __attribute__((noinline)) void NAME(product_tile_##R##_##V)( \
        ptrdiff_t terms, const REAL *restrict a, const REAL *restrict b, ptrdiff_t b_step, const REAL *restrict start, \
        REAL *restrict c, ptrdiff_t ldc, ptrdiff_t last, int add, const REAL *bias, int relu) \
    { \
        VEC sum[R][V]; \
        UNROLL for (int r = 0; r < R; r++) \
        { \
            VEC first = start ? NAME(same)(start[r]) : (VEC){0}; \
            UNROLL for (int v = 0; v < V; v++) sum[r][v] = first; \
        } \
        for (; terms > 0; terms--, a += R, b += b_step) { \
            VEC value[V]; \
            UNROLL for (int v = 0; v < V; v++) value[v] = NAME(load_once)(b + v * LANES); \
            UNROLL for (int r = 0; r < R; r++) \
            { \
                VEC factor = NAME(same)(a[r]); \
                UNROLL for (int v = 0; v < V; v++) sum[r][v] += factor * value[v]; \
            } \
        } \
        if (last < LANES || bias || relu) { \
            VEC sums[R * V]; \
            UNROLL for (int i = 0; i < R * V; i++) sums[i] = sum[i / V][i % V]; \
            NAME(product_end)(sums, R, V, last, c, ldc, add, bias, relu); \
            return; \
        } \
        if (add) \
            UNROLL for (int r = 0; r < R; r++) UNROLL for (int v = 0; v < V; v++) sum[r][v] += NAME(load)(c + r * ldc + v * LANES); \
        UNROLL for (int r = 0; r < R; r++) UNROLL for (int v = 0; v < V; v++) NAME(store)(c + r * ldc + v * LANES, sum[r][v]); \
    }
#if MANY_REGISTERS
#define PRODUCT_PANEL 4
#define PRODUCT_TILES(T) PRODUCT_TILES_OF(T, 1) PRODUCT_TILES_OF(T, 2) PRODUCT_TILES_OF(T, 3) PRODUCT_TILES_OF(T, 4)
#else
#define PRODUCT_PANEL 2
#define PRODUCT_TILES(T) PRODUCT_TILES_OF(T, 1) PRODUCT_TILES_OF(T, 2)
#endif
#define PRODUCT_TILES_OF(T, V) T(1, V) T(2, V) T(3, V) T(4, V) T(5, V) T(6, V)
PRODUCT_TILES(PRODUCT_TILE)
#define ENTRY(R, V) [V - 1][R - 1] = NAME(product_tile_##R##_##V),
static NAME(product_tile) *const NAME(product_tiles)[4][6] = {PRODUCT_TILES(ENTRY)};
#undef ENTRY

/* A vector of elements that stand side by side, `count` of which are wanted. Where rows enough follow, what stands behind
 * them may be read. */
INLINE VEC NAME(product_load)(const REAL *from, ptrdiff_t count, int rows_follow)
{
    return count >= LANES || rows_follow ? NAME(load)(from) : NAME(load_part)(from, count);
}

/* b[t*b_row + j*b_col] for t < terms and j < count goes to to[t*width + j]; anything up to j = width, a multiple of LANES. */
static void NAME(product_pack_b)(ptrdiff_t terms, ptrdiff_t count, const REAL *restrict b, ptrdiff_t b_row, ptrdiff_t b_col,
                                 REAL *restrict to, ptrdiff_t width)
{
    if (b_col == 1) {
        for (ptrdiff_t t = 0; t < terms; t++, b += b_row, to += width)
            for (ptrdiff_t j = 0; j < width; j += LANES) NAME(store)(to + j, NAME(product_load)(b + j, count - j, t + LANES < terms));
        return;
    }
    for (ptrdiff_t j = 0; j < width; j += LANES) {
        ptrdiff_t lines = SMALLER(count - j, (ptrdiff_t)LANES), t = 0;
        const REAL *block = b + j * b_col;
        if (b_row == 1)
            for (; t + LANES <= terms; t += LANES) {
                VEC r[LANES];
                if (lines == LANES)
                    UNROLL for (int i = 0; i < LANES; i++) r[i] = NAME(load)(block + i * b_col + t);
                else
                    UNROLL for (int i = 0; i < LANES; i++) r[i] = i < lines ? NAME(load)(block + i * b_col + t) : (VEC){0};
                NAME(transpose)(r);
                UNROLL for (int i = 0; i < LANES; i++) NAME(store)(to + (t + i) * width + j, r[i]);
            }
        for (; t < terms; t++)
            for (int i = 0; i < LANES; i++) to[t * width + j + i] = i < lines ? block[i * b_col + t * b_row] : 0;
    }
}

/* R rows of a for a tile: a[r*a_row + t*a_col] goes to to[t*R + r]. Whole vectors are written, what is too much is overwritten
 * by the next term; behind the last one, too, there is room. */
static void NAME(product_pack_a)(ptrdiff_t terms, int R, const REAL *restrict a, ptrdiff_t a_row, ptrdiff_t a_col, REAL *restrict to)
{
    enum { VECTORS = CEIL_DIV(PRODUCT_ROWS, LANES) };
    ptrdiff_t t = 0;
    if (a_col == 1)
        for (; t + LANES <= terms; t += LANES) {
            VEC block[VECTORS][LANES];
            UNROLL for (int v = 0; v < VECTORS; v++)
            {
                UNROLL for (int i = 0; i < LANES; i++)
                    block[v][i] = v * LANES + i < R ? NAME(load)(a + (v * LANES + i) * a_row + t) : (VEC){0};
                NAME(transpose)(block[v]);
            }
            UNROLL for (int i = 0; i < LANES; i++) UNROLL for (int v = 0; v < VECTORS; v++)
                if (v * LANES < R) NAME(store)(to + (t + i) * R + v * LANES, block[v][i]);
        }
    for (; t < terms; t++)
        for (int r = 0; r < R; r++) to[t * R + r] = a[r * a_row + t * a_col];
}

/* The same for all tiles of a task where the rows of a stand side by side: term by term, for what a term has of them is a line of
 * memory, and the terms may be so far apart (the images of a batch) that they fall into the same few lines of the cache. */
static void NAME(product_pack_lines)(ptrdiff_t terms, ptrdiff_t tiles, ptrdiff_t small, ptrdiff_t larger, const REAL *restrict a,
                                     ptrdiff_t a_col, REAL *restrict to)
{
    for (ptrdiff_t t = 0; t < terms; t++, a += a_col) {
        const REAL *from = a;
        for (ptrdiff_t i = 0, R; i < tiles; i++, from += R) {
            R = small + (i < larger);
            REAL *here = to + (from - a) * terms + t * R;
            /* Whole vectors: the next term overwrites what is too much; the last one would overwrite the next tile. */
            for (ptrdiff_t r = 0; r < R; r += LANES)
                if (t + LANES < terms)
                    NAME(store)(here + r, NAME(load)(from + r));
                else
                    NAME(copy)(here + r, from + r, SMALLER(R - r, (ptrdiff_t)LANES));
        }
    }
}

/* A piece of b that is on its way into the cache: its lines of memory in the order in which they stand there. */
typedef struct {
    const REAL *row;
    ptrdiff_t step, at, length; /* from row to row; the next element of this row, and their number */
    ptrdiff_t rows, quota;      /* rows that are left; lines at a time */
} NAME(PieceFetch);

/* The piece of so many rows from `row` on, in `times` steps. */
INLINE NAME(PieceFetch) NAME(piece_fetch)(const REAL *row, ptrdiff_t step, ptrdiff_t rows, ptrdiff_t length, ptrdiff_t times)
{
    NAME(PieceFetch) fetch = {row, step, 0, length, LARGER(rows, 0), 0};
    fetch.quota = CEIL_DIV(fetch.rows * CEIL_DIV(length, CACHE_LINE / REAL_BYTES), times);
    return fetch;
}

/* Sends for the next lines: they come while we compute. */
INLINE void NAME(fetch_piece)(NAME(PieceFetch) *fetch)
{
    for (ptrdiff_t i = 0; i < fetch->quota && fetch->rows > 0; i++) {
        __builtin_prefetch(fetch->row + fetch->at, 0, 2);
        fetch->at += CACHE_LINE / REAL_BYTES;
        if (fetch->at >= fetch->length) {
            fetch->at = 0;
            fetch->row += fetch->step;
            fetch->rows--;
        }
    }
}

/* Sends for the lines into which a tile of `rows` rows will be written. Where sums are short (dw: as many terms as images), the
 * tiles before it would else wait for memory. */
INLINE void NAME(fetch_tile)(const REAL *c, ptrdiff_t ldc, ptrdiff_t rows, ptrdiff_t width)
{
    for (; rows > 0; rows--, c += ldc) {
        __builtin_prefetch(c, 1, 3);
        __builtin_prefetch(c + width - 1, 1, 3);
    }
}

static void NAME(product)(const void *args, ptrdiff_t task, void *scratch)
{
    const Product *p = args;
    ptrdiff_t col = task % p->col_tasks * p->task_cols, row = task / p->col_tasks % p->row_tasks * p->task_rows;
    ptrdiff_t part = task / (p->col_tasks * p->row_tasks), first = part * p->task_terms;
    ptrdiff_t rows = SMALLER(p->task_rows, p->m - row), cols = SMALLER(p->task_cols, p->n - col);
    ptrdiff_t end = SMALLER(first + p->task_terms, p->k), vectors = CEIL_DIV(cols, LANES);
    REAL *b_packed = scratch, *a_packed = b_packed + p->chunk * 4 * LANES;
    REAL *c = p->parts > 1 ? (REAL *)p->sums + part * p->m * p->n : (REAL *)p->c;
    c += row * p->n + col;
    int widest = PRODUCT_PANEL;
#if MANY_REGISTERS
    int beside = p->beside && end - first <= p->chunk;
    if (beside) widest = BESIDE_PANEL;
#endif
    /* Rows in tiles of nearly the same number. */
    ptrdiff_t tiles = CEIL_DIV(rows, PRODUCT_ROWS), small = rows / tiles, larger = rows % tiles;

    for (ptrdiff_t t = first; t < end; t += p->chunk) {
        ptrdiff_t terms = SMALLER(p->chunk, end - t);
        int add = t > first, last = p->parts == 1 && t + terms == end, relu = last && p->relu;
        if (p->a_row == 1)
            NAME(product_pack_lines)(terms, tiles, small, larger, (const REAL *)p->a + row + t * p->a_col, p->a_col, a_packed);
        else
            for (ptrdiff_t i = 0, r = 0, R; i < tiles; i++, r += R) {
                R = small + (i < larger);
                NAME(product_pack_a)(terms, (int)R, (const REAL *)p->a + (row + r) * p->a_row + t * p->a_col, p->a_row, p->a_col,
                                     a_packed + r * terms);
            }
        /* What is fetched meanwhile. Where the columns of b stand side by side: the next chunk, row by row, as memory likes it. */
        int in_order = p->b_col == 1 && t + terms < end;
        NAME(PieceFetch) fetch = {0};
        if (in_order && p->fetch_b)
            fetch = NAME(piece_fetch)((const REAL *)p->b + (t + terms) * p->b_row + col, p->b_row, SMALLER(p->chunk, end - t - terms),
                                      cols, tiles * CEIL_DIV(vectors, PRODUCT_PANEL));
        for (ptrdiff_t v = 0; v < vectors;) {
            int V = panel_width(vectors, v, widest);
            ptrdiff_t j = v * LANES, width = V * LANES, count = SMALLER(width, cols - j), b_step = p->b_row;
            const REAL *b = (const REAL *)p->b + t * p->b_row + (col + j) * p->b_col;
            const REAL *bias = last && p->bias ? (const REAL *)p->bias + col + j : NULL;
            if (p->pack_b || count < width) {
                NAME(product_pack_b)(terms, count, b, p->b_row, p->b_col, b_packed, width);
                b = b_packed;
                b_step = width;
            }
            if (!in_order && p->fetch_b) { /* the next panel: of this chunk, or the first of the next one */
                int wraps = v + V >= vectors;
                ptrdiff_t next_t = wraps ? t + terms : t, next_j = wraps ? 0 : j + width;
                const REAL *next = (const REAL *)p->b + next_t * p->b_row + (col + next_j) * p->b_col;
                ptrdiff_t next_terms = SMALLER(p->chunk, end - next_t), next_columns = SMALLER(PRODUCT_PANEL * LANES, cols - next_j);
                if (p->b_col == 1)
                    fetch = NAME(piece_fetch)(next, p->b_row, next_terms, next_columns, tiles);
                else /* what stands side by side are terms */
                    fetch = NAME(piece_fetch)(next, p->b_col, next_terms > 0 ? next_columns : 0, next_terms, tiles);
            }
            for (ptrdiff_t i = 0, r = 0, R; i < tiles; i++, r += R) {
                R = small + (i < larger);
                NAME(fetch_piece)(&fetch);
                if (!add && i + 1 < tiles) NAME(fetch_tile)(c + j + (r + R) * p->n, p->n, small + (i + 1 < larger), count);
#if MANY_REGISTERS
                if (beside && count == width && NAME(goes_beside)(p->beside, R, V)) {
                    NAME(product_beside)(terms, a_packed + r * terms, b, b_step, c + j + r * p->n, p->n, p->beside);
                    continue;
                }
#endif
                NAME(product_tiles)[V - 1][R - 1](terms, a_packed + r * terms, b, b_step, NULL, c + j + r * p->n, p->n,
                                                  count - (V - 1) * LANES, add, bias, relu);
            }
            v += V;
        }
    }
}

/* Task: a row of c: the parts added in order. */
static void NAME(product_finish)(const void *args, ptrdiff_t task, void *scratch)
{
    const Product *p = args;
    (void)scratch;
    for (ptrdiff_t j = 0; j < p->n; j += LANES) {
        ptrdiff_t lanes = SMALLER(p->n - j, (ptrdiff_t)LANES);
        const REAL *from = (const REAL *)p->sums + task * p->n + j;
        VEC total = NAME(load_part)(from, lanes);
        for (ptrdiff_t part = 1; part < p->parts; part++) total += NAME(load_part)(from + part * p->m * p->n, lanes);
        if (p->bias) total += NAME(load_part)((const REAL *)p->bias + j, lanes);
        NAME(store_part)((REAL *)p->c + task * p->n + j, p->relu ? NAME(relu)(total) : total, lanes);
    }
}
