"""What comes with convkit: a small part of Fashion-MNIST, and photos to filter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .images import read_rgb
from .split import as_count, as_flag, as_float_dtype, centred

MINI_FILE = Path(__file__).parent / "fashion_mnist_mini.npz"
PHOTOS = {
    "cat": Path(__file__).parent / "chelsea.png",
    "coffee": Path(__file__).parents[1] / "notebook_images" / "puppy.jpg",
}


def read_fashion_mnist_mini() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The bundled images as they are stored.

    The first 500 training and the first 100 test images of each class of Fashion-MNIST, in the order in which they
    stand in the original files (so the classes are mixed).
    Returns X_train (5000, 1, 28, 28) uint8, y_train (5000,) int64, X_test (1000, 1, 28, 28), y_test (1000,).
    Raises ImportError where Python has no module lzma.
    """
    try:
        import lzma  # noqa: F401  (zipfile needs it for this file: LZMA makes it a seventh smaller than deflate)
    except ImportError as error:
        raise ImportError(
            f"{MINI_FILE.name} is packed with LZMA, and this Python was built without the module lzma: install liblzma "
            "(Debian, Ubuntu: `apt install liblzma-dev`) and build Python again"
        ) from error
    stored = np.load(MINI_FILE, allow_pickle=False)  # our own file: `read_npz` is for those of others
    X, y, X_test, y_test = (stored[key] for key in ("X_train", "y_train", "X_test", "y_test"))
    return X[:, np.newaxis], y.astype(np.int64), X_test[:, np.newaxis], y_test.astype(np.int64)


def load_fashion_mnist_mini(
    dtype: Any = np.float32,
    subtract_mean: bool = True,
    num_validation: int = 500,
    num_training: int | None = None,
    num_test: int = 1000,
    *,
    scale: bool = True,
) -> dict[str, np.ndarray]:
    """The bundled part of Fashion-MNIST, ready for a Solver: 5,000 training and 1,000 test images of 28x28.

    dtype: np.float32 or np.float64, of the images.
    subtract_mean: subtract the mean training image from all parts.
    num_validation: images set aside for validation, 0..4999, out of the 5,000.
    num_training: how many of the others to train on; None for all of them.
    num_test: how many test images, 0..1000.
    scale: divide pixels by 255, so that they lie in 0..1 before the mean is subtracted; else they stay 0..255.
    Returns a dict: X_train, X_val, X_test (n, 1, 28, 28), y_train, y_val, y_test (n,) int64, and mean_image
    (1, 28, 28), which is what was subtracted (zeros if nothing): a new image is prepared as pixels / 255 - mean_image.
    Every part, however small, holds equally many images of each class as far as its number allows, is the same
    on every call, and mixes the classes. The classes' names are in FASHION_MNIST_CLASSES.
    Raises TypeError or ValueError for arguments outside of these ranges.
    """
    dtype = as_float_dtype(dtype)
    subtract_mean, scale = as_flag("subtract_mean", subtract_mean), as_flag("scale", scale)
    X, y, X_test, y_test = read_fashion_mnist_mini()
    num_validation = as_count("num_validation", num_validation, len(X) - 1)
    rest = len(X) - num_validation
    num_training = rest if num_training is None else as_count("num_training", num_training, rest, least=1)
    num_test = as_count("num_test", num_test, len(X_test))
    turns = _in_turns(y)
    train, val = np.sort(turns[:num_training]), np.sort(turns[rest:])
    test = np.sort(_in_turns(y_test)[:num_test])
    mean = X[train].sum(axis=0, dtype=np.int64) / num_training if subtract_mean else np.zeros(X.shape[1:])
    unit = 255.0 if scale else 1.0
    data = {"mean_image": (mean / unit).astype(dtype)}
    for part, images, labels, chosen in (("train", X, y, train), ("val", X, y, val), ("test", X_test, y_test, test)):
        data[f"X_{part}"] = centred(images[chosen], mean, dtype)
        data[f"X_{part}"] /= dtype.type(unit)
        data[f"y_{part}"] = labels[chosen]
    return data


def _in_turns(y: np.ndarray) -> np.ndarray:
    """Indices in an order that takes the classes in turn: the first image of each, the second of each, ..."""
    rank = np.empty(len(y), np.int64)
    for label in np.unique(y):
        of_class = np.flatnonzero(y == label)
        rank[of_class] = np.arange(len(of_class))
    return np.lexsort((y, rank))


def load_photo(name: str = "cat") -> np.ndarray:
    """A bundled photo.

    name: 'cat' (451 pixels wide, 300 high) or 'coffee' (a cup, 400 x 400).
    Returns (H, W, 3) uint8, red, green and blue. Raises ValueError for another name.
    """
    if not isinstance(name, str) or name not in PHOTOS:
        raise ValueError(f"name must be one of {', '.join(PHOTOS)}; got {name!r}")
    return read_rgb(PHOTOS[name])
