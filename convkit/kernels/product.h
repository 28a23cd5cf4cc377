/* A matrix product as the affine layer needs it: c (m x n) = a (m x k) times b (k x n), plus a bias for each column.
 *
 * Elements stand anywhere: a(i, t) = a[i*a_row + t*a_col], b(t, j) = b[t*b_row + j*b_col], so that a transposition is a swap
 * of two steps. Reading is fast where one of the two steps is 1. c is C-contiguous.
 */
#ifndef CONVKIT_PRODUCT_H
#define CONVKIT_PRODUCT_H
#include "update.h"

enum {
    PRODUCT_ROWS = 6, /* of a tile */
    ALIASED = 512     /* bytes: rows that are a multiple of it apart fall into few lines of the cache */
};

typedef struct {
    const void *a, *b;
    void *c;
    const void *bias; /* (n,), NULL for none */
    int relu;         /* whether max(0, .) is taken at the end */
    ptrdiff_t m, n, k;
    ptrdiff_t a_row, a_col, b_row, b_col;

    /* Blocking, set by product_plan. */
    ptrdiff_t task_rows, task_cols, task_terms; /* of one task: rows and columns of c, terms of its sums */
    ptrdiff_t row_tasks, col_tasks, parts;
    ptrdiff_t chunk;   /* terms whose piece of b stays in the cache */
    int pack_b;        /* whether b is worth packing; its last panel always is */
    int fetch_b;       /* whether what comes next of b is to be fetched */
    int dots;          /* whether product_dots does it, with col_tasks tasks */
    void *beside;      /* a step of an update rule that may be done beside it (product_beside.h), NULL for none */
    void *sums;        /* with more than one part: parts * m * n elements, arbitrary on entry */
} Product;

/* Fill in the blocking; m, n, k and steps are set before. lanes: elements in a vector register. Returns the bytes of scratch
 * memory of a task, for elements of `size` bytes. */
size_t product_plan(Product *p, int lanes, size_t size);

/* The backward pass of an affine layer with a large w (n x m there), a block of its rows at a time: dx = dout w^T of these
 * rows, dw = x^T dout, and weight decay, dw += decay*w, while both blocks are in the caches. */
typedef struct {
    Product dx, dw; /* a task of dx is so many of its columns, one of dw as many rows; c is NULL where one is not wanted */
    const void *w;
    double decay;
    double *squares; /* of the elements of w, summed up: [task]; NULL without weight decay */
} AffineBackward;

/* A step of an update rule by the gradient of such a w, dw + decay*w, which never stands in memory as a whole. */
typedef struct {
    Product dw; /* one task for each block of rows; c is not used */
    ptrdiff_t piece_rows; /* of dw that come into being at a time */
    size_t work; /* bytes of scratch memory that the product needs; behind them stands a piece, with `beside` two */
    double decay;
    Task rule; /* a kernel of update_rules.h */
    int beside; /* whether it is the one that can be done beside a product */
    Update update; /* its arguments for the whole w; dw is not used */
} AffineUpdate;

/* Fill in the blocking of all products; bytes of scratch memory of a task. */
size_t affine_backward_plan(AffineBackward *p, int lanes, size_t size);
size_t affine_update_plan(AffineUpdate *p, int lanes, size_t size);

/* What the backward pass of an affine layer needs of dout besides products, in one pass: the sum of each column (db), and
 * with a ReLU behind the layer dout itself where the output was above zero, 0 elsewhere. */
typedef struct {
    const void *dout, *out; /* (m, n); out: what ReLU returned, NULL without it */
    void *masked, *sums;    /* (m, n), only with out; (n,) */
    ptrdiff_t m, n, task_cols;
} Columns;

static inline ptrdiff_t product_tasks(const Product *p) { return p->parts * p->row_tasks * p->col_tasks; }
#endif
