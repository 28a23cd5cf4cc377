"""Notebook 12: the residual block, and an affine layer's weights as filters."""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.course.exercise import exercise
from convkit.diagnosis.compare import CheckFailure
from convkit.layer_utils import chain
from convkit.nn import as_convolution

SAME = {"stride": 1, "pad": 1}
conv_relu_conv = chain("conv", "relu", "conv")


def _arguments(seed: int, x_shape: tuple, R: int, scale: float = 0.4) -> list[np.ndarray]:
    """x, w1, b1, w2, b2 of a block with R maps in its middle."""
    rng, C = np.random.default_rng(seed), x_shape[1]
    shapes = (x_shape, (R, C, 3, 3), (R,), (C, R, 3, 3), (C,))
    return [rng.standard_normal(shape) * (scale if k else 1.0) for k, shape in enumerate(shapes)]


BLOCKS = [
    ("2 images of 5 x 4, 3 channels", _arguments(0, (2, 3, 5, 4), 2)),
    ("1 image of 3 x 6, 2 channels", _arguments(1, (1, 2, 3, 6), 4)),
    ("weights that are nearly 0", _arguments(2, (2, 2, 4, 3), 2, 0.01)),
]


def body_forward(x: np.ndarray, w1: np.ndarray, b1: np.ndarray, w2: np.ndarray, b2: np.ndarray) -> tuple[Any, Any]:
    """conv - relu - conv, and a cache for body_backward: what the block adds to x."""
    return conv_relu_conv[0](x, w1, b1, w2, b2, SAME, SAME)


def body_backward(dchange: np.ndarray, cache: Any) -> tuple[np.ndarray, ...]:
    """dx, dw1, db1, dw2, db2."""
    return conv_relu_conv[1](dchange, cache)


def _forward(function: Any, *arguments: np.ndarray) -> np.ndarray:
    """The output of a solution alone: the cache is its own business."""
    result = function(*arguments)
    if not isinstance(result, tuple) or len(result) != 2:
        raise TypeError("it must return (out, cache)")
    if isinstance(result[0], tuple):
        raise CheckFailure("out is a tuple, it should be an array; relu_forward returns a pair: out, relu_cache = ...")
    return result[0]


@exercise(cases=[(words, *arguments) for words, arguments in BLOCKS], names=("out",), call=_forward)
def residual_forward(x, w1, b1, w2, b2):
    return np.maximum(0, x + body_forward(x, w1, b1, w2, b2)[0]), None


@residual_forward.mistake(
    "the shortcut is left out",
    "If all weights and biases are 0, what comes out of your block? What should come out of it?",
    "Look at what goes into the relu.",
    "    out, relu_cache = relu_forward(x + change)",
)
def _no_shortcut(x, w1, b1, w2, b2):
    return np.maximum(0, body_forward(x, w1, b1, w2, b2)[0]), None


@residual_forward.mistake(
    "the relu stands before the sum",
    "Can your block ever make a number of x smaller?",
    "Look at the picture: which of the two comes last, + or relu?",
    "    out, relu_cache = relu_forward(x + change)",
)
def _relu_first(x, w1, b1, w2, b2):
    return x + np.maximum(0, body_forward(x, w1, b1, w2, b2)[0]), None


@residual_forward.mistake(
    "the relu after the sum is left out",
    "Is there a number below 0 in your out?",
    "Look at the end of the block: what comes after + in the picture?",
    "    out, relu_cache = relu_forward(x + change)",
)
def _no_relu(x, w1, b1, w2, b2):
    return x + body_forward(x, w1, b1, w2, b2)[0], None


def _caches(number: int) -> list[tuple]:
    """(words, dout, cache, x + change) of each block; the last is for the right answer and the mistakes."""
    found = []
    for k, (words, arguments) in enumerate(BLOCKS):
        change, body_cache = body_forward(*arguments)
        _, relu_cache = chain("relu")[0](arguments[0] + change)
        dout = np.random.default_rng(number + k).standard_normal(change.shape)
        found.append((words, dout, (body_cache, relu_cache), arguments[0] + change))
    return found


def _backward(function: Any, dout: np.ndarray, cache: tuple, total: np.ndarray) -> Any:
    """A solution's gradients; the right answer and the mistakes are given the sum, too, in place of relu's cache."""
    ours = getattr(function, "takes_the_sum", False)
    return function(dout, (cache[0], total)) if ours else function(dout, cache)


def _takes_the_sum(function: Any) -> Any:
    function.takes_the_sum = True
    return function


@exercise(cases=_caches(10), names=("dx", "dw1", "db1", "dw2", "db2"), call=_backward)
@_takes_the_sum
def residual_backward(dout, cache):
    body_cache, total = cache
    dsum = dout * (total > 0)
    dx, *others = body_backward(dsum, body_cache)
    return (dx + dsum, *others)


@residual_backward.mistake(
    "the gradient of the shortcut is left out",
    "x is used twice in forward: by the body, and by the sum. How many contributions does your dx have?",
    "Look at dx: the body's part is there, what comes along the shortcut is missing.",
    "    dx, dw1, db1, dw2, db2 = body_backward(dsum, body_cache)\n    dx = dx + dsum",
)
@_takes_the_sum
def _no_shortcut_back(dout, cache):
    return body_backward(dout * (cache[1] > 0), cache[0])


@residual_backward.mistake(
    "the gradient of the body is left out of dx",
    "x is used twice in forward: by the body, and by the sum. How many contributions does your dx have?",
    "Look at dx: what comes along the shortcut is there, what body_backward returns for x is missing.",
    "    dx, dw1, db1, dw2, db2 = body_backward(dsum, body_cache)\n    dx = dx + dsum",
)
@_takes_the_sum
def _no_body(dout, cache):
    dsum = dout * (cache[1] > 0)
    return (dsum, *body_backward(dsum, cache[0])[1:])


@residual_backward.mistake(
    "what goes along the shortcut has not passed the relu",
    "In forward, does x on the shortcut pass the relu? So what does its gradient pass on the way back?",
    "Look at what you add to dx: it is dout itself, and the relu comes after the sum.",
    "    dsum = relu_backward(dout, relu_cache)\n    ...\n    dx = dx + dsum",
)
@_takes_the_sum
def _dout_along_the_shortcut(dout, cache):
    dx, *others = body_backward(dout * (cache[1] > 0), cache[0])
    return (dx + dout, *others)


@residual_backward.mistake(
    "the relu is left out on the way back",
    "Where x + change is below 0, out is 0. What does a small change of x change there?",
    "Look at the first step back: the last step of forward was the relu.",
    "    dsum = relu_backward(dout, relu_cache)",
)
@_takes_the_sum
def _no_relu_back(dout, cache):
    dx, *others = body_backward(dout, cache[0])
    return (dx + dout, *others)


def _weights(seed: int, in_shape: tuple[int, int, int], M: int) -> tuple[np.ndarray, tuple[int, int, int]]:
    return np.random.default_rng(seed).standard_normal((int(np.prod(in_shape)), M)), in_shape


@exercise(
    cases=[
        ("images of 2 x 3 with 2 channels, 3 units", *_weights(0, (2, 2, 3), 3)),
        ("images of 4 x 4 with 3 channels, 5 units", *_weights(1, (3, 4, 4), 5)),
        ("one channel, one unit", *_weights(2, (1, 3, 2), 1)),
    ],
    names=("filters",),
)
def affine_as_filters(w, in_shape):
    return as_convolution(w, np.zeros(w.shape[1]), in_shape)[0]


@affine_as_filters.mistake(
    "w is reshaped without being transposed",
    "Which numbers of w belong to unit 0: a row or a column? And which of them lie side by side for reshape?",
    "Look at the order of the axes before you reshape: reshape fills the last axis first, and the first axis must be "
    "that of the units.",
    "    filters = w.T.reshape(M, C, H, W)",
)
def _not_transposed(w, in_shape):
    return w.reshape(w.shape[1], *in_shape)


@affine_as_filters.mistake(
    "the channels come last",
    "The affine layer flattens an image (C, H, W). Which index runs fastest in what comes out: channel, row or column?",
    "Look at the shape that you give to reshape: it must be the one that was flattened.",
    "    filters = w.T.reshape(M, C, H, W)",
)
def _channels_last(w, in_shape):
    C, H, W = in_shape
    return w.T.reshape(-1, H, W, C).transpose(0, 3, 1, 2)


@affine_as_filters.mistake(
    "the filters are turned round, as a mathematician's convolution has them",
    "Does the convolution of a network turn its filters round before it multiplies?",
    "Look for [::-1] or np.flip: the layer computes a cross-correlation, weight (0, 0) on pixel (0, 0).",
    "    filters = w.T.reshape(M, C, H, W)",
)
def _turned(w, in_shape):
    return w.T.reshape(-1, *in_shape)[:, :, ::-1, ::-1]
