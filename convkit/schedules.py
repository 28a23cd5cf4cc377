"""Learning-rate schedules: by what factor the base learning rate is multiplied at each iteration.

A schedule is any callable `schedule(iteration, total) -> factor`, with the iteration that is about to be done (counted
from 0) and the number of iterations of the whole run. Hand it to the Solver: `Solver(..., lr_schedule=cosine())`. The
Solver's lr_decay multiplies on top of it.

Spans of time may be given as a whole number of iterations, or as a fraction of the run (a float below 1).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .contracts import real_number, whole_number

Schedule = Callable[[int, int], float]


@dataclass(frozen=True)
class constant:
    """The base learning rate all along: factor 1."""

    def __call__(self, iteration: int, total: int) -> float:
        return 1.0


@dataclass(frozen=True)
class step:
    """Multiply the rate by `factor` after every `every`: factor ** (iteration // every).

    - every: iterations (int, 1 or more) or a fraction of the run (float in 0..1)
    - factor: what each drop multiplies by, in 0..1
    Source: He et al., "Deep residual learning for image recognition", 2016, section 3.4 (there, by hand).
    """

    every: int | float = 1 / 3
    factor: float = 0.1

    def __post_init__(self) -> None:
        _check_span("every", self.every, 1)
        real_number("factor", self.factor, 0, 1)

    def __call__(self, iteration: int, total: int) -> float:
        return float(self.factor) ** (iteration // max(1, _iterations(self.every, total)))


@dataclass(frozen=True)
class cosine:
    """Half a cosine from 1 down to `final`: final + (1 - final) · (1 + cos(π · iteration / total)) / 2.

    - final: the factor at the end of the run, in 0..1 (reached after the last iteration)
    Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, equation 5.
    """

    final: float = 0.0

    def __post_init__(self) -> None:
        real_number("final", self.final, 0, 1)

    def __call__(self, iteration: int, total: int) -> float:
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * min(iteration / total, 1))) / 2


@dataclass(frozen=True)
class warmup:
    """Rise in a straight line to the full rate, then follow another schedule: warmup(0.05, then=cosine()).

    - length: the rise, in iterations (int, 0 or more) or as a fraction of the run (float in 0..1); its first iteration
      has the factor 1 / length, its last 1
    - then: the schedule of the rest, which counts from where the rise ended
    Source: Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour", 2017, section 2.2.
    """

    length: int | float = 0.1
    then: Schedule = constant()

    def __post_init__(self) -> None:
        _check_span("length", self.length, 0)
        if not callable(self.then) or isinstance(self.then, type):
            raise TypeError(f"then must be a schedule such as cosine(), got {self.then!r}")

    def __call__(self, iteration: int, total: int) -> float:
        length = _iterations(self.length, total)
        if iteration < length:
            return (iteration + 1) / length
        return self.then(iteration - length, max(1, total - length))


def factor(schedule: Schedule | None, iteration: int, total: int) -> float:
    """What a schedule says for an iteration, checked to be a number of 0 or more; 1 for None."""
    if schedule is None:
        return 1.0
    value = schedule(iteration, total)
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"lr_schedule({iteration}, {total}) must be a number, got {value!r} ({type(value).__name__})")
    if not 0 <= value < math.inf:
        raise ValueError(f"lr_schedule({iteration}, {total}) must be a finite number, 0 or more, got {value!r}")
    return float(value)


def describe(schedule: Schedule | None) -> str:
    """The schedule in words that stay the same from one process to the next, for checkpoints to compare."""
    if schedule is None:
        return "none"
    if isinstance(schedule, warmup):
        return f"warmup(length={schedule.length!r}, then={describe(schedule.then)})"
    if isinstance(schedule, (constant, step, cosine)):
        return repr(schedule)
    named = schedule if hasattr(schedule, "__qualname__") else type(schedule)
    return f"{named.__module__}.{named.__qualname__}"


def _check_span(name: str, span: int | float, at_least: int) -> None:
    if isinstance(span, (float, np.floating)):
        if not (0 < span < 1 or span == at_least == 0):
            raise ValueError(
                f"{name} must be a whole number of iterations or a fraction of the run below 1, got {span!r}"
            )
    else:
        whole_number(name, span, at_least)


def _iterations(span: int | float, total: int) -> int:
    return round(span * total) if isinstance(span, (float, np.floating)) else int(span)
