"""Comparing a result with what it should be."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np

from convkit.diagnosis.finding import Finding
from convkit.diagnosis.place import Place, place_of
from convkit.diagnosis.runs import kind_of

# Errors relative to the largest entry of what is expected: what a different order of summation may cost, and no more.
TOLERANCE = 1e-8


class CheckFailure(AssertionError):
    """A check found something wrong; the message says what, `findings` what is behind it, `place` where it is."""

    def __init__(self, message: str, place: Place | None = None, findings: tuple[Finding, ...] = ()):
        super().__init__(message)
        self.place, self.findings = place, findings


def errors_of(value: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """|value - expected| relative to the largest expected entry; infinite where one is NaN."""
    difference = np.abs(np.asarray(value, np.float64) - np.asarray(expected, np.float64))
    scale = max(float(np.max(np.abs(expected))), 1e-8) if np.size(expected) else 1.0
    return np.where(np.isnan(difference), np.inf, difference / scale)


def compare(
    name: str,
    value: Any,
    expected: Any,
    witness: Callable[[tuple], float] | None = None,
    axes: tuple[str, ...] | None = None,
) -> None:
    """Raise CheckFailure, with the place and the size of the error, unless a result is what is expected."""
    if not isinstance(value, (np.ndarray, np.generic, float)):
        what = "a number" if np.ndim(expected) == 0 else "an array"
        raise CheckFailure(f"{name} must be {what}, it is {kind_of(value)}")
    value, expected = np.asarray(value), np.asarray(expected)
    if value.shape != expected.shape:
        raise CheckFailure(f"{name} must have shape {expected.shape}, it has {value.shape}")
    if value.dtype.kind not in "fiub":
        raise CheckFailure(f"{name} must be an array of real numbers, it has dtype {value.dtype}")
    errors = errors_of(value, expected)
    if not errors.size or np.max(errors) <= TOLERANCE:
        return
    at = tuple(int(i) for i in np.unravel_index(int(np.argmax(errors)), errors.shape))
    wrong = errors > TOLERANCE
    place = f"{name}[{', '.join(map(str, at))}]" if at else name
    found, wanted = told_apart(value[at], expected[at])
    text = f"{place} is {found}, it should be {wanted}"
    if witness is not None:
        with contextlib.suppress(Exception):  # their forward pass may fail where it is asked again
            text += f" (a central difference through your own forward pass gives {witness(at):.6g})"
    if errors.size > 1:
        text += f"; {int(wrong.sum())} of its {errors.size} numbers are wrong"
    raise CheckFailure(text, place_of(name, value, expected, wrong, axes))


def told_apart(found: Any, expected: Any) -> tuple[str, str]:
    """Two numbers with as many digits, six or more, as it takes to see that they differ."""
    for digits in range(6, 18):
        texts = f"{found:.{digits}g}", f"{expected:.{digits}g}"
        if texts[0] != texts[1]:
            break
    return texts
