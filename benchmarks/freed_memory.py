"""Memory for benchmarks: pages that were freed are used again.

glibc gives large arrays back to the system and asks for fresh pages at the next call. On some virtual machines these
cost several times as much as the layer that fills them (PyTorch's gradient of a strided depthwise layer: 37 ms instead
of 8), on others nothing: whoever allocates more would be measured by that.
"""

import ctypes

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3


def keep_freed_memory() -> None:
    """Tell glibc to keep what is freed, for this process; does nothing with another C library."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(M_MMAP_THRESHOLD, 1 << 30)
    mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
    mallopt(M_TOP_PAD, 1 << 28)
