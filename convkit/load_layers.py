"""Loading a module of layers that somebody wrote, and saying what is wrong with it in terms of their file."""

from __future__ import annotations

import importlib
import importlib.util
import linecache
import os
import sys
import sysconfig
import traceback
from importlib.machinery import SourceFileLoader
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import CodeType, FunctionType, ModuleType


class LayersError(Exception):
    """A module of layers cannot be loaded; the message names the file, the line and the error."""


class LayersNotFound(LayersError):
    """There is no such file or module."""


def load_layers(source: str | os.PathLike | ModuleType, name: str | None = None) -> ModuleType:
    """A module of layers from a path ('my_layers.py'), a module name ('my_layers', 'package.layers') or a module.

    - source: the path, name or module; names are looked up as by `import`, the current folder first
    - name: for a path, the name under which it is imported, for files whose own name cannot be one; default its own

    Raises LayersError if there is no such file or module, or if an error comes up inside it.
    """
    if isinstance(source, ModuleType):
        return source
    text = os.fspath(source)
    path = Path(text)
    if path.suffix == ".py" or path.is_file():
        return _load_file(path, name)
    if Path(f"{text}.py").is_file():
        return _load_file(Path(f"{text}.py"), name)
    try:
        return importlib.import_module(text)
    except ModuleNotFoundError as error:
        if error.name and (text == error.name or text.startswith(f"{error.name}.")):
            raise LayersNotFound(f"there is no file {text}.py and no module {text!r}") from None
        raise LayersError(describe_error(error)) from error
    except (Exception, SystemExit) as error:
        raise LayersError(describe_error(error)) from error


def _load_file(path: Path, name: str | None) -> ModuleType:
    if not path.is_file():
        raise LayersNotFound(f"there is no file {path}")
    name = name or path.stem
    if not name.isidentifier():
        raise LayersError(f"{path}: rename the file so that Python can import it, to my_layers.py for instance")
    if name in sys.stdlib_module_names or name in ("convkit", "numpy", "scipy"):
        raise LayersError(f"{path}: rename the file, for it would hide the module {name}, to my_layers.py for instance")
    spec = importlib.util.spec_from_file_location(name, path, loader=_FromSource(name, str(path.resolve())))
    if spec is None or spec.loader is None:
        raise LayersError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    previous, folder = sys.modules.get(name), str(path.resolve().parent)
    sys.modules[name] = module
    sys.path.insert(0, folder)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        if previous is None:
            sys.modules.pop(name, None)
        else:
            sys.modules[name] = previous
        raise LayersError(describe_error(error, path)) from error
    finally:
        if folder in sys.path:
            sys.path.remove(folder)
    return module


class _FromSource(SourceFileLoader):
    """Reads the source each time, for bytecode does not tell two edits within a second apart; and leaves none."""

    def get_code(self, fullname: str) -> CodeType:
        """The file as it is now, compiled."""
        return self.source_to_code(self.get_data(self.path), self.path)


def read_anew(module: ModuleType) -> ModuleType:
    """A module as its file is now: where a function in the file is no longer the one that was imported, the file is
    run again, into the same module, as importlib.reload does. Raises LayersError if that fails.
    """
    path = getattr(module, "__file__", None)
    usual = type(getattr(getattr(module, "__spec__", None), "loader", None)) in (SourceFileLoader, _FromSource)
    if not usual or not path or not Path(path).is_file():  # pytest, for one, changes what it imports
        return module
    loader = _FromSource(module.__name__, path)
    try:
        code = loader.get_code(module.__name__)
        if not _differ(module, code):
            return module
        exec(code, vars(module))
    except (Exception, SystemExit) as error:
        raise LayersError(describe_error(error, Path(path))) from error
    return module


def _differ(module: ModuleType, code: CodeType) -> bool:
    """Whether a function of the module is another one in its file by now, or is not in it any more."""
    now = {inner.co_name: inner for inner in code.co_consts if isinstance(inner, CodeType)}
    loaded = {
        name: function.__code__
        for name, function in vars(module).items()
        if isinstance(function, FunctionType)
        and function.__module__ == module.__name__
        and function.__code__.co_name == name
        and function.__code__.co_filename == code.co_filename
    }
    functions = {name for name, inner in now.items() if inner.co_flags & CO_OPTIMIZED}
    return any(now.get(name) != inner for name, inner in loaded.items()) or not functions <= set(vars(module))


def describe_error(error: BaseException, path: Path | None = None) -> str:
    """An exception in one or two lines: where in somebody's file it came up, the line itself, and what it says."""
    if isinstance(error, SyntaxError) and error.filename:
        line = (error.text or "").strip()
        return f"{_shown(error.filename)}, line {error.lineno}: {type(error).__name__}: {error.msg}" + (
            f"\n    {line}" if line else ""
        )
    linecache.checkcache()  # they may have changed the file since the last error in it
    frames = traceback.extract_tb(error.__traceback__)
    own = str(path.resolve()) if path else ""
    theirs = [frame for frame in frames if os.path.abspath(frame.filename) == own] if own else []
    if not theirs:
        theirs = [frame for frame in frames if not _is_library(frame.filename)]
    what = "".join(traceback.format_exception_only(type(error), error)).strip()
    if isinstance(error, MemoryError):  # NumPy's own kind has a long name
        what = f"MemoryError: {error}".rstrip(": ")
    if isinstance(error, SystemExit):
        what = f"it ends the program (SystemExit: {error.code})"
    if not theirs:
        return what
    frame = theirs[-1]
    return f"{_shown(frame.filename)}, line {frame.lineno}, in {frame.name}: {what}" + (
        f"\n    {frame.line}" if frame.line else ""
    )


def _is_library(filename: str) -> bool:
    """Whether a file is convkit's, Python's or an installed package's: whoever called it made the mistake."""
    ours = (os.path.dirname(os.path.abspath(__file__)), sysconfig.get_path("stdlib"))
    installed = {"site-packages", "dist-packages"}.intersection(Path(filename).parts)
    return bool(installed) or filename.startswith(("<frozen", *(folder + os.sep for folder in ours)))


def _shown(filename: str) -> str:
    """A file's name as people wrote it, where it lies below the current folder."""
    try:
        return filename.removeprefix(os.path.join(os.getcwd(), ""))
    except OSError:  # the current folder is gone
        return filename
