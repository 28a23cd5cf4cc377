"""A gradient that is the right one times a factor: which factor, and is it the batch size, or its inverse, or -1?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from convkit.diagnosis.finding import Finding
from convkit.diagnosis.sample import Sample
from convkit.mistakes.mistake import Call

SIGN_HINTS = (
    "If x grows a little where your gradient is positive, does the result grow or shrink?",
    "Look for a minus sign, or a difference taken the wrong way round.",
    "    d(a - b)/db = -1",
)
SCALE_HINTS = (
    "Which number in your code has this value, and is it multiplied or divided by once too often or never?",
    "Look for a mean() where the formula has a sum, or the other way round; for a division by N; for the 2 of a "
    "square; for something that is added twice.",
    "    # a mean over N numbers hands each of them dout / N; a sum hands each of them dout",
)


def factor_of(found: np.ndarray, right: np.ndarray, tolerance: float) -> float | None:
    """c, if found = c * right for one number c other than 0 and 1; else None."""
    if found.shape != right.shape or not right.size:
        return None
    size = float(np.sum(right * right))
    if not np.isfinite(size) or size == 0 or not np.isfinite(found).all():
        return None
    c = float(np.sum(found * right)) / size
    scale = float(np.max(np.abs(right)))
    fits = bool(np.max(np.abs(found - c * right)) <= tolerance * max(abs(c), 1e-3) * scale)
    trivial = abs(c) < 1e-12 or abs(c - 1) <= tolerance
    return c if fits and not trivial else None


def _quantities(call: Call) -> dict[str, float]:
    """Numbers of a call that turn up as factors."""
    found: dict[str, float] = {}
    arrays = [value for value in call.args.values() if isinstance(value, np.ndarray) and value.ndim]
    if arrays:
        found["N, the number of samples"] = len(arrays[0])
    if "out" in call.right and np.ndim(call.right["out"]) > 1:
        shape = np.shape(call.right["out"])
        found["the number of outputs of a sample"] = int(np.prod(shape[1:]))
        found["the number of outputs"] = int(np.prod(shape))
        if len(shape) == 4:
            found["the number of output pixels of an image (OH * OW)"] = shape[2] * shape[3]
            found["the number of images times output pixels (N * OH * OW)"] = shape[0] * shape[2] * shape[3]
        elif len(shape) == 2:
            found["the number of columns of out"] = shape[1]
    for value in call.args.values():
        if isinstance(value, dict):
            numbers = {k: v for k, v in value.items() if isinstance(v, (int, float)) and not isinstance(v, bool)}
            found |= {f"{key!r}": float(number) for key, number in numbers.items() if number > 0}
            if {"pool_height", "pool_width"} <= set(numbers):
                found["the size of a window"] = numbers["pool_height"] * numbers["pool_width"]
    return found


def constant_factor(item: str, wrong: Sequence[Sample], blames: str) -> Finding | None:
    """The finding that a gradient is off by a factor, if it is so on every input where it is wrong."""
    factors, telling = [], 0
    for sample in wrong:
        telling += int(np.count_nonzero(sample.call.right[item])) > 1 or np.ndim(sample.call.right[item]) == 0
        c = factor_of(
            np.asarray(sample.found[item], float), np.asarray(sample.call.right[item], float), sample.tolerance
        )
        if c is None:
            return None
        factors.append(c)
    if telling < 2:  # any two single numbers have some ratio
        return None
    shown = _several(factors)
    if all(abs(c + 1) <= sample.tolerance for c, sample in zip(factors, wrong, strict=True)):
        evidence = f"{item} = -1 x what it should be, in all numbers, on all {len(wrong)} inputs where it is wrong"
        return Finding("sign", f"the sign of {item} is wrong", blames, evidence, SIGN_HINTS)
    same = max(factors) - min(factors) <= 1e-4 * abs(factors[0])
    evidence = f"{item} = {shown} x what it should be, in all numbers"
    meaning = _meaning(factors, wrong)
    if meaning:
        evidence += f"; {meaning} is {_several([_value(meaning, s.call) for s in wrong])} there"
        return Finding("scale", f"{item} is too large by the factor {meaning}", blames, evidence, SCALE_HINTS)
    if not same:
        return Finding("scale", f"{item} has the right direction but the wrong size", blames, evidence, SCALE_HINTS)
    coincides = [
        name
        for name in _quantities(wrong[0].call)
        if all(_close(_value(name, s.call), c) for s, c in _pairs(wrong, factors))
    ]
    evidence += f" ({', '.join(coincides)}: has that value here)" if coincides else ""
    return Finding("scale", f"{item} is {factors[0]:.6g} times what it should be", blames, evidence, SCALE_HINTS)


def _pairs(wrong: Sequence[Sample], factors: Sequence[float]) -> zip[Any]:
    return zip(wrong, factors, strict=True)


def _close(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-4 * abs(b)


def _value(meaning: str, call: Call) -> float:
    name = meaning.removeprefix("1 / (").removesuffix(")") if meaning.startswith("1 / (") else meaning
    number = _quantities(call).get(name, np.nan)
    return 1 / number if meaning.startswith("1 / (") and number else number


def _meaning(factors: Sequence[float], wrong: Sequence[Sample]) -> str:
    """The quantity that the factor is on inputs where that quantity differs, so that chance is excluded; or ''."""
    if max(factors) - min(factors) <= 1e-4 * abs(factors[0]):
        return ""
    for name in _quantities(wrong[0].call):
        for meaning in (name, f"1 / ({name})"):
            if all(_close(_value(meaning, s.call), c) for s, c in _pairs(wrong, factors)):
                return meaning
    return ""


def _several(numbers: Sequence[float]) -> str:
    """Some numbers in words, each once."""
    shown = list(dict.fromkeys(f"{number:.4g}" for number in numbers))
    return ", ".join(shown[:4]) + (", ..." if len(shown) > 4 else "")


def factor_along_axis(item: str, wrong: Sequence[Sample], blames: str) -> Finding | None:
    """The finding that each index of one axis has a factor of its own."""
    for axis in range(np.ndim(wrong[0].call.right[item])):
        factors = [
            _along(np.asarray(s.found[item], float), np.asarray(s.call.right[item], float), axis, s.tolerance)
            for s in wrong
        ]
        if all(f is not None for f in factors):
            first = factors[0]
            assert first is not None
            evidence = (
                f"along axis {axis} the factors of {item} are {_several(list(first))}; within each they are constant"
            )
            name = f"{item} has another factor for each index of its axis {axis}"
            hints = (
                f"What is there one of for each index of axis {axis}, and is it multiplied in once?",
                "Look for a missing or an extra product with something of that length (gamma, 1/std, a mask, a count).",
                SCALE_HINTS[2],
            )
            return Finding("factor_along_axis", name, blames, evidence, hints)
    return None


def _along(found: np.ndarray, right: np.ndarray, axis: int, tolerance: float) -> np.ndarray | None:
    """The factor for each index of an axis, if found = factor * right with at least three numbers to each."""
    if found.shape != right.shape or right.ndim < 2 or right.size < 3 * right.shape[axis] or right.shape[axis] < 2:
        return None
    if not np.isfinite(found).all():
        return None
    a, b = (np.moveaxis(v, axis, 0).reshape(v.shape[axis], -1) for v in (found, right))
    size = (b * b).sum(axis=1)
    if (size == 0).any():
        return None
    factors = (a * b).sum(axis=1) / size
    bound = tolerance * np.maximum(np.abs(factors), 1e-3)[:, None] * np.abs(b).max(axis=1, keepdims=True)
    return factors if bool((np.abs(a - factors[:, None] * b) <= bound).all()) else None
