"""Mistakes in the affine layer."""

from __future__ import annotations

import numpy as np

from convkit.mistakes.mistake import Call, Table, Wrong

AFFINE = Table()
mistake = AFFINE.add


def _rows(call: Call) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x as rows, w, b, dout."""
    x, w, b = call.args.values()
    return x.reshape(len(x), -1), w, b, call.dout


def _fits(value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """value, if it can be given this shape: what .reshape(x.shape) at the end of a line does."""
    return value.reshape(shape)


@mistake(
    "affine",
    "missing_transpose",
    "a transpose is missing, or a reshape stands in its place",
    "Which shapes do dout, w and x have, and which product of them has the shape of the gradient?",
    "Write the shapes beside each product: dx (N, D) = dout (N, M) times something of (M, D).",
    "    dx = dout.dot(w.T).reshape(x.shape)\n    dw = x.reshape(N, -1).T.dot(dout)",
)
def _missing_transpose(call: Call) -> list[Wrong]:
    x, w, _, dout = _rows(call)
    shape = call.args["x"].shape
    return [
        {"dx": lambda: _fits(dout @ w, shape), "dw": lambda: _fits(x @ dout, w.shape)},
        {"dx": lambda: dout @ w, "dw": lambda: (x.T @ dout).T},
        {"dx": lambda: _fits(dout @ w.reshape(w.T.shape), shape), "dw": lambda: x.reshape(x.T.shape) @ dout},
        {"dx": lambda: _fits((dout @ w.T).T, shape), "dw": lambda: _fits(dout.T @ x, w.shape)},
        {"dx": lambda: dout @ w.reshape(w.T.shape)},
    ]


@mistake(
    "affine",
    "not_reshaped",
    "dx is not brought back to the shape of x",
    "Forward flattens every sample of x. Which shape must dx have?",
    "Look at the end of the line that computes dx.",
    "    dx = dout.dot(w.T).reshape(x.shape)",
)
def _not_reshaped(call: Call) -> list[Wrong]:
    _, w, _, dout = _rows(call)
    return [{"dx": lambda: dout @ w.T}]


@mistake(
    "affine",
    "not_flattened",
    "x is used without being flattened",
    "What is x.T for an x of shape (N, 2, 4, 5)?",
    "Look at every x in the backward pass: it still has its own shape there, and must be flattened to (N, D) first.",
    "    dw = x.reshape(x.shape[0], -1).T.dot(dout)",
)
def _not_flattened(call: Call) -> list[Wrong]:
    _, w, b, dout = _rows(call)
    raw = call.args["x"]
    return [
        {"dw": lambda: np.dot(raw.T, dout), "out": lambda: np.dot(raw, w) + b},
        {"dw": lambda: raw.reshape(-1, len(raw)) @ dout, "out": lambda: raw.reshape(-1, len(raw)).T @ w + b},
        {"dw": lambda: raw.reshape((*raw.shape[1:2], -1)) @ dout},
    ]


@mistake(
    "affine",
    "bias_not_summed",
    "the bias gradient is not the sum over the samples of its own column",
    "To how many numbers of out is b[m] added?",
    "Look at the axis of the sum: out is (N, M), and b[m] reaches every sample.",
    "    db = np.sum(dout, axis=0)",
)
def _bias_not_summed(call: Call) -> list[Wrong]:
    _, _, _, dout = _rows(call)
    return [
        {"db": lambda: dout[0]},
        {"db": lambda: dout[-1]},
        {"db": lambda: dout},
        {"db": lambda: dout.sum(axis=1)},
        {"db": lambda: dout.sum(axis=0, keepdims=True)},
        {"db": lambda: np.asarray(dout.sum())},
        {"db": lambda: np.full(dout.shape[1], dout.sum())},
    ]


@mistake(
    "affine",
    "batch_not_summed",
    "only one sample of the batch counts for dw",
    "All samples were multiplied by the same w. How many of them does your dw depend on?",
    "Look at what dw is made of: an index 0 or -1, or an = inside a loop over the samples.",
    "    dw = x.reshape(N, -1).T.dot(dout)     # the product sums over the samples",
)
def _batch_not_summed(call: Call) -> list[Wrong]:
    x, _, _, dout = _rows(call)
    return [{"dw": lambda: np.outer(x[0], dout[0])}, {"dw": lambda: np.outer(x[-1], dout[-1])}]


@mistake(
    "affine",
    "dout_squared",
    "dout is multiplied in twice",
    "If dout were twice as large, how much larger should the gradients be?",
    "Look for dout in each line: it stands there once.",
    "    dx = dout.dot(w.T).reshape(x.shape)\n    dw = x.reshape(N, -1).T.dot(dout)\n    db = np.sum(dout, axis=0)",
)
def _dout_squared(call: Call) -> list[Wrong]:
    x, w, _, dout = _rows(call)
    shape = call.args["x"].shape
    return [
        {
            "dx": lambda: (dout**2 @ w.T).reshape(shape),
            "dw": lambda: x.T @ dout**2,
            "db": lambda: (dout**2).sum(axis=0),
        }
    ]


@mistake(
    "affine",
    "dout_ignored",
    "dout is not used",
    "The loss may care more for some outputs than for others. Where does your gradient learn of that?",
    "Look for dout in each line: it stands there once.",
    "    dx = dout.dot(w.T).reshape(x.shape)\n    dw = x.reshape(N, -1).T.dot(dout)\n    db = np.sum(dout, axis=0)",
)
def _dout_ignored(call: Call) -> list[Wrong]:
    x, w, _, dout = _rows(call)
    ones, shape = np.ones_like(dout), call.args["x"].shape
    return [
        {"dx": lambda: (ones @ w.T).reshape(shape), "dw": lambda: x.T @ ones, "db": lambda: ones.sum(axis=0)},
        {"dx": lambda: np.broadcast_to(w.sum(axis=1), (len(x), len(w))).reshape(shape)},
    ]


@mistake(
    "affine",
    "bias_forgotten",
    "the bias is not added",
    "What is out where x is zero?",
    "Look at the end of the line that computes out.",
    "    out = x.reshape(N, -1).dot(w) + b",
)
def _bias_forgotten(call: Call) -> list[Wrong]:
    x, w, _, _ = _rows(call)
    return [{"out": lambda: x @ w}]
