"""Numerical gradients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from convkit.course.exercise import exercise


def _quadratic(x: np.ndarray) -> float:
    return float(np.sum(np.arange(1, x.size + 1).reshape(x.shape) * x**2) + 3 * x.ravel()[-1])


def _bent(x: np.ndarray) -> float:
    return float(np.sum(np.sin(x)) + x.ravel()[0] * x.ravel()[-1])


@exercise(
    cases=[
        ("two numbers", _quadratic, np.array([2.0, 5.0])),
        ("a matrix", _quadratic, np.array([[1.0, -2.0, 0.5], [0.0, 3.0, -1.0]])),
        ("numbers that act together", _bent, np.array([0.3, -1.2, 2.0, 0.7])),
    ]
)
def numerical_gradient(f: Callable, x: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """Central differences, on copies."""
    gradient = np.empty(x.shape)
    for at in np.ndindex(*x.shape):
        step = np.zeros(x.shape)
        step[at] = h
        gradient[at] = (f(x + step) - f(x - step)) / (2 * h)
    return gradient


@numerical_gradient.mistake(
    "it divides by h instead of 2h",
    "How far apart are x + h and x - h?",
    "Look at the number you divide by.",
    "(above - below) / (2 * h)",
)
def _twice(f: Callable, x: np.ndarray, h: float = 1e-5) -> np.ndarray:
    return 2 * numerical_gradient.right(f, x, h)


@numerical_gradient.mistake(
    "the number is not put back before the next one is moved",
    "When you move the second number, where is the first?",
    "Look at what x holds at the end of each turn of your loop.",
    "x[at] = kept     # after above and below are computed",
)
def _left_moved(f: Callable, x: np.ndarray, h: float = 1e-5) -> np.ndarray:
    gradient, x = np.empty(x.shape), x.copy()
    for at in np.ndindex(*x.shape):
        kept = x[at]
        x[at] = kept + h
        above = f(x)
        x[at] = kept - h
        gradient[at] = (above - f(x)) / (2 * h)
    return gradient


@numerical_gradient.mistake(
    "all numbers are moved at once",
    "Which number's slope do you get when all of them move?",
    "Look at what is added to x: one number of it, or the whole array?",
    "x[at] = kept + h     # this one alone",
)
def _together(f: Callable, x: np.ndarray, h: float = 1e-5) -> np.ndarray:
    return np.full(x.shape, (f(x + h) - f(x - h)) / (2 * h))
