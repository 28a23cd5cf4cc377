"""A folder to work in: the notebooks and my_layers.py, copied so that nothing of the learner's is ever overwritten.

What was written is remembered by its hash in FOLDER/.convkit-course.json. A file that is still as it was written may be
replaced by a newer version; a file that somebody has changed (running a notebook changes it) stays as it is.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from convkit import __version__
from convkit.course import contents
from convkit.stubs import StubError, stub_text, write_stub
from convkit.stubs.text import Stub

RECORD = ".convkit-course.json"
LAYERS_FILE = "my_layers.py"


@dataclass
class Copied:
    """What became of each file: names of files that are new, that were brought up to date, and that were left alone."""

    new: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def unsolved_layers() -> str:
    """The text of my_layers.py with everything to fill in."""
    return stub_text(contents.all_layers(), LAYERS_FILE)


def solved_layers() -> str:
    """The text of my_layers.py with everything filled in."""
    return stub_text(contents.all_layers(), LAYERS_FILE, solved=True)


def fill(folder: Path, solutions: bool = False) -> Copied:
    """Put the course into a folder, which is made if need be.

    - folder: where to
    - solutions: the solved notebooks and layers (needs jupytext) instead of those to fill in

    Returns what became of each file. Raises OSError where the disk says no, FileNotFoundError where the installation
    lacks the notebooks.
    """
    texts = _solved_texts() if solutions else _learner_texts()
    folder.mkdir(parents=True, exist_ok=True)
    record = _read_record(folder)
    copied = Copied()
    for name, text in texts.items():
        path, new = folder / name, text.encode()
        if not path.exists():
            copied.new.append(name)
        elif path.read_bytes() == new:
            record[name] = _hash(new)
            continue
        elif record.get(name) == _hash(path.read_bytes()):
            copied.updated.append(name)
        else:
            copied.kept.append(name)
            if name == LAYERS_FILE:
                _add_missing_layers(path, copied)
            continue
        path.write_bytes(new)
        record[name] = _hash(new)
    (folder / RECORD).write_text(json.dumps({"convkit": __version__, "files": record}, indent=1) + "\n", "utf-8")
    return copied


def _learner_texts() -> dict[str, str]:
    home = contents.home()
    texts = {f"{name}.ipynb": (home / f"{name}.ipynb").read_text("utf-8") for name in contents.names()}
    return texts | {LAYERS_FILE: unsolved_layers()}


def _solved_texts() -> dict[str, str]:
    from convkit.course import source

    texts = {f"{name}.ipynb": source.text_of(source.solved(name)) for name in contents.names()}
    return texts | {LAYERS_FILE: solved_layers()}


def _add_missing_layers(path: Path, copied: Copied) -> None:
    """Stubs of layers that a newer version of the course has and the learner's file lacks, at its end."""
    text = path.read_text("utf-8", errors="replace")
    missing = [name for name in contents.all_layers() if not any(f"def {f}(" in text for f in _functions(name))]
    if missing and f"def {_functions('affine')[0]}(" in text:  # it is a file of this course, in good order
        try:
            write_stub(path, missing)
        except StubError:
            return
        copied.updated.append(f"{LAYERS_FILE} (added: {', '.join(missing)})")


def _functions(layer: str) -> list[str]:
    return list(Stub([layer]).functions)


def _read_record(folder: Path) -> dict[str, str]:
    try:
        record = json.loads((folder / RECORD).read_text("utf-8"))["files"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return {}
    return record if isinstance(record, dict) else {}


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
