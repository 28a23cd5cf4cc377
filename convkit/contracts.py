"""The checks that every implementation of a layer makes on its arguments, so that all of them refuse the same calls.

An implementation of your own need not call any of this; ours do, which is why naive, NumPy and compiled layers raise
the same errors with the same words.
"""

from __future__ import annotations

import math
import reprlib
import sys
from typing import Any

import numpy as np

# NumPy's own objects, which common_dtype returns: of a dtype that is merely equal, np.add.at is three times as slow.
FLOATS = (np.dtype(np.float32), np.dtype(np.float64))

# Above this a number of pixels could overflow in the kernels' index arithmetic, were it added to another.
LARGEST = np.iinfo(np.intp).max // 4


def common_dtype(**arrays: Any) -> np.dtype:
    """The dtype in which a layer computes: float32 if all arrays are float32, float64 if any is float64.

    Raises TypeError, naming the argument, for anything that is not a NumPy array of one of the two. Of the subclasses,
    masked arrays and np.matrix are refused: their arithmetic is another.
    """
    found = {array.dtype if type(array) is np.ndarray else None for array in arrays.values()}
    if len(found) == 1:  # nearly always, and this is called dozens of times in a step of training
        (dtype,) = found
        if dtype is not None and dtype.isnative and dtype in FLOATS:
            return FLOATS[FLOATS.index(dtype)]
    wide = False
    for name, array in arrays.items():
        if not is_plain_array(array):
            kind = type(array).__name__
            raise TypeError(f"{name} must be a NumPy array of float32 or float64, got {kind}: {short(array)}")
        dtype = array.dtype.newbyteorder("=")
        if dtype not in FLOATS:
            raise TypeError(
                f"{name} must be float32 or float64, got {array.dtype} with shape {array.shape}; "
                f"convert it first: {name}.astype(np.float64)"
            )
        wide |= dtype == FLOATS[1]
    return FLOATS[wide]


def is_plain_array(value: Any) -> bool:
    """Whether value is a NumPy array with the usual arithmetic."""
    return isinstance(value, np.ndarray) and not isinstance(value, (np.ma.MaskedArray, np.matrix))


def is_float_array(value: Any) -> bool:
    """Whether value is an array of float32 or float64."""
    return isinstance(value, np.ndarray) and value.dtype.newbyteorder("=") in FLOATS


def check_ndim(name: str, shape: tuple[int, ...], axes: str) -> None:
    """Raise ValueError unless the shape has as many axes as the text, such as '(N, C, H, W)', names."""
    wanted = axes.count(",") + 1 - axes.count(",)")
    if len(shape) != wanted:
        raise ValueError(f"{name} must have shape {axes}, got {shape}, which has {len(shape)} axes")


def check_not_scalar(name: str, array: np.ndarray) -> None:
    """Raise ValueError for an array without axes, which is a single number."""
    if array.ndim == 0:
        raise ValueError(f"{name} must have at least one axis, got the single number {array}")


def check_shape(name: str, array: np.ndarray, shape: tuple[int, ...], axes: str) -> None:
    """Raise ValueError unless the array has exactly this shape; nothing is broadcast."""
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {axes} = {shape}, got {array.shape}")


def check_size(name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """shape, of an output that a setting asks for; ValueError, naming the setting, if no memory could hold it."""
    if math.prod(shape) > LARGEST // 8:
        raise ValueError(f"{name} asks for an output of shape {shape}, which no memory can hold; use a smaller one")
    return shape


def check_dout(dout: Any, shape: tuple[int, ...], axes: str, dtype: np.dtype) -> np.dtype:
    """Check the upstream gradient against the output's shape; returns the dtype in which backward computes."""
    found = common_dtype(dout=dout)
    check_shape("dout", dout, shape, f"of the output {axes}")
    return np.result_type(found, dtype)


def read_settings(name: str, given: Any, known: tuple[str, ...], required: tuple[str, ...] = ()) -> dict[str, Any]:
    """Check a settings dict such as conv_param: a dict, no unknown keys (a typo would be ignored), none missing."""
    if not isinstance(given, dict):
        kind = type(given).__name__
        raise TypeError(f"{name} must be a dict such as {{'{known[0]}': ...}}, got {kind}: {short(given)}")
    unknown = [key for key in given if key not in known]
    if unknown:
        raise ValueError(f"{name} has an unknown key {unknown[0]!r}; it may have: {', '.join(known)}")
    for key in required:
        if key not in given:
            raise ValueError(f"{name} lacks {key!r}, got {short(given)}; it needs: {', '.join(required)}")
    return given


def one_of(name: str, value: Any, choices: tuple[str, ...]) -> str:
    """value, if it is one of these texts; ValueError otherwise."""
    if not isinstance(value, str) or value not in choices:
        *most, last = (repr(choice) for choice in choices)
        raise ValueError(f"{name} must be {', '.join(most)} or {last}, got {short(value)}")
    return value


def whole_number(name: str, value: Any, at_least: int) -> int:
    """value as an int; TypeError if it is not a whole number, ValueError if it is below the minimum."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be a whole number, got {short(value)} ({type(value).__name__})")
    if value < at_least:
        raise ValueError(f"{name} must be {at_least} or more, got {short(value)}")
    if value > LARGEST:
        raise ValueError(f"{name} must be {LARGEST} or less, got {short(value)}")
    return int(value)


# What the axes of an image are called, in order: the names that settings and error messages use.
IMAGE_AXES = ("height", "width")


def pair(name: str, value: Any, at_least: int) -> tuple[int, int]:
    """A setting for height and width: a whole number for both, or a pair (height, width)."""
    height, width = per_axis(name, value, at_least, IMAGE_AXES)
    return height, width


def per_axis(name: str, value: Any, at_least: int, axes: tuple[str, ...]) -> tuple[int, ...]:
    """A setting for each of these axes: a whole number for all, or (if there are several) a tuple of one for each."""
    if len(axes) > 1 and isinstance(value, (tuple, list)):
        if len(value) != len(axes):
            raise ValueError(f"{name} must be a whole number or {tuple_in_words(axes)}, got {short(value)}")
        return tuple(whole_number(f"{name}[{i}]", number, at_least) for i, number in enumerate(value))
    return (whole_number(name, value, at_least),) * len(axes)


def tuple_in_words(axes: tuple[str, ...]) -> str:
    """'a pair (height, width)', 'three numbers (depth, height, width)'."""
    return f"{'a pair' if len(axes) == 2 else 'three numbers'} ({', '.join(axes)})"


def real_number(name: str, value: Any, low: float, high: float, low_open: bool = False) -> float:
    """value as a finite float within [low, high], or (low, high] where low_open."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name} must be a number, got {short(value)} ({type(value).__name__})")
    if not (low < value or (value == low and not low_open)) or not value <= min(high, sys.float_info.max):
        left, right = "(" if low_open else "[", ")" if high == np.inf else "]"
        raise ValueError(f"{name} must lie in {left}{low:g}, {high:g}{right}, got {short(value)}")
    return float(value)


def truth_value(name: str, value: Any) -> bool:
    """value as a bool; TypeError for anything else, for "no" and 0.0 are not what they look like."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {short(value)} ({type(value).__name__})")
    return bool(value)


def check_bool(name: str, value: Any) -> None:
    """TypeError unless value is Python's True or False; a setting that is kept as it is."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {short(value)}")


def cast(dtype: np.dtype, *arrays: np.ndarray) -> list[np.ndarray]:
    """The arrays in this dtype; those that have it already are not copied."""
    return [array.astype(dtype, copy=False) for array in arrays]


def check_labels(y: Any, num_samples: int, num_classes: int) -> np.ndarray:
    """Labels as an integer array (N,) with every label in 0..C-1; TypeError or ValueError otherwise."""
    if not is_plain_array(y):
        raise TypeError(f"y must be a NumPy array of integer labels, got {type(y).__name__}: {short(y)}")
    if y.ndim != 1:
        hint = "; for one-hot labels use y.argmax(axis=1)" if y.shape == (num_samples, num_classes) else ""
        raise ValueError(f"y must have shape (N,) = ({num_samples},), one label for each sample, got {y.shape}{hint}")
    if not np.issubdtype(y.dtype, np.integer):
        raise TypeError(f"y must hold integer labels, got dtype {y.dtype}: {short(y)}")
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
        raise TypeError(f"cache must be the one that {owner} returned, got {short(cache)}")
    return cache.values


def open_tuple_cache(cache: Any, owner: str, *kinds: type) -> tuple:
    """The same for the layers whose cache is, by CS231n's contract, a plain tuple of values of these types."""
    fits = type(cache) is tuple and len(cache) == len(kinds)
    if not fits or not all(isinstance(value, kind) for value, kind in zip(cache, kinds, strict=True)):
        raise TypeError(f"cache must be the tuple of {len(kinds)} that {owner} returned, got {short(cache)}")
    return cache


class _ShortRepr(reprlib.Repr):
    """repr for error messages: looks only at the first items of a list, however long it is."""

    def repr_ndarray(self, array: np.ndarray, level: int) -> str:
        return repr(array) if array.size <= 6 else f"{array.dtype} array of shape {array.shape}"

    def repr_int(self, number: int, level: int) -> str:
        # Python refuses to print numbers of some thousand digits.
        return repr(number) if number.bit_length() <= 256 else f"a number of {number.bit_length()} bits"


_shortener = _ShortRepr()
_shortener.maxother = _shortener.maxstring = 80


def short(value: Any) -> str:
    """repr of a value for an error message, cut where it is long."""
    text = " ".join(_shortener.repr(value).split())
    return text if len(text) <= 100 else text[:97] + "..."
