"""Opening files that may be missing, damaged or hostile: sizes are checked before a byte is read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO


def as_path(path: str | os.PathLike[str], argument: str = "path") -> Path:
    """`path` as a Path with ~ expanded; TypeError, naming the argument, for anything that is not a path."""
    if not isinstance(path, (str, os.PathLike)) or not isinstance(os.fspath(path), str):
        raise TypeError(f"{argument} must be a str or a pathlib.Path, got {type(path).__name__}")
    if not os.fspath(path) or "\0" in os.fspath(path):
        raise ValueError(f"{argument} must name a file or folder, got {os.fspath(path)!r}")
    return Path(path).expanduser()


def open_regular(path: Path, what: str) -> BinaryIO:
    """`path` opened for reading in binary.

    path: the file. what: what it should be, for the message ("a CIFAR-10 batch").
    Raises FileNotFoundError if nothing is there, ValueError for a folder, pipe or device (opening a pipe could
    wait forever, and a device never ends).
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file; expected {what}")
    if not path.is_file():
        raise ValueError(f"{path}: not a regular file; expected {what}")
    return path.open("rb")


def read_limited(path: Path, at_most: int, what: str) -> bytes:
    """The bytes of `path`, at most `at_most` of them.

    Raises ValueError when the file is empty or larger (nothing of a larger file is read), FileNotFoundError when
    it is missing.
    """
    with open_regular(path, what) as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise ValueError(f"{path}: the file is empty; expected {what}")
        if size > at_most:
            raise ValueError(f"{path}: {size} bytes are too many; expected {what} of at most {at_most} bytes")
        data = file.read(at_most + 1)
    if len(data) != size:
        raise ValueError(f"{path}: the file changed while it was read; expected {what}")
    return data


def sync(path: Path) -> None:
    """Force a file (or, on POSIX, a folder's list of names) to disk, so that a rename cannot outrun its content."""
    if path.is_dir() and os.name != "posix":
        return  # Windows cannot open a folder to flush it
    handle = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
