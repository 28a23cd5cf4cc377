"""The exercises of notebook 00: one step of learning, by the rules of the perceptron and of Adaline."""

from __future__ import annotations

import numpy as np

from convkit.classifiers.perceptron import Adaline, Neuron, Perceptron
from convkit.course.exercise import exercise

TWO = np.array([2.0, 1.0])
THREE = np.array([0.5, -1.0, 2.0])


def _step(neuron: Neuron, w: np.ndarray, b: float, x: np.ndarray, d: float) -> tuple[np.ndarray, float]:
    """What one sample does to a neuron that stands at w and b, by the rule that convkit trains with."""
    neuron.w, neuron.b, neuron.steps = w.copy(), b, []
    neuron._epoch(1, x[np.newaxis], np.array([d]), None, False)
    return neuron.w, neuron.b


@exercise(
    names=("w", "b"),
    cases=[
        ("it says 1 and should say 0", np.array([1.0, -1.0]), 0.0, TWO, 0, 0.5),
        ("it says 0 and should say 1", np.array([-1.0, 0.5, 0.25]), -0.2, THREE, 1, 0.1),
        ("it rightly says 1", np.array([1.0, 3.0]), 0.5, TWO, 1, 0.5),
        ("it rightly says 0", np.array([1.0, 1.0, -2.0]), 0.5, THREE, 0, 2.0),
        ("the bias tips the scales", np.array([1.0, -1.0]), -1.7, TWO, 1, 0.5),
        ("the bias nearly tips the scales", np.array([1.0, -1.0]), -0.7, TWO, 0, 0.5),
        ("the sum is exactly 0, which counts as 0", np.array([0.0, 0.0]), 0.0, TWO, 1, 1.0),
    ],
)
def perceptron_step(w, b, x, d, alpha):
    return _step(Perceptron(alpha), w, b, x, float(d))


@perceptron_step.mistake(
    "the error has the wrong sign",
    "It said 1 and should have said 0. Should the sum become larger or smaller?",
    "Look at the difference of d and y: which one is subtracted from which?",
    "w = w + alpha * (d - y) * x",
)
def _(w, b, x, d, alpha):
    y = float(w @ x + b > 0)
    return w - alpha * (d - y) * x, b - alpha * (d - y)


@perceptron_step.mistake(
    "the error is that of the sum, not that of the answer",
    "What is y: the sum, or what the threshold makes of it?",
    "Look at how y is computed; it is 0 or 1, nothing else. (What you have is nearly the rule of exercise 2.)",
    "y = 1 if np.sum(w * x) + b > 0 else 0",
)
def _(w, b, x, d, alpha):
    y = w @ x + b
    return w + alpha * (d - y) * x, b + alpha * (d - y)


@perceptron_step.mistake(
    "the bias is not changed",
    "There are three numbers that can be learned here. Which one do you return as it came?",
    "Look at b: it gets the same error, as if its input were always 1.",
    "b = b + alpha * (d - y)",
)
def _(w, b, x, d, alpha):
    y = float(w @ x + b > 0)
    return w + alpha * (d - y) * x, b


@perceptron_step.mistake(
    "the bias is changed as if it were multiplied by x",
    "What is the bias multiplied by in the sum?",
    "Look at the line for b: there is no x in it.",
    "b = b + alpha * (d - y)",
)
def _(w, b, x, d, alpha):
    y = float(w @ x + b > 0)
    return w + alpha * (d - y) * x, b + alpha * (d - y) * x


@perceptron_step.mistake(
    "the learning rate is left out",
    "With alpha = 0.5, how far should it go compared with alpha = 1?",
    "Look at what the error is multiplied by.",
    "w = w + alpha * (d - y) * x",
)
def _(w, b, x, d, alpha):
    y = float(w @ x + b > 0)
    return w + (d - y) * x, b + (d - y)


@perceptron_step.mistake(
    "a sum of exactly 0 is taken for a 1",
    "What is 0 > 0 in Python?",
    "Look at the comparison: > or >= ?",
    "y = 1 if np.sum(w * x) + b > 0 else 0",
)
def _(w, b, x, d, alpha):
    y = float(w @ x + b >= 0)
    return w + alpha * (d - y) * x, b + alpha * (d - y)


@perceptron_step.mistake(
    "the bias is left out of the sum",
    "What stands in the sum besides the products?",
    "Look at the line that computes the sum: the bias is added to it.",
    "y = 1 if np.sum(w * x) + b > 0 else 0",
)
def _(w, b, x, d, alpha):
    y = float(w @ x > 0)
    return w + alpha * (d - y) * x, b + alpha * (d - y)


@perceptron_step.mistake(
    "the bias is added once for each input",
    "In np.sum(w * x + b), to how many numbers is b added?",
    "Look at where the bracket closes: b is added to the sum, not to each product.",
    "y = 1 if np.sum(w * x) + b > 0 else 0",
)
def _(w, b, x, d, alpha):
    y = float(np.sum(w * x + b) > 0)
    return w + alpha * (d - y) * x, b + alpha * (d - y)


@exercise(
    names=("w", "b"),
    cases=[
        ("the sum is too large", np.array([0.5, 0.0]), 0.0, TWO, -1, 0.1),
        ("the sum is too small", np.array([0.1, 0.2, -0.3]), 0.4, THREE, 1, 0.05),
        ("the side is right, the sum is not", np.array([1.0, 1.0]), 0.5, TWO, 1, 0.1),
        ("the sum is right", np.array([1.0, -1.5]), 0.5, TWO, 1, 0.1),
    ],
)
def adaline_step(w, b, x, d, alpha):
    return _step(Adaline(alpha), w, b, x, float(d))


@adaline_step.mistake(
    "the error is that of the answer, not that of the sum",
    "When the answer is right, does Adaline change its weights?",
    "Look at what you subtract from d: the sum itself, with no threshold.",
    "s = np.sum(w * x) + b",
)
def _(w, b, x, d, alpha):
    s = 1.0 if w @ x + b > 0 else -1.0
    return w + alpha * (d - s) * x, b + alpha * (d - s)


@adaline_step.mistake(
    "the error is that of an answer of 0 or 1",
    "Does Adaline's rule have a threshold in it?",
    "Look at what you subtract from d: the sum itself. (What you have is the rule of exercise 1.)",
    "s = np.sum(w * x) + b",
)
def _(w, b, x, d, alpha):
    s = 1.0 if w @ x + b > 0 else 0.0
    return w + alpha * (d - s) * x, b + alpha * (d - s)


@adaline_step.mistake(
    "the error has the wrong sign",
    "The sum was larger than it should be. Should the weights of positive inputs become larger or smaller?",
    "Look at the difference of d and s: which one is subtracted from which?",
    "w = w + alpha * (d - s) * x",
)
def _(w, b, x, d, alpha):
    s = w @ x + b
    return w - alpha * (d - s) * x, b - alpha * (d - s)


@adaline_step.mistake(
    "the bias is not changed",
    "There are three numbers that can be learned here. Which one do you return as it came?",
    "Look at b: it gets the same error, as if its input were always 1.",
    "b = b + alpha * (d - s)",
)
def _(w, b, x, d, alpha):
    s = w @ x + b
    return w + alpha * (d - s) * x, b


@adaline_step.mistake(
    "the bias is left out of the sum",
    "What stands in the sum besides the products?",
    "Look at the line that computes s: the bias is added to it.",
    "s = np.sum(w * x) + b",
)
def _(w, b, x, d, alpha):
    s = w @ x
    return w + alpha * (d - s) * x, b + alpha * (d - s)


@adaline_step.mistake(
    "the bias is added once for each input",
    "In np.sum(w * x + b), to how many numbers is b added?",
    "Look at where the bracket closes: b is added to the sum, not to each product.",
    "s = np.sum(w * x) + b",
)
def _(w, b, x, d, alpha):
    s = np.sum(w * x + b)
    return w + alpha * (d - s) * x, b + alpha * (d - s)
