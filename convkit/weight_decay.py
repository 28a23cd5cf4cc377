"""L2 regularization: what it adds to a network's loss, and to the gradients of its weights."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

import numpy as np

from convkit import deferred, one_pass


class WeightDecay:
    """The L2 regularization of one step: 0.5 * reg * sum of W^2 over all weights, and reg * W for their gradients.

        decay = WeightDecay(params, reg)
        dx, dw, db = ops.backward(dout, step, weight_decay=decay)      # for each layer
        loss += decay.finish(grads)

    A backward pass that is handed it may add reg * W to a gradient while it has both at hand, and says so; whatever was
    left undone, finish() does. So each weight gets its part once, even one that several layers share.
    """

    def __init__(self, params: dict[str, np.ndarray], reg: float, names: Iterable[str] | None = None):
        """Take the parameters, the strength, and the names of the weights; default those that begin with W: W1, ..."""
        names = [name for name in params if name.startswith("W")] if names is None else names
        self.reg = float(reg)
        self._weights = {name: params[name] for name in names} if reg else {}
        self._squares: dict[str, float] = {}  # of the weights whose gradients have their part
        # Whose gradients may be deferred.
        self._trained = params if deferred.asked_for(params) else {}

    def defers(self, w: np.ndarray) -> bool:
        """Whether the gradient of this array, the parameter itself, may be a DeferredGradient; see convkit.deferred."""
        return sum(param is w for param in self._trained.values()) == 1 and deferred.fits(w)

    def at_once(self) -> WeightDecay:
        """The same for code that handles gradients as arrays: none may be deferred."""
        other = copy.copy(self)
        other._trained = {}
        return other

    def wants(self, w: np.ndarray) -> bool:
        """Whether reg * w is yet to be added to the gradient of this array, the parameter itself."""
        return self._name(w) is not None

    def add(self, w: np.ndarray, squares: float) -> None:
        """Note that it has been added, and the sum of the squares of w."""
        self._squares[self._name(w)] = squares  # type: ignore[index]

    def finish(self, grads: dict[str, np.ndarray]) -> Any:
        """Add what is missing to the gradients; returns the penalty for the loss, in their dtype."""
        penalty = 0.0
        for name, w in self._weights.items():
            if name not in self._squares:
                self._squares[name] = one_pass.add_scaled(grads[name], self.reg, w)
            penalty += 0.5 * self.reg * self._squares[name]
        # In the gradients' dtype: NumPy 1 would make a float64 of a float32 loss plus a Python number.
        return next(iter(grads.values())).dtype.type(penalty)

    def _name(self, w: np.ndarray) -> str | None:
        names = [name for name, weight in self._weights.items() if weight is w and name not in self._squares]
        return names[0] if len(names) == 1 else None
