"""The layers that a run uses: a rung of convkit's own, or somebody's file with convkit's as fallback."""

from __future__ import annotations

import shlex
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from convkit import ops
from convkit.commands.errors import CommandError
from convkit.layers import LAYERS
from convkit.load_layers import LayersError, describe_error, load_layers


class Chosen(NamedTuple):
    """Modules for `use`, the first choice first, and the file among them that is not convkit's, if any."""

    modules: tuple[ModuleType, ...]
    file: Path | None = None


def choose(name: str) -> Chosen:
    """The modules that --layers names: fast, numpy, naive, or the path of a file.

    Raises CommandError if the file cannot be loaded or holds no layer, saying where in it the error is.
    """
    from convkit import fast_layers, numpy_layers

    if name == "naive":
        return Chosen(())
    if name == "numpy":
        return Chosen((numpy_layers,))
    if name == "fast":
        return Chosen((fast_layers, numpy_layers))
    path = Path(name)
    try:
        module = load_layers(path)
    except LayersError as error:
        raise CommandError(f"your layers cannot be loaded: {error}") from error
    if not ops.implemented_layers(module):
        halves = _halves(module)
        raise CommandError(
            f"{path}: it defines no whole layer: {halves[0]}"
            if halves
            else f"{path}: it defines no layer. A layer is a pair of functions such as conv_forward and conv_backward, "
            "defined in the file, not imported"
        )
    return Chosen((module, fast_layers, numpy_layers), path)


def describe(chosen: Chosen, layers: Sequence[str]) -> list[str]:
    """In words, which of the layers come from where, and what in the user's file is not used and why."""
    origins: dict[str, list[str]] = {}
    for name in layers:
        found = ops.find(name)
        origins.setdefault(_origin(chosen, found.module if found else ""), []).append(name)
    lines = [f"{origin}: {', '.join(names)}" for origin, names in origins.items()]
    if chosen.file is None:
        together = "; ".join(lines)
        return [together] if len(together) <= 70 else lines
    own = chosen.modules[0]
    idle = [name for name in ops.implemented_layers(own) if name not in layers]
    if idle:
        lines.append(f"not used by this network, though {chosen.file.name} has them: {', '.join(idle)}")
    return [*lines, *_halves(own)]


def _origin(chosen: Chosen, module: str) -> str:
    if chosen.file is not None and module == chosen.modules[0].__name__:
        return chosen.file.name
    names = {"convkit.fast_layers": "compiled", "convkit.numpy_layers": "NumPy"}
    return names.get(module, "reference")


def _halves(module: ModuleType) -> list[str]:
    """What is said of each layer that a module defines in part only."""
    found = []
    for name in [name for name in LAYERS if name not in ops.implemented_layers(module)]:
        for suffix in ops.SUFFIXES:
            names = LAYERS[name].function_names(suffix)
            functions = [ops.defined_in(module, each) for each in names]
            unwritten = [each for each, function in zip(names, functions, strict=True) if ops.is_unwritten(function)]
            if any(functions) and not all(functions):
                present, absent = names if functions[0] else names[::-1]
                found.append(f"{present} is not used: a layer counts only whole, and there is no {absent}")
            elif unwritten:
                found.append(f"{' and '.join(unwritten)} {'is' if len(unwritten) == 1 else 'are'} not written yet")
    return found


def _short(path: Path) -> str:
    """A path as one would type it here."""
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


@contextmanager
def errors_shown(chosen: Chosen) -> Iterator[None]:
    """Show errors that come from the user's layers as theirs, with file and line, and a NaN loss as what it is."""
    try:
        yield
    except (CommandError, OSError):
        raise
    except FloatingPointError as error:
        raise CommandError(f"{error}\nA lower --learning-rate, or --grad-clip, usually helps.") from error
    except Exception as error:
        if chosen.file is None:
            raise
        own = str(chosen.file.resolve())
        frames = traceback.extract_tb(error.__traceback__)
        inside = any(str(Path(frame.filename).resolve()) == own for frame in frames)
        where = describe_error(error, chosen.file) if inside else f"{type(error).__name__}: {error}"
        blame = "an error in your layers" if inside else f"what {chosen.file.name} returned cannot be used"
        raise CommandError(
            f"{blame}: {where}\nconvkit check {_short(chosen.file)} says which of its results are wrong"
        ) from error
