"""Reading .npz files without unpickling and without believing their headers.

An .npz file is a zip archive of .npy members; each starts with a header that states dtype and shape. Here the
header is compared with the member's size, and the sum of sizes with a limit, before anything is allocated. The
format is described in NumPy's documentation, `numpy.lib.format`.
"""

from __future__ import annotations

import errno
import math
import os
import re
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO

import numpy as np

from .files import as_path, open_regular
from .safe_pickle import loads

MAX_BYTES = 2**31
_MAX_PICKLED = 2**24
# What zipfile and NumPy raise on archives that are damaged, encrypted or of another kind.
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, LookupError, RuntimeError, TypeError, ValueError)
_HEADER = re.compile(
    r"\{'descr': '([<>|=]?[biufcSUO]\d{0,4})', 'fortran_order': (True|False), 'shape': \(([\d, L]*)\),? ?\}\s*"
)


def read_npz(path: str | os.PathLike[str], max_bytes: int = MAX_BYTES) -> dict[str, np.ndarray]:
    """The arrays of an .npz file, by name.

    path: the file. max_bytes: how many bytes its arrays may take together.
    Returns a dict of arrays of numbers, booleans or strings. An array of Python objects is read by the restricted
    machine of `safe_pickle`, which builds plain values only.
    Raises FileNotFoundError when the file is missing; ValueError, naming it, when it is damaged, is no .npz file,
    holds objects that are not plain values, or more than `max_bytes`.
    """
    path = as_path(path)
    with open_regular(path, "an .npz file") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
                total = sum(member.file_size for member in members)
                if total > max_bytes:
                    raise ValueError(f"its arrays take {total} bytes, more than the {max_bytes} allowed")
                return {member.filename.removesuffix(".npy"): _member(archive, member, path) for member in members}
        except MemoryError:
            reason = "its arrays do not fit into memory"
        except _DAMAGE as error:
            reason = str(error)
        except OSError as error:
            if error.errno != errno.EINVAL:  # a damaged directory asks for a seek to a negative place
                raise
            reason = str(error)
    raise ValueError(f"{path}: not a whole .npz file of plain arrays: {reason}")


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> np.ndarray:
    name = member.filename
    if not name.endswith(".npy") or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"its member {name!r} is not an array as NumPy writes it")
    with archive.open(member) as stream:
        start = stream.read(8)
        if start[:6] != b"\x93NUMPY" or len(start) != 8 or start[6] not in (1, 2, 3):
            raise ValueError(f"its member {name!r} does not start like an array")
        width, form = (2, "<H") if start[6] == 1 else (4, "<I")
        length = struct.unpack(form, stream.read(width))[0]
        header = stream.read(min(length, 10_000)).decode("latin1")
        fields = _HEADER.fullmatch(header)
        if fields is None:
            raise ValueError(f"its member {name!r} has a header that is not understood")
        dtype = np.dtype(fields[1])
        shape = tuple(int(size.strip(" L")) for size in fields[3].split(",") if size.strip())
        left = member.file_size - 8 - width - length
        if dtype.hasobject:
            if left > _MAX_PICKLED:
                raise ValueError(f"its member {name!r} holds {left} bytes of pickled objects")
            found = loads(stream.read(left + 1), f"{path}, member {name!r}")
            if not isinstance(found, np.ndarray) or found.dtype != object or found.shape != shape:
                raise ValueError(f"its member {name!r} does not hold the array that its header announces")
            return found
        size = math.prod(shape) * dtype.itemsize
        if size != left or len(shape) > 32 or not dtype.itemsize:
            raise ValueError(f"its member {name!r} announces {dtype} {shape}, {size} bytes, but holds {left}")
        flat = np.empty(size, np.uint8)
        _fill(stream, flat, name)
    return flat.view(dtype).reshape(shape, order="F" if fields[2] == "True" else "C")


def _fill(stream: IO[bytes], flat: np.ndarray, name: str) -> None:
    filled = 0
    while block := stream.read(1 << 20):  # to the end, where the checksum is compared
        if len(block) > len(flat) - filled:
            raise ValueError(f"its member {name!r} is longer than it says")
        flat[filled : filled + len(block)] = np.frombuffer(block, np.uint8)
        filled += len(block)
    if filled != len(flat):
        raise ValueError(f"its member {name!r} is truncated")
