"""Softmax cross-entropy with label smoothing: do not ask for certainty."""

from __future__ import annotations

import numpy as np

from convkit.contracts import real_number
from convkit.layers.losses import check_scores, loss_shape
from convkit.layers.spec import Case, Layer


def smooth_softmax_loss(x: np.ndarray, y: np.ndarray, smoothing: float = 0.1) -> tuple[np.floating, np.ndarray]:
    """Cross-entropy between softmax(x) and smoothed labels: q = (1 - smoothing) * one_hot(y) + smoothing / C.

    The mean over samples of -sum_j q_j log p_j, p = softmax(x). With smoothing 0 it is softmax_loss.

    - x: scores (logits) (N, C), float32 or float64
    - y: labels (N,), integers in 0..C-1
    - smoothing: the share, in [0, 1], that all classes divide among themselves

    Returns (loss, dx): the loss, and its gradient (N, C), (p - q) / N.
    Raises ValueError or TypeError for shapes, dtypes and labels that do not fit.
    Source: C. Szegedy et al., "Rethinking the Inception architecture for computer vision", 2016, section 7.
    """
    N, C = check_scores(x, y)
    smoothing = real_number("smoothing", smoothing, 0, 1)
    # BEGIN SOLUTION
    shifted = x - np.max(x, axis=1, keepdims=True)  # the same probabilities, and no overflow
    log_p = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    q = np.full_like(log_p, smoothing / C)
    q[np.arange(N), y] += 1 - smoothing
    loss = -np.mean(np.sum(q * log_p, axis=1))
    dx = (np.exp(log_p) - q) / N
    # END SOLUTION
    return loss, dx


SMOOTH_SOFTMAX_LOSS = Layer(
    name="smooth_softmax_loss",
    forward=smooth_softmax_loss,
    backward=None,
    arguments=("x", "y", "smoothing"),
    learnable=(),
    shape=loss_shape,
    cases=(
        Case("a batch", {"x": (5, 4)}, {"num_classes": 4, "smoothing": 0.1}),
        Case("no smoothing", {"x": (3, 5)}, {"num_classes": 5, "smoothing": 0.0}),
        Case("all classes alike", {"x": (4, 3)}, {"num_classes": 3, "smoothing": 1.0}),
        Case("one sample", {"x": (1, 6)}, {"num_classes": 6, "smoothing": 0.3}),
    ),
)
