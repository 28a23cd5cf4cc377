/* The rectified linear unit, element by element, and a byte for each that says whether it was above 0: a quarter of the memory
 * that x would take until the backward pass. A task is RELU_TASK elements.
 */
#ifndef CONVKIT_RELU_H
#define CONVKIT_RELU_H
#include "kernels.h"

enum { RELU_TASK = 16384 };

typedef struct {
    const void *in; /* x, or dout */
    void *out;      /* max(0, x), or dx; NULL: only the mask is written */
    unsigned char *above;
    ptrdiff_t size;
} Relu;
#endif
