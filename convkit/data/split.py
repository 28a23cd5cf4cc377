"""From images as bytes to the dict of arrays that a Solver takes."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

Parts = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def as_count(argument: str, value: Any, most: int, least: int = 0) -> int:
    """`value` as an int from `least` to `most`; TypeError or ValueError naming the argument for anything else."""
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        count = operator.index(value)
    except TypeError:
        raise TypeError(f"{argument} must be an integer, got {value!r} of type {type(value).__name__}") from None
    if not least <= count <= most:
        raise ValueError(f"{argument} must be from {least} to {most}, got {count}")
    return count


def as_float_dtype(dtype: Any) -> np.dtype:
    """`dtype` as a NumPy floating-point type; TypeError for others, which cannot hold an image minus the mean."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        raise TypeError(f"dtype must be np.float32 or np.float64, got {dtype!r}") from None
    if dtype is None or found not in (np.float32, np.float64):
        raise TypeError(f"dtype must be np.float32 or np.float64, got {dtype!r}")
    return found


def as_flag(argument: str, value: Any) -> bool:
    """`value` if it is True or False; TypeError otherwise ('False' in quotes would count as true)."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{argument} must be True or False, got {value!r}")
    return bool(value)


def split(
    read: Callable[[], Parts],
    num_training: int,
    num_validation: int,
    num_test: int,
    subtract_mean: bool,
    dtype: Any,
    with_mean: bool,
) -> dict[str, np.ndarray]:
    """Training, validation and test part of a data set, the mean training image subtracted.

    read: reads X_train (N, C, H, W) uint8, y_train (N,) int64, X_test and y_test; called once the other arguments
        are found to be of the right types.
    num_training: the first so many training images. num_validation: the next so many of them.
    num_test: the first so many test images.
    subtract_mean: subtract from each part the mean image of the training part.
    dtype: np.float32 or np.float64, of the images. Pixels keep their scale of 0..255.
    with_mean: return the mean training image too, as 'mean_image' (C, H, W), subtracted or not.
    Returns a dict: X_train, X_val, X_test (n, C, H, W) in `dtype`, y_train, y_val, y_test (n,) int64.
    Raises TypeError and ValueError for arguments of a wrong type, or when more images are asked for than there are.
    """
    dtype = as_float_dtype(dtype)
    subtract_mean, with_mean = as_flag("subtract_mean", subtract_mean), as_flag("with_mean", with_mean)
    unlimited = 2**62
    num_training = as_count("num_training", num_training, unlimited, least=1)
    num_validation = as_count("num_validation", num_validation, unlimited)
    num_test = as_count("num_test", num_test, unlimited)
    X, y, X_test, y_test = read()
    if num_training + num_validation > len(X):
        raise ValueError(
            f"num_training + num_validation must be at most {len(X)}, the images there are; "
            f"got {num_training} + {num_validation} = {num_training + num_validation}"
        )
    as_count("num_test", num_test, len(X_test))
    validation = slice(num_training, num_training + num_validation)
    # A sum of bytes is exact in integers, so this is the mean that float64 arithmetic gives, without its copy.
    mean = X[:num_training].sum(axis=0, dtype=np.int64) / num_training
    offset = mean if subtract_mean else np.zeros_like(mean)
    data = {
        "X_train": centred(X[:num_training], offset, dtype),
        "y_train": y[:num_training].copy(),
        "X_val": centred(X[validation], offset, dtype),
        "y_val": y[validation].copy(),
        "X_test": centred(X_test[:num_test], offset, dtype),
        "y_test": y_test[:num_test].copy(),
    }
    return {**data, "mean_image": mean.astype(dtype)} if with_mean else data


def centred(images: np.ndarray, mean: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Images minus `mean`, computed in float64 and stored as `dtype`, with no other array of their size."""
    out = np.empty(images.shape, dtype)
    return np.subtract(images, mean, out=out, dtype=np.float64, casting="same_kind")
