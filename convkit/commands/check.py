"""convkit check: does somebody's file of layers do what it should?"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from convkit.commands.errors import CommandError, UsageError
from convkit.load_layers import LayersError

PRINTS_SHOWN = 3


def run(options: argparse.Namespace) -> int:
    """Check the layers in a file; returns 0 if all is right, else 1."""
    from tqdm import tqdm

    from convkit.sandbox import Limits
    from convkit.sandbox.check_file import check_file

    path = Path(options.file).expanduser()
    if not path.is_file():
        raise UsageError(f"there is no file {options.file}")

    def bar(keys: list[str]) -> Any:
        return tqdm(keys, unit="check", delay=1, disable=None, leave=False)

    try:
        report, prints = check_file(path, options.layer, options.full, Limits(options.seconds, options.memory), bar)
    except LayersError as error:
        if options.json:
            nothing = {"ok": False, "verdict": "cannot tell", "findings": [], "results": []}
            print(json.dumps({"file": options.file, **nothing, "error": str(error)}, indent=1))
            return 1
        raise CommandError(f"your layers cannot be loaded: {error}") from error
    if options.json:
        print(json.dumps({"file": options.file, **report.to_json(), "prints": prints}, indent=1))
    else:
        print(report.text(options.hint))
        for note in prints[:PRINTS_SHOWN]:
            print(f"note: {note}")
        if len(prints) > PRINTS_SHOWN:
            print(f"note: and {len(prints) - PRINTS_SHOWN} prints more")
    return 0 if report.ok else 1
