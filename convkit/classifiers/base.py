"""What the hand-written networks share."""

from __future__ import annotations

import os
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from convkit import checkpoint
from convkit.contracts import FLOATS, is_plain_array, whole_number


class Network:
    """A network's parameters, a dict of arrays by name, and how they are saved."""

    params: dict[str, np.ndarray]

    def save(self, fname: str | os.PathLike) -> None:
        """Write the parameters, and running averages where there are some, to an npz file, whole or not at all."""
        checkpoint.write(fname, {"params": dict(self.params), "state": self.get_state()})

    def load(self, fname: str | os.PathLike) -> None:
        """Read what save wrote; ValueError, and nothing changed, if it is not this network's."""
        content, name = checkpoint.read(fname), os.fspath(fname)
        if set(content) != {"params", "state"} or not all(isinstance(part, dict) for part in content.values()):
            raise ValueError(f"{name}: not a file that save wrote; it holds {', '.join(content)}")
        differences = compare_arrays(content["params"], self.params)
        if differences:
            raise ValueError(f"{name}: not the parameters of this network: {differences}")
        try:
            self.set_state(content["state"])
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        self.params = content["params"]

    @property
    def state_names(self) -> tuple[str, ...]:
        """Names that get_state may have."""
        return ()

    def get_state(self) -> dict[str, np.ndarray]:
        """What the network remembers besides its parameters, as copies by name; nothing, unless it says otherwise."""
        return {}

    def set_state(self, state: dict[str, np.ndarray]) -> None:
        """Put back what get_state returned; ValueError, and nothing changed, if it is another network's."""
        if state:
            raise ValueError(f"state must be empty, for this network has none, got {', '.join(map(str, state))}")


def compare_arrays(found: dict[str, Any], wanted: dict[str, np.ndarray]) -> str:
    """In words, the first difference in names, shapes and dtypes of two dicts of arrays; '' if there is none."""
    for name in sorted(wanted.keys() | found.keys()):
        ours, theirs = (_describe(arrays.get(name)) for arrays in (wanted, found))
        if ours != theirs:
            return f"{name} must be {ours}, got {theirs}"
    return ""


def _describe(array: Any) -> str:
    if array is None:
        return "absent"
    return f"{array.dtype} of shape {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__


def network_dtype(dtype: Any) -> type:
    """A network's dtype as np.float32 or np.float64; TypeError for any other."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = None
    if found not in FLOATS or found is None:
        raise TypeError(f"dtype must be np.float32 or np.float64, got {dtype!r}")
    return found.type


def whole_numbers(name: str, values: Any, at_least: int) -> list[int]:
    """A list or tuple of whole numbers, as a list of ints; TypeError or ValueError for anything else."""
    if not isinstance(values, Sequence) or isinstance(values, (str, bytes)):
        raise TypeError(f"{name} must be a list or tuple of whole numbers, got {values!r:.80}")
    return [whole_number(f"{name}[{i}]", value, at_least) for i, value in enumerate(values)]


def draw_weights(shape: tuple[int, ...], biases: int, scale: float, dtype: type) -> tuple[np.ndarray, np.ndarray]:
    """Normally distributed weights, drawn from NumPy's global random state as CS231n does, and biases of zero."""
    return (scale * np.random.randn(*shape)).astype(dtype), np.zeros(biases, dtype)


def cast_images(X: Any, input_dim: tuple[int, ...], dtype: type, keep_float64: bool = False) -> np.ndarray:
    """A batch of real numbers (N, *input_dim) in the network's dtype; ValueError or TypeError for anything else.

    - keep_float64: leave images of float64 as they are, whatever the network's dtype
    """
    wide = keep_float64 and is_plain_array(X) and X.dtype.newbyteorder("=") == np.float64
    X = _cast(X, np.float64 if wide else dtype)
    if X.ndim < 2 or X.shape[1:] != tuple(input_dim):
        expected = ", ".join(map(str, input_dim))
        raise ValueError(f"X must have shape (N, {expected}), got {X.shape}")
    return X


def cast_samples(X: Any, input_dim: int, dtype: type) -> np.ndarray:
    """The same for samples of any shape with so many numbers each."""
    X = _cast(X, dtype)
    if X.ndim < 2 or prod(X.shape[1:]) != input_dim:
        raise ValueError(f"X must have shape (N, d_1, ..., d_k) with d_1*...*d_k = {input_dim}, got {X.shape}")
    return X


def _cast(X: Any, dtype: type) -> np.ndarray:
    if not is_plain_array(X) or not (np.issubdtype(X.dtype, np.floating) or np.issubdtype(X.dtype, np.integer)):
        kind = f"dtype {X.dtype}" if isinstance(X, np.ndarray) else type(X).__name__
        raise TypeError(f"X must be a NumPy array of real numbers, got {kind}")
    return X.astype(dtype, copy=False)
