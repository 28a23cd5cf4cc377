"""Arrays as the kernels can read them."""

from __future__ import annotations

import numpy as np


def is_ready(array: np.ndarray, dtype: np.dtype) -> bool:
    """Whether the kernels can read it as it stands: C order, aligned, of this dtype."""
    flags = array.flags
    return flags.c_contiguous and flags.aligned and array.dtype == dtype


def c_order(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The array itself where it is ready, else a copy that is."""
    if is_ready(array, dtype):
        return array  # nearly always; np.require would take ten times as long to find out
    return np.require(array, dtype, ("C", "A"))
