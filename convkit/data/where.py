"""Where data sets are looked for, in one order, in one place.

1. the path that a caller names; 2. the folder that the environment variable CONVKIT_DATA names; 3. convkit/datasets
below the working directory, which is where notebooks written for CS231n keep them, and the package's own datasets
folder; 4. folders of the system (Debian's Fashion-MNIST); 5. the cache folder, into which `fetch` downloads.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from .catalog import DATASETS, Dataset
from .files import as_path

NOTEBOOK_FOLDER = Path("convkit", "datasets")
_PACKAGE_FOLDER = Path(__file__).resolve().parents[1] / "datasets"


def named_folder() -> Path | None:
    """The folder that CONVKIT_DATA names, whether or not it exists; None if the variable is unset or empty."""
    value = os.environ.get("CONVKIT_DATA", "")
    return as_path(value, "CONVKIT_DATA") if value.strip() else None


def cache_folder() -> Path:
    """The user's cache folder for convkit, whether or not it exists."""
    import pooch

    return Path(pooch.os_cache("convkit"))


def download_folder() -> Path:
    """Where `fetch` puts what it downloads: CONVKIT_DATA if that is set, else the cache folder."""
    return named_folder() or cache_folder()


def find(name: str, path: str | os.PathLike[str] | None = None) -> Path:
    """The folder that holds a data set's files.

    name: a key of DATASETS. path: None to search, or the folder itself, or one that holds it under its usual name
    (then nowhere else is looked). A relative path convkit/datasets/..., as it stands in CS231n notebooks, is
    searched for elsewhere too when it does not exist.
    Raises FileNotFoundError that lists where it was looked for and says how to get it.
    """
    dataset = DATASETS[name]
    tried = []
    for source, folder in _candidates(dataset, path):
        if folder.is_dir() and not dataset.missing(folder):
            return folder
        tried.append(f"  {source}: {folder} ({_state(dataset, folder)})")
    if path is None and named_folder() is None:
        tried.insert(0, "  CONVKIT_DATA: not set")
    raise FileNotFoundError(
        f"{dataset.title} was not found. It was looked for here:\n" + "\n".join(tried) + "\n"
        f"To get it ({dataset.size}): convkit data fetch {name}\n"
        f"If you have it: let CONVKIT_DATA name the folder that holds {dataset.folders[0]}, or pass its path."
    )


def locate(name: str) -> Path | None:
    """As `find` without a path, but None instead of an error."""
    try:
        return find(name)
    except FileNotFoundError:
        return None


def _state(dataset: Dataset, folder: Path) -> str:
    if not folder.exists():
        return "no such folder"
    if not folder.is_dir():
        return "not a folder"
    missing = dataset.missing(folder)
    total = len(dataset.layouts[0])
    return "none of its files" if len(missing) == total else f"incomplete, without {', '.join(missing)}"


def _candidates(dataset: Dataset, path: str | os.PathLike[str] | None) -> Iterator[tuple[str, Path]]:
    if path is not None:
        folder = as_path(path)
        yield "path", folder
        for name in dataset.folders:
            if (folder / name).exists():
                yield "path", folder / name
        if folder.exists() or folder.parts[:2] != NOTEBOOK_FOLDER.parts:
            return
    root = named_folder()
    if root is not None:
        yield from _below("CONVKIT_DATA", root, dataset)
    yield from _below("working directory", Path.cwd() / NOTEBOOK_FOLDER, dataset)
    if Path.cwd() / NOTEBOOK_FOLDER != _PACKAGE_FOLDER:
        yield from _below("package", _PACKAGE_FOLDER, dataset)
    for system in dataset.system_folders:
        yield "system", Path(system)
    yield from _below("cache", cache_folder(), dataset)


def _below(source: str, root: Path, dataset: Dataset) -> Iterator[tuple[str, Path]]:
    """The places in `root`; `root` itself only under a name that leaves no doubt which data set it holds."""
    if root.name in dataset.folders:
        yield source, root
    existing = [root / name for name in dataset.folders if (root / name).exists()]
    for folder in existing or [root / dataset.folders[0]]:
        yield source, folder
