"""Slopes of a function by differences, and what they can be trusted for.

A difference over a step h is off by about h² (the function bends) plus epsilon/h (round-off), and says nothing at a
kink. So several steps are tried, and the way in which they disagree is what the verdict rests on: an error that stays
whatever the step is a mistake; one that grows as the step shrinks is round-off; where the slopes to the two sides
differ at every step there is a kink.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

# Steps, times max(1, |x|), for functions computed in float64 and in float32; the first is tried alone.
STEPS = {8: (1e-5, 1e-4, 1e-6, 1e-3, 1e-7, 1e-8, 1e-9, 1e-10), 4: (1e-2, 1e-1, 1e-3)}
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

    @property
    def steps(self) -> Sequence[float]:
        """The steps that suit its precision."""
        return STEPS[8 if self.epsilon < 1e-10 else 4]

    def moved(self, x: np.ndarray, move: Callable[[float], None], kept: np.ndarray) -> Callable[[float], np.ndarray]:
        """h -> outputs with x moved by h; x is put back."""

        def evaluate(h: float) -> np.ndarray:
            try:
                move(h)
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

    def judge(
        self,
        evaluate: Callable[[float], np.ndarray],
        analytic: float,
        bound: float,
        unit: float = 1.0,
        quick: bool = False,
    ) -> Slope:
        """Compare a slope with differences over several steps.

        - evaluate: h -> outputs
        - analytic: the slope in question
        - bound: how large an error passes
        - unit: length that a step of 1 stands for
        - quick: whether two steps must do, where much else has been found wrong
        """
        tried = []
        for step in (self.steps[0], self.steps[2]) if quick else self.steps:
            h = step * unit
            above, below = evaluate(h), evaluate(-h)
            central = float(np.sum((above - below) * self.dout)) / (2 * h)
            # output by output, for in the sum the kinks of several could cancel
            bend = float(np.sum(np.abs((above - 2 * self.at + below) * self.dout))) / h
            noise = ROUND_OFF * self.epsilon * self.size / h
            tried.append(_Tried(h, central, bend, noise))
            if abs(analytic - central) <= bound + noise and noise <= bound:
                break
        return _verdict(tried, analytic, bound)


class _Tried(NamedTuple):
    """A step, the central difference, by how much the slopes to the two sides differ, and the round-off."""

    h: float
    central: float
    bend: float
    noise: float


def _verdict(tried: list[_Tried], analytic: float, bound: float) -> Slope:
    """What the differences over several steps say together."""

    def slope(t: _Tried) -> Slope:
        off = abs(analytic - t.central)
        error = max(0.0, off - t.noise) if np.isfinite(off) else np.inf
        return Slope(t.central, error, t.noise, False, off > bound >= error)

    found = [slope(t) for t in tried]
    for s in sorted(found, key=lambda s: s.noise):
        if s.error <= bound and s.noise <= 10 * bound:
            return s
    judged = _convicted(found, tried, bound)
    if judged is not None:
        return judged
    blurred = [s for s in found if s.error <= bound]  # round-off hides the answer
    if blurred:
        return min(blurred, key=lambda s: s.noise)
    return min(found, key=lambda s: s.error)._replace(kink=True)


def _convicted(found: list[Slope], tried: list[_Tried], bound: float) -> Slope | None:
    """The slope that shows the analytic one wrong, if the two smallest steps that do not drown in noise agree on it.

    Within them the function must be straight: bend by less than the error. The smallest steps count, because kinks
    near x fall outside of them.
    """
    clear = [
        (t.h, s, t.bend) for s, t in zip(found, tried, strict=True) if s.error > bound and s.noise <= 0.05 * s.error
    ]
    if not clear:
        return None
    smallest = sorted(clear, key=lambda each: each[0])[:2]
    least = min(s.error for _, s, _ in clear)
    for s in found:
        if s.error <= bound and s.noise <= 0.3 * least:
            return s
    if any(bend > 0.5 * s.error for _, s, bend in smallest):
        return None
    (_, first, _), (_, last, _) = smallest[0], smallest[-1]
    if abs(first.value - last.value) > 0.2 * min(first.error, last.error):
        return None
    return min((first, last), key=lambda s: s.noise)


def plain_slopes(
    function: Function, x: np.ndarray, places: Sequence[tuple[int, ...]], seconds: float
) -> dict[tuple[int, ...], float]:
    """Slopes at some places by central differences over two steps, where these agree; as many as time allows."""
    found, begun = {}, time.thread_time()
    for at in places:
        if time.thread_time() - begun > seconds:
            break
        kept = x[at].copy()
        values, noise = [], 0.0
        for step in (function.steps[0], function.steps[2]):
            h = step * max(1.0, abs(float(kept)))
            sums = []
            for moved in (kept + h, kept - h):
                try:
                    x[at] = moved
                    sums.append(np.array(function.run(), np.float64))
                finally:
                    x[at] = kept
            values.append(float(np.sum((sums[0] - sums[1]) * function.dout)) / (2 * h))
            noise = ROUND_OFF * function.epsilon * function.size / h
        if abs(values[0] - values[1]) <= 1e-3 * abs(values[0]) + noise:
            found[at] = values[0]
    return found


def jacobian(function: Function, x: np.ndarray) -> np.ndarray:
    """Central differences of all outputs: (numbers of x, numbers of out)."""
    rows = np.empty((x.size, function.at.size))
    for i, at in enumerate(np.ndindex(*x.shape)):
        kept = x[at]
        h = function.steps[0] * max(1.0, abs(float(kept)))
        values = []
        for moved in (kept + h, kept - h):
            try:
                x[at] = moved
                values.append(np.array(function.run(), np.float64))
            finally:
                x[at] = kept
        rows[i] = ((values[0] - values[1]) / (2 * h)).ravel()
    return rows
