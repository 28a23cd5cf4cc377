"""What a training run says while it runs: a line for an epoch, a bar on a terminal."""

from __future__ import annotations

import math
import sys
from typing import Any

MOST_LINES = 20


def someone_watches() -> bool:
    """Whether the output goes to a terminal."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdout, sys.stderr))


class Reporter:
    """A callback of the Solver that prints a table, one line for each epoch or, of many epochs, for every so many."""

    def __init__(self) -> None:
        self._begun = False

    def on_epoch(self, solver: Any) -> None:
        """Print the line of the epoch that has ended."""
        every = max(1, math.ceil(solver.num_epochs / MOST_LINES))
        if solver.epoch % every and solver.epoch != solver.num_epochs:
            return
        if not self._begun:
            self._begun = True
            self._print("epoch      loss  training  validation  seconds")
        row = {name: column[-1] for name, column in solver.history.items()}
        self._print(
            f"{row['epoch']:5d}{row['loss']:10.4f}{row['train_acc']:10.3f}{row['val_acc']:12.3f}{row['seconds']:9.1f}"
        )

    def _print(self, line: str) -> None:
        if someone_watches():
            from tqdm import tqdm

            tqdm.write(line)  # above the bar
        else:
            print(line)
