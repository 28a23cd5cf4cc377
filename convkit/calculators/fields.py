"""Receptive fields along one axis: of units far from any border, and of every unit of an image of a given size."""

from __future__ import annotations

from math import gcd, lcm
from typing import NamedTuple

import numpy as np

from convkit.calculators.reach import Reach, Slide, Spread, Whole


class Phases(NamedTuple):
    """Fields on an axis without ends. Unit u sees the pixels first[u] to last[u]; after len(first) units they repeat,
    `advance` pixels further on. Without upsampling one unit is a whole period."""

    first: np.ndarray
    last: np.ndarray
    advance: int

    @classmethod
    def of_pixels(cls) -> Phases:
        """The pixels themselves: each sees itself."""
        return cls(np.zeros(1, int), np.zeros(1, int), 1)

    @property
    def size(self) -> int:
        """Pixels in the largest field."""
        return int(max((self.last - self.first).max() + 1, 0))

    @property
    def jump(self) -> float:
        """Pixels from one unit's field to the next one's, on the average."""
        return self.advance / len(self.first)

    @property
    def start(self) -> float:
        """Centre of the field of unit 0."""
        return float(self.first[0] + self.last[0]) / 2

    def at(self, bound: str, u: np.ndarray) -> np.ndarray:
        """'first' or 'last' pixel of units of any index, negative ones too."""
        turns, phase = np.divmod(u, len(self.first))
        return getattr(self, bound)[phase] + turns * self.advance

    @staticmethod
    def union(several: list[Phases]) -> Phases | None:
        """Everything that is in one of them; None if they advance at different rates."""
        period = lcm(*(len(each.first) for each in several))
        units = np.arange(period)
        advances = {each.advance * period // len(each.first) for each in several}
        if len(advances) > 1:
            return None
        first = np.min([each.at("first", units) for each in several], axis=0)
        return Phases(first, np.max([each.at("last", units) for each in several], axis=0), advances.pop())


def phases_after(before: Phases, reach: Slide | Spread) -> Phases:
    """The fields of a layer's units, from those of its input."""
    period = len(before.first)
    if isinstance(reach, Slide):
        units = period // gcd(period, reach.stride)
        inputs = units * reach.stride
    else:
        units, inputs = period * reach.stride, period
    first, last = reach.window(np.arange(units))
    return Phases(before.at("first", first), before.at("last", last), before.advance * inputs // period)


class Spans(NamedTuple):
    """First and last pixel that each unit sees, along one axis of an image; where last < first it sees none."""

    first: np.ndarray
    last: np.ndarray

    @classmethod
    def of_pixels(cls, size: int) -> Spans:
        return cls(np.arange(size), np.arange(size))

    def whole(self, units: int) -> Spans:
        """So many units that all see everything that is seen."""
        return Spans(np.full(units, self.first.min()), np.full(units, self.last.max()))

    def of(self, unit: int) -> tuple[int, int]:
        """Start and stop of a slice."""
        start, last = int(self.first[unit]), int(self.last[unit])
        return max(start, 0), max(last + 1, start, 0)

    @staticmethod
    def union(several: list[Spans]) -> Spans:
        return Spans(np.min([each.first for each in several], axis=0), np.max([each.last for each in several], axis=0))


def spans_after(before: Spans, reach: Reach, units: int) -> Spans:
    """What each of a layer's units sees, from what those of its input see."""
    if isinstance(reach, Whole):
        return before.whole(units)
    size = len(before.first)
    first, last = reach.window(np.arange(units))
    # Padding beyond the ends is seen as nothing: a window inside it has its last position before its first.
    firsts = np.append(before.first, before.last[-1] + 1)
    lasts = np.append(before.last, before.first[0] - 1)  # at index -1
    return Spans(firsts[np.clip(first, 0, size)], lasts[np.clip(last, -1, size - 1)])
