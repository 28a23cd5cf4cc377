"""Arithmetic on whole parameters in one pass over memory, by compiled kernels where they fit, else by NumPy.

A large layer has some millions of weights, more than the caches hold: what an update costs is how often they are read.
"""

from __future__ import annotations

import functools
import importlib
import math
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from convkit.kernels.arrays import is_ready

if TYPE_CHECKING:
    from convkit.deferred import DeferredGradient


@functools.cache
def _kernels() -> ModuleType | None:
    """convkit.kernels.update, or None where it was not built or the compiler had no vector extensions."""
    try:
        kernels = importlib.import_module("convkit.kernels.update")
    except ModuleNotFoundError as error:
        if error.name == "convkit.kernels.update":
            return None
        raise
    return kernels if importlib.import_module("convkit.kernels.native").VECTORS else None


def _fit(*arrays: np.ndarray) -> bool:
    """Whether a kernel can read these arrays side by side: C-contiguous, of one dtype in the machine's byte order."""
    dtype = arrays[0].dtype
    return dtype.isnative and all(is_ready(array, dtype) for array in arrays)


def update(
    rule: str,
    formula: Callable[..., tuple[np.ndarray, ...]],
    w: np.ndarray,
    dw: np.ndarray | DeferredGradient,
    memory: Sequence[np.ndarray],
    settings: Sequence[float],
    in_place: bool,
) -> tuple[np.ndarray, list[np.ndarray]]:
    """One step of an update rule: (next w, next memory).

    - rule: its name in convkit.optim
    - formula: f(w, dw, *memory, *settings) -> (next w, *next memory): the rule in NumPy
    - w, dw, memory: parameter, gradient and what the rule remembers, all of one shape and of w's dtype; dw may be
      w's DeferredGradient
    - settings: numbers, in the order in which the formula takes them
    - in_place: write into w and memory, and return them; else into new arrays
    """
    kernels = _kernels()
    if not isinstance(dw, np.ndarray):
        if kernels is not None and in_place and _fit(w, *memory):
            dw.update(rule, memory, _numbers(rule, *settings))
            return w, list(memory)
        dw = dw.compute()
    if kernels is None:
        # Arithmetic on arrays without axes leaves NumPy scalars behind.
        results = [np.asarray(value, dtype=w.dtype) for value in formula(w, dw, *memory, *settings)]
    else:
        results = _by_kernel(kernels, rule, (w, dw, *memory), _numbers(rule, *settings), in_place)
    if in_place:
        for array, value in zip((w, *memory), results, strict=True):
            if value is not array:
                array[...] = value
        return w, list(memory)
    return results[0], results[1:]


def _by_kernel(
    kernels: ModuleType, rule: str, arrays: Sequence[np.ndarray], numbers: Sequence[float], in_place: bool
) -> list[np.ndarray]:
    """[next w, *next memory]; in w's layout, and the arrays themselves where they were written in place."""
    w, fortran, native = arrays[0], False, arrays
    if not _fit(*arrays):
        fortran = w.flags.f_contiguous and not w.flags.c_contiguous
        native = [np.require(array, w.dtype.newbyteorder("="), ("F" if fortran else "C", "A")) for array in arrays]
    w, dw, *memory = [array.T for array in native] if fortran else native
    written = [native[0], *native[2:]]
    # In place only if the gradient is not read where something was written before.
    if not in_place or (dw is not w and any(np.may_share_memory(dw, array) for array in written)):
        written = [np.empty(array.shape, array.dtype, "F" if fortran else "C") for array in written]
    next_w, *after = [array.T for array in written] if fortran else written
    kernels.step(rule, w, dw, next_w, memory, after, numbers)
    return [array.astype(arrays[0].dtype, copy=False) for array in written]


def _numbers(rule: str, *settings: float) -> Sequence[float]:
    """What the formulas in kernels/update_rules.h call s."""
    if rule in ("rmsprop", "adadelta"):
        rate, decay, epsilon = settings
        return rate, decay, 1 - decay, epsilon
    if rule in ("adam", "adamw"):
        rate, beta1, beta2, epsilon, *weight_decay, t = settings
        m_hat, v_hat = 1 / (1 - beta1**t), 1 / (1 - beta2**t)
        return rate * m_hat, beta1, 1 - beta1, beta2, 1 - beta2, v_hat, epsilon, rate * sum(weight_decay)
    return settings


def add_scaled(y: np.ndarray, scale: float, x: np.ndarray) -> float:
    """y += scale * x in place; returns the sum of the squares of x, added up in float64.

    - y, x: float arrays of one shape that share no memory
    """
    kernels = _kernels()
    if kernels is not None and _fit(y, x) and y.flags.writeable and not np.may_share_memory(x, y):
        return kernels.add_scaled(x, y, scale)
    y += (scale * x).astype(y.dtype, copy=False)
    return float(np.sum(np.square(x), dtype=np.float64))


def norm(arrays: Sequence[np.ndarray]) -> float:
    """The length of the vector of all elements of the float arrays; NaN or infinity if one of them is not finite."""
    kernels = _kernels()
    squares = 0.0
    for array in arrays:
        if kernels is not None and _fit(array):
            squares += kernels.add_scaled(array, None, 0.0)
        else:
            squares += float(np.sum(np.square(array, dtype=np.float64)))
    # Squares of large numbers overflow, and of small ones vanish, where the numbers themselves do not.
    if 1e-30 < squares < math.inf:
        return math.sqrt(squares)
    largest = max((float(np.max(np.abs(array))) for array in arrays if array.size), default=0.0)
    if largest == 0 or not math.isfinite(largest):
        return largest
    squares = math.fsum(np.sum(np.square(np.asarray(array, np.float64) / largest)) for array in arrays)
    return largest * math.sqrt(squares)
