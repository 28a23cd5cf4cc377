/* Gates of channels, as squeeze-and-excitation has them: each row of a matrix, the pixels of a channel, times a number of its own.
 *
 *   scale_rows   out = in*factor + shift, with the factor and the shift of the row
 *   dot_rows     sums[r] = sum of in*with along row r, in single precision for GATE_BLOCK elements, of which the sums are
 *                added up in double
 */
#ifndef CONVKIT_GATE_H
#define CONVKIT_GATE_H
#include "kernels.h"

enum { GATE_BLOCK = 4096, GATE_LANES = 32 };

typedef struct {
    const void *in, *with;
    void *out; /* (rows, size), or sums (rows,) */
    const void *factor, *shift;
    ptrdiff_t rows, size, task_rows;
} Gate;
#endif
