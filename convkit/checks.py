"""What every implementation of a layer must do: one generator of checks, for notebooks, the command line and pytest.

    check_layers(my_layers)              in a notebook
    convkit check my_layers.py           in a shell
    pytest --layers my_layers            in a test run

A module is compared with the reference on the cases of convkit.layers.LAYERS: values, gradients, shapes, whether inputs
are left alone, whether the same call gives the same result. What goes beyond the contract of the assignments (dilation,
groups, empty batches, ...) and fails is listed as not supported, not as wrong, unless `full` asks for it.
"""

from __future__ import annotations

import contextlib
import io
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from convkit.check_report import CheckReport, CheckResult
from convkit.gradient_check import eval_numerical_gradient_array
from convkit.layers import LAYERS, Case, Layer
from convkit.load_layers import describe_error, load_layers, read_anew
from convkit.ops import SUFFIXES, defined_in

__all__ = ["Check", "CheckFailure", "check_layers", "checks_of", "run_check"]

# Errors relative to the largest entry of what is expected: what a different order of summation may cost, and no more.
TOLERANCE = {"float64": 1e-8, "float32": 1e-4}


class CheckFailure(AssertionError):
    """A check found something wrong; the message says what."""


@dataclass(frozen=True)
class Check:
    """One thing that an implementation must do.

    - layer: name of the layer
    - part: 'forward', 'dx', 'dw', ..., 'inputs', 'repeat'
    - case: what is special about the input
    - beyond: the feature beyond the assignment's contract that it needs, '' for the contract
    - run: raises CheckFailure if the implementation does not do it
    """

    layer: str
    part: str
    case: str
    beyond: str
    run: Callable[[], None]

    @property
    def name(self) -> str:
        """The check in words, such as 'conv dw: 3x3 filters, stride 1, pad 1'."""
        return f"{self.layer} {self.part}: {self.case}"


def check_layers(
    source: ModuleType | str | os.PathLike, layers: Iterable[str] | None = None, full: bool = False
) -> CheckReport:
    """Run all checks on a module of layers.

    - source: a module, its name, or the path of its file; a module whose file was edited since is read anew
    - layers: names of the layers to check, keys of convkit.layers.LAYERS; default all that the module defines
    - full: whether what goes beyond the assignment's contract must be right too

    Returns a report: report.ok, report.results, and its text by print(report); a module in which nothing was found to
    check is not ok. Raises convkit.load_layers.LayersError if the module cannot be loaded, ValueError for a name
    that is no layer's.
    """
    module = read_anew(source) if isinstance(source, ModuleType) else load_layers(source)
    results = [run_check(check, full) for check in checks_of(module, layers)]
    return CheckReport(module.__name__, tuple(results))


def checks_of(module: ModuleType, layers: Iterable[str] | None = None) -> Iterator[Check]:
    """The checks that concern a module: for each layer it defines, whole or half."""
    names = list(LAYERS if layers is None else layers)
    for name in names:
        if name not in LAYERS:
            raise ValueError(f"layers must be among {', '.join(LAYERS)}; got {name!r}")
    for name in names:
        layer = LAYERS[name]
        functions = _functions(module, layer)
        if functions is None:
            if layers is not None:
                yield _missing(layer)
            continue
        for case in layer.cases:
            yield from _checks_of_case(layer, case, *functions)
        yield from _checks_of_contract(layer, layer.cases[0], *functions)
        for alternative in layer.alternatives:
            function = defined_in(module, alternative)
            if function is not None:
                for case in layer.cases:
                    yield from _checks_of_case(layer, case, functions[0], function, part_prefix=f"{alternative} ")


def run_check(check: Check, full: bool = False, prints: Any = None) -> CheckResult:
    """Run one check; what the module prints meanwhile goes into `prints` or nowhere, what it raises is the message."""
    status, message = "right", ""
    try:
        with contextlib.redirect_stdout(prints or io.StringIO()), np.errstate(all="ignore"):
            check.run()
    except CheckFailure as failure:
        status, message = "wrong", str(failure)
    except NotImplementedError as error:
        status, message = "not written", str(error) or "it raises NotImplementedError"
    except Exception as error:
        status, message = "wrong", f"it raised an error: {describe_error(error)}"
    if status == "wrong" and check.beyond and not full:
        status = "not supported"
    return CheckResult(check.layer, check.part, check.case, check.beyond, status, message)


def _functions(module: ModuleType, layer: Layer) -> tuple[Callable, Callable | None] | None:
    """Forward and backward as the module defines them; a backward may be missing, but not both."""
    for suffix in SUFFIXES:
        found = [defined_in(module, name) for name in layer.function_names(suffix)]
        if found[0] is not None:
            return found[0], found[1] if len(found) > 1 else None
        if any(found):
            return _absent(layer.function_names(suffix)[0]), found[1]
    return None


def _absent(name: str) -> Callable:
    def absent(*_: Any) -> Any:
        raise NotImplementedError(f"the module does not define {name}")

    return absent


def _missing(layer: Layer) -> Check:
    def run() -> None:
        raise NotImplementedError(f"the module defines neither {' nor '.join(layer.function_names())}")

    return Check(layer.name, "forward", "is it there?", "", run)


def _arguments(layer: Layer, case: Case, dtype: str = "float64") -> dict[str, Any]:
    """The arguments of a case, the same at every run."""
    seed = zlib.crc32(f"{layer.name}/{case.name}".encode())
    return layer.draw(case, np.random.default_rng(seed), dtype)


def _dout(out: np.ndarray) -> np.ndarray:
    return np.random.default_rng(out.size).standard_normal(out.shape).astype(out.dtype)


def _checks_of_case(
    layer: Layer, case: Case, forward: Callable, backward: Callable | None, part_prefix: str = ""
) -> Iterator[Check]:
    """Values and gradients in one case."""

    def check_forward() -> None:
        args = _arguments(layer, case)
        out = _two(layer, forward(*args.values()), forward)[0]
        expected, settings = _expected_out(layer, case, args, out)
        _compare("the loss" if layer.is_loss else "out", out, expected)
        for name, values in settings.items():
            for key, value in values.items():
                if isinstance(value, np.ndarray):
                    _compare(f"{name}['{key}'] after the call", args[name].get(key), value)

    def check_gradient(index: int) -> Callable[[], None]:
        def run() -> None:
            args = _arguments(layer, case)
            result = _two(layer, forward(*args.values()), forward)
            if layer.is_loss:
                return _compare("dx", result[1], layer.forward(*_arguments(layer, case).values())[1])
            if backward is None:
                raise NotImplementedError(f"the module does not define {layer.function_names()[1]}")
            expected_out, _ = _expected_out(layer, case, args, result[0])
            if np.shape(result[0]) != expected_out.shape or not _close(result[0], expected_out):
                raise CheckFailure("the forward pass is wrong; mend it first, then look at the gradients")
            dout = _dout(expected_out)
            mine = _gradients(layer, backward(dout.copy(), result[1]))[index]
            witness = None if layer.mask else _witness(layer, case, forward, index, dout)
            _compare(
                layer.gradients[index], mine, _expected_gradients(layer, case, args, dout, result[0])[index], witness
            )
            return None

        return run

    if not part_prefix:
        yield Check(layer.name, "loss" if layer.is_loss else "forward", case.name, case.beyond_forward, check_forward)
    for index, gradient in enumerate(layer.gradients):
        yield Check(layer.name, part_prefix + gradient, case.name, case.beyond, check_gradient(index))


def _expected_out(layer: Layer, case: Case, args: dict[str, Any], out: Any) -> tuple[np.ndarray, dict[str, dict]]:
    """What forward should return, and what should then stand in the settings that it writes into."""
    if layer.mask is not None:
        try:
            return args["x"] * layer.mask(args, np.asarray(out)), {}
        except ValueError as error:
            raise CheckFailure(str(error)) from None
    fresh = _arguments(layer, case)
    expected = np.asarray(layer.forward(*fresh.values())[0])
    return expected, {name: value for name, value in fresh.items() if isinstance(value, dict)}


def _expected_gradients(layer: Layer, case: Case, args: dict[str, Any], dout: np.ndarray, out: Any) -> tuple:
    if layer.mask is not None:
        return (dout * layer.mask(args, np.asarray(out)),)
    _, cache = layer.forward(*_arguments(layer, case).values())
    expected = layer.backward(dout.copy(), cache)  # type: ignore[misc]
    return expected if isinstance(expected, tuple) else (expected,)


def _checks_of_contract(layer: Layer, case: Case, forward: Callable, backward: Callable | None) -> Iterator[Check]:
    """What holds for any values: inputs are left alone, the same call gives the same result, dtypes are kept."""

    def call(args: dict[str, Any]) -> list[np.ndarray]:
        result = _two(layer, forward(*args.values()), forward)
        if layer.is_loss or backward is None:
            return [np.asarray(result[0]), *([np.asarray(result[1])] if layer.is_loss else [])]
        dout = _dout(np.asarray(result[0]))
        kept = dout.copy()
        gradients = _gradients(layer, backward(dout, result[1]))
        if not np.array_equal(dout, kept):
            raise CheckFailure("backward changes dout in place; whoever called it still needs dout: work on a copy")
        return [np.asarray(result[0]), *map(np.asarray, gradients)]

    def inputs() -> None:
        args, kept = _arguments(layer, case), _arguments(layer, case)
        call(args)
        for name, value in args.items():
            if isinstance(value, np.ndarray) and not np.array_equal(value, kept[name]):
                raise CheckFailure(
                    f"it changes its argument {name} in place; whoever called it still needs it: work on a copy"
                )

    def repeat() -> None:
        first, second = call(_arguments(layer, case)), call(_arguments(layer, case))
        if not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(first, second, strict=True)):
            raise CheckFailure("two calls with the same arguments give different results")

    def single() -> None:
        for name, value in zip(("out", *layer.gradients), call(_arguments(layer, case, "float32")), strict=False):
            if value.dtype != np.float32:
                raise CheckFailure(
                    f"{name} comes out as {value.dtype} for float32 arguments, which makes training slow"
                )

    yield Check(layer.name, "inputs", "its arguments are left as they were", "", inputs)
    yield Check(layer.name, "repeat", "the same call twice", "", repeat)
    yield Check(layer.name, "dtype", "float32 in, float32 out", "float32", single)


def _two(layer: Layer, result: Any, function: Callable) -> tuple[Any, Any]:
    if not isinstance(result, tuple) or len(result) != 2:
        what = "(loss, dx)" if layer.is_loss else "(out, cache)"
        raise CheckFailure(f"{function.__name__} must return {what}, it returned {_kind(result)}")
    return result


def _gradients(layer: Layer, result: Any) -> tuple:
    """What backward returned, as one gradient for each name of layer.gradients."""
    names = layer.gradients
    if len(names) == 1:
        if isinstance(result, tuple):
            raise CheckFailure(f"backward must return {names[0]} alone, an array; it returned {_kind(result)}")
        return (result,)
    if not isinstance(result, tuple) or len(result) != len(names):
        raise CheckFailure(f"backward must return ({', '.join(names)}), it returned {_kind(result)}")
    return result


def _kind(value: Any) -> str:
    if value is None:
        return "None (is there a return?)"
    if isinstance(value, tuple):
        return f"a tuple of {len(value)}"
    return f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else f"{type(value).__name__}"


def _witness(layer: Layer, case: Case, forward: Callable, index: int, dout: np.ndarray) -> Callable[[tuple], float]:
    """The slope that the module's own forward pass has at one number of an argument, by a central difference."""

    def slope(at: tuple) -> float:
        args = _arguments(layer, case)
        x = args[("x", *layer.learnable)[index]]
        single = np.ascontiguousarray(x[at])[None]

        def f(value: np.ndarray) -> np.ndarray:
            x[at] = value[0]
            fresh = {name: dict(a) if isinstance(a, dict) else a for name, a in args.items()}
            return np.asarray(forward(*fresh.values())[0]).copy()

        return float(eval_numerical_gradient_array(f, single.astype(np.float64).reshape(1), dout, h=1e-6)[0])

    return slope


def _close(value: np.ndarray, expected: np.ndarray) -> bool:
    return bool(np.all(_errors(value, expected) <= TOLERANCE["float64"]))


def _errors(value: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """|value - expected| relative to the largest expected entry; infinite where one is NaN."""
    difference = np.abs(np.asarray(value, np.float64) - np.asarray(expected, np.float64))
    scale = max(float(np.max(np.abs(expected))), 1e-8) if np.size(expected) else 1.0
    return np.where(np.isnan(difference), np.inf, difference / scale)


def _compare(name: str, value: Any, expected: Any, witness: Callable[[tuple], float] | None = None) -> None:
    """Raise CheckFailure, with the place and the size of the error, unless a result is what is expected."""
    if not isinstance(value, (np.ndarray, np.generic, float)):
        raise CheckFailure(
            f"{name} must be {'a number' if np.ndim(expected) == 0 else 'an array'}, it is {_kind(value)}"
        )
    value, expected = np.asarray(value), np.asarray(expected)
    if value.shape != expected.shape:
        raise CheckFailure(f"{name} must have shape {expected.shape}, it has {value.shape}")
    errors = _errors(value, expected)
    if not errors.size or np.max(errors) <= TOLERANCE["float64"]:
        return
    at = tuple(int(i) for i in np.unravel_index(int(np.argmax(errors)), errors.shape))
    wrong = int(np.sum(errors > TOLERANCE["float64"]))
    place = f"{name}[{', '.join(map(str, at))}]" if at else name
    text = f"{place} is {value[at]:.6g}, it should be {expected[at]:.6g}"
    if witness is not None:
        with contextlib.suppress(Exception):  # their forward pass may fail where it is asked again
            text += f" (a central difference through your own forward pass gives {witness(at):.6g})"
    if errors.size > 1:
        text += f"; {wrong} of its {errors.size} numbers are wrong"
    raise CheckFailure(text)
