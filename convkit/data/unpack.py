"""Taking a data set's files out of a tar archive without trusting the archive."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

from .catalog import Dataset

_MEMBER_LIMIT = 64 * 2**20  # bytes; the largest file that is expected has 31 MB


def extract(archive: Path, dataset: Dataset, into: Path) -> None:
    """Copy a data set's files out of a tar archive.

    archive: the .tar.gz. dataset: names the expected files. into: an existing empty folder; each file is written
    there under its expected name.
    No path, link, owner or mode in the archive is ever used: members are compared with the expected names, and only
    the content of those that match is copied; of two with the same name, the first. (That is narrower than tarfile's
    filter="data", which the first releases of Python 3.11 lack.)
    Raises ValueError when an expected file is missing, is a link or device, or is too large.
    """
    expected = {f"{dataset.folders[0]}/{name}": name for name in dataset.layouts[0]}
    try:
        with tarfile.open(archive, "r|gz") as tar:
            for member in tar:
                name = expected.pop(member.name, None)
                if name is not None:
                    _copy_member(tar, member, into / name, archive)
                elif member.size > _MEMBER_LIMIT:
                    raise ValueError(f"{archive.name}: its member {member.name!r} is too large ({member.size} bytes)")
    except (tarfile.TarError, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ValueError(f"{archive.name}: not a whole .tar.gz archive ({error})") from None
    if expected:
        raise ValueError(f"{archive.name}: the archive lacks {', '.join(expected)}")


def _copy_member(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path, archive: Path) -> None:
    if not member.isreg() or member.size > _MEMBER_LIMIT:
        raise ValueError(f"{archive.name}: its member {member.name!r} is not a regular file of a credible size")
    source = tar.extractfile(member)
    if source is None:
        raise ValueError(f"{archive.name}: its member {member.name!r} has no content")
    with source, target.open("xb") as output:
        shutil.copyfileobj(source, output, 1 << 20)
