"""Slopes of a function by differences, and what they can be trusted for.

A difference over a step h is off by about h² (the function bends) plus epsilon/h (round-off), and says nothing at a kink.
So several steps are tried, and the way in which they disagree is what the verdict rests on: an error that stays whatever
the step is a mistake; one that grows as the step shrinks is round-off; where the slopes to the two sides differ at every
step there is a kink.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

# Steps, times max(1, |x|), for functions computed in float64 and in float32; the first is tried alone.
STEPS = {8: (1e-5, 1e-4, 1e-6, 1e-3, 1e-7), 4: (1e-2, 1e-1, 1e-3)}
# Round-off of a weighted sum of outputs, in units of its last digit.
ROUND_OFF = 4.0


class Slope(NamedTuple):
    """What differences say of one slope.

    - value: the best estimate
    - error: |analytic - value|, beyond what round-off explains
    - noise: how uncertain round-off makes the value
    - kink: whether the slopes to the two sides differ however small the step
    - round_off: whether the difference at the smallest step was mere round-off
    """

    value: float
    error: float
    noise: float
    kink: bool
    round_off: bool = False


class Function:
    """sum(out * dout) as a function of arrays that are perturbed in place.

    - run: () -> out, for the arrays as they stand
    - dout: weights of the outputs
    - epsilon: relative round-off of the outputs
    """

    def __init__(self, run: Callable[[], np.ndarray], dout: np.ndarray, epsilon: float):
        self.run, self.dout, self.epsilon = run, dout, epsilon
        self.at = np.array(run(), np.float64)
        self.size = float(np.sum(np.abs(self.at * dout)))
        self.evaluations = 0

    @property
    def steps(self) -> Sequence[float]:
        """The steps that suit its precision."""
        return STEPS[8 if self.epsilon < 1e-10 else 4]

    def moved(self, x: np.ndarray, move: Callable[[float], None], kept: np.ndarray) -> Callable[[float], np.ndarray]:
        """h -> outputs with x moved by h; x is put back."""

        def evaluate(h: float) -> np.ndarray:
            try:
                move(h)
                self.evaluations += 1
                return np.array(self.run(), np.float64)
            finally:
                x[...] = kept

        return evaluate

    def along(self, x: np.ndarray, v: np.ndarray) -> Callable[[float], np.ndarray]:
        """h -> outputs at x + h v."""
        kept = x.copy()

        def move(h: float) -> None:
            x[...] = kept + h * v

        return self.moved(x, move, kept)

    def judge(self, evaluate: Callable[[float], np.ndarray], analytic: float, bound: float, unit: float = 1.0) -> Slope:
        """Compare a slope with differences over several steps.

        - evaluate: h -> outputs
        - analytic: the slope in question
        - bound: how large an error passes
        - unit: length that a step of 1 stands for
        """
        tried = []
        for step in self.steps:
            h = step * unit
            above, below = evaluate(h), evaluate(-h)
            central = float(np.sum((above - below) * self.dout)) / (2 * h)
            right, left = (float(np.sum(d * self.dout)) / h for d in (above - self.at, self.at - below))
            noise = ROUND_OFF * self.epsilon * self.size / h
            tried.append(_Tried(h, central, right - left, noise))
            if abs(analytic - central) <= bound + noise and noise <= bound:
                break
        return _verdict(tried, analytic, bound)


class _Tried(NamedTuple):
    """A step, the central difference, by how much the one-sided slopes differ, and the round-off."""

    h: float
    central: float
    jump: float
    noise: float


def _verdict(tried: list[_Tried], analytic: float, bound: float) -> Slope:
    """What the differences over several steps say together."""

    def slope(t: _Tried, kink: bool = False) -> Slope:
        off = abs(analytic - t.central)
        error = max(0.0, off - t.noise) if np.isfinite(off) else np.inf
        return Slope(t.central, error, t.noise, kink, off > bound >= error)

    found = [slope(t) for t in tried]
    sharp = [s for s in found if s.noise <= 10 * bound]
    for s in sorted(sharp, key=lambda s: s.noise):
        if s.error <= bound:
            return s
    kink = _kinked(tried, bound)
    if not kink and len(sharp) > 1:
        # no step with little round-off agrees: where two of these agree with one another, that is the slope
        values = sorted(sharp, key=lambda s: s.value)
        a, b = min(pairwise(values), key=lambda pair: pair[1].value - pair[0].value)
        if b.value - a.value <= 0.01 * min(a.error, b.error):
            return min(a, b, key=lambda s: s.noise)
    best = min(found, key=lambda s: (s.error > bound, s.error if s.error > bound else 0.0, s.noise))
    return best._replace(kink=kink and best.error > bound)


def _kinked(tried: list[_Tried], bound: float) -> bool:
    """Whether one-sided slopes differ by much that does not shrink with the step.

    A bend h·f'' shrinks a hundredfold over two decades of h; a kink at x itself does not shrink at all. A kink near x
    leaves the smaller steps alone: those then agree with the analytic slope, if it is right.
    """
    usable = sorted((t.h, abs(t.jump), t.noise) for t in tried if np.isfinite(t.jump))
    clear = [(h, jump) for h, jump, noise in usable if jump > 20 * noise]
    if len(clear) < 2 or clear[0][0] > 1e-2 * max(h for h, *_ in usable):
        return False
    (_, smallest), (_, largest) = clear[0], clear[-1]
    return smallest > 10 * bound and smallest > 0.2 * largest


def jacobian(function: Function, x: np.ndarray) -> np.ndarray:
    """All differences of all outputs: (numbers of x, numbers of out); Richardson's combination of two steps."""
    rows = np.empty((x.size, function.at.size))
    first = function.steps[0]
    for i, at in enumerate(np.ndindex(*x.shape)):
        kept = x[at]
        slopes = []
        for step in (first, 2 * first):
            h = step * max(1.0, abs(float(kept)))
            values = []
            for moved in (kept + h, kept - h):
                try:
                    x[at] = moved
                    values.append(np.array(function.run(), np.float64))
                finally:
                    x[at] = kept
            slopes.append((values[0] - values[1]) / (2 * h))
        rows[i] = ((4 * slopes[0] - slopes[1]) / 3).ravel()
    function.evaluations += 4 * x.size
    return rows
