"""convkit predict: what a trained network takes image files for."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np

from convkit.commands import models, pictures, run_folder
from convkit.commands.images import Preparation


def run(options: argparse.Namespace) -> int:
    """Classify the files; returns 1 if any of them could not be read, else 0."""
    folder = Path(options.run_folder).expanduser()
    settings, preparation, _ = run_folder.read_settings(folder)
    params = run_folder.learned_params(folder, settings)
    model = models.build(settings, preparation.shape, len(preparation.classes))
    run_folder.install(params, model, folder)
    rows: list[tuple[str, ...]] = []
    inverted = failed = False
    for path in options.images:
        try:
            picture = pictures.read(path, preparation, settings["dtype"], options.invert)
        except (OSError, ValueError) as error:
            sys.stdout.flush()
            print(f"convkit predict: error: {_reason(error)}", file=sys.stderr)
            failed = True
            continue
        rows.append((path, *_verdict(model, picture.x, preparation)))
        inverted |= picture.inverted
    if rows:
        print_table(("file", "label", "probability", "next best"), rows)
    if inverted and options.invert is None:
        print("\nLight and dark were exchanged, because the network knows light things on black.")
        print("--no-invert leaves them as they are.")
    return 1 if failed else 0


def _verdict(model: Any, x: np.ndarray, preparation: Preparation) -> tuple[str, str, str]:
    """Label, its probability, and the next best label with its own."""
    scores = model.loss(x)[0].astype(np.float64)
    shares = np.exp(scores - scores.max())
    shares /= shares.sum()
    first, *others = np.argsort(-shares, kind="stable")
    following = f"{preparation.classes[others[0]]} {_percent(shares[others[0]])}" if others else ""
    return preparation.classes[first], _percent(shares[first]), following


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")


def _reason(error: Exception) -> str:
    """An error that names its file, as one line."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def print_table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Print rows below a header, in columns; on a terminal the first column is shortened so that lines fit."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    if sys.stdout.isatty():
        room = shutil.get_terminal_size().columns - 1 - sum(widths[1:]) - 2 * (len(widths) - 1)
        widths[0] = max(10, min(widths[0], room))
    for first, *others in (header, *rows):
        short = first if len(first) <= widths[0] else "..." + first[3 - widths[0] :]
        cells = [f"{short:{widths[0]}}", *(f"{cell:{width}}" for cell, width in zip(others, widths[1:], strict=True))]
        print("  ".join(cells).rstrip())
