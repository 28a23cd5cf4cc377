"""Loading data under the names of the CS231n assignments: CIFAR-10, Tiny ImageNet, saved models, and MNIST.

The work is done in `convkit.data`; files are read so that a damaged or hostile one gives a ValueError naming it, and
nothing in a file is ever run.
"""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np

from . import checkpoint
from .data.bundled import load_fashion_mnist_mini, load_photo
from .data.cifar import read_batch, read_cifar10
from .data.files import as_path, read_limited
from .data.idx import read_mnist_like
from .data.npz import read_npz
from .data.safe_pickle import loads
from .data.split import as_count, split
from .data.tiny_imagenet import load_tiny_imagenet
from .data.where import NOTEBOOK_FOLDER, find, named_folder

__all__ = [
    "get_CIFAR10_data",
    "get_fashion_mnist_data",
    "get_mnist_data",
    "load_CIFAR10",
    "load_CIFAR_batch",
    "load_fashion_mnist",
    "load_fashion_mnist_mini",
    "load_imagenet_val",
    "load_mnist",
    "load_models",
    "load_photo",
    "load_pickle",
    "load_tiny_imagenet",
]
_PICKLE_LIMIT = 256 * 2**20
PathLike = str | os.PathLike[str]


def load_pickle(f: IO[bytes]) -> Any:
    """The value in a pickle of plain values and NumPy arrays, such as a file of CIFAR-10.

    f: the file, opened with 'rb'; it is read to its end.
    Returns dicts, lists, strings, numbers and arrays; Python 2's byte strings as str (Latin-1).
    Raises TypeError if `f` is not a binary file; ValueError, naming the file, if it holds anything else: a class or
    function, which `pickle.load` would run, is refused. At most 256 MB are read.
    """
    if not callable(getattr(f, "read", None)):
        raise TypeError(f"f must be a file opened with 'rb', got {type(f).__name__}")
    data = f.read(_PICKLE_LIMIT + 1)
    if not isinstance(data, bytes):
        raise TypeError("f must be a file opened with 'rb'; this one gives text")
    name = str(getattr(f, "name", "the pickle"))
    if len(data) > _PICKLE_LIMIT:
        raise ValueError(f"{name}: more than {_PICKLE_LIMIT} bytes; expected a pickle of at most that size")
    return loads(data, name)


def load_CIFAR_batch(filename: PathLike) -> tuple[np.ndarray, np.ndarray]:
    """One file of CIFAR-10.

    filename: a file of the Python version, or of the binary version (its name ends in .bin).
    Returns X (10000, 32, 32, 3) float64 of 0..255, and Y (10000,) int64 of 0..9.
    Raises FileNotFoundError when it is missing, ValueError, naming it, for anything but a whole batch.
    """
    X, Y = read_batch(filename)
    return X.transpose(0, 2, 3, 1).astype(np.float64, order="C"), Y


def load_CIFAR10(ROOT: PathLike | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """All of CIFAR-10 as float64: 1.5 GB (`get_CIFAR10_data(dtype=np.float32)` takes half).

    ROOT: the folder with its files, in the Python or the binary version, or one that holds that folder; None to
    search as `convkit.data.where` describes.
    Returns Xtr (50000, 32, 32, 3) float64 of 0..255, Ytr (50000,) int64, Xte (10000, 32, 32, 3), Yte (10000,).
    Raises FileNotFoundError that lists where it was looked for, ValueError, naming the file, for damaged ones.
    """
    X, Ytr, X_test, Yte = read_cifar10(find("cifar10", ROOT))
    Xtr, Xte = (images.transpose(0, 2, 3, 1).astype(np.float64, order="C") for images in (X, X_test))
    return Xtr, Ytr, Xte, Yte


def get_CIFAR10_data(
    num_training: int = 49000,
    num_validation: int = 1000,
    num_test: int = 1000,
    subtract_mean: bool = True,
    *,
    path: PathLike | None = None,
    dtype: Any = np.float64,
    with_mean: bool = False,
) -> dict[str, np.ndarray]:
    """CIFAR-10, split as CS231n's assignments split it, ready for a Solver.

    num_training: the first so many of the 50,000 training images. num_validation: the next so many.
    num_test: the first so many of the 10,000 test images.
    subtract_mean: subtract the mean training image from all parts; pixels keep their scale of 0..255.
    path: as ROOT in `load_CIFAR10`. dtype: np.float64, as in CS231n, or np.float32, of the images.
    with_mean: put the mean training image into the dict too, as 'mean_image' (3, 32, 32).
    Returns a dict: X_train, X_val, X_test (n, 3, 32, 32), y_train, y_val, y_test (n,) int64.
    Raises FileNotFoundError (listing where it looked), ValueError and TypeError for wrong arguments or files.
    """

    def read() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        return read_cifar10(find("cifar10", path))

    return split(read, num_training, num_validation, num_test, subtract_mean, dtype, with_mean)


def load_mnist(path: PathLike | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """All of MNIST as bytes.

    path: the folder with its four IDX files, plain or .gz, or one that holds that folder; None to search.
    Returns Xtr (60000, 28, 28, 1) uint8, Ytr (60000,) int64, Xte (10000, 28, 28, 1) uint8, Yte (10000,) int64.
    Raises FileNotFoundError that lists where it was looked for, ValueError, naming the file, for damaged ones.
    """
    return _as_pictures(read_mnist_like(find("mnist", path), "mnist"))


def load_fashion_mnist(path: PathLike | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """All of Fashion-MNIST as bytes; arguments, result and errors as `load_mnist`."""
    return _as_pictures(read_mnist_like(find("fashion-mnist", path), "fashion-mnist"))


def _as_pictures(
    parts: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    X, Y, X_test, Y_test = parts
    return X.transpose(0, 2, 3, 1), Y, X_test.transpose(0, 2, 3, 1), Y_test


def get_mnist_data(
    num_training: int = 59000,
    num_validation: int = 1000,
    num_test: int = 1000,
    subtract_mean: bool = True,
    *,
    path: PathLike | None = None,
    dtype: Any = np.float64,
    with_mean: bool = False,
) -> dict[str, np.ndarray]:
    """MNIST ready for a Solver, split as `get_CIFAR10_data` does it out of 60,000 + 10,000 images.

    Arguments, errors and keys as there; the images are (n, 1, 28, 28). path: as in `load_mnist`.
    """

    def read() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        return read_mnist_like(find("mnist", path), "mnist")

    return split(read, num_training, num_validation, num_test, subtract_mean, dtype, with_mean)


def get_fashion_mnist_data(
    num_training: int = 59000,
    num_validation: int = 1000,
    num_test: int = 1000,
    subtract_mean: bool = True,
    *,
    path: PathLike | None = None,
    dtype: Any = np.float64,
    with_mean: bool = False,
) -> dict[str, np.ndarray]:
    """Fashion-MNIST ready for a Solver; arguments, result and errors as `get_mnist_data`."""

    def read() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        return read_mnist_like(find("fashion-mnist", path), "fashion-mnist")

    return split(read, num_training, num_validation, num_test, subtract_mean, dtype, with_mean)


def load_models(models_dir: PathLike) -> dict[str, Any]:
    """Saved parameters of every file in a folder.

    models_dir: the folder; its subfolders and hidden files are passed over.
    Returns a dict from file name to the parameters by name: those of a checkpoint that a Solver wrote, or the arrays
    that np.savez wrote; or else to the plain values in a pickle.
    Raises ValueError, naming the file, for any other file: a pickled model of another program names classes, which
    would have to be trusted; save its parameters with np.savez instead.
    """
    folder = as_path(models_dir, "models_dir")
    if not folder.is_dir():
        raise FileNotFoundError(f"models_dir: no folder {folder}")
    models: dict[str, Any] = {}
    for file in sorted(folder.iterdir()):
        if file.is_dir() or file.name.startswith("."):
            continue
        if file.suffix == ".npz":
            models[file.name] = checkpoint.read(file)["params"] if _is_checkpoint(file) else read_npz(file)
        else:
            expected = "a saved model that is safe to read: an .npz file, or a pickle of plain values and arrays"
            models[file.name] = loads(read_limited(file, _PICKLE_LIMIT, expected), str(file), expected)
    return models


def _is_checkpoint(file: Path) -> bool:
    try:
        with zipfile.ZipFile(file) as archive:
            return "meta.json" in archive.namelist()
    except Exception:  # whatever is wrong with it, its reader says so
        return False


def load_imagenet_val(num: int | None = None) -> tuple[np.ndarray, np.ndarray, dict[int, str]]:
    """A few validation images of ImageNet, from CS231n's file imagenet_val_25.npz.

    num: how many of its images; None for all.
    Returns X (n, 224, 224, 3) uint8, y (n,) labels of 0..999, and class_names, a dict from label to name.
    Raises FileNotFoundError that lists where the file was looked for, ValueError for a damaged one.
    """
    name = "imagenet_val_25.npz"
    folders = [folder for folder in (named_folder(), NOTEBOOK_FOLDER, Path(__file__).parent / "datasets") if folder]
    path = next((folder / name for folder in folders if (folder / name).exists()), None)
    if path is None:
        tried = ", ".join(str(folder.absolute()) for folder in folders)
        raise FileNotFoundError(f"{name} is not in {tried}. It is offered at http://cs231n.stanford.edu/{name}")
    stored = read_npz(path)
    if not {"X", "y", "label_map"} <= stored.keys() or stored["label_map"].shape != ():
        raise ValueError(f"{path}: expected arrays X, y and label_map, found {', '.join(sorted(stored))}")
    X, y, class_names = stored["X"], stored["y"], stored["label_map"].item()
    if X.ndim != 4 or y.shape != X.shape[:1] or not isinstance(class_names, dict):
        raise ValueError(
            f"{path}: expected X (N, 224, 224, 3), y (N,) and a dict of class names; found X {X.shape}, y {y.shape} "
            f"and a {type(class_names).__name__}"
        )
    count = len(X) if num is None else as_count("num", num, len(X))
    return X[:count], y[:count], class_names
