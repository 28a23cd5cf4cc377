"""Checkpoint files: trees of numbers and arrays as .npz, written all or nothing, read without trusting them.

A tree is a dict with text keys whose values are numbers, texts, booleans, None, arrays, lists, tuples or trees. In the
file every array is a member of its own (`params/W1.npy`; numpy.load opens it), and `meta.json` holds the rest. There
are no pickles: reading a file never runs code from it.

A writer that is killed leaves the previous file, or the new one, never half of one. (It may leave a hidden file
`.NAME.….tmp` beside it, which the next write of NAME removes; so let only one process write a given checkpoint.)
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import secrets
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

FORMAT, VERSION = "convkit checkpoint", 1
_META = "meta.json"


def write(path: str | os.PathLike, tree: dict) -> None:
    """Write a tree to a checkpoint file; the file appears whole or not at all.

    - path: where to; folders that do not exist are made, an existing file is replaced
    - tree: see above
    Raises TypeError for a value that has no place in a checkpoint, naming it, and OSError (disk full, no permission),
    in which case a file that was there before is untouched.
    """
    members: dict[str, np.ndarray] = {}
    meta = json.dumps({"format": FORMAT, "version": VERSION, "tree": _encode(tree, "", members)}, indent=1)

    def fill(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(zipfile.ZipInfo(_META), meta)  # without a date, so that equal trees make equal files
            for name, array in members.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)

    write_atomically(path, fill)


def read(path: str | os.PathLike) -> dict:
    """The tree that `write` put into a checkpoint file.

    Raises FileNotFoundError and other OSErrors if the file cannot be opened, and ValueError, naming the file, if it is
    truncated, damaged, or not a checkpoint of this format and version. No array is made before the size that its header
    claims has been checked against what the file has.
    """
    path = os.fspath(path)
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                _check_members(archive, os.fstat(file.fileno()).st_size)
                meta = _read_meta(archive)
                return _decode(meta["tree"], lambda name: _read_array(archive, name))
        except Exception as error:  # whatever a damaged or hostile zip, JSON or array header makes their readers raise
            raise ValueError(f"{path} is not a whole convkit checkpoint: {_reason(error)}") from error


def latest(prefix: str | os.PathLike) -> str | None:
    """The checkpoint of a run that got furthest, or None if there is none.

    - prefix: what the run's Solver had as checkpoint_name; looked at are PREFIX_epoch_*.npz and PREFIX_interrupted.npz
    A file that cannot be read is passed over with a warning.
    """
    prefix = Path(prefix)
    pattern = re.compile(re.escape(prefix.name) + r"_(epoch_\d+|interrupted)\.npz")
    best, furthest = None, -1
    for path in sorted(prefix.parent.iterdir()) if prefix.parent.is_dir() else ():
        if not pattern.fullmatch(path.name):
            continue
        try:
            with zipfile.ZipFile(path) as archive:
                iteration = _read_meta(archive)["tree"]["progress"]["iteration"]
            if iteration > furthest:
                best, furthest = os.fspath(path), iteration
        except Exception as error:  # as in read
            warnings.warn(f"{path} is passed over, it is not a whole checkpoint: {_reason(error)}", stacklevel=2)
    return best


def write_atomically(path: str | os.PathLike, fill: Callable[[BinaryIO], Any]) -> None:
    """Write a file so that it is there whole or not at all, whatever happens meanwhile.

    - path: the file's place; folders that do not exist are made
    - fill: writes the content into the open file it is given
    The content goes to a temporary file in the same folder and to the disk; then the file is renamed, and so is the
    folder's entry brought to the disk.
    """
    path = Path(path).absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    for left_by_a_killed_writer in path.parent.glob(f".{_literal(path.name)}.*.tmp"):
        left_by_a_killed_writer.unlink(missing_ok=True)
    temporary = path.parent / f".{path.name}.{secrets.token_hex(4)}.tmp"
    try:
        with open(temporary, "xb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _encode(value: Any, place: str, members: dict[str, np.ndarray]) -> Any:
    """value as JSON, its arrays moved to members; a dict of one key that begins with $ stands for what JSON lacks."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str) or not key.isprintable() or key.startswith("$"):
                names = "printable texts that do not begin with $"
                raise TypeError(f"the names in a checkpoint must be {names}, got {key!r} in {place!r}")
        return {key: _encode(child, f"{place}/{key}" if place else key, members) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        items = [_encode(child, f"{place}/{i}", members) for i, child in enumerate(value)]
        return items if isinstance(value, list) else {"$tuple": items}
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
        if array.dtype.kind in "biufc":
            if place in members:
                raise TypeError(f"a checkpoint cannot hold two arrays under the name {place!r}; rename one")
            members[place] = array
            return {"$array" if isinstance(value, np.ndarray) else "$scalar": place}
    raise TypeError(f"{place} has no place in a checkpoint: it holds numbers and arrays of numbers, got {value!r:.80}")


def _decode(value: Any, array: Callable[[str], np.ndarray]) -> Any:
    if isinstance(value, list):
        return [_decode(child, array) for child in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and (kind := next(iter(value))).startswith("$"):
        content = value[kind]
        if kind == "$tuple":
            return tuple(_decode(child, array) for child in content)
        return {"$array": lambda: array(content), "$scalar": lambda: array(content)[()]}[kind]()
    return {key: _decode(child, array) for key, child in value.items()}


def _check_members(archive: zipfile.ZipFile, size: int) -> None:
    infos = archive.infolist()
    if any(info.compress_type != zipfile.ZIP_STORED for info in infos) or len({i.filename for i in infos}) < len(infos):
        raise ValueError("it has compressed or doubled members, which convkit does not write")
    if sum(info.file_size for info in infos) > size:
        raise ValueError(f"its members claim more than the file's {size} bytes")


def _read_meta(archive: zipfile.ZipFile) -> dict:
    if _META not in archive.namelist() or archive.getinfo(_META).compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"it has no {_META}")
    meta = json.loads(archive.read(_META))
    if not isinstance(meta, dict) or meta.get("format") != FORMAT or not isinstance(meta.get("tree"), dict):
        raise ValueError(f"its {_META} does not say {FORMAT!r}")
    if meta.get("version") != VERSION:
        raise ValueError(f"it has format version {meta.get('version')!r}; this convkit reads version {VERSION}")
    return meta


def _read_array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    content = archive.read(f"{name}.npy")  # no longer than the file, and its checksum is right
    member = io.BytesIO(content)
    version = np.lib.format.read_magic(member)
    read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
    shape, fortran, dtype = read_header(member)
    data = memoryview(content)[member.tell() :]
    if dtype.kind not in "biufc" or any(length < 0 for length in shape):
        raise ValueError(f"{name} has shape {shape} of {dtype}, which convkit does not write")
    if len(data) != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{name} has {len(data)} bytes, which are not shape {shape} of {dtype}")
    return np.ndarray(shape, dtype, buffer=data, order="F" if fortran else "C").copy(order="K")


def _reason(error: BaseException) -> str:
    return f"{error}" if type(error) is ValueError and str(error) else f"{type(error).__name__}: {error}"


def _literal(name: str) -> str:
    return re.sub(r"([\[*?])", r"[\1]", name)
