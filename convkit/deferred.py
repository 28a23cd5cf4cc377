"""Gradients that are computed when the update rule uses them, so that they never stand in memory as a whole.

The gradient of a large affine layer is as large as its weights, some millions of numbers: writing it, looking at it
for NaN and reading it again takes about as long as computing it. In training nobody else wants to see it. So where the
Solver asks for the loss of one of convkit's own networks, the compiled affine layer hands back what the gradient is to
be made of, and the step of the update rule makes it, block by block, in the cache. The bits are the same.

Whoever calls model.loss gets arrays, as ever; so does all code on the way that is not convkit's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from convkit import one_pass
from convkit.ops import has_own

# The parameters of the model whose loss is being computed for a Solver.
_training: ContextVar[dict | None] = ContextVar("convkit.deferred", default=None)

# A step makes at least so many rows of the gradient at a time, in scratch memory.
ROWS, MOST_BYTES = 6, 1 << 20


class DeferredGradient:
    """x^T dout + decay * w, the gradient of an affine layer's weights w (D, M).

    - dout: (N, M), C-contiguous and of w's dtype
    - x: (N, D), likewise
    - w: the weights themselves, C-contiguous; they must not change before it is used
    - decay: a number
    - squares: the sum of the squares of w; only used where decay is not 0
    """

    def __init__(self, dout: np.ndarray, x: np.ndarray, w: np.ndarray, decay: float = 0.0, squares: float = 0.0):
        self._dout, self._x, self.w, self._decay, self._squares = dout, x, w, decay, squares
        self.shape, self.dtype = w.shape, w.dtype

    def compute(self) -> np.ndarray:
        """The gradient as an array."""
        from convkit.kernels import product

        dw = np.empty(self.shape, self.dtype)
        product.affine_backward(self._dout, self._x, self.w, None, dw, self._decay or None)
        return dw

    def update(self, rule: str, memory: Sequence[np.ndarray], numbers: Sequence[float]) -> None:
        """The step of an update rule, in place.

        - rule: its name in convkit.optim
        - memory: what the rule remembers, C-contiguous arrays of w's shape and dtype
        - numbers: its settings as its formula in kernels/update_rules.h has them
        """
        from convkit.kernels import product

        product.affine_update(self._dout, self._x, self._decay, rule, self.w, memory, numbers)

    def is_surely_finite(self) -> bool:
        """Whether no element can be infinite or NaN, by the Cauchy-Schwarz inequality; if False, one may be or not."""
        largest = one_pass.norm([self._dout]) * one_pass.norm([self._x])
        if self._decay:
            largest += self._decay * self._squares**0.5
        return largest < float(np.finfo(self.dtype).max) / 4


def fits(w: np.ndarray) -> bool:
    """Whether a step can make the gradient of w (D, M) as it goes."""
    return ROWS * w.shape[1] * w.itemsize <= MOST_BYTES


def loss(model: Any, X: np.ndarray, y: np.ndarray) -> Any:
    """model.loss(X, y), but some of the gradients may be DeferredGradient where nobody but convkit handles them."""
    if not has_own(model, "loss"):
        return model.loss(X, y)
    with training(model.params):
        return model.loss(X, y)


@contextmanager
def training(params: dict[str, np.ndarray]) -> Iterator[None]:
    """Let gradients of these parameters be deferred in this block (and in this thread or task only)."""
    token = _training.set(params)
    try:
        yield
    finally:
        _training.reset(token)


def asked_for(params: dict[str, np.ndarray]) -> bool:
    """Whether gradients of these parameters may be deferred here."""
    return _training.get() is params


def settle(grads: dict[str, Any]) -> None:
    """Compute those of the gradients that might not be finite, in the dict."""
    for name, dw in grads.items():
        if isinstance(dw, DeferredGradient) and not dw.is_surely_finite():
            grads[name] = dw.compute()


def computed(dw: Any) -> np.ndarray:
    """A gradient as an array."""
    return dw.compute() if isinstance(dw, DeferredGradient) else dw
