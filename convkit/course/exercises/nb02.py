"""The exercises of notebook 02 that are functions: a numerical gradient, and the backward pass of a scaling."""

from __future__ import annotations

import numpy as np

from convkit.course.exercise import exercise

RNG = np.random.default_rng(2)


def _quadratic(x):
    return x[0] ** 2 + 3 * x[0] * x[1]


def _cubic(x):
    return np.sum(x**3) + x[0] * x[-1]


def _of_a_matrix(x):
    return float(np.sum(x[0]) * np.sum(x[:, 1] ** 2))


@exercise(
    cases=[
        ("the example of the notebook", _quadratic, np.array([2.0, 1.0]), 1e-3),
        ("four numbers", _cubic, np.array([0.5, -1.0, 2.0, 0.25]), 1e-3),
        ("a large step", _cubic, np.array([1.0, 2.0, -0.5]), 0.1),
        ("a matrix", _of_a_matrix, RNG.normal(size=(2, 3)), 1e-3),
    ]
)
def numerical_gradient(f, x, h):
    units = np.eye(x.size).reshape(x.size, *x.shape)
    return np.array([(f(x + h * unit) - f(x - h * unit)) / (2 * h) for unit in units]).reshape(x.shape)


@numerical_gradient.mistake(
    "it is a forward difference: a step to one side only",
    "At which two places do you ask for f? Which lies in the middle between them?",
    "Look at the second value: it is f at x itself, it should be f at x - h.",
    "x[i] = old - h\nlower = f(x)",
)
def _(f, x, h):
    units = np.eye(x.size).reshape(x.size, *x.shape)
    return np.array([(f(x + h * unit) - f(x)) / h for unit in units]).reshape(x.shape)


@numerical_gradient.mistake(
    "it divides by h, not by 2h",
    "How far from each other are x + h and x - h?",
    "Look at what you divide by: the distance of the two places.",
    "gradient[i] = (upper - lower) / (2 * h)",
)
def _(f, x, h):
    return 2 * numerical_gradient.right(f, x, h)


@numerical_gradient.mistake(
    "a / 2 * h is (a / 2) * h in Python",
    "What is 8 / 2 * 4 in Python?",
    "Look at the division: 2 * h belongs in brackets.",
    "gradient[i] = (upper - lower) / (2 * h)",
)
def _(f, x, h):
    return numerical_gradient.right(f, x, h) * h * h


@numerical_gradient.mistake(
    "the entries of x are not put back",
    "After the first entry was moved, where is it while you move the second?",
    "Look at the end of the loop: x[i] must be what it was before.",
    "x[i] = old",
)
def _(f, x, h):
    x, gradient = x.copy(), np.zeros(x.shape)
    for i in np.ndindex(*x.shape):
        old = x[i]
        x[i] = old + h
        upper = f(x)
        x[i] = old - h
        gradient[i] = (upper - f(x)) / (2 * h)
    return gradient


@numerical_gradient.mistake(
    "all entries are moved at once",
    "The gradient has one number for each entry of x. Which entry moves for which number?",
    "Look at x + h: it moves every entry. Move one, and put it back.",
    "old = x[i]\nx[i] = old + h",
)
def _(f, x, h):
    return np.full(x.shape, (f(x + h) - f(x - h)) / (2 * h))


@numerical_gradient.mistake(
    "all entries are moved at once, and one number comes out",
    "The gradient has one number for each entry of x. Which entry moves for which number?",
    "Look at x + h: it moves every entry. Move one, and put it back.",
    "old = x[i]\nx[i] = old + h",
)
def _(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


@exercise(
    names=("dx", "dg"),
    cases=[
        ("four samples, three factors", RNG.normal(size=(4, 3)), (RNG.normal(size=(4, 3)), RNG.normal(size=3))),
        ("as many samples as factors", RNG.normal(size=(3, 3)), (RNG.normal(size=(3, 3)), RNG.normal(size=3))),
        ("one sample", RNG.normal(size=(1, 5)), (RNG.normal(size=(1, 5)), RNG.normal(size=5))),
    ],
)
def scale_backward(dout, cache):
    x, g = cache
    return np.einsum("nd,d->nd", dout, g), np.einsum("nd,nd->d", dout, x)


@scale_backward.mistake(
    "it takes the mean over the samples",
    "Each factor is used once for each sample. Are contributions averaged, or added?",
    "Look at np.mean: the evidence was 0.25 times what it should be, and there were 4 samples.",
    "dg = np.sum(dout * x, axis=0)",
)
def _(dout, cache):
    x, g = cache
    return dout * g, np.mean(dout * x, axis=0)


@scale_backward.mistake(
    "it sums over the wrong axis",
    "dg has one number for each column. Over which axis do you add up: the samples, or the columns?",
    "Look at axis: 0 are the samples.",
    "dg = np.sum(dout * x, axis=0)",
)
def _(dout, cache):
    x, g = cache
    return dout * g, np.sum(dout * x, axis=1)


@scale_backward.mistake(
    "the factors are exchanged",
    "Raise x by a little. By how many times that little does x * g rise?",
    "Look at what dout is multiplied by: for dx it is g, for dg it is x.",
    "dx = dout * g",
)
def _(dout, cache):
    x, g = cache
    return dout * x, np.sum(dout * g, axis=0)


@scale_backward.mistake(
    "the samples are not added up",
    "How many factors are there, and how many numbers have you got?",
    "Look at dg: each factor was used once for each sample, and what the samples send back is added.",
    "dg = np.sum(dout * x, axis=0)",
)
def _(dout, cache):
    x, g = cache
    return dout * g, dout * x
