"""Downloading data sets: whole and verified, or not at all.

A file is written under a temporary name beside its destination, its length and md5 sum are compared with the
published ones while it arrives, and only then is it moved into place. Whatever cuts a download short leaves at most
a temporary folder behind, which the next download removes once it is a day old.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from ..surroundings import progress_is_seen
from .catalog import BUNDLED, DATASETS, Dataset, Download, canonical_name
from .files import as_path, sync
from .unpack import extract
from .verify import differing
from .where import download_folder, locate

_TEMPORARY = ".convkit-download-"
_DAY = 24 * 3600


def fetch(
    name: str, path: str | os.PathLike[str] | None = None, progress: bool = True, *, base_url: str | None = None
) -> Path:
    """Download a data set unless it is there already, verify it, and return the folder that holds its files.

    name: 'cifar10', 'mnist' or 'fashion-mnist' ('fashion-mnist-mini' comes with convkit; its file is returned).
    path: the folder to put the data set's own folder in; None for CONVKIT_DATA, or else the user's cache folder.
    progress: show a progress bar, if standard error is a terminal or the caller a notebook.
    base_url: address of the folder that holds the files, instead of the publisher's (an http server of a class
        room, for example); the checksums stay the publisher's.
    Raises ConnectionError when no address answers or the connection breaks, ValueError for an unknown name or for
    content that differs from what was published, OSError when it cannot be written. None of them leaves a file
    that could pass for the data set.
    """
    name = canonical_name(name)
    if name == BUNDLED:
        return Path(__file__).parent / "fashion_mnist_mini.npz"
    if base_url is not None and not str(base_url).startswith(("http://", "https://")):
        raise ValueError(f"base_url must start with http:// or https://, got {base_url!r}")
    dataset = DATASETS[name]
    if path is None and (found := locate(name)) is not None and not differing(dataset, found):
        return found
    root = download_folder() if path is None else as_path(path)
    folder = root / dataset.folders[0]
    if changed := differing(dataset, folder):
        raise ValueError(
            f"{folder}: {', '.join(changed)} differ from what was published, and are not overwritten; "
            f"to download {dataset.title} afresh, rename or remove that folder"
        )
    if dataset.missing(folder):
        root.mkdir(parents=True, exist_ok=True)
        with _temporary_folder(root) as work:
            fresh = _download_all(dataset, work, (base_url,) if base_url else dataset.base_urls, progress)
            _move_into_place(dataset, fresh, folder)
    if path is None and (first := locate(name)) is not None and first.resolve() != folder.resolve():
        warnings.warn(
            f"{dataset.title} is in {folder}, but {first}, which differs from what was published, is looked in first",
            stacklevel=2,
        )
    return folder


@contextlib.contextmanager
def _temporary_folder(root: Path) -> Iterator[Path]:
    """A folder beside the destination, so that a rename is all it takes; leftovers of killed downloads go."""
    for old in root.glob(_TEMPORARY + "*"):
        with contextlib.suppress(OSError):  # another process may be removing it too
            if time.time() - old.stat().st_mtime > _DAY:
                shutil.rmtree(old, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=root))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _download_all(dataset: Dataset, work: Path, base_urls: tuple[str, ...], progress: bool) -> Path:
    """Download (and unpack) every file of the data set; return the folder, inside `work`, that holds them."""
    fresh = work / "fresh"
    fresh.mkdir(mode=0o755)
    for wanted in dataset.downloads:
        file = (work if dataset.archived else fresh) / wanted.name
        _download_from_any(dataset, base_urls, wanted, file, progress)
        if dataset.archived:
            extract(file, dataset, fresh)
            file.unlink()
    if wrong := dataset.missing(fresh) or differing(dataset, fresh):
        raise ValueError(f"{dataset.title}: {', '.join(wrong)} of the download differ from what was published")
    for file in fresh.iterdir():
        sync(file)
    return fresh


def _download_from_any(
    dataset: Dataset, base_urls: tuple[str, ...], wanted: Download, file: Path, progress: bool
) -> None:
    failures: list[tuple[str, Exception]] = []
    for base in base_urls:
        url = base.rstrip("/") + "/" + wanted.name
        try:
            return _download(url, wanted, file, progress)
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk is full or not writable: another address does not help
            failures.append((url, error))
    report = "\n".join(f"  {url}: {error}" for url, error in failures)
    kind = ValueError if any(isinstance(error, ValueError) for _, error in failures) else ConnectionError
    raise kind(
        f"{wanted.name} could not be downloaded, nothing was kept:\n{report}\n"
        f"A copy made elsewhere will do as well: let CONVKIT_DATA name the folder that holds {dataset.folders[0]}."
    ) from failures[-1][1]


def _download(url: str, wanted: Download, file: Path, progress: bool) -> None:
    import pooch
    import requests

    responses: list[Any] = []
    get = pooch.HTTPDownloader(
        chunk_size=1 << 16,
        timeout=30,
        headers={"Accept-Encoding": "identity"},  # else a server may wrap a .gz in another, which is taken off again
        hooks={"response": lambda response, *args, **kwargs: responses.append(response)},
    )
    with file.open("wb") as output, _progress_bar(wanted, progress) as bar:
        checked = _Checked(output, wanted, bar)
        try:
            get(url, checked, None)
        except requests.exceptions.RequestException as error:
            raise ConnectionError(_reason(error)) from error
        finally:
            for response in responses:  # those of failed downloads are left open otherwise
                response.close()
        checked.finish()


def _reason(error: Exception) -> str:
    """The innermost cause in a chain of wrapped network errors: 'Connection refused' rather than its five layers."""
    seen: set[int] = set()
    cause: BaseException = error
    while id(cause) not in seen:
        seen.add(id(cause))
        inner = getattr(cause, "reason", None) or next((a for a in cause.args if isinstance(a, Exception)), None)
        cause = inner if isinstance(inner, BaseException) else cause
    return str(cause) or type(cause).__name__


class _Checked:
    """The file that a download is written to: stops one that is too long, and knows whether it was right."""

    def __init__(self, output: BinaryIO, wanted: Download, bar: Any):
        self.output, self.wanted, self.bar = output, wanted, bar
        self.size, self.digest = 0, hashlib.md5(usedforsecurity=False)

    def write(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self.size > self.wanted.size:
            raise ValueError(f"longer than the published {self.wanted.size} bytes")
        self.digest.update(chunk)
        self.output.write(chunk)
        if self.bar is not None:
            self.bar.update(len(chunk))

    def flush(self) -> None:
        """Called after every chunk; the operating system may collect them."""

    def finish(self) -> None:
        if self.size != self.wanted.size:
            raise ValueError(f"cut off: {self.size} of the published {self.wanted.size} bytes")
        if self.digest.hexdigest() != self.wanted.md5:
            raise ValueError(f"md5 {self.digest.hexdigest()} differs from the published {self.wanted.md5}")


@contextlib.contextmanager
def _progress_bar(wanted: Download, progress: bool) -> Iterator[Any]:
    if not progress or not progress_is_seen():
        yield None
        return
    from tqdm import tqdm

    with tqdm(total=wanted.size, desc=wanted.name, unit="B", unit_scale=True) as bar:
        yield bar


def _move_into_place(dataset: Dataset, fresh: Path, folder: Path) -> None:
    """Rename the verified folder to its place, or, where one exists already, add the files that it lacks."""
    with contextlib.suppress(OSError):
        folder.rmdir()  # an empty one would only be in the way
    try:
        os.rename(fresh, folder)
    except OSError:
        if not folder.is_dir():
            raise
        lacking = set(dataset.missing(folder))
        for file in fresh.iterdir():
            if file.name.removesuffix(".gz") in lacking:
                os.replace(file, folder / file.name)
        sync(folder)
    sync(folder.parent)
