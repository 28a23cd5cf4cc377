"""Parameters in safetensors files: a header of names, dtypes and shapes, then the numbers; no code in it."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from convkit.checkpoint import write_atomically
from convkit.classifiers.base import compare_arrays

SUFFIX = ".safetensors"


def save_tensors(fname: str | os.PathLike, params: dict[str, np.ndarray], state: dict[str, np.ndarray]) -> bool:
    """Write parameters and state to a safetensors file, whole or not at all; False, and nothing done, for other names.

    Raises ImportError where the package safetensors is missing.
    """
    if not os.fspath(fname).endswith(SUFFIX):
        return False
    tensors = {name: np.ascontiguousarray(array) for name, array in (params | state).items()}
    content = _safetensors().save(tensors, metadata={"format": "convkit", "state": " ".join(state)})
    write_atomically(fname, lambda file: file.write(content))
    return True


def load_tensors(fname: str | os.PathLike, model: Any) -> bool:
    """Read a safetensors file into a model; False, and nothing done, for other names.

    Raises ValueError, naming the file and changing nothing, if it is damaged or not this model's.
    """
    name = os.fspath(fname)
    if not name.endswith(SUFFIX):
        return False
    with open(name, "rb") as file:
        content = file.read()
    try:
        tensors = _safetensors().load(content)
    except Exception as error:  # its own error class, or whatever a damaged header makes it raise
        if isinstance(error, ImportError):
            raise
        raise ValueError(f"{name} is not a whole safetensors file: {error}") from error
    differences = compare_arrays(tensors, model.params | model.get_state())
    if differences:
        raise ValueError(f"{name}: not the parameters of this network: {differences}")
    model.set_state({key: array for key, array in tensors.items() if key not in model.params})
    model.params = {key: tensors[key] for key in model.params}
    return True


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(f"{SUFFIX} files need the package safetensors: pip install 'convkit[safetensors]'") from error
    return safetensors.numpy
