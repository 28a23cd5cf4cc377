"""Notebook 06: a sandwich of layers, and the scores of the three-layer network."""

from __future__ import annotations

import numpy as np

from convkit.course.exercise import exercise
from convkit.numpy_layers import conv_forward_numpy, max_pool_forward_numpy


def _random(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


SANDWICHES = [
    ("two images, windows of 2 x 2", _random(0, 2, 3, 6, 8), _random(1, 4, 3, 3, 3), _random(2, 4), 1, 1, (2, 2, 2)),
    ("filters of 2 x 3, overlapping windows", _random(3, 2, 1, 6, 7), _random(4, 3, 1, 2, 3), _random(5, 3), 1, 0,
     (3, 3, 1)),
    ("stride 2", _random(6, 1, 2, 9, 7), _random(7, 2, 2, 3, 3), _random(8, 2), 2, 1, (1, 2, 1)),
]  # fmt: skip


def _params(case: tuple) -> tuple:
    words, x, w, b, stride, pad, (height, width, step) = case
    return words, x, w, b, {"stride": stride, "pad": pad}, {"pool_height": height, "pool_width": width, "stride": step}


@exercise(
    cases=[_params(case) for case in SANDWICHES],
    names=("out",),
    call=lambda forward, *arguments: forward(*arguments)[0],
)
def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
    a, _ = conv_forward_numpy(x, w, b, conv_param)
    return max_pool_forward_numpy(np.maximum(a, 0), pool_param)


@conv_relu_pool_forward.mistake(
    "the ReLU is left out",
    "Can your output be negative? After a ReLU?",
    "Look at what goes into the pooling: the output of the convolution, or of the ReLU?",
    'r, relu_step = ops.forward("relu", a)\nout, pool_step = ops.forward("max_pool", r, pool_param)',
)
def _(x, w, b, conv_param, pool_param):
    return max_pool_forward_numpy(conv_forward_numpy(x, w, b, conv_param)[0], pool_param)


@conv_relu_pool_forward.mistake(
    "the pooling is left out of what is returned",
    "Which shape should your output have after the pooling, and which has it?",
    "Look at the return: is it the output of the last layer?",
    'out, pool_step = ops.forward("max_pool", r, pool_param)',
)
def _(x, w, b, conv_param, pool_param):
    return np.maximum(conv_forward_numpy(x, w, b, conv_param)[0], 0), None


def _network(seed: int, C: int, H: int, W: int, F: int, K: int, hidden: int, classes: int) -> dict:
    shapes = {"W1": (F, C, K, K), "b1": (F,), "W2": (F * H // 2 * (W // 2), hidden), "b2": (hidden,),
              "W3": (hidden, classes), "b3": (classes,)}  # fmt: skip
    return {name: 0.5 * _random(seed + k, *shape) for k, (name, shape) in enumerate(shapes.items())}


NETWORKS = [
    ("a small network", _network(0, 1, 4, 6, 3, 3, 5, 4), _random(9, 2, 1, 4, 6)),
    ("three channels, filters of 5 x 5", _network(10, 3, 6, 4, 2, 5, 4, 3), _random(19, 3, 3, 6, 4)),
    ("one image", _network(20, 2, 2, 4, 4, 3, 6, 2), _random(29, 1, 2, 2, 4)),
]
POOL = {"pool_height": 2, "pool_width": 2, "stride": 2}


def _scores(params: dict, X: np.ndarray, relu: tuple[bool, bool] = (True, True), pad: bool = True) -> np.ndarray:
    W1, b1, W2, b2, W3, b3 = params.values()
    a, _ = conv_forward_numpy(X, W1, b1, {"stride": 1, "pad": (W1.shape[2] - 1) // 2 if pad else 0})
    pooled, _ = max_pool_forward_numpy(np.maximum(a, 0) if relu[0] else a, POOL)
    hidden = pooled.reshape(len(X), -1) @ W2 + b2
    return (np.maximum(hidden, 0) if relu[1] else hidden) @ W3 + b3


@exercise(cases=NETWORKS, names=("scores",), call=lambda forward, *arguments: forward(*arguments)[0])
def network_forward(params, X):
    return _scores(params, X), None


@network_forward.mistake(
    "there is no ReLU between the two affine layers",
    "Two affine layers without anything between them are one affine layer. What stands between them?",
    "Look at the second step: affine, or affine and ReLU?",
    'hidden, hidden_step = affine_relu_forward(pooled, params["W2"], params["b2"])',
)
def _(params, X):
    return _scores(params, X, relu=(True, False)), None


@network_forward.mistake(
    "there is a ReLU behind the last layer",
    "A score says how much the network believes in a class. May it be negative?",
    "Look at the last step: the scores are what the affine layer gives.",
    'scores, score_step = ops.forward("affine", hidden, params["W3"], params["b3"])',
)
def _(params, X):
    return np.maximum(_scores(params, X), 0), None


def _grads(seed: int, params: dict) -> dict:
    return {name: _random(seed + k, *array.shape) for k, (name, array) in enumerate(params.items())}


def _loss_and_gradients(function, loss, grads, params, reg):
    loss, grads = function(loss, grads, params, reg)
    return loss, *(grads[name] for name in ("W1", "b1", "W2", "b2", "W3", "b3"))


@exercise(
    cases=[
        ("a small network", 2.3, _grads(30, NETWORKS[0][1]), NETWORKS[0][1], 0.1),
        ("no regularization", 1.5, _grads(40, NETWORKS[1][1]), NETWORKS[1][1], 0.0),
        ("strong regularization", 0.7, _grads(50, NETWORKS[2][1]), NETWORKS[2][1], 3.0),
    ],
    names=("loss", "dW1", "db1", "dW2", "db2", "dW3", "db3"),
    call=_loss_and_gradients,
)
def add_regularization(loss, grads, params, reg):
    return _regularized(loss, grads, params, reg)


def _regularized(loss, grads, params, reg, half=0.5, slope=1.0, of="W"):
    chosen = [name for name in params if name[0] in of]
    loss = loss + half * reg * sum(np.sum(params[name] ** 2) for name in chosen)
    return loss, {name: grads[name] + (slope * reg * params[name] if name in chosen else 0) for name in params}


@add_regularization.mistake(
    "the half is missing in the loss",
    "The derivative of reg * W**2 is 2 * reg * W. Which loss has the derivative reg * W?",
    "Look at the line that adds to the loss.",
    "loss = loss + 0.5 * reg * np.sum(params[name] ** 2)",
)
def _(loss, grads, params, reg):
    return _regularized(loss, grads, params, reg, half=1.0)


@add_regularization.mistake(
    "the biases are regularized, too",
    "Which parameters stand in the formula?",
    "Look at the names that your loop lets through.",
    'if name.startswith("W"):',
)
def _(loss, grads, params, reg):
    return _regularized(loss, grads, params, reg, of="Wb")


@add_regularization.mistake(
    "the gradient of the regularization is left out",
    "The loss grows with W now. What does that say about its gradient?",
    "Look at grads[name]: what was added to it?",
    "grads[name] = grads[name] + reg * params[name]",
)
def _(loss, grads, params, reg):
    return _regularized(loss, grads, params, reg, slope=0.0)


@add_regularization.mistake(
    "what the regularization adds to the gradient is twice as large as it should be",
    "The derivative of W**2 is 2 W, and one half stands before it. What is left?",
    "Look at what is added to grads[name].",
    "grads[name] = grads[name] + reg * params[name]",
)
def _(loss, grads, params, reg):
    return _regularized(loss, grads, params, reg, slope=2.0)
