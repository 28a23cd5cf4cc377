"""The data sets that convkit knows: what they are, their files, where their publishers offer them.

Sizes and md5 sums are those of the published files; `contents` gives the sums of what is in them, so that a copy
compressed by someone else (as Debian's) is recognised too, and tells MNIST from Fashion-MNIST, whose files have the
same names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
MNIST_CLASSES = tuple("0123456789")
FASHION_MNIST_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


@dataclass(frozen=True)
class Download:
    """A file as its publisher offers it: its name below the base address, its size in bytes, its md5 sum."""

    name: str
    size: int
    md5: str


@dataclass(frozen=True)
class Dataset:
    """What is known of one data set.

    folders: the folder names under which its files are looked for, the first being where downloads go.
    layouts: lists of files, training parts first, each list complete by itself; `suffixes` may follow a file's name.
    contents: md5 sum of each file, decompressed. archived: the downloads are tar archives.
    """

    name: str
    title: str
    what: str
    size: str
    licence: str
    classes: tuple[str, ...]
    folders: tuple[str, ...]
    layouts: tuple[tuple[str, ...], ...]
    suffixes: tuple[str, ...] = ("",)
    contents: dict[str, str] = field(default_factory=dict)
    base_urls: tuple[str, ...] = ()
    downloads: tuple[Download, ...] = ()
    archived: bool = False
    system_folders: tuple[str, ...] = ()

    def missing(self, folder: Path) -> list[str]:
        """The files that `folder` lacks, for the layout of which it has most; empty if one is complete."""
        lacking = [[name for name in layout if self._file(folder, name) is None] for layout in self.layouts]
        return min(lacking, key=len)

    def complete_layout(self, folder: Path) -> list[str]:
        """The names of the files to read in `folder`; FileNotFoundError, saying which is missing, if it lacks any."""
        for layout in self.layouts:
            names = [self._file(folder, name) for name in layout]
            if all(names):
                return [name for name in names if name]
        lacking = ", ".join(self.missing(folder))
        raise FileNotFoundError(f"{folder}: {self.title} is not complete there, without {lacking}")

    def _file(self, folder: Path, name: str) -> str | None:
        return next((name + suffix for suffix in self.suffixes if (folder / (name + suffix)).is_file()), None)


_CIFAR_FILES = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch")
_IDX_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")

_ALL = (
    Dataset(
        name="cifar10",
        title="CIFAR-10",
        what="60,000 colour photos of 32x32 pixels, 10 classes of vehicles and animals",
        size="163 MB download, 178 MB on disk",
        licence="none stated by its authors (A. Krizhevsky, V. Nair, G. Hinton); free to download",
        classes=CIFAR10_CLASSES,
        folders=("cifar-10-batches-py", "cifar-10-batches-bin"),
        layouts=(_CIFAR_FILES, tuple(f"{name}.bin" for name in _CIFAR_FILES)),
        contents={
            "data_batch_1": "c99cafc152244af753f735de768cd75f",
            "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
            "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
            "data_batch_4": "634d18415352ddfa80567beed471001a",
            "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
            "test_batch": "40351d587109b95175f43aff81a1287e",
            "data_batch_1.bin": "5dd7e06a14cb22eb9f671a540d1b7c25",
            "data_batch_2.bin": "5ea93a67294ea407fff1d09f752e9692",
            "data_batch_3.bin": "942cd6a4bcdd0dd3c604fbe906cb4421",
            "data_batch_4.bin": "ae636b3ba5c66a11e91e8cb52e771fcb",
            "data_batch_5.bin": "53f37980c15c3d472c316c40844f3f0d",
            "test_batch.bin": "803d5f7f4d78ea53de84dbe85f74fb6d",
        },
        base_urls=("https://www.cs.toronto.edu/~kriz/",),
        downloads=(Download("cifar-10-python.tar.gz", 170_498_071, "c58f30108f718f92721af3b95e74349a"),),
        archived=True,
    ),
    Dataset(
        name="mnist",
        title="MNIST",
        what="70,000 handwritten digits of 28x28 grey pixels",
        size="11 MB",
        licence="CC BY-SA 3.0 (Y. LeCun, C. Cortes, C. Burges)",
        classes=MNIST_CLASSES,
        folders=("mnist", "MNIST/raw", "MNIST"),
        layouts=(_IDX_FILES,),
        suffixes=("", ".gz"),
        contents=dict(
            zip(
                _IDX_FILES,
                (
                    "6bbc9ace898e44ae57da46a324031adb",
                    "a25bea736e30d166cdddb491f175f624",
                    "2646ac647ad5339dbf082846283269ea",
                    "27ae3e4e09519cfbb04c329615203637",
                ),
            )
        ),
        base_urls=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        downloads=(
            Download("train-images-idx3-ubyte.gz", 9_912_422, "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
            Download("train-labels-idx1-ubyte.gz", 28_881, "d53e105ee54ea40749a09fcbcd1e9432"),
            Download("t10k-images-idx3-ubyte.gz", 1_648_877, "9fb629c4189551a2d022fa330f9573f3"),
            Download("t10k-labels-idx1-ubyte.gz", 4_542, "ec29112dd5afa0611ce80d1b7f02629c"),
        ),
    ),
    Dataset(
        name="fashion-mnist",
        title="Fashion-MNIST",
        what="70,000 pictures of clothes of 28x28 grey pixels, 10 classes",
        size="31 MB",
        licence="MIT (Zalando SE)",
        classes=FASHION_MNIST_CLASSES,
        folders=("fashion-mnist", "FashionMNIST/raw", "fashion_mnist"),
        layouts=(_IDX_FILES,),
        suffixes=("", ".gz"),
        contents=dict(
            zip(
                _IDX_FILES,
                (
                    "f4a8712d7a061bf5bd6d2ca38dc4d50a",
                    "9018921c3c673c538a1fc5bad174d6f9",
                    "8181f5470baa50b63fa0f6fddb340f0a",
                    "15d484375f8d13e6eb1aabb0c3f46965",
                ),
            )
        ),
        base_urls=(
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
        downloads=(
            Download("train-images-idx3-ubyte.gz", 26_421_880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
            Download("train-labels-idx1-ubyte.gz", 29_515, "25c81989df183df01b3e8a0aad5dffbe"),
            Download("t10k-images-idx3-ubyte.gz", 4_422_102, "bef4ecab320f06d8554ea6380940ec79"),
            Download("t10k-labels-idx1-ubyte.gz", 5_148, "bb300cfdad3c16e7a12a480ee83cd310"),
        ),
        system_folders=("/usr/share/datasets/fashion-mnist",),  # Debian's package dataset-fashion-mnist
    ),
)

DATASETS: dict[str, Dataset] = {dataset.name: dataset for dataset in _ALL}
BUNDLED = "fashion-mnist-mini"


def canonical_name(name: str) -> str:
    """The catalogue's spelling of a data set's name: 'CIFAR-10' and 'fashion_mnist' are understood.

    Raises TypeError if `name` is not a str, ValueError (listing the known names) if it is unknown.
    """
    if not isinstance(name, str):
        raise TypeError(f"name must be a str such as 'cifar10', got {type(name).__name__}")
    known = (BUNDLED, *DATASETS)
    for candidate in known:
        if candidate.replace("-", "") == name.lower().replace("-", "").replace("_", ""):
            return candidate
    raise ValueError(f"name must be one of {', '.join(known)}; got {name!r}")
