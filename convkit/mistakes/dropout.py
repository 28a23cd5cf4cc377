"""Mistakes in (inverted) dropout. Which numbers are dropped is read off the output under test."""

from __future__ import annotations

import numpy as np

from convkit.mistakes.mistake import Call, Table, Wrong

DROPOUT = Table()
mistake = DROPOUT.add

FORWARD = "    mask = (np.random.rand(*x.shape) < p) / p     # in training\n    out = x * mask"


def _kept(call: Call) -> np.ndarray:
    return (np.asarray(call.out) != 0).astype(float)


def _training(call: Call) -> bool:
    return call.args["dropout_param"]["mode"] == "train"


@mistake(
    "dropout",
    "not_scaled",
    "what is kept is not divided by p",
    "If every number is kept with probability p, what is the sum of many of them on average, with and without dropout?",
    "Look at the mask: with inverted dropout it holds 0 and 1/p, so that nothing has to be done in test mode.",
    FORWARD,
)
def _not_scaled(call: Call) -> list[Wrong]:
    if not _training(call):
        return [{}, {}]
    kept, p = _kept(call), call.args["dropout_param"]["p"]
    return [
        {"out": lambda: call.args["x"] * kept, "dx": lambda: call.dout * kept},
        {"out": lambda: call.args["x"] * kept * p, "dx": lambda: call.dout * kept * p},
    ]


@mistake(
    "dropout",
    "scaled_in_test",
    "the numbers are scaled in test mode",
    "With inverted dropout the numbers were divided by p in training. What is left to do in test mode?",
    "Look at the branch for test mode.",
    "    out = x     # in test mode",
)
def _scaled_in_test(call: Call) -> list[Wrong]:
    if _training(call):
        return [{}, {}]
    p = call.args["dropout_param"]["p"]
    return [
        {"out": lambda: call.args["x"] * p, "dx": lambda: call.dout * p},
        {"out": lambda: call.args["x"] / p, "dx": lambda: call.dout / p},
    ]


@mistake(
    "dropout",
    "dropped_in_test",
    "numbers are dropped in test mode, too",
    "Should the network give another answer each time it is asked the same question?",
    "Look at the branch for test mode: nothing is dropped there.",
    "    out = x     # in test mode",
)
def _dropped_in_test(call: Call) -> list[Wrong]:
    if _training(call) or _kept(call).all():
        return [{}]
    kept, p = _kept(call), call.args["dropout_param"]["p"]
    return [{"out": lambda: call.args["x"] * kept / p}, {"out": lambda: call.args["x"] * kept}]


@mistake(
    "dropout",
    "mask_not_applied",
    "the mask is not applied in the backward pass",
    "How much does out depend on a number that was dropped?",
    "Look at the backward pass in training: dout meets the same mask as x did.",
    "    dx = dout * mask     # in training",
)
def _mask_not_applied(call: Call) -> list[Wrong]:
    if not _training(call):
        return [{}, {}]
    p = call.args["dropout_param"]["p"]
    return [{"dx": lambda: call.dout.copy()}, {"dx": lambda: call.dout / p}]


@mistake(
    "dropout",
    "scaled_in_backward",
    "the division by p is done once too often, or not at all, in the backward pass",
    "The mask of the forward pass holds 0 and 1/p. By what must dout be multiplied?",
    "Look for p in the backward pass: if the mask is divided by p already, it does not stand there.",
    "    dx = dout * mask     # the mask of the forward pass, divided by p",
)
def _scaled_in_backward(call: Call) -> list[Wrong]:
    if not _training(call):
        return [{}, {}]
    kept, p = _kept(call), call.args["dropout_param"]["p"]
    return [{"dx": lambda: call.dout * kept / p**2}, {"dx": lambda: call.dout * kept}]


@mistake(
    "dropout",
    "another_mask",
    "p is taken for the probability to drop a number; here it is the probability to keep it",
    "With p = 0.75, how many of 100 numbers should be left?",
    "Look at the comparison that makes the mask.",
    FORWARD,
)
def _another_mask(call: Call) -> list[Wrong]:
    kept, p = _kept(call), call.args["dropout_param"]["p"]
    x = call.args["x"]
    if not _training(call):
        return [{}, {}, {}]
    if p == 1:  # everything is dropped, and perhaps divided by 0
        return [{"out": lambda: np.full_like(x, np.nan)}, {"out": lambda: 0 * x}, {"out": lambda: 0 * x}]
    share, size = kept.sum() / max(kept.size, 1), max(kept.size, 1)
    far = abs(share - p) > 5 * np.sqrt(p * (1 - p) / size)
    near = abs(share - (1 - p)) <= 4 * np.sqrt(p * (1 - p) / size)
    forms = [lambda: x * kept / (1 - p), lambda: x * kept / p, lambda: x * kept]
    return [{"out": form} for form in forms] if far and near else [{}, {}, {}]


@mistake(
    "dropout",
    "dout_ignored",
    "dout is not used",
    "The loss may care more for some outputs than for others. Where does dx learn of that?",
    "Look at what the mask is multiplied by.",
    "    dx = dout * mask     # in training",
)
def _dout_ignored(call: Call) -> list[Wrong]:
    if not _training(call):
        return [{}]
    kept, p = _kept(call), call.args["dropout_param"]["p"]
    return [{"dx": lambda: kept / p}]
