"""`%load_ext convkit.course.cython_cells`: Cython's cells (%%cython), and a way on where they cannot work.

Where Cython and a C compiler are there, this is `%load_ext Cython`. Where one is missing, a %%cython cell says what to
install instead of failing; what it would have defined is then not there, and the notebook goes on without.
"""

from __future__ import annotations

import os
import re
import shutil
import sysconfig
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

GET_COMPILER = {
    "posix": "On Ubuntu or Debian: sudo apt install build-essential python3-dev. On a Mac: xcode-select --install",
    "nt": "On Windows: install the Build Tools for Visual Studio, with 'Desktop development with C++'",
}


def load_ipython_extension(ipython: Any) -> None:
    """What `%load_ext` calls."""
    missing = what_is_missing()
    if missing is None:
        import_module("setuptools")  # before Cython imports distutils, which setuptools replaces
        ipython.run_line_magic("load_ext", "Cython")
        ipython.register_magic_function(_careful(ipython), "cell", "cython")
        return
    print(missing)
    ipython.register_magic_function(lambda line, cell: print(f"Not compiled. {missing}"), "cell", "cython")


def what_is_missing() -> str | None:
    """What to install before a %%cython cell can work, or None."""
    if find_spec("Cython") is None:
        return "Cython is missing: pip install Cython. Then restart the kernel. The notebook goes on without it."
    if os.name == "nt":
        return None  # setuptools finds the compiler, or says that there is none
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        advice = GET_COMPILER["posix"]
        return f"There is no C compiler ({compiler}). {advice}. Then restart the kernel. The notebook goes on without."
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        return (
            "Python's header files are missing, which compiled code needs. On Ubuntu or Debian: sudo apt install "
            "python3-dev. Then restart the kernel. The notebook goes on without."
        )
    return None


def _careful(ipython: Any) -> Callable[[str, str], Any]:
    """%%cython that also says what to do where setuptools finds no compiler; other errors Cython shows by itself.

    What `-a` shows is yellow in JupyterLab, too.
    """
    compile_cell = ipython.find_cell_magic("cython")

    def cython(line: str, cell: str) -> Any:
        from setuptools.errors import PlatformError

        try:
            shown = compile_cell(line, cell)
        except PlatformError as error:
            print(f"Not compiled: {error}. {GET_COMPILER.get(os.name, '')}. The notebook goes on without.")
            return None
        if isinstance(getattr(shown, "data", None), str):
            shown.data = _above_jupyters_style(shown.data)
        return shown

    return cython


def _above_jupyters_style(html: str) -> str:
    """The page of `-a` with its rules made stronger: JupyterLab's own for <pre> would paint all lines white.

    A class that is named twice counts twice.
    """
    style, end, rest = html.partition("</style>")
    return re.sub(r"\.cython\.(?=[\w-]+ *\{)", ".cython.cython.", style) + end + rest
