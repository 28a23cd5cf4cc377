"""How many threads the kernels use, and dividing the work of those written in Cython among them.

A kernel takes its share as `first, last` and a flag `stop`; it releases the GIL, looks at the flag often and, in the
main thread, at Ctrl-C some times a second, and writes only to its own part of the result. The calling thread works too.
They are plain threads of Python's, which need nothing of the compiler; after a fork the child simply makes new ones.
The kernels in C are divided among threads by parallel.c.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

Kernel = Callable[[int, int, np.ndarray], None]

# Below this many multiply-adds (or comparisons) waking a second thread costs more than it brings.
MIN_WORK_PER_THREAD = 250_000

_lock = threading.Lock()
_pool: ThreadPoolExecutor | None = None
_num_threads = 0


def _default_threads() -> int:
    for variable in ("CONVKIT_NUM_THREADS", "OMP_NUM_THREADS"):
        text = os.environ.get(variable, "").split(",")[0].strip()
        if text:
            if not text.isdecimal() or int(text) < 1:
                raise ValueError(f"{variable}={text!r}: the number of threads must be a whole number, 1 or more")
            return int(text)
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def get_num_threads() -> int:
    """Number of threads that the compiled layers use.

    Until set_num_threads is called: CONVKIT_NUM_THREADS, else OMP_NUM_THREADS, else the number of processors.
    """
    return _num_threads or _default_threads()


def set_num_threads(n: int) -> None:
    """Set how many threads the compiled layers use in this process; results have the same bits for any number.

    - n: int, 1 or more

    Raises ValueError or TypeError for anything else. NumPy's own matrix products are not affected (OPENBLAS_NUM_THREADS
    or the threadpoolctl package set theirs).
    """
    global _num_threads
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)):
        raise TypeError(f"n must be a whole number of threads, got {n!r}")
    if n < 1:
        raise ValueError(f"n must be 1 or more, got {n}")
    _num_threads = int(n)
    _forget_pool()


def _forget_pool() -> None:
    global _pool
    with _lock:
        pool, _pool = _pool, None
    if pool is not None:
        pool.shutdown(wait=False)


def _after_fork() -> None:
    # The parent's threads do not exist in the child, and its lock may be held by one of them.
    global _pool, _lock
    _pool, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _offer(kernel: Kernel, first: int, last: int, stop: np.ndarray) -> Future:
    """Offer a part of the work to the pool; until one of its threads takes it, cancel() takes it back."""
    global _pool
    from concurrent.futures import Future, ThreadPoolExecutor  # 15 ms that `import convkit` can do without

    future: Future = Future()
    # No RuntimeError may come of it that there can be no more threads (of the system, or at the interpreter's exit):
    # the caller does what nobody takes. But the offer may then already stand in the queue, so it must not be forgotten.
    with contextlib.suppress(RuntimeError), _lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(max(1, get_num_threads() - 1), thread_name_prefix="convkit")
        _pool.submit(_take, future, kernel, first, last, stop)
    return future


def _take(future: Future, kernel: Kernel, first: int, last: int, stop: np.ndarray) -> None:
    if future.set_running_or_notify_cancel():
        try:
            kernel(first, last, stop)
        except BaseException as error:
            stop[0] = 1
            future.set_exception(error)
        else:
            future.set_result(None)


def run(kernel: Kernel, total: int, work: float) -> None:
    """Call kernel(first, last, stop) for consecutive parts of range(total), one part for each thread.

    - kernel: releases the GIL, writes only what belongs to its part, and ends early once stop[0] is not zero
    - total: number of units to divide
    - work: about how many operations all of them cost; little work stays in the calling thread

    Raises what a kernel raises; KeyboardInterrupt comes through once every thread has stopped.
    """
    parts = max(1, min(get_num_threads(), total, int(work // MIN_WORK_PER_THREAD)))
    stop = np.zeros(1, np.intc)
    bounds = [total * part // parts for part in range(parts + 1)]
    offered: list[Future] = []
    try:
        for part in range(1, parts):
            offered.append(_offer(kernel, bounds[part], bounds[part + 1], stop))
        kernel(bounds[0], bounds[1], stop)
        for part, future in enumerate(offered, 1):
            if future.cancel():
                kernel(bounds[part], bounds[part + 1], stop)
            else:
                future.result()
    except BaseException:
        stop[0] = 1
        for future in offered:
            if not future.cancel():
                future.exception()
        raise
