"""Mean squared error: how far numbers are from what they should be."""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.contracts import cast, common_dtype
from convkit.layers.losses import loss_shape
from convkit.layers.spec import Case, Layer


def check_targets(x: Any, y: Any) -> None:
    """ValueError unless y has the shape of x, and that is not empty."""
    if y.shape != x.shape:
        raise ValueError(f"y must have the shape of x, one target for each number, {x.shape}, got {y.shape}")
    if x.size == 0:
        raise ValueError(f"x must not be empty: there is no mean of nothing, got shape {x.shape}")


def mse_loss(x: np.ndarray, y: np.ndarray) -> tuple[np.floating, np.ndarray]:
    """Mean squared error: the mean over all numbers of (x - y)².

    - x: predictions, any shape, float32 or float64
    - y: targets, of the shape of x

    Returns (loss, dx): the loss, and its gradient, 2(x - y) / how many numbers.
    Raises ValueError or TypeError for shapes and dtypes that do not fit.
    Source: Goodfellow, Bengio and Courville, "Deep Learning", 2016, equation 5.5.
    """
    dtype = common_dtype(x=x, y=y)
    check_targets(x, y)
    x, y = cast(dtype, x, y)
    # BEGIN SOLUTION
    loss = np.mean((x - y) ** 2)
    dx = 2 * (x - y) / x.size
    # END SOLUTION
    return loss, dx


MSE_LOSS = Layer(
    name="mse_loss",
    forward=mse_loss,
    backward=None,
    arguments=("x", "y"),
    learnable=(),
    shape=loss_shape,
    cases=(
        Case("a batch", {"x": (5, 4), "y": (5, 4)}),
        Case("images", {"x": (2, 3, 4, 5), "y": (2, 3, 4, 5)}),
        Case("one number", {"x": (1, 1), "y": (1, 1)}),
        Case("some exactly right", {"x": (4, 6), "y": (4, 6)}, values="ties"),
    ),
)
