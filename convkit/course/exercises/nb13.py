"""Notebook 13: gradients with respect to the image, occlusion, and a step of gradient ascent."""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.course.exercise import exercise
from convkit.diagnosis.compare import CheckFailure
from convkit.nn import Affine, Classifier, Conv, Flatten, ReLU, Sequential
from convkit.vis.model_access import image_gradient as gradient_of
from convkit.vis.model_access import probabilities_of
from convkit.vis_utils import occlusion_map


def _model(shape: tuple[int, int, int], classes: int, seed: int) -> Classifier:
    """A small network with weights as they were drawn, times 3, so that it is sure of something."""
    net = Sequential(Conv(4, 3, pad=1), ReLU(), Flatten(), scores=Affine(classes))
    model = Classifier(net, shape, dtype=np.float64, rng=seed)
    model.params["scores.w"] *= 3
    return model


def _images(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def _one_array(function: Any, *arguments: Any) -> Any:
    """The result of a solution; model.backward returns a pair, of which only the first is asked for."""
    result = function(*arguments)
    if isinstance(result, tuple):
        raise CheckFailure("it returns a tuple, it should return dX alone; model.backward returns a pair: dX, grads")
    return result


@exercise(
    cases=[
        ("4 colour images of 5 x 4", _model((3, 5, 4), 4, 0), _images((4, 3, 5, 4), 0), np.array([2, 0, 3, 2])),
        ("1 grey image of 4 x 6", _model((1, 4, 6), 3, 1), _images((1, 1, 4, 6), 1), np.array([1])),
        ("2 images, two classes", _model((2, 3, 3), 2, 2), _images((2, 2, 3, 3), 2), np.array([1, 0])),
    ],
    names=("dX",),
    call=_one_array,
)
def image_gradient(model, X, y):
    return gradient_of(model, X, lambda scores: np.eye(scores.shape[1])[y])[1]


def _mistaken(*words: str) -> Any:
    """Decorator: a wrong gradient of the scores, in place of 1 for the image's class."""

    def enter(dscores: Any) -> Any:
        @image_gradient.mistake(*words)
        def gradient(model, X, y):
            return gradient_of(model, X, lambda scores: dscores(scores, y))[1]

        return dscores

    return enter


DSCORES = "    dscores = np.zeros_like(scores)\n    dscores[np.arange(len(y)), y] = 1"


@_mistaken(
    "it is the gradient of all scores together, not of the one of the image's class",
    "How much does the score of class 3 change when the score of class 5 does? What is then its gradient?",
    "Look at dscores: it has a 1 in every column of a row.",
    DSCORES,
)
def _all_classes(scores: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.ones_like(scores)


@_mistaken(
    "every image gets a 1 for the classes of all images",
    "How many ones are there in your dscores, and how many images?",
    "Look at the index: dscores[:, y] takes the columns y of every row.",
    DSCORES,
)
def _columns_of_all(scores: np.ndarray, y: np.ndarray) -> np.ndarray:
    dscores = np.zeros_like(scores)
    dscores[:, y] = 1
    return dscores


@_mistaken(
    "it is the gradient of the loss, not of the score",
    "The loss of an image that the network is sure of is nearly 0, whatever its pixels. And its score?",
    "Look at dscores: softmax and loss play no part here, it is 1 for the class and 0 for the others.",
    DSCORES,
)
def _loss(scores: np.ndarray, y: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True) - np.eye(scores.shape[1])[y]) / len(y)


@_mistaken(
    "it is the gradient of the logarithm of the probability, not of the score",
    "How does the score of class 3 itself change when the score of class 5 does?",
    "Look at dscores: softmax plays no part here, it is 1 for the class and 0 for the others.",
    DSCORES,
)
def _log_probability(scores: np.ndarray, y: np.ndarray) -> np.ndarray:
    return -len(y) * _loss(scores, y)


@exercise(
    cases=[
        ("a square of 2 on 7 x 5, step 1", _model((1, 7, 5), 3, 3), _images((1, 7, 5), 3), 1, 2, 1),
        ("a square of 3 on 7 x 9, step 2", _model((3, 7, 9), 4, 4), _images((3, 7, 9), 4), 0, 3, 2),
        ("a square of 1 on 4 x 6, step 2", _model((1, 4, 6), 2, 5), _images((1, 4, 6), 5), 1, 1, 2),
    ],
    names=("chances",),
)
def occlusion(model, image, label, size, stride):
    return occlusion_map(model, image, label, size, stride)


def _positions(image: np.ndarray, size: int, stride: int) -> tuple[int, int]:
    return (image.shape[1] - size) // stride + 1, (image.shape[2] - size) // stride + 1


@occlusion.mistake(
    "squares that were covered before stay covered",
    "At the last position, how many squares of your image are covered?",
    "Look at where you make the copy of the image: before the loops, or in them?",
    "    covered = image.copy()     # in the innermost loop, for every position anew",
)
def _stays_covered(model, image, label, size, stride):
    chances, covered = np.zeros(_positions(image, size, stride)), image.copy()
    for i, j in np.ndindex(chances.shape):
        covered[:, i * stride : i * stride + size, j * stride : j * stride + size] = 0
        chances[i, j] = probabilities_of(model, covered[None])[0, label]
    return chances


@occlusion.mistake(
    "the stride is left out: the square begins at (i, j)",
    "With a stride of 2, where does the square of row 1, column 1 begin?",
    "Look at the slice that is set to 0.",
    "    covered[:, i * stride : i * stride + size, j * stride : j * stride + size] = 0",
)
def _no_stride(model, image, label, size, stride):
    chances = np.zeros(_positions(image, size, stride))
    for i, j in np.ndindex(chances.shape):
        covered = image.copy()
        covered[:, i : i + size, j : j + size] = 0
        chances[i, j] = probabilities_of(model, covered[None])[0, label]
    return chances


@occlusion.mistake(
    "it gives scores instead of probabilities",
    "Are all your numbers between 0 and 1?",
    "Look at what you take from the model: its scores must go through the softmax.",
    "    chances[i, j] = probabilities(model, covered[np.newaxis])[0, label]",
)
def _scores(model, image, label, size, stride):
    chances = np.zeros(_positions(image, size, stride))
    for i, j in np.ndindex(chances.shape):
        covered = image.copy()
        covered[:, i * stride : i * stride + size, j * stride : j * stride + size] = 0
        chances[i, j] = model.predict(covered[None])[0, label]
    return chances


@exercise(
    cases=[
        ("no decay", _model((1, 4, 5), 3, 6), _images((1, 4, 5), 6), 2, 0.1, 0.0),
        ("colour, decay 0.1", _model((3, 3, 4), 4, 7), _images((3, 3, 4), 7), 0, 0.5, 0.1),
        ("decay 0.5", _model((1, 3, 3), 2, 8), _images((1, 3, 3), 8), 1, 2.0, 0.5),
    ],
    names=("image",),
)
def ascent_step(model, image, target, rate, decay):
    g = _gradient(model, image, target)
    return (1 - decay) * (image + rate * g / np.sqrt(np.mean(g**2)))


def _gradient(model: Any, image: np.ndarray, target: int) -> np.ndarray:
    return gradient_of(model, image[None], lambda scores: np.eye(scores.shape[1])[[target]])[1][0]


STEP = "    step = g / np.sqrt(np.mean(g**2))\n    new = (1 - decay) * (image + rate * step)"


@ascent_step.mistake(
    "it goes downhill",
    "Does the score grow or shrink with your step?",
    "Look at the sign: training subtracts the gradient of a loss, here a score is to grow.",
    STEP,
)
def _downhill(model, image, target, rate, decay):
    g = _gradient(model, image, target)
    return (1 - decay) * (image - rate * g / np.sqrt(np.mean(g**2)))


@ascent_step.mistake(
    "the gradient is not scaled",
    "How much does your step change if the network's scores are all multiplied by 10?",
    "Look at the step: the gradient is to be divided by the root of the mean of its squares.",
    STEP,
)
def _not_scaled(model, image, target, rate, decay):
    return (1 - decay) * (image + rate * _gradient(model, image, target))


@ascent_step.mistake(
    "the gradient is divided by its norm: the squares are added up, not averaged",
    "Should a pixel of a large image move less than one of a small image?",
    "Look at the root: is it of the sum of the squares, or of their mean?",
    STEP,
)
def _by_norm(model, image, target, rate, decay):
    g = _gradient(model, image, target)
    return (1 - decay) * (image + rate * g / np.linalg.norm(g))


@ascent_step.mistake(
    "only the old image is made paler, not the step",
    "In the formula, what stands in the bracket that is multiplied by 1 - decay?",
    "Look at the brackets.",
    STEP,
)
def _decay_first(model, image, target, rate, decay):
    g = _gradient(model, image, target)
    return (1 - decay) * image + rate * g / np.sqrt(np.mean(g**2))
