"""The switch: which implementation of a layer runs.

    use(my_layers, fast_layers)       from here on, in the whole process
    with use(my_layers): ...          in this block (and in this thread or task) only
    with use(): ...                   the reference, and nothing else

For every layer the first of the modules that defines its whole pair (forward and backward) is taken, else the
reference. Until `use` is called the modules are fast_layers, then numpy_layers. A pair is found by its names:
conv_forward and conv_backward, both with the same ending: none, _naive, _fast or _numpy. A function that is still as
`convkit new` wrote it, with nothing filled in, does not count.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from convkit.contracts import short
from convkit.layers import LAYERS

if TYPE_CHECKING:
    from convkit.weight_decay import WeightDecay

SUFFIXES = ("", "_naive", "_fast", "_numpy")
UNWRITTEN = "is not written yet"  # what the error says that `convkit new` puts in the place of a solution


class Implementation(NamedTuple):
    """A layer's functions as one module defines them; a loss has no backward."""

    layer: str
    forward: Callable
    backward: Callable | None
    module: str


class Step(NamedTuple):
    """The cache of one layer together with the backward function that can read it."""

    backward: Callable
    cache: Any


# The modules of each `with use(...)` block that this thread or task is in, the innermost last.
_blocks: ContextVar[tuple[tuple[ModuleType, ...], ...]] = ContextVar("convkit.use", default=())
_statements: list[use] = []


class use:
    """Choose which modules implement the layers; as a statement for the process, as a context manager for a block.

    - modules: modules that define layers, the first choice first: convkit.fast_layers, convkit.numpy_layers, or
      your own, or packages of such. Only functions defined in them count, not those imported from elsewhere. With no
      module: the reference.

    Raises TypeError for what is not a module, ValueError for a module that defines no complete layer.
    """

    def __init__(self, *modules: ModuleType):
        for module in modules:
            if not isinstance(module, ModuleType):
                raise TypeError(f"modules must be modules, such as convkit.fast_layers; got {short(module)}")
        self.modules = tuple(getattr(module, "IMPLEMENTATION", module) for module in modules)
        for module in self.modules:
            if not implemented_layers(module):
                unwritten = next((f.__name__ for f in vars(module).values() if is_unwritten(f)), None)
                if unwritten:
                    raise ValueError(f"module {module.__name__} has no layer that is written: {unwritten} is not, yet")
                raise ValueError(
                    f"module {module.__name__} defines no layer: a layer is a pair of functions such as conv_forward "
                    "and conv_backward (or with _naive, _fast or _numpy behind), defined in the module itself, not "
                    "imported. For the reference layers name no module: use()"
                )
        # A block takes its entry out again when it is entered; the last one in the list is the default of the process.
        _statements.append(self)
        del _statements[:-64]

    def __enter__(self) -> use:
        if self in _statements:
            _statements.remove(self)
        _blocks.set((*_blocks.get(), self.modules))
        return self

    def __exit__(self, *error: object) -> None:
        _blocks.set(_blocks.get()[:-1])

    def __repr__(self) -> str:
        return f"use({', '.join(module.__name__ for module in self.modules)})"


def current_modules() -> tuple[ModuleType, ...]:
    """The modules in which layers are looked up at the moment, first choice first; the reference comes after them."""
    blocks = _blocks.get()
    if blocks:
        return blocks[-1]
    if _statements:
        return _statements[-1].modules
    return _default_modules()


def _default_modules() -> tuple[ModuleType, ...]:
    try:
        fast = importlib.import_module("convkit.fast_layers")
    except ImportError as error:
        raise ImportError(
            f"the compiled layers are installed but cannot be loaded: {error}. Run `convkit doctor`; reinstalling "
            "convkit builds them anew. To work without them: convkit.use(convkit.numpy_layers)"
        ) from error
    return getattr(fast, "IMPLEMENTATION", fast), importlib.import_module("convkit.numpy_layers")


def current(layer: str) -> Implementation:
    """The implementation of a layer that runs at the moment.

    - layer: name of a layer, a key of convkit.layers.LAYERS, such as 'conv'

    Returns its functions and the name of the module they come from. Raises ValueError for an unknown name.
    """
    if layer not in LAYERS:
        raise ValueError(f"layer must be one of {', '.join(LAYERS)}; got {layer!r}")
    found = find(layer)
    reference = LAYERS[layer]
    return found or Implementation(layer, reference.forward, reference.backward, reference.forward.__module__)


def find(name: str, parts: tuple[str, ...] = ()) -> Implementation | None:
    """The pair {name}_forward, {name}_backward (or a loss, {name}) in the current modules; None where there is none.

    - name: of a layer, or of a fused pair such as conv_relu_pool
    - parts: the layers that a fused pair stands for; it must not get past a module of an earlier choice that has one
    """
    for module in current_modules():
        implementation = implementation_in(module, name)
        if implementation:
            return implementation
        if any(implementation_in(module, part) for part in parts):
            return None
    return None


def implementation_in(module: ModuleType, name: str) -> Implementation | None:
    """The same in one module. A half of a pair does not count: a cache belongs to the implementation that wrote it."""
    is_loss = name in LAYERS and LAYERS[name].is_loss
    for suffix in SUFFIXES:
        names = (name + suffix,) if is_loss else (f"{name}_forward{suffix}", f"{name}_backward{suffix}")
        functions = [defined_in(module, each) for each in names]
        if all(functions) and not any(map(is_unwritten, functions)):
            forward, backward = functions[0], None if is_loss else functions[1]
            return Implementation(name, forward, backward, module.__name__)  # type: ignore[arg-type]
    return None


def implemented_layers(module: ModuleType) -> list[str]:
    """Names of the layers that the module implements completely, fused pairs included."""
    fused = {name.split("_forward")[0] for name in vars(module) if "_forward" in name}
    return [name for name in dict.fromkeys([*LAYERS, *sorted(fused)]) if implementation_in(module, name)]


def defined_in(module: ModuleType, name: str) -> Callable | None:
    """The function of this name if the module itself, or a module of this package, defines it; an imported one is not
    the module's work."""
    function = vars(module).get(name)
    if not callable(function):
        return None
    home = str(getattr(function, "__module__", None))
    inside = hasattr(module, "__path__") and home.startswith(f"{module.__name__}.")
    return function if inside or home == module.__name__ else None


def is_own(function: Any) -> bool:
    """Whether a function is convkit's own; one that somebody wrapped around it is not."""
    return str(getattr(function, "__globals__", {}).get("__name__")).split(".")[0] == "convkit"


def has_own(thing: Any, *methods: str) -> bool:
    """Whether these methods of an object are all convkit's own, overridden neither in a subclass nor in the object."""
    inside = getattr(thing, "__dict__", ())
    return all(name not in inside and is_own(getattr(type(thing), name, None)) for name in methods)


def is_unwritten(function: Any) -> bool:
    """Whether a function still has, at one place at least, the error that `convkit new` puts where code is missing."""
    code, message = getattr(function, "__code__", None), f"{getattr(function, '__name__', '')} {UNWRITTEN}"
    return code is not None and any(isinstance(c, str) and c.startswith(message) for c in code.co_consts)


def forward(layer: str, *arguments: Any) -> tuple[np.ndarray, Step]:
    """Run a layer's current forward function; returns (out, step), and backward(dout, step) goes back through it."""
    implementation = current(layer)
    if implementation.backward is None:
        raise ValueError(f"{layer} is a loss: call loss({layer!r}, x, y)")
    out, cache = implementation.forward(*arguments)
    return out, Step(implementation.backward, cache)


def backward(dout: np.ndarray, step: Step, needs_dx: bool = True, weight_decay: WeightDecay | None = None) -> Any:
    """Run the backward function that belongs to a forward call, whatever `use` says by now.

    - needs_dx: False where nobody will use dx, as in a network's first layer. A backward function with an argument of
      this name then leaves it out, and returns None in its place; any other computes it nevertheless.
    - weight_decay: given to a backward function with an argument of this name; see convkit.weight_decay
    """
    if not isinstance(step, Step):
        raise TypeError(f"step must be what forward returned beside its output, got {short(step)}")
    return step.backward(dout, step.cache, **extras(step.backward, needs_dx, weight_decay))


def extras(backward: Callable, needs_dx: bool, weight_decay: WeightDecay | None) -> dict[str, Any]:
    """What a backward function understands of these arguments, and they are not its defaults, by name."""
    given: dict[str, Any] = {} if needs_dx else {"needs_dx": False}
    if weight_decay is not None:
        given["weight_decay"] = weight_decay if is_own(backward) else weight_decay.at_once()
    return {name: value for name, value in given.items() if name in _arguments(backward)}


@functools.lru_cache(maxsize=256)
def _arguments(function: Callable) -> tuple[str, ...]:
    try:
        return tuple(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # no function of Python's that says what it takes
        return ()


def loss(layer: str, x: np.ndarray, y: np.ndarray, *settings: Any) -> tuple[np.floating, np.ndarray]:
    """Run a current loss function, with its settings if it has some; returns (loss, dx)."""
    implementation = current(layer)
    if implementation.backward is not None:
        raise ValueError(f"{layer} is not a loss: call forward({layer!r}, ...)")
    return implementation.forward(x, y, *settings)
