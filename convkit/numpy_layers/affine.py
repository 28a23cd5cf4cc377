"""The affine layer, whose reference is vectorised already; the backward pass takes what the compiled one does."""

from __future__ import annotations

import numpy as np

from convkit import one_pass
from convkit.contracts import Cache, cast, check_dout, open_cache
from convkit.layers.affine import check_affine
from convkit.weight_decay import WeightDecay


def affine_forward_numpy(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, Cache]:
    """One matrix product; arguments, result and errors as affine_forward, the cache for affine_backward_numpy."""
    _, dtype = check_affine(x, w, b)
    x, w, b = cast(dtype, x, w, b)
    return x.reshape(len(x), len(w)) @ w + b, Cache("affine_forward_numpy", x, w)


def affine_backward_numpy(
    dout: np.ndarray, cache: Cache, needs_dx: bool = True, weight_decay: WeightDecay | None = None
) -> tuple[np.ndarray | None, np.ndarray, np.ndarray]:
    """Its gradients; arguments, results and errors as affine_backward.

    - needs_dx: False where nobody will use dx, as in a network's first layer; then it is None
    - weight_decay: the step's convkit.weight_decay.WeightDecay, whose part of w's gradient is then in dw
    """
    x, w = open_cache(cache, "affine_forward_numpy")
    x, w, dout = cast(check_dout(dout, (len(x), w.shape[1]), "(N, M)", x.dtype), x, w, dout)
    dx = (dout @ w.T).reshape(x.shape) if needs_dx else None
    dw = x.reshape(len(x), len(w)).T @ dout
    if weight_decay is not None and weight_decay.wants(w):
        weight_decay.add(w, one_pass.add_scaled(dw, weight_decay.reg, w))
    return dx, dw, dout.sum(axis=0)
