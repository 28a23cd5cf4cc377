"""IDX, the format of MNIST and Fashion-MNIST: a magic number, the sizes, then bytes.

Big-endian throughout: two zero bytes, a type code (8 for uint8), the number of dimensions, each size as 4 bytes,
then the content in C order. Described in Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits".
"""

from __future__ import annotations

import hashlib
import io
import math
import os
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from .catalog import DATASETS
from .files import as_path, open_regular

_LIMIT = 2**30  # bytes of one file's content; the largest of the family (EMNIST, 697,932 images) has 547 MB
_DEFLATE_RATIO = 1032  # deflate cannot compress better than this
_BLOCK = 1 << 20


class Gunzip(io.RawIOBase):
    """A gzip stream that gives at most what is asked for, whatever the file would expand to.

    Python's own `gzip` reads the file name in a header byte by byte, and hands on errors of three unrelated types;
    here each is a ValueError.
    """

    def __init__(self, file: BinaryIO, name: str):
        self._file, self._name = file, name
        self._inflate = zlib.decompressobj(wbits=31)
        self._input = b""

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()
        super().close()

    def read(self, size: int = -1) -> bytes:
        """Up to `size` (at most 1 MiB) bytes; b"" only at the end, once length and checksum have been found right."""
        size = _BLOCK if size is None or not 0 <= size <= _BLOCK else size
        while size and not self._inflate.eof:
            fresh = self._input or self._file.read(1 << 16)
            try:
                output = self._inflate.decompress(fresh, size)
            except zlib.error as error:
                raise ValueError(f"{self._name}: the gzip stream is damaged ({error})") from None
            self._input = self._inflate.unconsumed_tail
            if output:
                return output
            if not fresh and not self._inflate.eof:
                raise ValueError(f"{self._name}: the gzip stream is truncated")
        if size and (self._inflate.unused_data or self._file.read(1)):
            raise ValueError(f"{self._name}: something follows the gzip stream")
        return b""


def open_content(path: Path, what: str = "an IDX file, plain or .gz") -> BinaryIO:
    """`path` opened for reading, decompressed on the way if it starts as gzip files do (whatever its name)."""
    file = open_regular(path, what)
    try:
        magic = file.read(2)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return Gunzip(file, str(path)) if magic == b"\x1f\x8b" else file  # type: ignore[return-value]


def read_idx(path: str | os.PathLike[str], shape: tuple[int | None, ...]) -> np.ndarray:
    """The array of bytes in an IDX file, plain or compressed by gzip.

    path: the file. shape: what the array must have, None for a size that may be any: (None, 28, 28).
    Returns a uint8 array. Raises FileNotFoundError when the file is missing; ValueError, naming the file, when its
    magic number, its sizes or the length of its content are not right. Nothing is allocated before these are known,
    and no more than one byte beyond the announced content is decompressed.
    """
    path = as_path(path)
    expected = f"an IDX file of uint8 with sizes {_text(shape)}"
    with open_content(path, expected) as file:
        header = _read_up_to(file, 4 + 4 * len(shape))
        if header[:4] != bytes([0, 0, 8, len(shape)]):
            raise ValueError(f"{path}: starts with {header[:4].hex(' ') or 'nothing'}; expected {expected}, which "
                             f"starts with 00 00 08 {len(shape):02x}")  # fmt: skip
        if len(header) != 4 + 4 * len(shape):
            raise ValueError(f"{path}: truncated within its sizes; expected {expected}")
        found = struct.unpack(f">{len(shape)}I", header[4:])
        if any(want is not None and size != want for size, want in zip(found, shape)):
            raise ValueError(f"{path}: its sizes are {_text(found)}; expected {expected}")
        size, stored = math.prod(found), path.stat().st_size
        most = (stored + 1) * _DEFLATE_RATIO if isinstance(file, Gunzip) else stored - len(header)
        if size > min(most, _LIMIT) or (most != size and not isinstance(file, Gunzip)):
            raise ValueError(f"{path}: its sizes {_text(found)} announce {size} bytes of content, but its {stored} "
                             f"bytes cannot hold just these")  # fmt: skip
        content = np.empty(size, np.uint8)
        filled = _fill(file, content)
        if filled != size:
            raise ValueError(f"{path}: truncated: {filled} of {size} bytes of content; expected {expected}")
        if file.read(1):
            raise ValueError(f"{path}: goes on after the {size} bytes that its sizes announce; expected {expected}")
    return content.reshape(found)


def _text(shape: tuple[int | None, ...]) -> str:
    return " x ".join("N" if size is None else str(size) for size in shape)


def _read_up_to(file: BinaryIO, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := file.read(size - len(data))):
        data += more
    return data


def _fill(file: BinaryIO, content: np.ndarray) -> int:
    filled = 0
    while filled < len(content) and (block := file.read(min(_BLOCK, len(content) - filled))):
        content[filled : filled + len(block)] = np.frombuffer(block, np.uint8)
        filled += len(block)
    return filled


def read_mnist_like(folder: str | os.PathLike[str], name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """All of MNIST or Fashion-MNIST as bytes.

    folder: one that holds the four IDX files, plain or .gz. name: 'mnist' or 'fashion-mnist'.
    Returns X_train (60000, 1, 28, 28) uint8, y_train (60000,) int64, X_test (10000, 1, 28, 28), y_test (10000,).
    Raises FileNotFoundError when files are missing, ValueError for damaged ones.
    """
    folder = as_path(folder, "folder")
    train_x, train_y, test_x, test_y = (folder / file for file in DATASETS[name].complete_layout(folder))
    X, y = _read_part(train_x, train_y)
    content = struct.pack(">4BI", 0, 0, 8, 1, len(y)) + y.astype(np.uint8).tobytes()
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    for other in DATASETS.values():
        if other.name != name and digest == other.contents.get("train-labels-idx1-ubyte"):
            raise ValueError(f"{folder}: expected {DATASETS[name].title}, but the files are those of {other.title}")
    return X, y, *_read_part(test_x, test_y)


def _read_part(images: Path, labels: Path) -> tuple[np.ndarray, np.ndarray]:
    x, y = read_idx(images, (None, 28, 28)), read_idx(labels, (None,))
    if len(x) != len(y):
        raise ValueError(f"{images} holds {len(x)} images but {labels} {len(y)} labels; expected one label per image")
    if y.size and y.max() > 9:
        wrong = int(np.argmax(y > 9))
        raise ValueError(f"{labels}: label {wrong} is {y[wrong]}; expected labels in 0..9")
    return x[:, np.newaxis], y.astype(np.int64)
