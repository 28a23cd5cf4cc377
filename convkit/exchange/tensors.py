"""Weights by name, out of a state dict or a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from convkit.contracts import short
from convkit.data.npz import read_npz

FORMATS = (".safetensors", ".pt", ".pth", ".npz")


def read_tensors(source: Any) -> dict[str, np.ndarray]:
    """Arrays by name, in their order.

    - source: a dict of NumPy arrays or PyTorch tensors by name, such as network.state_dict(); or a file:
      NAME.safetensors (needs convkit[safetensors]), NAME.pt or NAME.pth (needs convkit[torch]; read with weights_only,
      so that it runs no code), or NAME.npz

    Numbers of fewer than 32 bits (float16, bfloat16) become float32.
    Raises ValueError, naming the file or the entry, for what is damaged or no array; FileNotFoundError; ImportError.
    """
    if isinstance(source, (str, os.PathLike)):
        return _read_file(os.fspath(source))
    if not isinstance(source, Mapping) or not all(isinstance(name, str) for name in source):
        raise TypeError(f"source must be a dict of arrays by name, or a file's name, got {short(source)}")
    return {name: _as_array(name, value) for name, value in source.items()}


def _read_file(path: str) -> dict[str, np.ndarray]:
    suffix = os.path.splitext(path)[1]
    if suffix not in FORMATS:
        raise ValueError(f"source must be a file whose name ends in {', '.join(FORMATS)}, got {path!r}")
    if suffix == ".npz":
        return {name: _as_array(name, array) for name, array in read_npz(path).items()}
    with open(path, "rb"):  # FileNotFoundError with the usual words, whatever the reader would say
        pass
    if suffix == ".safetensors":
        return _read_safetensors(path)
    try:
        import torch
    except ImportError as error:
        raise ImportError(f"{suffix} files need PyTorch: pip install 'convkit[torch]'") from error
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(f"{path} is not a file of weights alone: {_first_line(error)}") from error
    if isinstance(content, Mapping) and "state_dict" in content:  # a checkpoint with more than weights in it
        content = content["state_dict"]
    if not isinstance(content, Mapping):
        raise ValueError(f"{path} must hold a state dict, tensors by name; it holds {type(content).__name__}")
    return read_tensors(dict(content))


def _read_safetensors(path: str) -> dict[str, np.ndarray]:
    try:
        from safetensors import safe_open
    except ImportError as error:
        raise ImportError("safetensors files need the package: pip install 'convkit[safetensors]'") from error
    try:
        with safe_open(path, framework="numpy") as file:
            return {name: _as_array(name, file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118
    except Exception as error:  # its own error class, or whatever a damaged header makes it raise
        raise ValueError(f"{path} is not a whole safetensors file that NumPy can hold: {_first_line(error)}") from error


def _as_array(name: str, value: Any) -> np.ndarray:
    if not isinstance(value, np.ndarray) and callable(getattr(value, "detach", None)):  # a PyTorch tensor
        value = value.detach().cpu()
        value = (value.float() if value.is_floating_point() and value.element_size() < 4 else value).numpy()
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiub":
        raise ValueError(f"{name!r} must be an array or tensor of real numbers, got {short(value)}")
    return value.astype(np.float32) if value.dtype == np.float16 else value


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
