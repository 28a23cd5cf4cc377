"""The checks that every implementation of a layer makes on its arguments, so that all of them refuse the same calls.

An implementation of your own need not call any of this; ours do, which is why naive, NumPy and compiled layers raise the
same errors with the same words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def common_dtype(**arrays: Any) -> np.dtype:
    """The dtype in which a layer computes: float32 if all arrays are float32, float64 if any is float64.

    Raises TypeError, naming the argument, for anything that is not a NumPy array of one of the two.
    """
    dtypes = []
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray) or isinstance(array, np.ma.MaskedArray):
            kind = type(array).__name__
            raise TypeError(f"{name} must be a NumPy array of float32 or float64, got {kind}: {_short(array)}")
        dtype = array.dtype.newbyteorder("=")
        if dtype not in FLOATS:
            raise TypeError(
                f"{name} must be float32 or float64, got {array.dtype} with shape {array.shape}; "
                f"convert it first: {name}.astype(np.float64)"
            )
        dtypes.append(dtype)
    return np.result_type(*dtypes)


def check_ndim(name: str, array: np.ndarray, axes: str) -> None:
    """Raise ValueError unless the array has as many axes as the text, such as '(N, C, H, W)', names."""
    wanted = axes.count(",") + 1 - axes.count(",)")
    if array.ndim != wanted:
        raise ValueError(f"{name} must have shape {axes}, got shape {array.shape}, which has {array.ndim} axes")


def check_shape(name: str, array: np.ndarray, shape: tuple[int, ...], axes: str) -> None:
    """Raise ValueError unless the array has exactly this shape; nothing is broadcast."""
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {axes} = {shape}, got {array.shape}")


def check_dout(dout: Any, shape: tuple[int, ...], axes: str, dtype: np.dtype) -> np.dtype:
    """Check the upstream gradient against the output's shape; returns the dtype in which backward computes."""
    found = common_dtype(dout=dout)
    check_shape("dout", dout, shape, f"of the output {axes}")
    return np.result_type(found, dtype)


def read_settings(name: str, given: Any, known: tuple[str, ...], required: tuple[str, ...] = ()) -> Mapping[str, Any]:
    """Check a settings dict such as conv_param: a dict, no unknown keys (a typo would be ignored), none missing."""
    if not isinstance(given, Mapping):
        raise TypeError(f"{name} must be a dict such as {{'{known[0]}': ...}}, got {type(given).__name__}: {_short(given)}")
    unknown = [key for key in given if key not in known]
    if unknown:
        raise ValueError(f"{name} has an unknown key {unknown[0]!r}; it may have: {', '.join(known)}")
    for key in required:
        if key not in given:
            raise ValueError(f"{name} lacks {key!r}, got {dict(given)!r}; it needs: {', '.join(required)}")
    return given


def whole_number(name: str, value: Any, at_least: int) -> int:
    """value as an int; TypeError if it is not a whole number, ValueError if it is below the minimum."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be a whole number, got {value!r} ({type(value).__name__})")
    if value < at_least:
        raise ValueError(f"{name} must be {at_least} or more, got {value}")
    if value > np.iinfo(np.intp).max:
        raise ValueError(f"{name} must be below 2**63, got {value}")
    return int(value)


def pair(name: str, value: Any, at_least: int) -> tuple[int, int]:
    """A setting for height and width: a whole number for both, or a pair (height, width)."""
    if isinstance(value, (tuple, list)):
        if len(value) != 2:
            raise ValueError(f"{name} must be a whole number or a pair (height, width), got {value!r}")
        return whole_number(f"{name}[0]", value[0], at_least), whole_number(f"{name}[1]", value[1], at_least)
    number = whole_number(name, value, at_least)
    return number, number


def real_number(name: str, value: Any, low: float, high: float, low_open: bool = False) -> float:
    """value as a float within [low, high], or (low, high] where low_open."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name} must be a number, got {value!r} ({type(value).__name__})")
    if not (low < value or (value == low and not low_open)) or not value <= high:
        bracket = "(" if low_open else "["
        raise ValueError(f"{name} must lie in {bracket}{low:g}, {high:g}], got {value!r}")
    return float(value)


def check_labels(y: Any, num_samples: int, num_classes: int) -> np.ndarray:
    """Labels as an integer array (N,) with every label in 0..C-1; TypeError or ValueError otherwise."""
    if not isinstance(y, np.ndarray):
        raise TypeError(f"y must be a NumPy array of integer labels, got {type(y).__name__}: {_short(y)}")
    if y.ndim != 1:
        hint = "; for one-hot labels use y.argmax(axis=1)" if y.shape == (num_samples, num_classes) else ""
        raise ValueError(f"y must have shape (N,) = ({num_samples},), one label for each sample, got {y.shape}{hint}")
    if not np.issubdtype(y.dtype, np.integer):
        raise TypeError(f"y must hold integer labels, got dtype {y.dtype}: {_short(y)}")
    if len(y) != num_samples:
        raise ValueError(f"y must have one label for each of the {num_samples} samples, got {len(y)}")
    if len(y) and (y.min() < 0 or y.max() >= num_classes):
        at = int(np.flatnonzero((y < 0) | (y >= num_classes))[0])
        raise ValueError(f"y must hold labels in 0..{num_classes - 1}, got y[{at}] = {y[at]}")
    return y


class Cache:
    """What a forward pass leaves for the backward pass of the same implementation, and for no other."""

    __slots__ = ("owner", "values")

    def __init__(self, owner: str, *values: Any):
        self.owner = owner
        self.values = values

    def __repr__(self) -> str:
        return f"<cache of {self.owner}>"


def open_cache(cache: Any, owner: str) -> tuple:
    """The values that `owner`, a forward function, left in its cache; TypeError for any other cache."""
    if not isinstance(cache, Cache) or cache.owner != owner:
        raise TypeError(f"cache must be the one that {owner} returned, got {_short(cache)}")
    return cache.values


def open_tuple_cache(cache: Any, owner: str, length: int) -> tuple:
    """The same for the layers whose cache is, by CS231n's contract, a plain tuple of so many values."""
    if type(cache) is not tuple or len(cache) != length:
        raise TypeError(f"cache must be the tuple of {length} that {owner} returned, got {_short(cache)}")
    return cache


def _short(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else text[:77] + "..."
