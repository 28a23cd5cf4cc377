"""convkit lab: the course in a folder, and JupyterLab in it."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from convkit.commands.errors import CommandError
from convkit.course import contents, folder

INSTALL = 'pip install "convkit[notebooks]", or pip install ".[notebooks]" in a clone'

# NumPy's matrix products in the course are small: several threads hardly help. Where other programs use the processor,
# too, the threads wait for each other (measured: a training took 25 times as long). What is set already stays.
BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run(options: argparse.Namespace) -> int:
    """Copy what is missing, say what to do, start JupyterLab; returns its exit code."""
    given = options.folder or ("convkit-solutions" if options.solutions else "convkit-course")
    where = Path(given).expanduser()
    needed = [*(["jupytext"] if options.solutions else []), *([] if options.no_start else ["jupyterlab"])]
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        raise CommandError(f"{' and '.join(missing)} is not installed: {INSTALL}")
    try:
        copied = folder.fill(where, options.solutions)
    except FileExistsError:
        raise CommandError(f"{where} is there, and is no folder") from None
    _say(where, copied, options.solutions)
    if options.no_start:
        return 0
    return _start(where, options)


def _say(where: Path, copied: folder.Copied, solutions: bool) -> None:
    for verb, names in (
        ("new", copied.new),
        ("brought up to date", copied.updated),
        ("yours, left as it is", copied.kept),
    ):
        if names:
            print(f"{verb}: {', '.join(sorted(names))}")
    first = contents.names()[0]
    if solutions:
        print(f"The solved course is in {where}.")
        return
    print(f"The course is in {where}. Open {first}.ipynb first: click into a cell, run it with Shift+Enter.")
    print(f"From notebook 02 on you write layers in {folder.LAYERS_FILE}: open it beside the notebook.")


def _start(where: Path, options: argparse.Namespace) -> int:
    for name in BLAS_THREADS:
        os.environ.setdefault(name, "1")
    first = f"{contents.names()[0]}.ipynb"
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={where.resolve()}"]
    command += [f"--LabApp.default_url=/lab/tree/{first}", "--ServerApp.ip=127.0.0.1"]
    command += ["--no-browser"] if options.no_browser else []
    command += [f"--ServerApp.port={options.port}", "--ServerApp.port_retries=0"] if options.port else []
    # As root (in a container, say) Jupyter refuses to start unless told that this is meant.
    command += ["--allow-root"] if _is_root() else []
    print("Starting JupyterLab; Ctrl-C here ends it.", flush=True)
    _leave_news_out(where)
    if os.name == "posix":
        os.execv(command[0], command)  # takes our place, so that whatever ends us ends it
        return 0
    process = subprocess.Popen(command)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # JupyterLab got it, too, and asks whether it is meant
            continue


def _leave_news_out(where: Path) -> None:
    """Spare learners the question whether they want JupyterLab's news, which covers a corner of the notebook."""
    config = where.resolve() / ".jupyter"
    page = config / "labconfig" / "page_config.json"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(json.dumps({"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}) + "\n")
    others = os.environ.get("JUPYTER_CONFIG_PATH")
    os.environ["JUPYTER_CONFIG_PATH"] = str(config) + (os.pathsep + others if others else "")


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
