/* Doing the tasks of a kernel on several threads. */
#ifndef CONVKIT_PARALLEL_H
#define CONVKIT_PARALLEL_H
#include "kernels.h"

enum { PARALLEL_DONE = 0, PARALLEL_STOPPED = 1, PARALLEL_NO_MEMORY = 2 };

/* Calls task(args, t, scratch) once for each t in 0 .. tasks-1, on at most `threads` threads, the calling one included.
 *
 * scratch: bytes that a thread needs; look: called in the calling thread some times a second, not zero means stop: no
 * further task begins then. flush: whether denormal numbers count as zero meanwhile, where the processor can do that. Returns
 * one of the values above. Several threads may call at once.
 */
int parallel_run(Task task, const void *args, ptrdiff_t tasks, size_t scratch, int threads, int flush, int (*look)(void));

/* "threads", "OpenMP" or "one thread": how this build divides work. */
const char *parallel_backend(void);
#endif
