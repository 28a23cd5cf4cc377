"""The first neurons that learned: Rosenblatt's perceptron and the Adaline of Widrow and Hoff, with their own rules."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np

from convkit.contracts import check_ndim, common_dtype, is_plain_array, real_number, short, whole_number
from convkit.nn.module import as_generator


class Step(NamedTuple):
    """Where a neuron stood at one moment of its training.

    - w, b: its weights (D,) and bias
    - epoch: which pass over the samples, from 1; 0 before the first
    - sample: which sample made it change, or None at the end of an epoch
    """

    w: np.ndarray
    b: float
    epoch: int
    sample: int | None


class Neuron:
    """A threshold on a weighted sum: it tells two classes apart by the side of a line (a hyperplane) they lie on.

    - learning_rate: the α of its rule, above 0

    After fit: w (D,) and b, the line w·x + b = 0; classes, the two labels, the second one where w·x + b > 0;
    mistakes, how many samples were wrong as each epoch came to them; steps, a list of Step.
    """

    # What the two classes' targets are, and what an output is compared with them.
    targets: tuple[float, float]

    def __init__(self, learning_rate: float = 1.0):
        self.learning_rate = real_number("learning_rate", learning_rate, 0, np.inf, low_open=True)

    def fit(self, X: np.ndarray, y: np.ndarray, epochs: int = 100, rng: Any = None, record: bool = False) -> Neuron:
        """Learn from samples, one after the other, again and again; weights begin at zero.

        - X: samples (N, d_1, ..., d_k), float32 or float64, each flattened to D numbers
        - y: labels (N,), integers, of two different values
        - epochs: how often all samples are gone through at most; it ends earlier when an epoch changes nothing
        - rng: a seed or numpy.random.Generator to shuffle the samples with in each epoch; None: in their order
        - record: whether steps has every change (for pictures), or only the end of each epoch

        Returns itself. Raises ValueError or TypeError for what does not fit, FloatingPointError if the weights grow
        beyond all bounds.
        """
        rows, targets = self._check(X, y)
        generator = None if rng is None else as_generator(rng)
        self.w, self.b = np.zeros(rows.shape[1]), 0.0
        self.mistakes: list[int] = []
        self.steps = [Step(self.w.copy(), self.b, 0, None)]
        for epoch in range(1, whole_number("epochs", epochs, 1) + 1):
            before = self.w.copy(), self.b
            with np.errstate(over="ignore", invalid="ignore"):  # growth beyond all bounds is told below
                wrong = self._epoch(epoch, rows, targets, generator, record)
            self.mistakes.append(wrong)
            self.steps.append(Step(self.w.copy(), float(self.b), epoch, None))
            if not np.isfinite(self.w).all():
                raise FloatingPointError(
                    f"the weights grew beyond all bounds in epoch {epoch}: learning_rate {self.learning_rate:g} is too "
                    f"high for samples this long; it must be below 2 / |x|², here {2 / (rows**2).sum(axis=1).max():.2g}"
                )
            if np.array_equal(self.w, before[0]) and self.b == before[1]:
                break
        return self

    def _epoch(self, epoch: int, rows: np.ndarray, targets: np.ndarray, rng: Any, record: bool) -> int:
        """Go through all samples once; returns how many were wrong."""
        wrong = 0
        for n in range(len(rows)) if rng is None else rng.permutation(len(rows)):
            x, d = rows[n], targets[n]
            wrong += int((self.w @ x + self.b > 0) != (d == self.targets[1]))
            change = self.learning_rate * (d - self.output(x))
            if change:
                self.w += change * x
                self.b += change
                if record:
                    self.steps.append(Step(self.w.copy(), float(self.b), epoch, int(n)))
        return wrong

    def output(self, x: np.ndarray) -> float:
        """What the rule compares with the target, for one sample (D,)."""
        raise NotImplementedError

    def scores(self, X: np.ndarray) -> np.ndarray:
        """w·x + b of each sample, (N,)."""
        common_dtype(X=X)
        return X.reshape(len(X), prod(X.shape[1:])) @ self.w + self.b

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The label of each sample, (N,)."""
        return self.classes[(self.scores(X) > 0).astype(int)]

    def accuracy(self, X: np.ndarray, y: np.ndarray) -> float:
        """The fraction of samples that it labels rightly."""
        return float(np.mean(self.predict(X) == y))

    def _check(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        common_dtype(X=X)
        if X.ndim < 2 or not X.size:
            raise ValueError(f"X must have shape (N, d_1, ..., d_k), at least one sample, got {X.shape}")
        if not is_plain_array(y) or not np.issubdtype(y.dtype, np.integer):
            raise TypeError(f"y must be a NumPy array of integer labels, got {short(y)}")
        check_ndim("y", y.shape, "(N,)")
        if len(y) != len(X):
            raise ValueError(f"y must have one label for each of the {len(X)} samples, got {len(y)}")
        self.classes = np.unique(y)
        if len(self.classes) != 2:
            raise ValueError(f"y must have labels of two classes, got {len(self.classes)}: {short(self.classes)}")
        rows = X.reshape(len(X), prod(X.shape[1:])).astype(np.float64)
        return rows, np.where(y == self.classes[1], self.targets[1], self.targets[0])


class Perceptron(Neuron):
    """w ← w + α (d - y) x,  b ← b + α (d - y),  with the output y = 1 where w·x + b > 0 and 0 elsewhere, d 0 or 1.

    It changes only where it is wrong. If a line separates the classes it finds one after finitely many changes; if none
    does, it never comes to rest.
    Source: F. Rosenblatt, "The perceptron: a probabilistic model for information storage and organization in the
    brain", 1958; the proof of convergence, A. Novikoff, "On convergence proofs on perceptrons", 1962.
    """

    targets = (0.0, 1.0)

    def output(self, x: np.ndarray) -> float:
        return 1.0 if self.w @ x + self.b > 0 else 0.0


class Adaline(Neuron):
    """w ← w + α (d - s) x,  b ← b + α (d - s),  with the sum s = w·x + b itself, before the threshold, and d -1 or +1.

    It goes down the squared error of s, so it changes at every sample, and comes to a compromise where no line
    separates the classes. α must be small: below 2 / |x|².
    Source: B. Widrow and M. Hoff, "Adaptive switching circuits", 1960 (the LMS or delta rule).
    """

    targets = (-1.0, 1.0)

    def __init__(self, learning_rate: float = 0.01):
        super().__init__(learning_rate)

    def output(self, x: np.ndarray) -> float:
        return float(self.w @ x + self.b)
