"""How good a model is on labelled data, computed batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from . import resume
from . import solver_checks as checks
from .contracts import whole_number


def accuracy(model: Any, X: np.ndarray, y: np.ndarray, num_samples: int | None = None, batch_size: int = 100) -> float:
    """The fraction of samples whose highest score is that of their label.

    - model: has loss(X) -> scores (N, C)
    - X (N, ...), y (N,): samples and their integer labels
    - num_samples: if N is larger, draw so many samples, with repetition, from NumPy's global random state
    - batch_size: how many samples the model is given at a time, to limit memory
    Raises ValueError or TypeError for labels or scores that do not fit, FloatingPointError for NaN scores.
    """
    X, y = checks.as_array("X", X), checks.as_array("y", y)
    checks.check_class_labels("y", y, len(X))
    right, total = 0, 0
    for rows in batches(len(X), num_samples, batch_size):
        labels = y[rows]
        scores = checks.check_scores(model.loss(X[rows]), labels)
        right += int(np.sum(np.argmax(scores, axis=1) == labels))
        total += len(labels)
    return right / total


def mean_loss(model: Any, X: np.ndarray, y: np.ndarray, num_samples: int | None = None, batch_size: int = 100) -> float:
    """The mean of model.loss(X, y) over all batches; arguments as for accuracy, but y may hold anything.

    The model computes it as it does in training (with dropout, and with each batch's own statistics). What it remembers
    of batches, its running averages, is put back afterwards.
    """
    state, loss, total = resume.get_model_state(model), 0.0, 0
    try:
        for rows in batches(len(X), num_samples, batch_size):
            size = len(X[rows])
            loss += checks.check_loss(model.loss(X[rows], y[rows]), model.params)[0] * size
            total += size
    finally:
        resume.set_model_state(model, state)
    return loss / total


def batches(N: int, num_samples: int | None, batch_size: int) -> Iterator[Any]:
    """What to index N samples with to get one batch after another: slices, or rows drawn at random."""
    batch_size, drawn = whole_number("batch_size", batch_size, 1), None
    if num_samples is not None and whole_number("num_samples", num_samples, 1) < N:
        drawn = np.random.choice(N, num_samples)
    for start in range(0, N if drawn is None else len(drawn), batch_size):
        rows = slice(start, start + batch_size)
        yield rows if drawn is None else drawn[rows]
