"""Whether files hold what was published, however they are compressed or pickled."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from .catalog import Dataset
from .cifar import read_batch
from .idx import open_content

_LIMIT = 64 * 2**20  # bytes of content; the largest file of the data sets has 47 MB


def differing(dataset: Dataset, folder: Path) -> list[str]:
    """The names of the data set's files in `folder` whose content is not the published one."""
    wrong = []
    for name, md5 in dataset.contents.items():
        for file in (folder / (name + suffix) for suffix in dataset.suffixes):
            if file.is_file() and _content_md5(file) != md5 and not _same_images(dataset, file):
                wrong.append(file.name)
    return wrong


def _content_md5(file: Path) -> str | None:
    """The md5 sum of a file, decompressed; None for a damaged gzip stream, or for more content than any file has."""
    digest = hashlib.md5(usedforsecurity=False)
    size = 0
    with open_content(file) as stream:
        try:
            while block := stream.read(1 << 20):
                digest.update(block)
                size += len(block)
                if size > _LIMIT:
                    return None
        except ValueError:
            return None
    return digest.hexdigest()


def _same_images(dataset: Dataset, file: Path) -> bool:
    """Whether a batch of CIFAR-10 that someone pickled anew holds what the published binary version holds."""
    published = dataset.contents.get(file.name + ".bin")
    if published is None:
        return False
    try:
        images, labels = read_batch(file)
    except ValueError:
        return False
    records = np.concatenate([labels.astype(np.uint8)[:, np.newaxis], images.reshape(len(images), -1)], axis=1)
    return hashlib.md5(records.tobytes(), usedforsecurity=False).hexdigest() == published
