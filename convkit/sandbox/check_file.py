"""All checks of one file, under limits, as one report."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from convkit.check_report import CheckReport
from convkit.sandbox.limits import Limits
from convkit.sandbox.session import Session


def check_file(
    source: str | os.PathLike,
    layers: list[str] | None = None,
    full: bool = False,
    limits: Limits | None = None,
    progress: Callable[[list[str]], Iterable[str]] = iter,
) -> tuple[CheckReport, list[str]]:
    """Run all checks on a file of layers in a process of its own.

    - source: the file
    - layers: which layers; default all that the file defines
    - full: whether what goes beyond the assignments must be right, too
    - limits: of each check
    - progress: what the keys of the checks are taken through, such as a progress bar

    Returns the report, and notes on what the code printed, each once. Raises convkit.load_layers.LayersError if the
    file cannot be loaded.
    """
    with Session(source, layers, full, limits) as session:
        keys = session.load()
        outcomes = [session.run(key) for key in progress(keys)]
        prints = [session.prints, *(outcome.prints for outcome in outcomes)]
        report: Any = CheckReport(session.module, tuple(outcome.result for outcome in outcomes))
        return report, [note for note in dict.fromkeys(prints) if note]
