"""Pooling: how much a shift of the image changes what comes out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from convkit.course.exercise import exercise
from convkit.layers import avg_pool_forward_naive, max_pool_forward_naive


def _largest(x: np.ndarray) -> np.ndarray:
    return max_pool_forward_naive(x, {"pool_height": 2, "pool_width": 2, "stride": 2})[0]


def _mean(x: np.ndarray) -> np.ndarray:
    return avg_pool_forward_naive(x, {"pool_height": 3, "pool_width": 2, "stride": 1})[0]


def _same(x: np.ndarray) -> np.ndarray:
    return x


_rng = np.random.default_rng(4)
_images = _rng.random((2, 3, 4, 6))


@exercise(
    cases=[
        ("no pooling, one row", np.array([3.0, 4.0, 0.0, 0.0]), _same),
        ("max pooling", _images, _largest),
        ("max pooling, two pixels to the right", _images, _largest, 2),
        ("average pooling, windows overlap", _images, _mean, 3),
    ]
)
def how_much_changes(x: np.ndarray, pool: Callable, shift: int = 1) -> float:
    """The change of a pooled image, by sums of squares."""
    columns = np.arange(x.shape[-1]) - shift
    before, after = pool(x), pool(np.take(x, columns, axis=-1, mode="wrap"))
    return float(np.sqrt(np.sum((after - before) ** 2) / np.sum(before**2)))


@how_much_changes.mistake(
    "the image is shifted after pooling, not before",
    "Which is shifted: the boot, or the map that pooling makes of it?",
    "Look at the argument of np.roll.",
    "pool(np.roll(x, shift, axis=-1))",
)
def _after(x: np.ndarray, pool: Callable, shift: int = 1) -> float:
    before = pool(x)
    after = np.roll(before, shift, axis=-1)
    return float(np.linalg.norm((after - before).ravel()) / np.linalg.norm(before.ravel()))


@how_much_changes.mistake(
    "the shift is always one pixel",
    "What does your function do with its argument shift?",
    "Look at the second argument of np.roll.",
    "np.roll(x, shift, axis=-1)",
)
def _by_one(x: np.ndarray, pool: Callable, shift: int = 1) -> float:
    return how_much_changes.right(x, pool, 1)


@how_much_changes.mistake(
    "the image is shifted down instead of to the right",
    "Which axis are the columns?",
    "Look at axis in np.roll.",
    "np.roll(x, shift, axis=-1)",
)
def _down(x: np.ndarray, pool: Callable, shift: int = 1) -> float:
    before, after = pool(x), pool(np.roll(x, shift, axis=-2))
    return float(np.linalg.norm((after - before).ravel()) / np.linalg.norm(before.ravel()))


@how_much_changes.mistake(
    "it is not divided by the norm of pool(x)",
    "If all pixels were twice as bright, would your number change? Should it?",
    "Look at what you return: relative to what?",
    "np.linalg.norm(difference) / np.linalg.norm(before)",
)
def _absolute(x: np.ndarray, pool: Callable, shift: int = 1) -> float:
    return float(np.linalg.norm((pool(np.roll(x, shift, axis=-1)) - pool(x)).ravel()))
