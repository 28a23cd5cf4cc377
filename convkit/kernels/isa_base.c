/* All kernels, compiled for the baseline of the platform (SSE2 on x86-64, NEON on arm64). */
#define ISA() _base
#define VBYTES 16
#define MR 6
#include "all_kernels.h"
