"""NumPy arrays and dtypes from the states that pickles give them, checked part by part before anything is built."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

_NUMBER = re.compile(r"b1|[iu][1248]|f[248]|O8?")


def number_code(args: Any) -> str | None:
    """The type code, 'u1' for uint8, in the arguments that pickles hand to numpy.dtype; None if it is no plain one."""
    code = args[0] if type(args) is tuple and 1 <= len(args) <= 3 else None
    code = code.decode("latin1") if type(code) is bytes else code
    return code if type(code) is str and _NUMBER.fullmatch(code) else None


def finish_dtype(code: str, state: tuple[Any, ...]) -> np.dtype:
    """The dtype with this type code and the byte order in `state`: (version, order, None, None, None, ...)."""
    order = state[1] if len(state) >= 5 else None
    order = order.decode("latin1") if type(order) is bytes else order
    if type(order) is not str or order not in ("|", "<", ">", "=") or any(part is not None for part in state[2:5]):
        raise ValueError("a dtype that is not a plain number")
    return np.dtype(code[0] if code[0] == "O" else order + code)


def finish_array(state: tuple[Any, ...]) -> np.ndarray:
    """The array with this state: (version, shape, dtype, whether in Fortran order, content).

    The content is bytes (or text that stands for them, in Latin-1), for an array of objects the list of them; it must
    be there in full, so an array never takes more memory than the file that holds it. Raises ValueError otherwise.
    """
    types = [type(part) for part in state]
    if len(state) != 5 or types[1] is not tuple or not isinstance(state[2], np.dtype) or types[3] not in (bool, int):
        raise ValueError("an array whose state is not (version, shape, dtype, order, content)")
    _, shape, dtype, fortran, content = state
    if len(shape) > 32 or not all(type(size) is int and 0 <= size < 2**63 for size in shape):
        raise ValueError("an array whose shape is not a tuple of sizes")
    content = content.encode("latin1") if type(content) is str else content
    if type(content) is not (list if dtype.hasobject else bytes):
        raise ValueError(f"an array of {dtype} whose content is of type {type(content).__name__}")
    expected = math.prod(shape) * (1 if dtype.hasobject else dtype.itemsize)
    if len(content) != expected:
        raise ValueError(
            f"an array of {dtype} that needs {expected} bytes or objects, of which {len(content)} are there"
        )
    if dtype.hasobject:
        flat = np.empty(len(content), dtype)
        for i, item in enumerate(content):  # one by one: assigning the list whole would unpack what is in it
            flat[i] = item
    else:
        flat = np.frombuffer(bytes(content), dtype).copy()
    return flat.reshape(shape, order="F" if fortran else "C")
