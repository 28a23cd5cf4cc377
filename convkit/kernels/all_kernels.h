/* Every kernel for float and for double, in one instruction set; the tables through which they are called.
 *
 * Before inclusion: ISA(x) (adds the instruction set's name), VBYTES (bytes in a vector register), MR (rows of a tile of
 * the matrix product). Included by the files isa_*.c.
 */
#include "kernels.h"
#include "gemm.h"

#define GLUE_(a, b) a##b
#define GLUE(a, b) GLUE_(a, b)

#define REAL float
#define REAL_BYTES 4
#define INT int
#define NAME(x) GLUE(x##_f32, ISA())
#include "every_kernel.h"
#undef REAL
#undef REAL_BYTES
#undef INT
#undef NAME

#define REAL double
#define REAL_BYTES 8
#define INT long long
#define NAME(x) GLUE(x##_f64, ISA())
#include "every_kernel.h"
#undef REAL
#undef REAL_BYTES
#undef INT
#undef NAME
