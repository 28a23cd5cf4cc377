"""Tiny ImageNet: folders of JPEG images of 64x64 pixels, as CS231n's assignments give it out.

wnids.txt (one class id per line); words.txt (id, tab, names); train/ID/ID_boxes.txt and train/ID/images/;
val/val_annotations.txt (file, tab, class id, ...) and val/images/; test/images/. Test labels are not published;
test/test_annotations.txt is read where it exists.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from .files import as_path, read_limited
from .images import read_rgb
from .split import as_flag, as_float_dtype

_SIDE = 64
_TEXT_LIMIT = 64 * 2**20


def load_tiny_imagenet(
    path: str | os.PathLike[str], dtype: Any = np.float32, subtract_mean: bool = True
) -> dict[str, Any]:
    """Tiny ImageNet (any of its versions: 100-A, 100-B, 200) from its folder.

    path: the folder that holds wnids.txt, words.txt, train/, val/ and test/.
    dtype: np.float32 or np.float64. subtract_mean: subtract the mean training image from all images.
    Returns a dict: class_names, a list with, for each class, the list of its names; X_train (N, 3, 64, 64),
    y_train (N,); X_val, y_val; X_test, and y_test (None where its labels are not there); mean_image (3, 64, 64).
    Test images come in the order of their file names. The 200-class version takes 5.9 GB as float32.
    Raises FileNotFoundError for missing files, ValueError, naming the file, for damaged ones; no file name in the
    lists may lead outside of its folder.
    """
    folder, dtype = as_path(path), as_float_dtype(dtype)
    subtract_mean = as_flag("subtract_mean", subtract_mean)
    wnids = [_plain_name(line, folder / "wnids.txt") for line in _lines(folder / "wnids.txt") if line.strip()]
    label_of = {wnid: label for label, wnid in enumerate(wnids)}
    if not wnids or len(label_of) != len(wnids):
        raise ValueError(f"{folder / 'wnids.txt'}: expected one class id per line, each of them once")

    train = [(image, label_of[wnid]) for wnid in wnids for image in _training_images(folder, wnid)]
    val = _annotated(folder, "val", label_of)
    test_folder = folder / "test" / "images"
    if (folder / "test" / "test_annotations.txt").exists():
        labels = {image.name: label for image, label in _annotated(folder, "test", label_of)}
    else:
        labels = {}
    test = sorted(test_folder.iterdir()) if test_folder.is_dir() else []
    if labels and (unlabelled := [image.name for image in test if image.name not in labels]):
        raise ValueError(f"{folder / 'test' / 'test_annotations.txt'}: has no label for {unlabelled[0]!r}")

    X_train, X_val, X_test = (_images(part, dtype) for part in ([f for f, _ in train], [f for f, _ in val], test))
    if not train:
        raise ValueError(f"{folder / 'train'}: lists no images")
    mean_image = X_train.mean(axis=0, dtype=np.float64).astype(dtype)
    if subtract_mean:
        for part in (X_train, X_val, X_test):
            part -= mean_image
    return {
        "class_names": _class_names(folder / "words.txt", wnids),
        "X_train": X_train,
        "y_train": np.array([label for _, label in train], np.int64),
        "X_val": X_val,
        "y_val": np.array([label for _, label in val], np.int64),
        "X_test": X_test,
        "y_test": np.array([labels[image.name] for image in test], np.int64) if labels else None,
        "mean_image": mean_image,
    }


def _lines(path: Path) -> list[str]:
    text = read_limited(path, _TEXT_LIMIT, "a list of Tiny ImageNet")
    try:
        return text.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not a text file in UTF-8 ({error})") from None


def _plain_name(text: str, source: Path) -> str:
    """A name that stays in its folder: no separator, no drive, not '..'."""
    name = text.split("\t")[0].strip()
    if not name or name in (".", "..") or any(sign in name for sign in "/\\:\0"):
        raise ValueError(f"{source}: {name[:80]!r} is not a plain file name or class id")
    return name


def _training_images(folder: Path, wnid: str) -> list[Path]:
    boxes = folder / "train" / wnid / f"{wnid}_boxes.txt"
    return [boxes.parent / "images" / _plain_name(line, boxes) for line in _lines(boxes) if line.strip()]


def _annotated(folder: Path, part: str, label_of: dict[str, int]) -> list[tuple[Path, int]]:
    source = folder / part / f"{part}_annotations.txt"
    found = []
    for number, line in enumerate(_lines(source), 1):
        if not line.strip():
            continue
        wnid = line.partition("\t")[2].split("\t")[0].strip()
        if wnid not in label_of:
            raise ValueError(f"{source}, line {number}: {wnid[:80]!r} is not one of the classes in wnids.txt")
        found.append((folder / part / "images" / _plain_name(line, source), label_of[wnid]))
    return found


def _class_names(path: Path, wnids: list[str]) -> list[list[str]]:
    words = dict(line.split("\t", 1) for line in _lines(path) if "\t" in line)
    if missing := [wnid for wnid in wnids if wnid not in words]:
        raise ValueError(f"{path}: has no names for class {missing[0]!r}")
    return [[word.strip() for word in words[wnid].split(",")] for wnid in wnids]


def _images(files: list[Path], dtype: np.dtype) -> np.ndarray:
    """Images as (N, 3, 64, 64), decoded into place: the only array of their size."""
    for file in files:
        if not file.is_file():
            raise FileNotFoundError(f"{file}: no such image, though it is listed")
    try:
        images = np.empty((len(files), 3, _SIDE, _SIDE), dtype)
    except MemoryError:
        raise ValueError(f"{len(files)} images of {files[0].parent} do not fit into memory as {dtype}") from None
    for i, file in enumerate(files):
        images[i] = read_rgb(file, size=(_SIDE, _SIDE)).transpose(2, 0, 1)
    return images
