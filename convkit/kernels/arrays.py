"""Arrays as the kernels can read them."""

from __future__ import annotations

import numpy as np


def c_order(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The array itself where the kernels can read it as it stands, else a copy: C order, aligned, of this dtype."""
    flags = array.flags
    if flags.c_contiguous and flags.aligned and array.dtype == dtype:
        return array  # nearly always; np.require would take ten times as long to find out
    return np.require(array, dtype, ("C", "A"))
