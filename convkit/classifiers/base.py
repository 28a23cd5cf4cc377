"""What the hand-written networks share."""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.contracts import FLOATS


def network_dtype(dtype: Any) -> type:
    """A network's dtype as np.float32 or np.float64; TypeError for any other."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = None
    if found not in FLOATS or found is None:
        raise TypeError(f"dtype must be np.float32 or np.float64, got {dtype!r}")
    return found.type


def draw_weights(shape: tuple[int, ...], biases: int, scale: float, dtype: type) -> tuple[np.ndarray, np.ndarray]:
    """Weights from a normal distribution, drawn from NumPy's global random state as CS231n does, and biases of zero."""
    return (scale * np.random.randn(*shape)).astype(dtype), np.zeros(biases, dtype)


def weight_decay(params: dict[str, np.ndarray], grads: dict[str, np.ndarray], reg: float) -> Any:
    """L2 regularization: returns 0.5 * reg * sum of W^2 over the weights W1, W2, ..., and adds reg * W to their gradients."""
    penalty = 0.0
    if reg:
        for name, W in params.items():
            if name.startswith("W"):
                penalty += 0.5 * reg * np.sum(W * W)
                grads[name] += (reg * W).astype(grads[name].dtype, copy=False)
    return penalty


def cast_images(X: Any, input_dim: tuple[int, ...], dtype: type) -> np.ndarray:
    """A batch of real numbers (N, *input_dim) in the network's dtype; ValueError or TypeError for anything else."""
    if not isinstance(X, np.ndarray) or not (np.issubdtype(X.dtype, np.floating) or np.issubdtype(X.dtype, np.integer)):
        kind = f"dtype {X.dtype}" if isinstance(X, np.ndarray) else type(X).__name__
        raise TypeError(f"X must be a NumPy array of real numbers, got {kind}")
    if X.ndim < 2 or X.shape[1:] != tuple(input_dim):
        expected = ", ".join(map(str, input_dim))
        raise ValueError(f"X must have shape (N, {expected}), got {X.shape}")
    return X.astype(dtype, copy=False)
