"""convkit new: a file of layers to fill in."""

from __future__ import annotations

import argparse
from pathlib import Path

from convkit.commands.errors import UsageError
from convkit.layers import LAYERS


def run(options: argparse.Namespace) -> int:
    """Write the file, or add to it; returns 0."""
    from convkit.stubs import StubError, write_stub

    layers = list(LAYERS) if "all" in options.layers else options.layers
    path = Path(options.file).expanduser()
    try:
        done = write_stub(path, layers)
    except StubError as error:
        raise UsageError(str(error)) from None
    names = ", ".join(dict.fromkeys(layers))
    print(f"{'wrote' if done == 'written' else 'added to'} {options.file}: {names}")
    print(f"Fill in what raises NotImplementedError, then: convkit check {options.file}")
    return 0
