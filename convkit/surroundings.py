"""Where a program runs: in a notebook or not."""

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
