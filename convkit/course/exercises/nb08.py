"""Notebook 08: the way back through the subtraction of a mean."""

from __future__ import annotations

import numpy as np

from convkit.course.exercise import exercise


def _random(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape)


@exercise(
    cases=[
        ("one feature, four samples", np.array([[8.0], [0.0], [0.0], [0.0]])),
        ("two samples, five features", _random(2, 5)),
        ("six samples, three features", _random(6, 3)),
    ],
    names=("dx",),
)
def center_backward(dcentered):
    # centered = A x with this matrix A, so dx = A^T dcentered.
    N = len(dcentered)
    return (np.eye(N) - np.full((N, N), 1 / N)).T @ dcentered


@center_backward.mistake(
    "the way through the mean is left out",
    "When x[0] grows by 1, the mean grows by 1/N. What does that do to the other numbers of centered?",
    "Two arrows leave x in the picture: to centered and to mean. Which of them is in your dx?",
    "dmean = -np.sum(dcentered, axis=0)\ndx = dcentered + dmean / N",
)
def _(dcentered):
    return dcentered.copy()


@center_backward.mistake(
    "what comes back through the mean is not divided by N",
    "The mean is the sum divided by N. How much does it grow when one sample grows by 1?",
    "Look at what each sample receives of dmean.",
    "dx = dcentered + dmean / N",
)
def _(dcentered):
    return dcentered - np.sum(dcentered, axis=0)


@center_backward.mistake(
    "what comes back through the mean has the wrong sign",
    "The mean is subtracted. If it grows, what do the numbers of centered do?",
    "Look at the sign of dmean, and at whether you add or subtract it afterwards: one minus, not two.",
    "dmean = -np.sum(dcentered, axis=0)\ndx = dcentered + dmean / N",
)
def _(dcentered):
    return dcentered + np.mean(dcentered, axis=0)


@center_backward.mistake(
    "the sum is taken over the features of a sample, not over the samples of a feature",
    "Each column has a mean of its own. Which numbers of dcentered used the mean of column 0?",
    "Look at the axis of your sum.",
    "dmean = -np.sum(dcentered, axis=0)",
)
def _(dcentered):
    return dcentered - np.mean(dcentered, axis=1, keepdims=True)


@center_backward.mistake(
    "all columns share one sum",
    "What is the shape of your dmean? There is one mean for each column.",
    "Look at your sum: without an axis it adds up the whole matrix.",
    "dmean = -np.sum(dcentered, axis=0)",
)
def _(dcentered):
    return dcentered - np.sum(dcentered) / len(dcentered)


@center_backward.mistake(
    "the mean is taken over all columns together",
    "There is one mean for each column. How many numbers does your mean of dcentered have?",
    "Look at your mean or sum: without an axis it takes the whole matrix.",
    "dmean = -np.sum(dcentered, axis=0)",
)
def _(dcentered):
    return dcentered - np.mean(dcentered)
