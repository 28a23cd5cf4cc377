"""Notebook 11: the binary cross-entropy of gray values, and its gradient."""

from __future__ import annotations

import numpy as np

from convkit.course.exercise import exercise
from convkit.layers.bce import bce_loss


def _numbers(seed: int, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.uniform(0.05, 0.95, shape), rng.uniform(0, 1, shape)


@exercise(
    cases=[
        ("two pixels, one black and one white", np.array([0.5, 0.9]), np.array([0.0, 1.0])),
        ("grey targets", *_numbers(1, (3,))),
        ("a batch of small images", *_numbers(2, (2, 1, 3, 4))),
        ("targets of 0 and 1", _numbers(3, (5, 2))[0], np.arange(10).reshape(5, 2) % 2.0),
    ],
    names=("loss", "dp"),
)
def binary_cross_entropy(p, t):
    return bce_loss(p, t)


@binary_cross_entropy.mistake(
    "the loss is a sum instead of a mean",
    "How does your loss change when the same image comes twice? How should it?",
    "Look at how you add up: the formula divides by the number of all pixels.",
    "loss = -np.mean(...)",
)
def _(p, t):
    loss, dp = bce_loss(p, t)
    return loss * p.size, dp


@binary_cross_entropy.mistake(
    "the minus sign is missing",
    "The logarithm of a number below 1 is negative. Can a loss be?",
    "Look at the front of the formula.",
    "loss = -np.mean(...), dp = (p - t) / ...",
)
def _(p, t):
    loss, dp = bce_loss(p, t)
    return -loss, -dp


@binary_cross_entropy.mistake(
    "it has the first half of the formula only",
    "What does your loss say to a prediction of 0.9 where the pixel is black, t = 0?",
    "Look at the second term, (1 - t) * log(1 - p).",
    "t * np.log(p) + (1 - t) * np.log(1 - p)",
)
def _(p, t):
    return -np.mean(t * np.log(p)), -t / p / p.size


@binary_cross_entropy.mistake(
    "the gradient is not divided by the number of pixels",
    "The loss is a mean over all pixels. By how much does it change when one of a thousand of them changes?",
    "Look at dp: it lacks what the mean divides by.",
    "dp = ... / p.size",
)
def _(p, t):
    loss, dp = bce_loss(p, t)
    return loss, dp * p.size


@binary_cross_entropy.mistake(
    "the gradient is divided by the number of images instead of that of all pixels",
    "How many numbers have p and t, all in all, when there are 2 images of 3 x 4 pixels?",
    "Look at what you divide dp by: len(p) counts the first axis alone.",
    "dp = ... / p.size",
)
def _(p, t):
    loss, dp = bce_loss(p, t)
    return loss, dp * (p.size / len(p))


@binary_cross_entropy.mistake(
    "the gradient is that of the numbers before the sigmoid",
    "p - t is what arrives before the sigmoid, after both steps. What is it for p itself?",
    "Look at the derivative of log(p), which is 1/p, and of log(1 - p), which is -1/(1 - p).",
    "dp = (p - t) / (p * (1 - p)) / p.size",
)
def _(p, t):
    return bce_loss(p, t)[0], (p - t) / p.size
