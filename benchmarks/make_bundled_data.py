#!/usr/bin/env python3
"""Make the data that convkit bundles: a part of Fashion-MNIST, and two photos.

    python benchmarks/make_bundled_data.py FASHION_MNIST_FOLDER [PHOTOS_FOLDER]

FASHION_MNIST_FOLDER holds the four published IDX files (plain or .gz): their content is compared with the published
md5 sums first. PHOTOS_FOLDER holds chelsea.png and coffee.png as scikit-image ships them; without it the photos are
left as they are. Writes into convkit/data and convkit/notebook_images. Run again, it writes the same bytes (given the
same versions of liblzma, zlib and Pillow).
"""

import io
import sys
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from convkit.data.bundled import MINI_FILE  # noqa: E402
from convkit.data.catalog import DATASETS  # noqa: E402
from convkit.data.idx import read_mnist_like  # noqa: E402
from convkit.data.verify import differing  # noqa: E402


def first_of_each_class(labels: np.ndarray, count: int) -> np.ndarray:
    """Indices of the first `count` images of each class, in the order of the file."""
    return np.sort(np.concatenate([np.flatnonzero(labels == label)[:count] for label in range(10)]))


def write_npz(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """An .npz file without time stamps, by LZMA: it packs these images a seventh smaller than np.savez_compressed."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array, allow_pickle=False)
            member = zipfile.ZipInfo(f"{name}.npy")  # dated 1980-01-01
            archive.writestr(member, content.getvalue(), zipfile.ZIP_LZMA)


def make_fashion_mnist_mini(folder: Path) -> None:
    if wrong := differing(DATASETS["fashion-mnist"], folder):
        sys.exit(f"{folder}: {', '.join(wrong)} differ from what was published")
    X, y, X_test, y_test = read_mnist_like(folder, "fashion-mnist")
    train, test = first_of_each_class(y, 500), first_of_each_class(y_test, 100)
    arrays = {
        "X_train": X[train, 0],
        "y_train": y[train].astype(np.uint8),
        "X_test": X_test[test, 0],
        "y_test": y_test[test].astype(np.uint8),
    }
    write_npz(MINI_FILE, arrays)
    print(f"{MINI_FILE}: {MINI_FILE.stat().st_size} bytes")


def make_photos(folder: Path) -> None:
    images = ROOT / "convkit" / "notebook_images"
    with Image.open(folder / "chelsea.png") as cat, Image.open(folder / "coffee.png") as coffee:
        alone = Image.fromarray(np.asarray(cat))  # without its colour profile and its history
        alone.save(ROOT / "convkit" / "data" / "chelsea.png", optimize=True)
        cat.convert("RGB").save(images / "kitten.jpg", quality=90)
        side = coffee.height  # notebooks expect the second image to be square
        left = (coffee.width - side) // 2
        coffee.convert("RGB").crop((left, 0, left + side, side)).save(images / "puppy.jpg", quality=90)
    print(f"{images}: kitten.jpg, puppy.jpg")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    make_fashion_mnist_mini(Path(sys.argv[1]))
    if len(sys.argv) == 3:
        make_photos(Path(sys.argv[2]))
