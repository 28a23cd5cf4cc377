"""Augmentation: every time an image is trained on, show it a little differently.

    model = Classifier(keras_cnn(), (1, 28, 28), augment=Augment(RandomFlip(), RandomShift(2)))

An augmentation is a function from a batch (N, C, H, W) to a new one of the same shape and dtype. The draws come from
NumPy's global random state, so that np.random.seed and checkpoints repeat them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from convkit.contracts import check_ndim, real_number, whole_number

Augmentation = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class RandomFlip:
    """Mirror images left to right with probability p. Right for photos and clothes, wrong for digits and letters."""

    p: float = 0.5

    def __post_init__(self) -> None:
        real_number("p", self.p, 0, 1)

    def __call__(self, X: np.ndarray) -> np.ndarray:
        check_ndim("X", X.shape, "(N, C, H, W)")
        out = X.copy()
        flipped = np.random.rand(len(X)) < self.p
        out[flipped] = X[flipped, :, :, ::-1]
        return out


@dataclass(frozen=True)
class RandomShift:
    """Move each image by up to so many pixels up or down and left or right; what becomes free is filled.

    - pixels: the largest move
    - fill: the value of free pixels: 0, the mean of images whose mean was subtracted, black of others
    """

    pixels: int = 2
    fill: float = 0.0

    def __post_init__(self) -> None:
        whole_number("pixels", self.pixels, 0)
        real_number("fill", self.fill, -np.inf, np.inf)

    def __call__(self, X: np.ndarray) -> np.ndarray:
        check_ndim("X", X.shape, "(N, C, H, W)")
        N, C, H, W = X.shape
        P = self.pixels
        padded = np.full((N, C, H + 2 * P, W + 2 * P), self.fill, X.dtype)
        padded[:, :, P : P + H, P : P + W] = X
        moves = np.random.randint(0, 2 * P + 1, size=(N, 2))
        out = np.empty_like(X, order="C")
        for n, (down, right) in enumerate(moves):
            out[n] = padded[n, :, down : down + H, right : right + W]
        return out


class Augment:
    """Several augmentations, one after the other."""

    def __init__(self, *steps: Augmentation):
        for step in steps:
            if not callable(step) or isinstance(step, type):
                raise TypeError(f"an augmentation is a function of a batch, such as RandomFlip(), got {step!r:.80}")
        self.steps = steps

    def __call__(self, X: np.ndarray) -> np.ndarray:
        for step in self.steps:
            X = step(X)
        return X

    def __repr__(self) -> str:
        return f"Augment({', '.join(map(repr, self.steps))})"
