"""The images that notebooks train on: a whole data set where the learner has fetched it, else those of convkit.

data, words = load("cifar10", most=10_000)
print(words)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from convkit.data import DATASETS, FASHION_MNIST_CLASSES, locate
from convkit.data.catalog import canonical_name
from convkit.data.split import as_count
from convkit.data_utils import get_CIFAR10_data, get_fashion_mnist_data, get_mnist_data, load_fashion_mnist_mini

READERS = {"cifar10": get_CIFAR10_data, "mnist": get_mnist_data, "fashion-mnist": get_fashion_mnist_data}
TRAINING = {"cifar10": 49_000, "mnist": 59_000, "fashion-mnist": 59_000}  # 1,000 more are for validation
BUNDLED_TRAINING = 4_500


def load(
    name: str, most: int | None = None, *, subtract_mean: bool = True, dtype: Any = np.float32
) -> tuple[dict[str, Any], str]:
    """Images to train on, ready for a Solver, and words that say which they are.

    - name: 'cifar10', 'mnist' or 'fashion-mnist'. Where that one has not been fetched (`convkit data fetch`), the
      images are those of Fashion-MNIST that come with convkit, (1, 28, 28), and the words say how to fetch it.
    - most: train on at most so many images; with a number, there are 1,000 test images instead of 10,000. None: all.
    - subtract_mean: subtract the mean training image; else pixels are from 0 to 1
    - dtype: np.float32 or np.float64

    Returns (data, words). data is a dict: X_train, X_val, X_test (n, C, H, W), pixels divided by 255; y_train, y_val,
    y_test (n,) int64; mean_image (C, H, W), what was subtracted, zeros if nothing was; class_names, a tuple.
    Raises ValueError for another name, a number below 1, or damaged files; TypeError for arguments of another type.
    """
    name = canonical_name(name)
    if name not in READERS:
        raise ValueError(f"name must be one of {', '.join(READERS)}; got {name!r}")
    most = None if most is None else as_count("most", most, 2**62, least=1)
    if locate(name) is None:
        return _bundled(name, most, subtract_mean, dtype)
    count = TRAINING[name] if most is None else min(most, TRAINING[name])
    data: dict[str, Any] = READERS[name](
        count, 1_000, 10_000 if most is None else 1_000, subtract_mean, dtype=dtype, with_mean=True
    )
    for part in ("X_train", "X_val", "X_test", "mean_image"):
        data[part] /= 255
    if not subtract_mean:
        data["mean_image"][:] = 0
    data["class_names"] = DATASETS[name].classes
    some = "" if count == TRAINING[name] else f" of its {TRAINING[name]:,}"
    return data, f"{DATASETS[name].title}: {_sizes(data, some)}."


def _bundled(name: str, most: int | None, subtract_mean: bool, dtype: Any) -> tuple[dict[str, Any], str]:
    count = BUNDLED_TRAINING if most is None else min(most, BUNDLED_TRAINING)
    data: dict[str, Any] = load_fashion_mnist_mini(dtype, subtract_mean, num_training=count)
    data["class_names"] = FASHION_MNIST_CLASSES
    wanted = DATASETS[name]
    return data, (
        f"The part of Fashion-MNIST that comes with convkit: {_sizes(data)}.\n"
        f"To work with {'all of ' if name == 'fashion-mnist' else ''}{wanted.title} ({wanted.size}), type this in a "
        f"terminal, then run this cell again: convkit data fetch {name}"
    )


def _sizes(data: dict[str, Any], some: str = "") -> str:
    C, H, W = data["X_train"].shape[1:]
    train, val, test = (len(data[f"X_{part}"]) for part in ("train", "val", "test"))
    colour = {1: "grey", 3: "colour"}[C]
    return f"{train:,}{some} training, {val:,} validation and {test:,} test images, {H} x {W}, {colour}"
