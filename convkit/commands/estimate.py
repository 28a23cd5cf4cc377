"""How long a training run will take, measured on a step or two before it begins."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from convkit import optim, resume

AT_THE_END = 3.0  # seconds for the pictures, most of them for loading matplotlib


def seconds_of(solver: Any, num_test: int) -> float:
    """About how many seconds a run takes, all of it, from training steps and predictions on a few images.

    - solver: the run's Solver, before training; neither it nor the random state is changed
    - num_test: how many test images are classified at the end
    """
    random, state = resume.get_random_state(), resume.get_model_state(solver.model)
    try:
        step = _time_for(lambda n: solver.model.loss(solver.X_train[:n], solver.y_train[:n]), solver.batch_size)
        check = _time_for(lambda n: solver.model.loss(solver.X_val[:n]), min(100, len(solver.X_val)))
        update = _seconds(lambda: _update(solver))
    finally:
        np.random.set_state(random)
        resume.set_model_state(solver.model, state)
    checked = [
        len(X) if limit is None else min(len(X), limit)
        for X, limit in ((solver.X_train, solver.num_train_samples), (solver.X_val, solver.num_val_samples))
    ]
    left = solver.num_iterations - solver.iteration
    checks = left / solver.iterations_per_epoch + 1
    images = checks * sum(checked) + len(solver.X_train) + len(solver.X_val) + num_test
    return left * (step + update) + images * check / min(100, len(solver.X_val)) + AT_THE_END


def in_words(seconds: float) -> str:
    """A span of time, as exact as an estimate is."""
    for unit, length, limit in (("second", 1, 90), ("minute", 60, 90), ("hour", 3600, 48)):
        if seconds < limit * length:
            count = max(1, round(seconds / length))
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{seconds / 86_400:.1f} days"


def _time_for(run: Callable[[int], Any], size: int) -> float:
    """Seconds for a batch of so many images, from one of a few images where all of them would take long."""
    _seconds(lambda: run(1))  # the first call also loads what is loaded late
    one = _seconds(lambda: run(1))
    if one * size < 1:
        return min(_seconds(lambda: run(size)) for _ in range(2))
    three = _seconds(lambda: run(3))
    return one + (size - 1) * (three - one) / 2


def _update(solver: Any) -> None:
    for name, w in solver.model.params.items():
        rule = optim.UPDATE_RULES[solver.update_rule_name]
        rule(w.copy(), np.zeros_like(w), dict(solver.optim_configs[name]))


def _seconds(run: Callable[[], Any]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began
