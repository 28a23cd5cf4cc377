"""What the build wrote down about the compiled layers."""

from __future__ import annotations

import json
from pathlib import Path


def build_report() -> dict:
    """How the build of the compiled layers went: keys compiled, debug, failure, extensions; empty if nobody knows."""
    path = Path(__file__).with_name("build_info.json")
    return json.loads(path.read_text()) if path.is_file() else {}


def why_not_compiled() -> str:
    """The reason why the compiled layers are missing, in words, and what to do about it."""
    report = build_report()
    if not report and (Path(__file__).parents[1] / "setup.py").is_file():
        return (
            "this is the source folder, where they are not built; run `pip install -e .` in it, or start Python in "
            "another folder to use the convkit that is installed"
        )
    if report.get("failure"):
        reason = f"building them failed ({report['failure']})"
    elif report.get("compiled"):
        reason = "they were built for another Python or were removed"
    else:
        reason = "they were not built when convkit was installed"
    return (
        f"{reason}. Install a C compiler (Debian and Ubuntu: `sudo apt install gcc python3-dev`; macOS: `xcode-select "
        "--install`; Windows: Visual Studio Build Tools) and reinstall convkit; `pip install -v` shows its messages"
    )
