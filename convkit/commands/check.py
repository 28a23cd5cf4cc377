"""convkit check: does somebody's file of layers do what it should?"""

from __future__ import annotations

import argparse
from pathlib import Path

from convkit.commands.errors import CommandError, UsageError
from convkit.load_layers import LayersError


def run(options: argparse.Namespace) -> int:
    """Check the layers in a file; returns 0 if all is right, else 1."""
    from convkit.checks import check_layers

    path = Path(options.file).expanduser()
    if not path.is_file():
        raise UsageError(f"there is no file {options.file}")
    try:
        report = check_layers(path, options.layer)
    except LayersError as error:
        raise CommandError(f"your layers cannot be loaded: {error}") from error
    print(report)
    return 0 if report.ok else 1
