"""One call of an implementation beside what is right: what all guesses at a cause are tested on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from convkit.mistakes.mistake import Call

# How close two gradients must be, relative to the larger's largest entry, to be called equal: digits enough that chance
# is out of the question, and few enough for numerical gradients.
EXACT = 1e-6
NUMERICAL = 1e-4


@dataclass(frozen=True)
class Sample:
    """One call.

    - label: what is special about it
    - call: its arguments and the right results
    - found: what the implementation made of each result; the exception where it raised one
    - mine_for, right_for: dout -> gradients by name, theirs and the right ones, for another dout; None: not known
    - tolerance: how close equal results must be
    """

    label: str
    call: Call
    found: dict[str, Any]
    mine_for: Callable[[np.ndarray], dict[str, Any]] | None = field(default=None, compare=False)
    right_for: Callable[[np.ndarray], dict[str, Any]] | None = field(default=None, compare=False)
    tolerance: float = EXACT

    def is_right(self, item: str) -> bool:
        """Whether a result is what it should be."""
        return same(self.found[item], self.call.right[item], self.tolerance)


def same(a: Any, b: Any, tolerance: float = EXACT) -> bool:
    """Whether two results are equal: same shape, NaN and infinity in the same places, numbers as close as that; of two
    exceptions, that both are exceptions."""
    if isinstance(a, Exception) or isinstance(b, Exception):
        return isinstance(a, Exception) and isinstance(b, Exception)
    try:
        a, b = np.asarray(a, float), np.asarray(b, float)
    except (TypeError, ValueError):
        return False
    if a.shape != b.shape:
        return False
    finite = np.isfinite(a) & np.isfinite(b)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return False
    scale = max(float(np.max(np.abs(a[finite]), initial=0.0)), float(np.max(np.abs(b[finite]), initial=0.0)))
    return bool(np.all(np.abs(a[finite] - b[finite]) <= tolerance * scale))
