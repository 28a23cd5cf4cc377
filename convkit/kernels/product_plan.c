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
    BACKWARD_ROWS = 256,     /* of w in a task of the affine layer's backward pass: w's and dw's should stay in L2 and L3 */
    UPDATE_BYTES = 256 * 1024, /* of dw in a task of AffineUpdate: they should stay in L2 */
    BESIDE_BYTES = 512 * 1024, /* the same where the rule works beside the product: */
    PIECE_BYTES = 96 * 1024,   /* it does so in all pieces but the first; two should stay in L2 */
    MOST_DOTS = 4            /* rows for which a transposed b is not worth transposing */
};

static ptrdiff_t even_block(ptrdiff_t total, ptrdiff_t most, ptrdiff_t step)
{
    ptrdiff_t blocks = CEIL_DIV(total, LARGER(most, 1));
    return CEIL_DIV(CEIL_DIV(total, blocks), step) * step;
}

/* The rest, for tasks of so many rows and columns; parts: into how many the sum may be divided. */
static size_t plan(Product *p, ptrdiff_t task_rows, ptrdiff_t task_cols, ptrdiff_t parts, int lanes, size_t size)
{
    ptrdiff_t panel = PANEL * lanes;
    p->task_rows = task_rows;
    p->task_cols = task_cols;
    p->row_tasks = CEIL_DIV(p->m, task_rows);
    p->col_tasks = CEIL_DIV(p->n, task_cols);
    p->parts = SMALLER(parts, CEIL_DIV(p->k, LEAST_TERMS));
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
    p->beside = NULL;
    p->dots = p->a_col == 1 && p->b_row == 1 && p->m <= MOST_DOTS;
    return size * (size_t)(p->chunk * (SMALLER(p->task_rows, p->m) + panel) + lanes);
}

size_t product_plan(Product *p, int lanes, size_t size)
{
    ptrdiff_t rows = even_block(p->m, ROWS, PRODUCT_ROWS), cols = even_block(p->n, COLUMNS, PANEL * lanes);
    return plan(p, rows, cols, CEIL_DIV(ENOUGH_TASKS, CEIL_DIV(p->m, rows) * CEIL_DIV(p->n, cols)), lanes, size);
}

size_t affine_backward_plan(AffineBackward *p, int lanes, size_t size)
{
    ptrdiff_t panel = PANEL * lanes, most = SMALLER(CEIL_DIV(p->dw.m, ENOUGH_TASKS), (ptrdiff_t)BACKWARD_ROWS);
    ptrdiff_t block = even_block(p->dw.m, most, panel);
    size_t of_dw = plan(&p->dw, block, even_block(p->dw.n, COLUMNS, panel), 1, lanes, size);
    if (!p->dx.c) return of_dw;
    size_t of_dx = plan(&p->dx, even_block(p->dx.m, ROWS, PRODUCT_ROWS), block, 1, lanes, size);
    return LARGER(of_dw, of_dx);
}

size_t affine_update_plan(AffineUpdate *p, int lanes, size_t size)
{
    ptrdiff_t row = p->dw.n * (ptrdiff_t)size, most = (p->beside ? BESIDE_BYTES : UPDATE_BYTES) / row;
    ptrdiff_t rows = even_block(p->dw.m, most, PRODUCT_ROWS);
    size_t work = plan(&p->dw, rows, even_block(p->dw.n, COLUMNS, PANEL * lanes), 1, lanes, size);
    p->piece_rows = p->beside ? even_block(rows, PIECE_BYTES / row, PRODUCT_ROWS) : rows;
    p->work = CEIL_DIV(work, CACHE_LINE) * CACHE_LINE;
    return p->work + (size_t)((p->beside ? 2 : 1) * p->piece_rows) * (size_t)row;
}
