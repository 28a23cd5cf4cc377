"""Where an error lives: the worst elements, and which samples, channels, rows and columns are wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

AXES = {
    1: ("index",),
    2: ("row", "column"),
    3: ("channel", "row", "column"),
    4: ("image", "channel", "row", "column"),
}
# Arrays up to so many numbers are kept for the picture.
MOST_KEPT = 50_000
LISTED = 6


@dataclass(frozen=True)
class Place:
    """Which elements of an array are wrong.

    - name: of the array: 'dx', 'out', ...
    - shape: its shape
    - axes: what each axis is called
    - wrong: how many elements are wrong
    - worst: (index, found, expected) of the worst elements, the worst first
    - sentences: where they are, in words
    - found, expected: the arrays, if they are small enough to be drawn, else None
    """

    name: str
    shape: tuple[int, ...]
    axes: tuple[str, ...]
    wrong: int
    worst: tuple[tuple[tuple[int, ...], float, float], ...]
    sentences: tuple[str, ...]
    found: np.ndarray | None = field(default=None, compare=False, repr=False)
    expected: np.ndarray | None = field(default=None, compare=False, repr=False)

    @property
    def drawable(self) -> bool:
        """Whether there is something to draw."""
        return self.found is not None and self.expected is not None and self.found.size > 0

    def where(self) -> tuple[str, ...]:
        """The place in words."""
        return self.sentences

    def to_json(self) -> dict[str, Any]:
        """Plain values; found and expected are nested lists with None for NaN and infinity, or None."""
        return {
            "name": self.name,
            "shape": list(self.shape),
            "axes": list(self.axes),
            "wrong": self.wrong,
            "worst": [[list(at), _plain(a), _plain(b)] for at, a, b in self.worst],
            "where": list(self.sentences),
            "found": _nested(self.found),
            "expected": _nested(self.expected),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Place:
        """The place that to_json gave; what was infinite has become NaN."""
        shape = tuple(values["shape"])
        arrays = [
            None if values[key] is None else np.array(values[key], dtype=float).reshape(shape)
            for key in ("found", "expected")
        ]
        worst = tuple((tuple(at), _number(a), _number(b)) for at, a, b in values["worst"])
        axes, where = tuple(values["axes"]), tuple(values["where"])
        return cls(values["name"], shape, axes, values["wrong"], worst, where, *arrays)


def place_of(
    name: str,
    found: np.ndarray,
    expected: np.ndarray,
    wrong: np.ndarray,
    axes: tuple[str, ...] | None = None,
    prefix: str = "",
) -> Place:
    """The place of an error, from both arrays and a boolean array that says which elements are wrong."""
    if not axes or len(axes) != found.ndim:
        axes = AXES.get(found.ndim, tuple(f"axis {i}" for i in range(found.ndim)))
    difference = np.abs(np.asarray(found, float) - np.asarray(expected, float))
    difference = np.where(np.isnan(difference), np.inf, difference)
    order = np.argsort(-np.where(wrong, difference, -1.0), axis=None, kind="stable")[: min(3, int(wrong.sum()))]
    worst = tuple(
        (tuple(int(i) for i in at), float(found[at]), float(expected[at]))
        for at in (np.unravel_index(int(flat), found.shape) for flat in order)
    )
    sentences = (prefix + describe(wrong, axes), *_constant(np.asarray(found, float) - expected, axes))
    keep = found.size <= MOST_KEPT
    kept = [np.array(a, float) if keep else None for a in (found, expected)]
    return Place(name, found.shape, axes, int(wrong.sum()), worst, sentences, *kept)


def describe(wrong: np.ndarray, axes: tuple[str, ...]) -> str:
    """Which elements of an array are wrong, in words."""
    count, size = int(wrong.sum()), wrong.size
    if count == size:
        return "the number is wrong" if size == 1 else f"all {size} numbers are wrong"
    text = f"{count} of {size} numbers {'is' if count == 1 else 'are'} wrong"
    subsets = []
    for axis, name in enumerate(axes):
        hit = np.flatnonzero(wrong.any(axis=tuple(i for i in range(wrong.ndim) if i != axis)))
        subset = subset_in_words(hit, wrong.shape[axis], name)
        subsets += [subset] if subset else []
    ring = _border(wrong)
    if ring:
        text += f": {ring}"
    elif subsets:
        text += f": only {' and '.join(subsets)}"
    elif count > 0:
        text += ", spread over the whole array"
    return text


def _constant(error: np.ndarray, axes: tuple[str, ...]) -> list[str]:
    """Along which axes the error is the same."""
    if error.ndim < 2 or not np.isfinite(error).all():
        return []
    size = float(np.max(np.abs(error), initial=0.0))
    along = [
        name
        for axis, name in enumerate(axes)
        if error.shape[axis] > 1 and float(np.max(np.ptp(error, axis=axis), initial=0.0)) <= 1e-6 * size
    ]
    return [f"the error is the same for every {' and '.join(along)}"] if along and size else []


def subset_in_words(hit: np.ndarray, length: int, name: str) -> str:
    """Some indices of an axis in words, such as 'every other row (0, 2, 4)'; '' for all, or many without a pattern."""
    if len(hit) == length:
        return ""
    if len(hit) == 1:
        which = "the first " if hit[0] == 0 else "the last " if hit[0] == length - 1 else ""
        return f"{which}{name} ({hit[0]})" if which else f"{name} {hit[0]}"
    steps = np.unique(np.diff(hit))
    listed = ", ".join(map(str, hit[:LISTED])) + (", ..." if len(hit) > LISTED else "")
    if len(steps) == 1 and steps[0] > 1 and len(hit) > 2:
        every = "every other" if steps[0] == 2 else f"every {steps[0]}rd" if steps[0] == 3 else f"every {steps[0]}th"
        return f"{every} {name} ({listed})"
    if len(steps) == 1 and steps[0] == 1:
        return f"{name}s {hit[0]} to {hit[-1]}"
    return f"{name}s {listed}" if len(hit) <= length / 2 else ""


def _border(wrong: np.ndarray) -> str:
    """Whether exactly the outermost or exactly the inner rows and columns of images are wrong."""
    if wrong.ndim < 3 or min(wrong.shape[-2:]) < 3:
        return ""
    hit = wrong.any(axis=tuple(range(wrong.ndim - 2)))
    inner = np.zeros_like(hit)
    inner[1:-1, 1:-1] = True
    if (hit == ~inner).all():
        return "only the border (the first and last row and column)"
    if (hit == inner).all():
        return "only the interior, not the border"
    return ""


def _plain(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _nested(array: np.ndarray | None) -> Any:
    if array is None:
        return None
    values: Any = array.astype(object)
    values[~np.isfinite(array)] = None
    return values.tolist()
