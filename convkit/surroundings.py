"""Where a program runs: in a notebook or not, and whether somebody watches it."""

from __future__ import annotations

import sys


def in_notebook() -> bool:
    """Whether this is the process of a notebook's kernel.

    IPython in a terminal is none, and an import of ipykernel makes none.
    """
    ipython = sys.modules.get("IPython")  # a kernel has imported it; we need not
    get_ipython = getattr(ipython, "get_ipython", None)
    shell = get_ipython() if get_ipython is not None else None
    return getattr(shell, "kernel", None) is not None


def progress_is_seen() -> bool:
    """Whether a progress bar on standard error has somebody to look at it: in a notebook or at a terminal."""
    return in_notebook() or (sys.stderr is not None and sys.stderr.isatty())
