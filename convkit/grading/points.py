"""What each layer, or each part of one, is worth.

    [points]
    affine = 4                                       # shared equally by forward, dx, dw, db
    conv = { forward = 4, dx = 3, dw = 2, db = 1 }   # part by part; what is not named is worth nothing
    batchnorm = { forward = 3, dx = 3, "batchnorm_backward_alt dx" = 1 }

    [limits]             # may be left out
    seconds = 10         # for each check
    memory = 1024        # megabytes, for each check

A part is what `convkit check` prints a line for. Its points are given if all of its cases are right. The parts
`inputs`, `repeat` and `cache` are worth something where they are named; mistakes in them are listed in any case.
"""

from __future__ import annotations

import difflib
import math
import os
import tomllib
import types
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from convkit.checks import checks_of
from convkit.layers import LAYERS
from convkit.sandbox import Limits


class PointsError(Exception):
    """A points.toml that cannot be used; the message names the file, the entry, and what would be right."""


@dataclass(frozen=True)
class Points:
    """What is worth how much.

    - worth: points by (layer, part), in the order of the checks; 0 for what is checked and gives none
    - limits: for each check
    """

    worth: dict[tuple[str, str], Fraction]
    limits: Limits

    @property
    def layers(self) -> list[str]:
        """The layers that are checked."""
        return list(dict.fromkeys(layer for layer, _ in self.worth))

    @property
    def total(self) -> Fraction:
        """What a submission without a mistake gets."""
        return sum(self.worth.values(), Fraction(0))


@cache
def cases_of(layer: str) -> dict[str, tuple[str, ...]]:
    """The cases of each part of a layer that points can be given for."""
    reference = types.ModuleType("reference")
    spec = LAYERS[layer]
    for function in (spec.forward, spec.backward, *spec.alternatives.values()):
        if isinstance(function, types.FunctionType):
            copy = types.FunctionType(function.__code__, function.__globals__, function.__name__)
            copy.__module__ = "reference"
            setattr(reference, function.__name__, copy)
    checks = [check for check in checks_of(reference, [layer]) if not check.beyond]
    return {part: tuple(c.case for c in checks if c.part == part) for part in dict.fromkeys(c.part for c in checks)}


def equal_points(layers: Iterable[str], each: int = 1) -> Points:
    """The same points for each layer."""
    worth = {key: value for layer in layers for key, value in _shared(layer, Fraction(each)).items()}
    return Points(worth, Limits())


def read_points(path: str | os.PathLike) -> Points:
    """Read points.toml; raises PointsError for whatever is not right in it."""
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PointsError(f"there is no file {path}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PointsError(f"{path}: {error}") from None
    try:
        return _points(content)
    except PointsError as error:
        raise PointsError(f"{path}: {error}") from None


def _points(content: dict[str, Any]) -> Points:
    _only(content, ("points", "limits"), "the file")
    points = content.get("points")
    if not isinstance(points, dict) or not points:
        raise PointsError("it must have a table [points] with a line for each layer, such as: affine = 4")
    _only(points, tuple(LAYERS), "[points]")
    worth: dict[tuple[str, str], Fraction] = {}
    for layer in LAYERS:  # the order of the checks, whatever the file's
        if layer in points:
            worth |= _worth(layer, points[layer])
    if not any(worth.values()):
        raise PointsError("[points] gives no points at all")
    return Points(worth, _limits(content.get("limits", {})))


def _worth(layer: str, value: Any) -> dict[tuple[str, str], Fraction]:
    if not isinstance(value, dict):
        return _shared(layer, _number(f"points.{layer}", value))
    parts = cases_of(layer)
    if not value:
        raise PointsError(f"points.{layer} is empty; name parts of it: {', '.join(parts)}")
    _only(value, tuple(parts), f"points.{layer}")
    given = {part: _number(f"points.{layer}.{part}", points) for part, points in value.items()}
    return {(layer, part): given.get(part, Fraction(0)) for part in parts if part in given or _is_needed(layer, part)}


def _shared(layer: str, points: Fraction) -> dict[tuple[str, str], Fraction]:
    spec = LAYERS[layer]
    sharing = ("loss" if spec.is_loss else "forward", *spec.gradients)
    return {
        (layer, part): points / len(sharing) if part in sharing else Fraction(0)
        for part in cases_of(layer)
        if _is_needed(layer, part)
    }


def _is_needed(layer: str, part: str) -> bool:
    """Whether every file must have it; the same gradient in another form (batchnorm_backward_alt) may be left out."""
    return not part.startswith(tuple(LAYERS[layer].alternatives))


def _limits(table: Any) -> Limits:
    if not isinstance(table, dict):
        raise PointsError(f"limits must be a table [limits], got {table!r}")
    _only(table, ("seconds", "memory"), "[limits]")
    try:
        return Limits(**table)
    except (TypeError, ValueError) as error:
        raise PointsError(f"limits.{error}") from None


def _number(name: str, value: Any) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise PointsError(f"{name} must be a number of points, got {value!r}")
    if not 0 <= value <= 1e6 or math.isnan(value):
        raise PointsError(f"{name} must lie in 0..1000000, got {value!r}")
    return Fraction(str(value))


def _only(table: dict[str, Any], known: tuple[str, ...], where: str) -> None:
    for name in table:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise PointsError(f"{where} has an unknown entry {name!r}{hint}; it may have: {', '.join(known)}")
