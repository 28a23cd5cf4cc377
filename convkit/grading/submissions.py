"""Which files a folder of submissions holds, and whose they are."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

SKIPPED = ("__pycache__", "__MACOSX")


@dataclass(frozen=True)
class Submission:
    """One person's, or one group's, file of layers.

    - name: that of the file, or of the folder it lies in
    - path: the file; None if there is none that can be told
    - problem: why there is none, '' otherwise
    """

    name: str
    path: Path | None
    problem: str = ""


def find_submissions(folder: str | os.PathLike, module: str = "my_layers.py") -> tuple[list[Submission], list[str]]:
    """Every Python file in a folder, and every folder in it, is a submission.

    - folder: the folder
    - module: which file is meant where somebody's folder holds several; it may lie deeper in it

    Returns the submissions in the order of their names, and the names of what is neither a folder nor a Python file.
    """
    found, ignored = [], []
    for entry in sorted(Path(folder).iterdir(), key=lambda path: _order(path.name)):
        if entry.name.startswith(".") or entry.name in SKIPPED:
            continue
        if entry.is_dir():
            found.append(_in_folder(entry, module))
        elif entry.suffix == ".py" and entry.is_file():
            found.append(Submission(entry.stem, entry))
        else:
            ignored.append(entry.name)
    names = [submission.name for submission in found]
    # anna.py beside anna/: each keeps a name of its own
    found = [
        Submission(s.path.name if s.path and names.count(s.name) > 1 and s.path.stem == s.name else s.name, s.path,
                   s.problem)
        for s in found
    ]  # fmt: skip
    return found, ignored


def _in_folder(folder: Path, module: str) -> Submission:
    files = sorted(
        (path for path in folder.rglob("*.py") if path.is_file() and not _hidden(path.relative_to(folder))),
        key=lambda path: (len(path.parts), _order(str(path))),
    )
    named = [path for path in files if path.name == module]
    if named:
        same = [path for path in named if len(path.parts) == len(named[0].parts)]
        if len(same) == 1:
            return Submission(folder.name, named[0])
        return Submission(folder.name, None, f"there are several files {module}: {_shown(same, folder)}")
    if len(files) == 1:
        return Submission(folder.name, files[0])
    if not files:
        return Submission(folder.name, None, "there is no Python file")
    return Submission(folder.name, None, f"there is no {module}, but {_shown(files, folder)}")


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") or part in SKIPPED for part in path.parts)


def _shown(files: list[Path], folder: Path) -> str:
    names = [str(path.relative_to(folder)) for path in files]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _order(name: str) -> tuple:
    """group2 comes before group10."""
    return tuple((0, int(t), "") if t.isdecimal() else (1, 0, t.casefold()) for t in re.split(r"(\d+)", name)), name
