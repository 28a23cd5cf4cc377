/* Leaky ReLU, sigmoid, tanh and GELU, element by element, forward and backward; ACTIVATION_TASK elements make a task.
 *
 * What the backward pass reads: of leaky ReLU a byte for each element that says whether x was above 0; of sigmoid and tanh their
 * output; of GELU x.
 */
#ifndef CONVKIT_ACTIVATION_H
#define CONVKIT_ACTIVATION_H
#include "kernels.h"

enum { ACTIVATION_TASK = 4096 };

typedef struct {
    const void *in;   /* x, or dout */
    const void *kept; /* backward: output or x */
    void *out;        /* the output, or dx */
    unsigned char *above;
    double slope; /* of leaky ReLU */
    ptrdiff_t size;
} Activation;
#endif
