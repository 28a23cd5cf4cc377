"""What watches a training run: callbacks, the progress bar, and the printed lines."""

from __future__ import annotations

import csv
import io
import os
import sys
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import Any

from .checkpoint import write_atomically
from .surroundings import in_notebook

Callback = Callable[[Any], None]


def sort_callbacks(callbacks: Any) -> tuple[list[Callback], list[Callback]]:
    """What to call after each iteration, and what after each epoch; every one is called with the Solver.

    - callbacks: list of functions, called after each epoch, or of objects with a method on_iteration(solver),
      on_epoch(solver) or both
    Raises TypeError for anything else.
    """
    if callbacks is None:
        return [], []
    if not isinstance(callbacks, Iterable) or isinstance(callbacks, (str, dict)):
        raise TypeError(f"callbacks must be a list of functions f(solver), got {callbacks!r}; write callbacks=[f]")
    after_iteration, after_epoch = [], []
    for callback in callbacks:
        methods = [getattr(callback, name, None) for name in ("on_iteration", "on_epoch")]
        if isinstance(callback, type) or not (callable(callback) or any(map(callable, methods))):
            wrong = f"{callback!r} (make an instance of it)" if isinstance(callback, type) else repr(callback)
            raise TypeError(f"callbacks must hold functions, or objects with on_iteration or on_epoch, got {wrong}")
        if callable(methods[0]):
            after_iteration.append(methods[0])
        if callable(methods[1]):
            after_epoch.append(methods[1])
        elif callable(callback):
            after_epoch.append(callback)
    return after_iteration, after_epoch


class Display:
    """Where a run's lines go: printed, or written above the progress bar while one is shown."""

    def __init__(self) -> None:
        self._bar: Any = None

    def open(self, total: int, done: int, progress: bool | None, verbose: bool) -> None:
        """Show a bar of `total` iterations, of which `done` are done; None: where a person sees it, if verbose."""
        if progress or (progress is None and verbose and _someone_watches()):
            self._bar = tqdm_class()(total=total, initial=done, unit="it", dynamic_ncols=True, mininterval=0.2)

    def advance(self, loss: float) -> None:
        """One more iteration is done."""
        if self._bar is not None:
            self._bar.set_postfix_str(f"loss {loss:.4f}", refresh=False)
            self._bar.update(1)

    def say(self, line: str) -> None:
        """Print a line."""
        if self._bar is None:
            print(line)
        else:
            self._bar.write(line)

    def close(self) -> None:
        """Take the bar away; lines are printed plainly from here on."""
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.close()


def write_csv(path: str | os.PathLike, columns: dict[str, list]) -> None:
    """Write columns of equal length as a CSV file, whole or not at all; numbers keep all their digits."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    write_atomically(path, lambda file: file.write(text.getvalue().encode()))


def _someone_watches() -> bool:
    """Whether the output is a notebook or a terminal, and not a file or a pipe."""
    return in_notebook() or all(stream is not None and stream.isatty() for stream in (sys.stdout, sys.stderr))


def tqdm_class() -> Any:
    """The progress bar for where we are: a widget in a notebook, else text."""
    # tqdm's notebook bar needs ipywidgets and warns without them; the plain bar works in a notebook too
    if in_notebook() and find_spec("ipywidgets") is not None:
        from tqdm.notebook import tqdm
    else:
        from tqdm import tqdm
    return tqdm
