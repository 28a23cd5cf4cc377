"""Loading a module of layers that somebody wrote, and saying what is wrong with it in terms of their file."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType


class LayersError(Exception):
    """A module of layers cannot be loaded; the message names the file, the line and the error."""


def load_layers(source: str | os.PathLike | ModuleType) -> ModuleType:
    """A module of layers from a path ('my_layers.py'), a module name ('my_layers', 'package.layers') or a module.

    Names are looked up as by `import`, the current folder first. Raises LayersError if there is no such file or module,
    or if an error comes up inside it.
    """
    if isinstance(source, ModuleType):
        return source
    text = os.fspath(source)
    path = Path(text)
    if path.suffix == ".py" or path.is_file():
        return _load_file(path)
    if Path(f"{text}.py").is_file():
        return _load_file(Path(f"{text}.py"))
    try:
        return importlib.import_module(text)
    except ModuleNotFoundError as error:
        if error.name and (text == error.name or text.startswith(f"{error.name}.")):
            raise LayersError(f"there is no file {text}.py and no module {text!r}") from None
        raise LayersError(describe_error(error)) from error
    except Exception as error:
        raise LayersError(describe_error(error)) from error


def _load_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise LayersError(f"there is no file {path}")
    name = path.stem
    if not name.isidentifier():
        raise LayersError(f"{path}: rename the file so that Python can import it, to my_layers.py for instance")
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise LayersError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    previous, folder = sys.modules.get(name), str(path.resolve().parent)
    sys.modules[name] = module
    sys.path.insert(0, folder)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        if previous is None:
            del sys.modules[name]
        else:
            sys.modules[name] = previous
        raise LayersError(describe_error(error, path)) from error
    finally:
        if folder in sys.path:
            sys.path.remove(folder)
    return module


def describe_error(error: BaseException, path: Path | None = None) -> str:
    """An exception in one or two lines: where in somebody's file it came up, the line itself, and what it says."""
    if isinstance(error, SyntaxError) and error.filename:
        line = (error.text or "").strip()
        return f"{error.filename}, line {error.lineno}: {type(error).__name__}: {error.msg}" + (
            f"\n    {line}" if line else ""
        )
    frames = traceback.extract_tb(error.__traceback__)
    own = str(path.resolve()) if path else ""
    theirs = [frame for frame in frames if os.path.abspath(frame.filename) == own] if own else []
    if not theirs:
        here = os.path.dirname(os.path.abspath(__file__))
        skipped = ("<frozen", os.path.dirname(os.path.abspath(importlib.__file__)))
        theirs = [frame for frame in frames if not frame.filename.startswith((here, *skipped))] or list(frames)
    what = "".join(traceback.format_exception_only(type(error), error)).strip()
    if not theirs:
        return what
    frame = theirs[-1]
    return f"{frame.filename}, line {frame.lineno}, in {frame.name}: {what}" + (
        f"\n    {frame.line}" if frame.line else ""
    )
