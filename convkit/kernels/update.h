/* A step of an update rule over all elements of one parameter, in one pass over memory; see convkit/optim.py for the rules. */
#ifndef CONVKIT_UPDATE_H
#define CONVKIT_UPDATE_H
#include "kernels.h"

typedef struct {
    const void *w, *dw;
    void *next;          /* the parameter's next value; may be w */
    const void *from[2]; /* the rule's memory (velocity, running averages) ... */
    void *to[2];         /* ... and its next value; may be the same */
    ptrdiff_t size;
    double numbers[8]; /* the rule's settings and what follows from them, as its formula in update_rules.h has them */
} Update;

/* sums[task] = the sum of x*x over the task's elements; and y += scale*x, unless y is NULL. */
typedef struct {
    const void *x;
    void *y;
    double scale;
    double *sums;
    ptrdiff_t size;
} AddScaled;

/* The elements of a task. */
enum { UPDATE_BLOCK = 16384 };
#endif
