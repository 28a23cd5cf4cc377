"""CIFAR-10 from its publisher's files, the Python version (pickles) or the binary one.

Each of the six files holds 10,000 images of 32x32 pixels: 3,072 bytes per image, the red plane first, then green,
then blue, each row by row. Described at https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from .catalog import DATASETS
from .files import as_path, read_limited
from .safe_pickle import loads

IMAGES_PER_FILE = 10_000
_PIXELS = 3 * 32 * 32
_PICKLE_LIMIT = 40 * 2**20  # the published pickles have 31.0 MB, 30.7 MB of them pixels
_EXPECTED = "a CIFAR-10 batch: a dict with uint8 'data' of shape (N, 3072) and N 'labels' in 0..9"


def read_batch(path: str | os.PathLike[str], num_images: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of one CIFAR-10 file.

    path: a pickle of the Python version, or a file of the binary version (told by its name, which ends in .bin).
    num_images: how many images the file must hold. None: 10,000 for a binary file, which cannot be told from a
        truncated one by its content, and any number up to 10,000 for a pickle.
    Returns images (N, 3, 32, 32) uint8 and labels (N,) int64.
    Raises FileNotFoundError when it is missing, ValueError (naming the file) for anything but a whole batch.
    """
    path = as_path(path)
    images, labels = (_read_binary if path.suffix == ".bin" else _read_pickle)(path, num_images)
    if labels.size and not 0 <= labels.min() <= labels.max() <= 9:
        wrong = int(np.flatnonzero((labels < 0) | (labels > 9))[0])
        raise ValueError(f"{path}: label {wrong} is {labels[wrong]}; the labels of CIFAR-10 are 0..9")
    return images.reshape(-1, 3, 32, 32), labels


def _read_binary(path: Path, num_images: int | None) -> tuple[np.ndarray, np.ndarray]:
    count = IMAGES_PER_FILE if num_images is None else num_images
    size = count * (1 + _PIXELS)
    expected = f"a binary CIFAR-10 batch: {count} records of 1 label byte and {_PIXELS} pixels, {size} bytes"
    data = read_limited(path, size, expected)
    if len(data) != size:
        raise ValueError(f"{path}: {len(data)} bytes, so truncated; expected {expected}")
    records = np.frombuffer(data, np.uint8).reshape(count, 1 + _PIXELS)
    return records[:, 1:].copy(), records[:, 0].astype(np.int64)


def _read_pickle(path: Path, num_images: int | None) -> tuple[np.ndarray, np.ndarray]:
    batch = loads(read_limited(path, _PICKLE_LIMIT, _EXPECTED), str(path), _EXPECTED)
    if not isinstance(batch, dict):
        raise ValueError(f"{path}: holds a {type(batch).__name__}; expected {_EXPECTED}")
    images, labels = (_entry(path, batch, key) for key in ("data", "labels"))
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.shape[1:] != (_PIXELS,):
        found = f"{images.dtype} {images.shape}" if isinstance(images, np.ndarray) else type(images).__name__
        raise ValueError(f"{path}: 'data' is {found}; expected {_EXPECTED}")
    if isinstance(labels, list) and all(type(label) is int and abs(label) < 2**31 for label in labels):
        labels = np.array(labels, np.int64)
    if not isinstance(labels, np.ndarray) or labels.dtype.kind not in "iu" or labels.ndim != 1:
        raise ValueError(f"{path}: 'labels' is not a list of integers; expected {_EXPECTED}")
    if len(labels) != len(images):
        raise ValueError(f"{path}: {len(images)} images but {len(labels)} labels; expected one label per image")
    if num_images is None and not 1 <= len(images) <= IMAGES_PER_FILE:
        raise ValueError(f"{path}: {len(images)} images; a CIFAR-10 batch holds 1 to {IMAGES_PER_FILE}")
    if num_images is not None and len(images) != num_images:
        raise ValueError(f"{path}: {len(images)} images; expected {num_images}")
    return np.ascontiguousarray(images), labels.astype(np.int64)


def _entry(path: Path, batch: dict[Any, Any], key: str) -> Any:
    for spelling in (key, key.encode()):  # Python 3 writes the keys of Python 2 as bytes
        if spelling in batch:
            return batch[spelling]
    raise ValueError(f"{path}: the dict has no {key!r}; expected {_EXPECTED}")


def read_cifar10(
    folder: str | os.PathLike[str], num_images: int | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """All of CIFAR-10 as bytes.

    folder: one that holds the Python version's six files, or else the binary version's.
    num_images: how many images each file must hold, as in `read_batch`.
    Returns X_train (50000, 3, 32, 32) uint8, y_train (50000,) int64, X_test (10000, 3, 32, 32), y_test (10000,).
    Raises FileNotFoundError when files are missing, ValueError for damaged ones.
    """
    folder = as_path(folder, "folder")
    *train, test = DATASETS["cifar10"].complete_layout(folder)
    # Memory that is never written to costs nothing, so room for whole files is made before their sizes are known.
    images = np.empty((len(train) * (num_images or IMAGES_PER_FILE), 3, 32, 32), np.uint8)
    labels: list[np.ndarray] = []
    filled = 0
    for name in train:
        batch, batch_labels = read_batch(folder / name, num_images)
        images[filled : filled + len(batch)] = batch
        filled += len(batch)
        labels.append(batch_labels)
    return images[:filled], np.concatenate(labels), *read_batch(folder / test, num_images)
