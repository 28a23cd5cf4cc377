/* How a matrix product is cut into tasks: by the shapes alone, never by the number of threads.
 *
 * The large matrix of an affine layer is w: the images of a batch are few beside its rows. So a task takes all rows of c, up
 * to ROWS, and w is read once. Where columns alone do not give tasks enough, the sum over k is divided into parts, which
 * _finish adds up in order.
 */
#include "product.h"

enum {
    ROWS = 252,              /* of a task: all tiles have 6 or 5 rows */
    COLUMNS = 512,
    CHUNK_BYTES = 32 * 1024, /* of a panel of b: it should stay in L1 */
    CHUNK_ROWS = 96,         /* of b where its columns stand side by side: two chunks of COLUMNS should stay in L2 */
    PACKED_BYTES = 256 * 1024, /* of pieces of a and b where b's columns do not stand side by side: they should stay in L2 */
    LEAST_TERMS = 256,       /* of a part */
    ENOUGH_TASKS = 8,
    PANEL = 4,               /* vectors */
    FEW_ROWS = 12,           /* up to so many, a panel of b is used rarely, */
    FEW_CHUNK = 32,          /* and b is read more nearly in order */
    ALIASED = 512,           /* bytes: rows that are a multiple of it apart fall into few lines of the cache */
    MOST_DOTS = 4            /* rows for which a transposed b is not worth transposing */
};

static ptrdiff_t even_block(ptrdiff_t total, ptrdiff_t most, ptrdiff_t step)
{
    ptrdiff_t blocks = CEIL_DIV(total, LARGER(most, 1));
    return CEIL_DIV(CEIL_DIV(total, blocks), step) * step;
}

size_t product_plan(Product *p, int lanes, size_t size)
{
    ptrdiff_t panel = PANEL * lanes;
    p->task_rows = even_block(p->m, ROWS, PRODUCT_ROWS);
    p->task_cols = even_block(p->n, COLUMNS, panel);
    p->row_tasks = CEIL_DIV(p->m, p->task_rows);
    p->col_tasks = CEIL_DIV(p->n, p->task_cols);
    p->parts = SMALLER(CEIL_DIV(ENOUGH_TASKS, p->row_tasks * p->col_tasks), CEIL_DIV(p->k, LEAST_TERMS));
    int few = p->m <= FEW_ROWS, aliased = p->b_row * (ptrdiff_t)size % ALIASED == 0;
    p->pack_b = p->b_col != 1 || (!few && aliased);
    ptrdiff_t chunk = CHUNK_BYTES / (panel * (ptrdiff_t)size);
    if (p->b_col == 1)
        chunk = few ? FEW_CHUNK : SMALLER(chunk, (ptrdiff_t)CHUNK_ROWS);
    else /* the longer the pieces of the columns, the more memory likes it */
        chunk = LARGER(chunk, PACKED_BYTES / ((SMALLER(p->task_rows, p->m) + panel) * (ptrdiff_t)size));
    p->fetch_b = !few || p->b_col != 1;
    p->chunk = even_block(CEIL_DIV(p->k, p->parts), chunk, 1);
    p->task_terms = even_block(p->k, CEIL_DIV(p->k, p->parts), p->chunk);
    p->parts = CEIL_DIV(p->k, p->task_terms);
    p->dots = p->a_col == 1 && p->b_row == 1 && p->m <= MOST_DOTS;
    return size * (size_t)(p->chunk * (SMALLER(p->task_rows, p->m) + panel) + lanes);
}
