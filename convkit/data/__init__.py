"""Data sets: bundled, found on this machine, or downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from .bundled import MINI_FILE, load_fashion_mnist_mini, load_photo, read_fashion_mnist_mini
from .catalog import BUNDLED, CIFAR10_CLASSES, DATASETS, FASHION_MNIST_CLASSES, MNIST_CLASSES
from .cifar import read_batch, read_cifar10
from .download import fetch
from .idx import read_idx, read_mnist_like
from .where import cache_folder, download_folder, find, locate

__all__ = [
    "CIFAR10_CLASSES",
    "DATASETS",
    "FASHION_MNIST_CLASSES",
    "MNIST_CLASSES",
    "DatasetRow",
    "cache_folder",
    "download_folder",
    "fetch",
    "find",
    "list_datasets",
    "load_fashion_mnist_mini",
    "load_photo",
    "locate",
    "read_batch",
    "read_cifar10",
    "read_fashion_mnist_mini",
    "read_idx",
    "read_mnist_like",
]


class DatasetRow(NamedTuple):
    """One line of `list_datasets`: `where` is the folder or file that holds the data set, None if it is not here."""

    name: str
    what: str
    size: str
    licence: str
    where: Path | None
    how: str


def list_datasets() -> list[DatasetRow]:
    """Every data set that convkit knows, where it is on this machine, and how to get it if it is not."""
    mini = DatasetRow(
        BUNDLED,
        "5,000 + 1,000 pictures of clothes, 28x28 grey pixels: a part of Fashion-MNIST",
        f"{MINI_FILE.stat().st_size / 1e6:.1f} MB",
        DATASETS["fashion-mnist"].licence,
        MINI_FILE,
        "comes with convkit",
    )
    others = [
        DatasetRow(d.name, d.what, d.size, d.licence, locate(d.name), f"convkit data fetch {d.name}")
        for d in DATASETS.values()
    ]
    return [mini, *others]
