"""The folder of a training run: what is in it, and how it is read and written."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np

from convkit import __version__, checkpoint
from convkit.commands import settings as run_settings
from convkit.commands.errors import CommandError, UsageError
from convkit.commands.images import Preparation
from convkit.interrupts import InterruptGuard

SETTINGS, CHECKPOINT, HISTORY, RESULTS = "settings.json", "checkpoint.npz", "history.csv", "results.json"
FORMAT, VERSION = "convkit run", 1


def create(out: str | None) -> Path:
    """A new folder for a run: the one named, or runs/ and the time.

    Raises UsageError if the one named exists and is not empty: no run is ever overwritten.
    """
    if out is not None:
        folder = Path(out).expanduser()
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            hint = f"convkit train --resume {out} goes on with it" if (folder / SETTINGS).exists() else "take another"
            raise UsageError(f"--out {out} exists already, and nothing is overwritten; {hint}")
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    name = time.strftime("%Y%m%d-%H%M%S")
    for number in range(1, 1000):
        folder = Path("runs", name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise CommandError(f"there are 1000 runs of this second in runs/{name}; name a folder by --out")


def write_settings(folder: Path, settings: dict[str, Any], preparation: Preparation, layers_digest: str | None) -> None:
    """Write what the run is determined by, and how its images are prepared."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "convkit": __version__,
        "numpy": np.__version__,
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "settings": settings,
        "images": preparation._asdict(),
        "layers_sha256": layers_digest,
    }
    write_json(folder / SETTINGS, content)


def read_settings(folder: Path) -> tuple[dict[str, Any], Preparation, str | None]:
    """What write_settings wrote. Raises CommandError, naming the file, if there is no whole one."""
    path = folder / SETTINGS
    if not path.is_file():
        what = "it has no settings.json" if folder.is_dir() else "there is no such folder"
        raise CommandError(f"{folder} is not the folder of a run: {what}")
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(1 << 20))
        if content.get("format") != FORMAT or content.get("version") != VERSION:
            raise ValueError(f"it does not say that it is a {FORMAT} of version {VERSION}")
        settings = run_settings.check_stored(content["settings"])
        preparation = _preparation(content["images"])
        digest = content["layers_sha256"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CommandError(f"{path} is not what convkit train writes: {error}") from error
    return settings, preparation, digest if isinstance(digest, str) else None


def _preparation(stored: dict[str, Any]) -> Preparation:
    shape, classes = tuple(stored["shape"]), tuple(stored["classes"])
    mean, std = tuple(map(float, stored["mean"])), tuple(map(float, stored["std"]))
    if not (
        len(shape) == 3
        and all(type(size) is int and 1 <= size <= 4096 for size in shape)
        and shape[0] in (1, 3)
        and all(isinstance(name, str) for name in classes)
        and classes
        and len(mean) == len(std) == shape[0]
        and all(np.isfinite(mean))
        and all(0 < each < np.inf for each in std)
    ):
        raise ValueError(f"its images are {stored!r:.200}")
    return Preparation(shape, classes, mean, std, bool(stored["dark_background"]))


def save(folder: Path, solver: Any) -> None:
    """Save all that has been learned; Ctrl-C waits until it is done."""
    with InterruptGuard() as guard:
        guard.hold()
        solver.save_checkpoint(folder / CHECKPOINT)
        solver.history_csv(folder / HISTORY)


class Keeper:
    """A callback of the Solver that saves after each epoch (of epochs that take no time, once a second)."""

    folder: Path | None = None  # nothing is saved until it is set
    _saved = -math.inf

    def on_epoch(self, solver: Any) -> None:
        """Save, if the last time was not just now."""
        if self.folder is not None and time.monotonic() - self._saved >= 1:
            save(self.folder, solver)
            self._saved = time.monotonic()


def learned_params(folder: Path, settings: dict[str, Any]) -> dict[str, np.ndarray]:
    """The parameters that a run has learned: those that did best in validation; with --overfit the latest.

    Raises CommandError, naming the file, if there are none.
    """
    path = folder / CHECKPOINT
    try:
        tree = checkpoint.read(path)
        params = tree["params" if settings["overfit"] else "best_params"]
        started = tree["progress"]["iteration"] > 0
    except FileNotFoundError as error:
        raise CommandError(f"{folder} has no {CHECKPOINT}: {_go_on(folder)}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError(
            str(error) if isinstance(error, ValueError) else f"{path} is not a run's: {error!r}"
        ) from error
    if not started or not params:
        raise CommandError(f"{folder} has learned nothing yet: {_go_on(folder)}")
    return params


def install(params: dict[str, np.ndarray], model: Any, folder: Path) -> None:
    """Give a model the parameters of a run. Raises CommandError if they are not that model's."""
    wanted = {name: (w.shape, w.dtype) for name, w in model.params.items()}
    found = {name: (getattr(w, "shape", None), getattr(w, "dtype", None)) for name, w in params.items()}
    if wanted != found:
        raise CommandError(f"{folder / CHECKPOINT} and {folder / SETTINGS} are not of the same run")
    model.params = params


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file, whole or not at all."""
    text = json.dumps(content, indent=2) + "\n"
    checkpoint.write_atomically(path, lambda file: file.write(text.encode()))


def _go_on(folder: Path) -> str:
    return f"convkit train --resume {folder} goes on with it"
