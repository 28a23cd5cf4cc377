"""Mistakes in ReLU and in the sigmoid."""

from __future__ import annotations

import numpy as np

from convkit.mistakes.mistake import Call, Table, Wrong

ACTIVATIONS = Table()
mistake = ACTIVATIONS.add

RELU_CODE = "    dx = dout * (x > 0)"
SIGMOID_CODE = "    dx = dout * out * (1 - out)     # out = 1 / (1 + exp(-x)), kept in the cache"


@mistake(
    "relu",
    "mask_of_dout",
    "the mask is taken from dout",
    "What decides whether a number gets through ReLU: the number itself, or the gradient that comes back?",
    "Look at what is compared with 0 in the backward pass.",
    RELU_CODE,
)
def _mask_of_dout(call: Call) -> list[Wrong]:
    x, dout = call.args["x"], call.dout
    return [{"dx": lambda: dout * (dout > 0)}, {"dx": lambda: dout * ((dout > 0) & (x > 0))}]


@mistake(
    "relu",
    "mask_not_applied",
    "the mask is not applied: dout comes back as it was",
    "How much does out change when an x of -3 is moved a little?",
    "Look at what the backward pass does with x: where x was negative no gradient gets through.",
    RELU_CODE,
)
def _mask_not_applied(call: Call) -> list[Wrong]:
    return [{"dx": lambda: call.dout.copy()}]


@mistake(
    "relu",
    "greater_or_equal",
    ">= stands where > must: at x = 0 the gradient is taken as 1 instead of 0",
    "What does your backward pass do with an x of exactly 0?",
    "Look at the comparison. Zeros are frequent where one ReLU follows another.",
    RELU_CODE,
)
def _greater_or_equal(call: Call) -> list[Wrong]:
    return [{"dx": lambda: call.dout * (call.args["x"] >= 0)}]


@mistake(
    "relu",
    "mask_inverted",
    "the mask is the wrong way round",
    "Which numbers does ReLU let through?",
    "Look at the comparison: where x > 0 the gradient passes.",
    RELU_CODE,
)
def _mask_inverted(call: Call) -> list[Wrong]:
    x, dout = call.args["x"], call.dout
    return [
        {"dx": lambda: dout * (x < 0), "out": lambda: np.minimum(0, x)},
        {"dx": lambda: dout * (x <= 0)},
    ]


@mistake(
    "relu",
    "dout_ignored",
    "dout is not used",
    "The loss may care more for some outputs than for others. Where does dx learn of that?",
    "Look at what the mask is multiplied by.",
    RELU_CODE,
)
def _dout_ignored(call: Call) -> list[Wrong]:
    x = call.args["x"]
    return [{"dx": lambda: (x > 0) * 1.0}, {"dx": lambda: np.maximum(0, x)}]


@mistake(
    "relu",
    "multiplied_by_x",
    "dout is multiplied by x instead of by the slope",
    "Where x is positive, out = x. How fast does out grow when x does?",
    "Look at what dout is multiplied by: 1 where x > 0, and 0 elsewhere.",
    RELU_CODE,
)
def _multiplied_by_x(call: Call) -> list[Wrong]:
    x, dout = call.args["x"], call.dout
    return [{"dx": lambda: dout * np.maximum(0, x)}, {"dx": lambda: dout * x}]


@mistake(
    "relu",
    "dout_squared",
    "dout is multiplied in twice",
    "If dout were twice as large, how much larger should dx be?",
    "Look for dout in the line that computes dx: it stands there once.",
    RELU_CODE,
)
def _dout_squared(call: Call) -> list[Wrong]:
    return [{"dx": lambda: call.dout**2 * (call.args["x"] > 0)}]


@mistake(
    "relu",
    "not_rectified",
    "negative numbers are not set to 0",
    "What is ReLU of -3?",
    "Look at what the forward pass does with the numbers below 0.",
    "    out = np.maximum(0, x)",
)
def _not_rectified(call: Call) -> list[Wrong]:
    x = call.args["x"]
    return [
        {"out": lambda: np.abs(x)},
        {"out": lambda: x.copy()},
        {"out": lambda: np.where(x > 0, x, 0.01 * x)},
        {"out": lambda: np.where(x > 0, x, 0.1 * x)},
    ]


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(x / 2))


@mistake(
    "sigmoid",
    "derivative_of_the_input",
    "the derivative s (1 - s) is taken of x instead of the sigmoid's output",
    "The derivative is s * (1 - s). What is s: the number that went in, or the one that came out?",
    "Look at what the cache holds, x or out, and at which of the two the backward pass uses.",
    SIGMOID_CODE,
)
def _derivative_of_the_input(call: Call) -> list[Wrong]:
    x, dout = call.args["x"], call.dout
    return [{"dx": lambda: dout * x * (1 - x)}]


@mistake(
    "sigmoid",
    "derivative_of_the_output",
    "the sigmoid is applied once more to its own output",
    "The cache holds what came out of the sigmoid. How often must the sigmoid be applied in the backward pass?",
    "Look at what the cache holds, x or out: of out, the derivative is out * (1 - out).",
    SIGMOID_CODE,
)
def _derivative_of_the_output(call: Call) -> list[Wrong]:
    dout, s = call.dout, _sigmoid(_sigmoid(call.args["x"]))
    return [{"dx": lambda: dout * s * (1 - s)}]


@mistake(
    "sigmoid",
    "missing_factor",
    "a factor of the derivative s (1 - s) is missing or wrong",
    "How steep is the sigmoid where it comes close to 1, and how steep where it comes close to 0?",
    "Look at the product: dout, s and 1 - s, each once.",
    SIGMOID_CODE,
)
def _missing_factor(call: Call) -> list[Wrong]:
    dout, s = call.dout, _sigmoid(call.args["x"])
    return [
        {"dx": lambda: dout * s},
        {"dx": lambda: dout * (1 - s)},
        {"dx": lambda: dout * s * (1 + s)},
        {"dx": lambda: dout * (1 - s**2)},
        {"dx": lambda: dout * s * (1 - s) ** 2},
        {"dx": lambda: dout * s**2 * (1 - s)},
    ]


@mistake(
    "sigmoid",
    "mask_not_applied",
    "the derivative is not applied: dout comes back as it was",
    "How much does out change when an x of 0 is moved by 0.01?",
    "Look at what the backward pass multiplies dout by.",
    SIGMOID_CODE,
)
def _not_applied(call: Call) -> list[Wrong]:
    return [{"dx": lambda: call.dout.copy()}]


@mistake(
    "sigmoid",
    "dout_ignored",
    "dout is not used",
    "The loss may care more for some outputs than for others. Where does dx learn of that?",
    "Look at the product: dout, s and 1 - s, each once.",
    SIGMOID_CODE,
)
def _sigmoid_dout_ignored(call: Call) -> list[Wrong]:
    s = _sigmoid(call.args["x"])
    return [{"dx": lambda: s * (1 - s)}]


@mistake(
    "sigmoid",
    "dout_squared",
    "dout is multiplied in twice",
    "If dout were twice as large, how much larger should dx be?",
    "Look at the product: dout, s and 1 - s, each once.",
    SIGMOID_CODE,
)
def _sigmoid_dout_squared(call: Call) -> list[Wrong]:
    s = _sigmoid(call.args["x"])
    return [{"dx": lambda: call.dout**2 * s * (1 - s)}]
