"""Binary cross-entropy: each number is the probability of a yes, or its logit."""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.contracts import cast, common_dtype
from convkit.layers.losses import loss_shape
from convkit.layers.mse import check_targets
from convkit.layers.spec import Case, Layer

# A probability of exactly 0 where 1 was wanted costs so much, not infinity; PyTorch has the same bound.
LOWEST_LOG = -100.0
SMALLEST_VARIANCE = 1e-12


def check_fractions(name: str, array: np.ndarray) -> None:
    """ValueError unless all numbers lie in [0, 1]; NaN passes, for the loss will show it."""
    if array.size and (array.min() < 0 or array.max() > 1):
        wrong = array.min() if array.min() < 0 else array.max()
        hint = "; for logits use bce_logits_loss" if name == "x" else ""
        raise ValueError(f"{name} must lie in [0, 1], got {wrong}{hint}")


def check_bce(x: Any, y: Any) -> np.dtype:
    """Check predictions and targets in [0, 1]; returns the dtype in which the loss computes."""
    dtype = common_dtype(x=x, y=y)
    check_targets(x, y)
    check_fractions("y", y)
    return dtype


def bce_loss(x: np.ndarray, y: np.ndarray) -> tuple[np.floating, np.ndarray]:
    """Binary cross-entropy of probabilities: the mean over all numbers of -(y log x + (1 - y) log(1 - x)).

    Each logarithm is taken as -100 or more, and x(1 - x) in the gradient as 1e-12 or more, so that a probability of
    exactly 0 or 1 does not give infinity. bce_logits_loss, from the numbers before the sigmoid, needs no such bounds.

    - x: probabilities in [0, 1], any shape, float32 or float64
    - y: targets in [0, 1], of the shape of x: 0 or 1, or what lies between, such as gray values

    Returns (loss, dx): the loss, and its gradient, (x - y) / (x(1 - x)) / how many numbers.
    Raises ValueError or TypeError for shapes, dtypes and numbers that do not fit.
    Source: Goodfellow, Bengio and Courville, "Deep Learning", 2016, section 6.2.2.2.
    """
    dtype = check_bce(x, y)
    check_fractions("x", x)
    x, y = cast(dtype, x, y)
    # BEGIN SOLUTION
    with np.errstate(divide="ignore"):
        log_x, log_1_x = np.maximum(np.log(x), LOWEST_LOG), np.maximum(np.log1p(-x), LOWEST_LOG)
    loss = -np.mean(y * log_x + (1 - y) * log_1_x)
    dx = (x - y) / np.maximum(x * (1 - x), SMALLEST_VARIANCE) / x.size
    # END SOLUTION
    return loss, dx


def bce_logits_loss(x: np.ndarray, y: np.ndarray) -> tuple[np.floating, np.ndarray]:
    """Binary cross-entropy of sigmoid(x), from the logits x themselves, without overflow and without bounds.

        -(y log s + (1 - y) log(1 - s)) with s = sigmoid(x)  =  max(x, 0) - x y + log(1 + exp(-|x|))

    - x: logits, any shape, float32 or float64
    - y: targets in [0, 1], of the shape of x

    Returns (loss, dx): the mean over all numbers, and its gradient, (sigmoid(x) - y) / how many numbers.
    Raises ValueError or TypeError for shapes, dtypes and numbers that do not fit.
    Source: as bce_loss; the logits' form, "Deep Learning", equation 6.26 (softplus).
    """
    x, y = cast(check_bce(x, y), x, y)
    # BEGIN SOLUTION
    small = np.exp(-np.abs(x))
    loss = np.mean(np.maximum(x, 0) - x * y + np.log1p(small))
    sigmoid = np.where(x >= 0, 1, small) / (1 + small)
    dx = (sigmoid - y) / x.size
    # END SOLUTION
    return loss, dx


BCE_LOSS = Layer(
    name="bce_loss",
    forward=bce_loss,
    backward=None,
    arguments=("x", "y"),
    learnable=(),
    shape=loss_shape,
    cases=(
        Case("a batch", {"x": (5, 4), "y": (5, 4)}, values="fractions"),
        Case("images", {"x": (2, 1, 3, 4), "y": (2, 1, 3, 4)}, values="fractions"),
        Case("one number", {"x": (1, 1), "y": (1, 1)}, values="fractions"),
    ),
)
BCE_LOGITS_LOSS = Layer(
    name="bce_logits_loss",
    forward=bce_logits_loss,
    backward=None,
    arguments=("x", "y"),
    learnable=(),
    shape=loss_shape,
    cases=(
        Case("a batch", {"x": (5, 4), "y": (5, 4)}),
        Case("images", {"x": (2, 1, 3, 4), "y": (2, 1, 3, 4)}),
        Case("one number", {"x": (1, 1), "y": (1, 1)}),
    ),
)
