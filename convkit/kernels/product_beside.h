/* A step of an update rule beside a matrix product, see affine_update.h.
 *
 * Adam's square root and division keep one unit of the processor busy for many cycles, about as long as the multiply-adds of
 * an affine layer's gradient keep others. With 32 registers both can be done in the time of the longer one: among the terms of a
 * tile's sums, evenly spread, the rule makes as many vectors as the tile has. It takes them in the order of memory, which
 * likes to be read in long lines, and sends for what comes next: the processor, which looks no further than a few hundred
 * instructions ahead, is busy with the terms.
 */
#include "product.h"

/* What is left of the step. */
typedef struct {
    Task rule;
    REAL decay; /* of the weights: dw is to become dw + decay*w */
    REAL numbers[8];
    Update update;
} NAME(Beside);

/* So many elements from one on; dw is left as it is. */
static Update NAME(part_of_update)(const Update *all, ptrdiff_t first, ptrdiff_t size)
{
    Update part = *all;
    part.size = size;
    part.w = (const REAL *)all->w + first;
    part.next = (REAL *)all->next + first;
    for (int i = 0; i < 2; i++) {
        if (all->from[i]) part.from[i] = (const REAL *)all->from[i] + first;
        if (all->to[i]) part.to[i] = (REAL *)all->to[i] + first;
    }
    return part;
}

static void NAME(finish_beside)(NAME(Beside) *step)
{
    Update *left = &step->update;
    if (!left->size) return;
    if (step->decay != 0) NAME(scaled)(left->w, (REAL *)left->dw, step->decay, left->size);
    for (ptrdiff_t i = 0; i * UPDATE_BLOCK < left->size; i++) step->rule(left, i, NULL);
    left->size = 0;
}

#if MANY_REGISTERS
#define UPDATE_BESIDE NAME(update_adam)
#define BESIDE_PANEL 3 /* vectors of a tile: some registers are the rule's */
enum { NAME(BESIDE_VECTORS) = PRODUCT_ROWS * BESIDE_PANEL };

/* Whether a tile of so many rows and vectors can be multiplied with the rule beside it. */
INLINE int NAME(goes_beside)(const NAME(Beside) *step, ptrdiff_t rows, ptrdiff_t vectors)
{
    return rows == PRODUCT_ROWS && vectors == BESIDE_PANEL && step->update.size >= NAME(BESIDE_VECTORS) * LANES;
}

/* c (PRODUCT_ROWS rows, ldc apart) = the product of a and b, as product_tile of product_tiles.h has it; and Adam's step. */
static __attribute__((noinline)) void NAME(product_beside)(ptrdiff_t terms, const REAL *restrict a, const REAL *restrict b,
                                                           ptrdiff_t b_step, REAL *restrict c, ptrdiff_t ldc, NAME(Beside) *step)
{
    enum { R = PRODUCT_ROWS, V = BESIDE_PANEL, VECTORS = NAME(BESIDE_VECTORS), BYTES_AHEAD = 4096 };
    Update *left = &step->update;
    const REAL *weights = left->w, *gradient = left->dw, *m = left->from[0], *v = left->from[1], decay = step->decay;
    REAL *next = left->next, *next_m = left->to[0], *next_v = left->to[1];
    VEC sum[R][V];
    UNROLL for (int r = 0; r < R; r++) UNROLL for (int i = 0; i < V; i++) sum[r][i] = (VEC){0};
    for (ptrdiff_t k = 0, t = 0, at = 0; k < VECTORS; k++, at += LANES) {
        for (ptrdiff_t end = terms * (k + 1) / VECTORS; t < end; t++, a += R, b += b_step) {
            VEC value[V];
            UNROLL for (int i = 0; i < V; i++) value[i] = NAME(load_once)(b + i * LANES);
            UNROLL for (int r = 0; r < R; r++)
            {
                VEC factor = NAME(same)(a[r]);
                UNROLL for (int i = 0; i < V; i++) sum[r][i] += factor * value[i];
            }
        }
        ptrdiff_t ahead = at + BYTES_AHEAD / REAL_BYTES;
        __builtin_prefetch(weights + ahead, 1);
        __builtin_prefetch(m + ahead, 1);
        __builtin_prefetch(v + ahead, 1);
        VEC w = NAME(load)(weights + at), dw = NAME(load)(gradient + at), memory[2] = {NAME(load)(m + at), NAME(load)(v + at)};
        if (decay != 0) dw += decay * w;
        w = NAME(step_adam)(w, dw, &memory[0], &memory[1], step->numbers);
        NAME(store)(next + at, w);
        NAME(store)(next_m + at, memory[0]);
        NAME(store)(next_v + at, memory[1]);
    }
    UNROLL for (int r = 0; r < R; r++) UNROLL for (int i = 0; i < V; i++) NAME(store)(c + r * ldc + i * LANES, sum[r][i]);
    *left = NAME(part_of_update)(left, VECTORS * LANES, left->size - VECTORS * LANES);
    left->dw = gradient + VECTORS * LANES;
}
#else
#define UPDATE_BESIDE NULL
#endif
