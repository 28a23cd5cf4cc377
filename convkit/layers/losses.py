"""Losses: how wrong the scores of a batch are, and the gradient of that number with respect to the scores."""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.contracts import check_labels, check_ndim, common_dtype
from convkit.layers.spec import Case, Layer


def check_scores(x: Any, y: Any) -> tuple[int, int]:
    """Check scores and labels; returns the number of samples and of classes."""
    common_dtype(x=x)
    check_ndim("x", x.shape, "(N, C)")
    N, C = x.shape
    if N < 1 or C < 1:
        raise ValueError(f"x must hold scores of at least one sample for at least one class, got shape {x.shape}")
    check_labels(y, N, C)
    return N, C


def softmax_loss(x: np.ndarray, y: np.ndarray) -> tuple[np.floating, np.ndarray]:
    """Softmax followed by cross-entropy: the mean over samples of -log p[y], p_j = exp(x_j) / sum_k exp(x_k).

    With scores that say nothing the loss is log(C): about 2.30 for ten classes.

    - x: scores (logits) (N, C), float32 or float64
    - y: labels (N,), integers in 0..C-1

    Returns (loss, dx): the loss, and its gradient (N, C), (p - one_hot(y)) / N.
    Raises ValueError or TypeError for shapes, dtypes and labels that do not fit.
    Source: Goodfellow, Bengio and Courville, "Deep Learning", 2016, section 6.2.2.3.
    """
    N, _ = check_scores(x, y)
    # BEGIN SOLUTION
    shifted = x - np.max(x, axis=1, keepdims=True)  # the same probabilities, and no overflow
    log_p = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    loss = -np.mean(log_p[np.arange(N), y])
    dx = np.exp(log_p)
    dx[np.arange(N), y] -= 1
    dx /= N
    # END SOLUTION
    return loss, dx


def svm_loss(x: np.ndarray, y: np.ndarray) -> tuple[np.floating, np.ndarray]:
    """Multiclass SVM (hinge) loss: the mean over samples of the sum over j != y of max(0, x_j - x_y + 1).

    With scores that say nothing the loss is C - 1: 9 for ten classes.

    - x: scores (N, C), float32 or float64
    - y: labels (N,), integers in 0..C-1

    Returns (loss, dx): the loss, and its gradient (N, C).
    Raises ValueError or TypeError for shapes, dtypes and labels that do not fit.
    Source: J. Weston and C. Watkins, "Support vector machines for multi-class pattern recognition", 1999.
    """
    N, _ = check_scores(x, y)
    # BEGIN SOLUTION
    margins = np.maximum(0, x - x[np.arange(N), y][:, None] + 1)
    margins[np.arange(N), y] = 0
    loss = np.mean(np.sum(margins, axis=1))
    dx = (margins > 0).astype(margins.dtype)
    dx[np.arange(N), y] = -np.sum(dx, axis=1)
    dx /= N
    # END SOLUTION
    return loss, dx


def loss_shape(x_shape: tuple, *_: object) -> tuple[int, ...]:
    """A loss is one number: shape ()."""
    return ()


def _cases() -> tuple[Case, ...]:
    shapes = {"a batch": (5, 4), "one sample": (1, 3), "many classes": (3, 20), "two classes": (6, 2)}
    cases = [Case(name, {"x": (N, C)}, {"num_classes": C}) for name, (N, C) in shapes.items()]
    return (*cases, Case("scores of a thousand", {"x": (4, 5)}, {"num_classes": 5}, values="large"))


UNEVEN = Case("samples of very different scores", {"x": (4, 5)}, {"num_classes": 5}, values="uneven")
SOFTMAX_LOSS = Layer("softmax_loss", softmax_loss, None, ("x", "y"), (), loss_shape, (*_cases(), UNEVEN))
SVM_LOSS = Layer("svm_loss", svm_loss, None, ("x", "y"), (), loss_shape, _cases())
