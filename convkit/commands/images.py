"""Data sets as a network takes them: every channel shifted and scaled to mean 0 and standard deviation 1."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from convkit.commands.errors import CommandError, UsageError
from convkit.data.catalog import DATASETS

SHOWN_PER_CLASS = 4


class Preparation(NamedTuple):
    """How pixels of 0..255 become a network's input, and what its outputs are called.

    - shape: (C, H, W)
    - classes: names of the classes
    - mean, std: of the training images' pixels, divided by 255, for each channel
    - dark_background: whether the images are bright things on black
    """

    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    dark_background: bool


class Images(NamedTuple):
    """A data set, prepared: X_train, y_train, X_val, ... by name, and a few test images as they were (uint8)."""

    title: str
    data: dict[str, np.ndarray]
    shown: np.ndarray
    shown_at: np.ndarray
    preparation: Preparation


def load(settings: dict[str, Any], preparation: Preparation | None = None) -> Images:
    """The data set of a run.

    - settings: see settings.complete
    - preparation: how the images were prepared when the run began; None: to be found from the training images
    Raises CommandError if the data set is not here or damaged, UsageError if it has fewer images than asked for.
    """
    try:
        title, classes, data = _read(settings["data"], settings["data_dir"], settings["dtype"])
    except (FileNotFoundError, ValueError) as error:
        raise CommandError(str(error)) from error
    preparation = preparation or _preparation(data["X_train"], classes)
    overfit = settings["overfit"]
    if overfit:
        if overfit > len(data["X_train"]):
            raise UsageError(f"--overfit {overfit}: {settings['data']} has {len(data['X_train'])} training images")
        data["X_train"], data["y_train"] = data["X_train"][:overfit].copy(), data["y_train"][:overfit]
    if settings["batch_size"] > len(data["X_train"]):
        raise UsageError(
            f"--batch-size {settings['batch_size']}: {settings['data']} has {len(data['X_train'])} training images"
        )
    at = _some_of_each_class(data["y_test"], len(classes))
    shown = data["X_test"][at].astype(np.uint8)
    for part in ("train", "val", "test"):
        prepare(data[f"X_{part}"], preparation)
    return Images(title, data, shown, at, preparation)


def prepare(X: np.ndarray, preparation: Preparation) -> np.ndarray:
    """Pixels of 0..255, floats (N, C, H, W), made into a network's input, in place."""
    X /= 255
    X -= np.asarray(preparation.mean, X.dtype)[:, np.newaxis, np.newaxis]
    X /= np.asarray(preparation.std, X.dtype)[:, np.newaxis, np.newaxis]
    return X


def _read(name: str, folder: str | None, dtype: str) -> tuple[str, tuple[str, ...], dict[str, np.ndarray]]:
    """Title, names of the classes, and the data with pixels of 0..255."""
    from convkit import data_utils

    if name == "fashion-mini":
        data = data_utils.load_fashion_mnist_mini(np.dtype(dtype), subtract_mean=False, scale=False)
        return "Fashion-MNIST (the part that comes with convkit)", DATASETS["fashion-mnist"].classes, data
    dataset = DATASETS[name]
    getters = {
        "cifar10": (data_utils.get_CIFAR10_data, 49_000),
        "mnist": (data_utils.get_mnist_data, 59_000),
        "fashion-mnist": (data_utils.get_fashion_mnist_data, 59_000),
    }
    get, num_training = getters[name]
    data = get(num_training, 1000, 10_000, subtract_mean=False, path=folder, dtype=np.dtype(dtype))
    return dataset.title, dataset.classes, data


def _preparation(X: np.ndarray, classes: tuple[str, ...]) -> Preparation:
    C, H, W = X.shape[1:]
    # in blocks, for the sake of memory; sums of bytes and of their squares are exact in float64
    sums, squares = np.zeros(C), np.zeros(C)
    for start in range(0, len(X), 1000):
        block = X[start : start + 1000].astype(np.float64)
        sums += block.sum(axis=(0, 2, 3))
        squares += np.einsum("nchw,nchw->c", block, block)
    count = len(X) * H * W
    mean, std = sums / count, np.sqrt(squares / count - np.square(sums / count))
    return Preparation(
        (C, H, W),
        classes,
        tuple((mean / 255).tolist()),
        tuple(np.where(std > 0, std / 255, 1).tolist()),
        C == 1 and float(np.median(corners(X))) < 64,
    )


def corners(X: np.ndarray) -> np.ndarray:
    """The pixels in the corners of images (..., H, W): as good as always background."""
    ends = np.array([0, 1, -2, -1])
    return X[..., ends[:, np.newaxis], ends]


def _some_of_each_class(y: np.ndarray, classes: int) -> np.ndarray:
    """Where the first few images of each class are: one of each, then another of each, and so on."""
    found = [np.flatnonzero(y == label)[:SHOWN_PER_CLASS] for label in range(classes)]
    return np.array([at[i] for i in range(SHOWN_PER_CLASS) for at in found if i < len(at)], dtype=np.intp)
