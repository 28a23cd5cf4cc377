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
import inspect
import io
import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from convkit.check_report import CheckReport, CheckResult
from convkit.diagnosis.compare import CheckFailure, compare
from convkit.diagnosis.contract import contract_checks, wrong_return
from convkit.diagnosis.of_layer import LayerDiagnosis
from convkit.diagnosis.progress import with_progress
from convkit.diagnosis.runs import (
    ImpossibleDraws,
    WrongContract,
    arguments,
    gradients_of,
    right_for_theirs,
    right_results,
    two,
    written_settings,
)
from convkit.layers import LAYERS, Case, Layer
from convkit.load_layers import describe_error, load_layers, read_anew
from convkit.ops import SUFFIXES, defined_in

__all__ = ["Check", "CheckFailure", "check_layers", "checks_of", "run_check"]


class CannotTell(Exception):
    """Nothing can be said, for the reason given: what is checked depends on something that is wrong."""


@dataclass(frozen=True)
class Check:
    """One thing that an implementation must do.

    - layer: name of the layer
    - part: 'forward', 'dx', 'dw', ..., 'inputs', 'repeat', 'cache', 'dtype'
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
    source: ModuleType | str | os.PathLike,
    layers: Iterable[str] | None = None,
    full: bool = False,
    progress: bool | None = None,
    parts: Iterable[str] | None = None,
) -> CheckReport:
    """Run all checks on a module of layers.

    - source: a module, its name, or the path of its file; a module whose file was edited since is read anew
    - layers: names of the layers to check, keys of convkit.layers.LAYERS; default all that the module defines
    - full: whether what goes beyond the assignment's contract must be right too
    - progress: whether to show a bar once it takes longer than a second; default: on a terminal and in a notebook
    - parts: only these, such as 'forward', 'dx', 'inputs': lines of the report; default all

    Returns a report: report.ok, report.verdict, report.results, report.findings (the mistakes that were recognised),
    and its text by print(report) or report.text(hint=1...3); a module in which nothing was found to check is not ok.
    Raises convkit.load_layers.LayersError if the module cannot be loaded, ValueError for a name that is no layer's, or
    no part's.
    """
    module = read_anew(source) if isinstance(source, ModuleType) else load_layers(source)
    checks = list(checks_of(module, layers))
    if parts is not None:
        checks = _only(checks, list(parts))
    results = [run_check(check, full) for check in with_progress(checks, "check", progress)]
    return CheckReport(module.__name__, tuple(results))


def _only(checks: list[Check], parts: list[str]) -> list[Check]:
    known = list(dict.fromkeys(check.part for check in checks))
    for part in parts:
        if part not in known:
            raise ValueError(f"parts must be among {', '.join(known)}; got {part!r}")
    return [check for check in checks if check.part in parts]


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
        yield from checks_of_pair(layer, *functions)
        for alternative in layer.alternatives:
            function = defined_in(module, alternative)
            if function is not None:
                diagnosis = LayerDiagnosis(layer, functions[0], function)
                for case in layer.cases:
                    yield from _checks_of_case(diagnosis, case, prefix=f"{alternative} ")


def checks_of_pair(layer: Layer, forward: Callable, backward: Callable | None) -> Iterator[Check]:
    """The checks of one implementation of a layer, a loss being its forward alone."""
    diagnosis = LayerDiagnosis(layer, forward, backward)
    for case in layer.cases:
        yield from _checks_of_case(diagnosis, case)
    for part, words, beyond, run in contract_checks(layer, layer.cases[0], forward, backward):
        yield Check(layer.name, part, words, beyond, run)


def run_check(check: Check, full: bool = False, prints: Any = None) -> CheckResult:
    """Run one check; what the module prints meanwhile goes into `prints` or nowhere, what it raises is the message."""
    status, message, failure = "right", "", CheckFailure("")
    try:
        stdout = contextlib.redirect_stdout(prints or io.StringIO())
        with stdout, np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NumPy warns of what the checks will find; nobody's filters matter here
            check.run()
    except CannotTell as reason:
        status, message = "cannot tell", str(reason)
    except CheckFailure as failed:
        status, message, failure = "wrong", str(failed), failed
    except WrongContract as failed:
        status, message = "wrong", str(failed)
    except NotImplementedError as error:
        status, message = "not written", str(error) or "it raises NotImplementedError"
    except (Exception, SystemExit) as error:
        status, message = "wrong", f"it raised an error: {describe_error(error)}{_wanted_call(check.layer, error)}"
    if status in ("wrong", "cannot tell") and check.beyond and not full:
        status = "not supported"
    findings, place = failure.findings, failure.place
    return CheckResult(check.layer, check.part, check.case, check.beyond, status, message, findings, place)


def _wanted_call(layer_name: str, error: BaseException) -> str:
    """How a function is called, where its arguments are not those that it is called with."""
    layer = LAYERS.get(layer_name)
    refused = re.match(r"(\w+)\(\) (takes|missing|got)", str(error)) if isinstance(error, TypeError) else None
    if layer is None or refused is None:
        return ""
    for function in (layer.forward, layer.backward, *layer.alternatives.values()):
        if function is not None and _stem(function.__name__) == _stem(refused[1]):
            return f"; it is called as {refused[1]}({', '.join(inspect.signature(function).parameters)})"
    return ""


def _stem(name: str) -> str:
    """A function's name without the suffix that tells implementations apart."""
    return re.sub(f"({'|'.join(filter(None, SUFFIXES))})$", "", name)


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


def _checks_of_case(diagnosis: LayerDiagnosis, case: Case, prefix: str = "") -> Iterator[Check]:
    """Values and gradients in one case."""
    layer = diagnosis.layer
    if not prefix:
        part = "loss" if layer.is_loss else "forward"
        yield Check(layer.name, part, case.name, case.beyond_forward, lambda: _check_forward(diagnosis, case, part))
    for gradient in layer.gradients:

        def run(gradient: str = gradient) -> None:
            _check_gradient(diagnosis, case, gradient, prefix + gradient)

        yield Check(layer.name, prefix + gradient, case.name, case.beyond, run)


def _check_forward(diagnosis: LayerDiagnosis, case: Case, part: str) -> None:
    layer, forward = diagnosis.layer, diagnosis.forward
    args = arguments(layer, case)
    with _naming(diagnosis, ["loss" if layer.is_loss else "out"], case, part):
        out = two(layer, forward(*args.values()), forward)[0]
        right = right_for_theirs(layer, case, 0, out)
        compare("the loss" if layer.is_loss else "out", out, right.out)
    with _naming(diagnosis, list(right.written), case, part):
        written = written_settings(args)
        for key, value in right.written.items():
            name = next(name for name, setting in args.items() if isinstance(setting, dict))
            compare(f"{name}['{key}'] after the call", written.get(key), value)


def _check_gradient(diagnosis: LayerDiagnosis, case: Case, gradient: str, part: str) -> None:
    layer, forward, backward = diagnosis.layer, diagnosis.forward, diagnosis.backward
    args = arguments(layer, case)
    if layer.is_loss:
        with _naming(diagnosis, ["dx"], case, part):
            second = two(layer, forward(*args.values()), forward)[1]
            return compare("dx", second, right_results(layer, case).gradients["dx"])
    if backward is None:
        suffix = forward.__name__.removeprefix(layer.function_names()[0])
        raise NotImplementedError(f"the module does not define {layer.function_names(suffix)[1]}")
    try:
        first, second = two(layer, forward(*args.values()), forward)
        right = right_for_theirs(layer, case, 0, first)
        compare("out", first, right.out)
    except NotImplementedError:
        raise
    except Exception:
        raise CannotTell("the forward pass is wrong; mend it first, then look at the gradients") from None
    assert right.dout is not None
    with _naming(diagnosis, [gradient], case, part):
        named = dict(zip(layer.gradients, gradients_of(layer, backward(right.dout.copy(), second)), strict=True))
        witness = None if layer.mask else _witness(layer, case, forward, gradient, right.dout)
        compare(gradient, named[gradient], right.gradients[gradient], witness, _axes_of(layer, gradient))
    return None


@contextlib.contextmanager
def _naming(diagnosis: LayerDiagnosis, items: list[str], case: Case, part: str) -> Iterator[None]:
    """Look for the cause of whatever fails in this block."""
    try:
        yield
    except NotImplementedError:
        raise
    except CheckFailure as failure:
        failure.findings = (*failure.findings, *diagnosis.findings(items, case, part))
        raise
    except ImpossibleDraws as error:
        raise CheckFailure(str(error), findings=diagnosis.findings(items, case, part)) from None
    except WrongContract as error:
        raise CheckFailure(str(error), findings=(wrong_return(str(error), diagnosis.layer.name, part),)) from None
    except Exception as error:
        message = f"it raised an error: {describe_error(error)}{_wanted_call(diagnosis.layer.name, error)}"
        raise CheckFailure(message, findings=diagnosis.findings(items, case, part)) from None


AXES_OF = {
    ("conv", "dw"): ("filter", "channel", "row", "column"),
    ("affine", "dw"): ("input", "output"),
    ("affine", "dx"): ("sample", "input"),
}


def _axes_of(layer: Layer, gradient: str) -> tuple[str, ...] | None:
    """What the axes of a gradient are called, where the usual names do not fit."""
    if (layer.name, gradient) in AXES_OF:
        return AXES_OF[layer.name, gradient]
    return ("sample", "feature") if gradient == "dx" else None


def _witness(layer: Layer, case: Case, forward: Callable, gradient: str, dout: np.ndarray) -> Callable[[tuple], float]:
    """The slope that the module's own forward pass has at one number of an argument, by a central difference.

    It raises ValueError at a kink, where a difference would only confuse.
    """

    def slope(at: tuple) -> float:
        args = arguments(layer, case)
        x = args[gradient[1:]]
        kept, h = float(x[at]), 1e-6

        def f(moved: float) -> np.ndarray:
            x[at] = kept + moved
            fresh = {name: dict(a) if isinstance(a, dict) else a for name, a in args.items()}
            return np.array(forward(*fresh.values())[0], np.float64)

        above, here, below = f(h), f(0.0), f(-h)
        found = float(np.sum((above - below) * dout)) / (2 * h)
        if np.sum(np.abs((above - 2 * here + below) * dout)) / h > 1e-3 * max(1.0, abs(found)):
            raise ValueError("a kink")
        return found

    return slope
