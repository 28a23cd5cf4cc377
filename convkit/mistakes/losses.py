"""Mistakes in the softmax and SVM losses."""

from __future__ import annotations

import numpy as np

from convkit.mistakes.mistake import Call, Table, Wrong

LOSSES = Table()
mistake = LOSSES.add


def _softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _not_averaged(call: Call, result: str) -> np.ndarray:
    return call.right[result] * len(call.args["x"])


for _layer, _code in (("softmax_loss", "-np.sum(log_p[np.arange(N), y]) / N"), ("svm_loss", "np.sum(margins) / N")):

    @mistake(
        _layer,
        "not_averaged",
        "it is not divided by N",
        "Should the loss grow when the same images are put into the batch twice?",
        "Look at the last lines: the loss is the mean over the N samples, and so is its gradient.",
        f"    loss = {_code}\n    dx /= N",
    )
    def _not_divided(call: Call) -> list[Wrong]:
        return [{"loss": lambda: _not_averaged(call, "loss"), "dx": lambda: _not_averaged(call, "dx")}]

    @mistake(
        _layer,
        "averaged_twice",
        "it is divided once too often",
        "By what must the sum over the samples be divided to give their mean, and how often?",
        "Look for every division by N (or by x.size, or a mean()): one is enough.",
        f"    loss = {_code}\n    dx /= N",
    )
    def _divided_twice(call: Call) -> list[Wrong]:
        N, C = call.args["x"].shape

        def over(k: int) -> Wrong:
            return {"loss": lambda: call.right["loss"] / k, "dx": lambda: call.right["dx"] / k}

        return [over(N), over(C)]


@mistake(
    "softmax_loss",
    "correct_class_not_subtracted",
    "the 1 of the correct class is not subtracted, or not as it should be",
    "The gradient of the scores is p - one_hot(y). Of which sign is it for the correct class?",
    "Look at the entries [np.arange(N), y] of the gradient: there, and only there, 1 is taken off the probability.",
    "    dx = p.copy()\n    dx[np.arange(N), y] -= 1\n    dx /= N",
)
def _correct_class_not_subtracted(call: Call) -> list[Wrong]:
    x, y = call.args["x"], call.args["y"]
    N, p = len(x), _softmax(x)
    one_hot = np.eye(x.shape[1])[y]
    return [
        {"dx": lambda: p / N},
        {"dx": lambda: p},
        {"dx": lambda: p / N - one_hot},
        {"dx": lambda: (p + one_hot) / N},
        {"dx": lambda: -one_hot / N},
        {"dx": lambda: _minus_everywhere(p, y) / N},
    ]


def _minus_everywhere(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """dx[:, y] -= 1: all samples, for every class that occurs."""
    dx = p.copy()
    dx[:, y] -= 1
    return dx


@mistake(
    "softmax_loss",
    "not_shifted",
    "the scores are not shifted before the exponential: large ones overflow",
    "What is np.exp(1000)? And what happens to p when the same number is taken off all scores of a sample?",
    "Look at the exponential: its argument must not be above 0.",
    "    shifted = x - np.max(x, axis=1, keepdims=True)\n"
    "    p = np.exp(shifted) / np.sum(np.exp(shifted), axis=1, keepdims=True)",
)
def _not_shifted(call: Call) -> list[Wrong]:
    x, y = call.args["x"], call.args["y"]
    rows = np.arange(len(x))
    with np.errstate(all="ignore"):
        e = np.exp(x)
        p = e / e.sum(axis=1, keepdims=True)
        log_p = np.log(p)
        parts = x - np.log(e.sum(axis=1, keepdims=True))
        shifted = _softmax(x)
        log_shifted = np.log(shifted)

    def gradient() -> np.ndarray:
        dx = p.copy()
        dx[rows, y] -= 1
        return dx / len(x)

    with np.errstate(all="ignore"):
        return [
            {"loss": lambda: -np.mean(log_p[rows, y]), "dx": gradient},
            {"loss": lambda: -np.mean(parts[rows, y])},
            {"loss": lambda: -np.mean(log_shifted[rows, y])},  # shifted, but the logarithm of 0 is taken after it
        ]


@mistake(
    "softmax_loss",
    "shifted_over_the_batch",
    "the scores are shifted by a maximum over the batch, not by each sample's own",
    "The scores of one sample are near 0, those of another near -1000. What is left of the second one's exponentials "
    "when 0 is taken off both?",
    "Look at the maximum that is subtracted: it needs axis=1, or samples far below the largest score become 0/0.",
    "    shifted = x - np.max(x, axis=1, keepdims=True)",
)
def _shifted_over_the_batch(call: Call) -> list[Wrong]:
    x, y = call.args["x"], call.args["y"]
    rows = np.arange(len(x))

    def form(shifted: np.ndarray, log_of_sum: bool) -> Wrong:
        with np.errstate(all="ignore"):
            e = np.exp(shifted)
            total = e.sum(axis=1, keepdims=True)
            log_p = shifted - np.log(total) if log_of_sum else np.log(e / total)
            p = np.exp(log_p) if log_of_sum else e / total

        def dx() -> np.ndarray:
            gradient = p.copy()
            gradient[rows, y] -= 1
            return gradient / len(x)

        return {"loss": lambda: -np.mean(log_p[rows, y]), "dx": dx}

    return [form(x - top, log_of_sum) for top in (x.max(), x.max(axis=0)) for log_of_sum in (False, True)]


@mistake(
    "softmax_loss",
    "normalized_over_the_batch",
    "the probabilities are normalised over the batch instead of over the classes",
    "Which numbers of p should sum to 1: a row, or a column?",
    "Look at the axis of the sum (and of the maximum): every sample is a row with its own probabilities.",
    "    p = np.exp(shifted) / np.sum(np.exp(shifted), axis=1, keepdims=True)",
)
def _normalized_over_the_batch(call: Call) -> list[Wrong]:
    x, y = call.args["x"], call.args["y"]
    N = len(x)
    columns, whole = _softmax(x.T).T, np.exp(x - x.max()) / np.exp(x - x.max()).sum()

    def form(p: np.ndarray) -> Wrong:
        def dx() -> np.ndarray:
            gradient = p.copy()
            gradient[np.arange(N), y] -= 1
            return gradient / N

        with np.errstate(all="ignore"):
            loss = -np.mean(np.log(p[np.arange(N), y]))
        return {"loss": lambda: loss, "dx": dx}

    return [form(columns), form(whole)]


@mistake(
    "softmax_loss",
    "wrong_sign",
    "the sign is wrong",
    "Can a cross-entropy be negative?",
    "Look at the minus of the formula: the loss is minus the logarithm of a probability, and grows as that falls.",
    "    loss = -np.sum(log_p[np.arange(N), y]) / N\n    dx = (p - one_hot) / N",
)
def _wrong_sign(call: Call) -> list[Wrong]:
    return [{"loss": lambda: -call.right["loss"], "dx": lambda: -call.right["dx"]}]


def _margins(call: Call, delta: float = 1.0) -> np.ndarray:
    x, y = call.args["x"], call.args["y"]
    return np.maximum(0, x - x[np.arange(len(x)), y][:, None] + delta)


@mistake(
    "svm_loss",
    "correct_class_counted",
    "the correct class is counted among the margins",
    "What is x_j - x_y + 1 for j = y, and does the sum over j != y contain it?",
    "Look at what happens to the entries [np.arange(N), y] of the margins before they are summed.",
    "    margins[np.arange(N), y] = 0",
)
def _correct_class_counted(call: Call) -> list[Wrong]:
    x, y = call.args["x"], call.args["y"]
    N, margins = len(x), _margins(call)

    def dx(subtract: float, keep: bool) -> np.ndarray:
        gradient = (margins > 0) * 1.0
        count = gradient.sum(axis=1)
        gradient[np.arange(N), y] = (gradient[np.arange(N), y] if keep else 0) - subtract * count
        return gradient / N

    return [
        {"loss": lambda: margins.sum() / N, "dx": lambda: dx(1, False)},
        {"dx": lambda: dx(0, True)},
    ]


@mistake(
    "svm_loss",
    "correct_class_not_subtracted",
    "the correct class gets no gradient, or not the one it should",
    "Every margin above 0 contains -x_y. How often does x_y appear in the loss of a sample?",
    "Look at the entries [np.arange(N), y] of the gradient: minus the number of margins above 0.",
    "    dx = (margins > 0) * 1.0     # margins[np.arange(N), y] is 0\n    dx[np.arange(N), y] -= np.sum(dx, axis=1)",
)
def _svm_not_subtracted(call: Call) -> list[Wrong]:
    x, y = call.args["x"], call.args["y"]
    N = len(x)
    positive = (_margins(call) > 0) * 1.0
    positive[np.arange(N), y] = 0

    def with_correct(values: np.ndarray) -> np.ndarray:
        dx = positive.copy()
        dx[np.arange(N), y] = values
        return dx / N

    return [
        {"dx": lambda: positive / N},
        {"dx": lambda: with_correct(-np.ones(N))},
        {"dx": lambda: with_correct(-1.0 * (positive.sum(axis=1) > 0))},
        {"dx": lambda: with_correct(positive.sum(axis=1))},
        {"dx": lambda: with_correct(np.full(N, -(x.shape[1] - 1.0)))},
    ]


@mistake(
    "svm_loss",
    "margin_not_used",
    "the margin of 1 is wrong or missing",
    "By how much must the correct score lead for a sample to cost nothing?",
    "Look at what is added before the maximum with 0.",
    "    margins = np.maximum(0, x - x[np.arange(N), y][:, None] + 1)",
)
def _margin_not_used(call: Call) -> list[Wrong]:
    y, N = call.args["y"], len(call.args["x"])

    def form(delta: float) -> Wrong:
        margins = _margins(call, delta)
        margins[np.arange(N), y] = 0
        dx = (margins > 0) * 1.0
        dx[np.arange(N), y] = -dx.sum(axis=1)
        return {"loss": lambda: margins.sum() / N, "dx": lambda: dx / N}

    return [form(0.0), form(-1.0)]


@mistake(
    "svm_loss",
    "not_rectified",
    "margins below 0 are counted",
    "A score that is far below the correct one: what does it cost?",
    "Look at the maximum with 0, and at the comparison in the gradient.",
    "    margins = np.maximum(0, x - x[np.arange(N), y][:, None] + 1)\n    dx = (margins > 0) * 1.0",
)
def _svm_not_rectified(call: Call) -> list[Wrong]:
    x, y = call.args["x"], call.args["y"]
    N, C = x.shape
    all_margins = x - x[np.arange(N), y][:, None] + 1
    all_margins[np.arange(N), y] = 0

    def dx() -> np.ndarray:
        gradient = np.ones_like(x)
        gradient[np.arange(N), y] = -(C - 1.0)
        return gradient / N

    return [{"loss": lambda: all_margins.sum() / N, "dx": dx}]


@mistake(
    "svm_loss",
    "margins_in_the_gradient",
    "the gradient holds the margins themselves where a 1 must stand",
    "A margin of 5 and one of 0.1: how fast does the loss grow with the score of each?",
    "Look at what the gradient is made of: of margins above 0, each counts 1, however large it is.",
    "    dx = (margins > 0) * 1.0",
)
def _margins_in_the_gradient(call: Call) -> list[Wrong]:
    y, N = call.args["y"], len(call.args["x"])
    margins = _margins(call)
    margins[np.arange(N), y] = 0
    margins[np.arange(N), y] = -margins.sum(axis=1)
    return [{"dx": lambda: margins / N}]
