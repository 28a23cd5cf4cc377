"""The check of a backward pass against its own forward pass."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from convkit.contracts import is_float_array
from convkit.diagnosis.contract import changing, foreign_cache, modifies, wrong_return
from convkit.diagnosis.finding import Finding
from convkit.diagnosis.gradient_row import judge_gradient, telling_coordinates
from convkit.diagnosis.known_function import known_layer
from convkit.diagnosis.of_layer import LayerDiagnosis
from convkit.diagnosis.relations import simple_relation
from convkit.diagnosis.runs import kind_of
from convkit.diagnosis.sample import NUMERICAL, Sample
from convkit.diagnosis.slopes import Function, jacobian, plain_slopes
from convkit.gradient_report import GradientReport, GradientRow
from convkit.mistakes.mistake import Call

# For naming a mistake: how large a Jacobian may be, and how long it may take (seconds); else some numbers do.
MAX_JACOBIAN = 4_000_000
PATIENCE = 2.5
THIN = 40


@dataclass
class Subject:
    """The pair under test, with its arguments in float64 (copies), and what one call of it gave."""

    forward: Callable
    backward: Callable
    args: list[Any]
    names: list[str]
    rng: np.random.Generator

    def call(self, args: list[Any] | None = None) -> tuple[np.ndarray, Any]:
        """out, cache; settings dicts are handed over as copies, for layers write into them."""
        args = self.args if args is None else args
        result = self.forward(*(dict(a) if isinstance(a, dict) else a for a in args))
        if not isinstance(result, tuple) or len(result) != 2:
            raise _Wrong(f"forward must return (out, cache), it returned {kind_of(result)}", "forward")
        return np.asarray(result[0]), result[1]

    def gradients(self, dout: np.ndarray, cache: Any) -> list[Any]:
        """The gradients by position."""
        result = self.backward(dout, cache)
        gradients = list(result) if isinstance(result, (tuple, list)) else [result]
        if len(gradients) > len(self.arrays):
            raise _Wrong(
                f"backward returned {len(gradients)} gradients for {len(self.arrays)} float arrays in arguments",
                "backward",
            )
        for name, gradient in zip(self.names, gradients, strict=False):
            if not isinstance(gradient, (np.ndarray, np.generic, float, int)):
                raise _Wrong(f"{name} must be an array, it is {kind_of(gradient)}", name)
            if np.asarray(gradient).dtype.kind not in "fiub":
                raise _Wrong(f"{name} must hold real numbers, its dtype is {np.asarray(gradient).dtype}", name)
        return gradients

    @property
    def arrays(self) -> list[np.ndarray]:
        """The float arrays among the arguments."""
        return [a for a in self.args if is_float_array(a)]

    def function(self, dout: np.ndarray) -> Function:
        """sum(out * dout) as a function of the arrays."""
        out = self.call()[0]
        epsilon = float(np.finfo(out.dtype).eps) if out.dtype.kind == "f" else 2.3e-16
        return Function(lambda: self.call()[0], dout, epsilon)


class _Wrong(Exception):
    """What a function returned is not what it must; the second argument says which function."""


def check_gradient(
    forward: Callable,
    backward: Callable,
    *arguments: Any,
    rng: np.random.Generator | None = None,
    tolerance: float = 1e-6,
) -> GradientReport:
    """Check a layer's backward pass against its own forward pass, and name the mistake if there is one.

    - forward: forward(*arguments) -> (out, cache)
    - backward: backward(dout, cache) -> gradients of the first float arrays among the arguments, in their order
    - arguments: of forward; float arrays are copied and taken as float64
    - rng: draws the upstream gradient and the directions; default a fixed seed
    - tolerance: largest error that passes, relative to the largest entry of the gradient

    Random directions are tried first, with several steps each; where they disagree, the numbers are perturbed one by
    one, or, where they are too many, along parts of the array that become smaller and smaller. Numbers at which the
    function has a kink are set aside.

    Returns a report: report.ok, report.verdict, one row for each gradient, report.findings, and its text by
    print(report) or report.text(hint=1...3).
    """
    rng = rng or np.random.default_rng(231)
    args = [a.astype(np.float64) if is_float_array(a) else a for a in arguments]
    subject = Subject(forward, backward, args, _names(forward, args), rng)
    try:
        with np.errstate(all="ignore"):  # what is NaN or infinite is reported
            return _check(subject, arguments, tolerance)
    except _Wrong as wrong:
        what, who = wrong.args
        return GradientReport((), tolerance, general=(wrong_return(what, "", who),))


def _names(forward: Callable, args: list[Any]) -> list[str]:
    """What each gradient is called: d and the name of forward's argument, where it can be known."""
    try:
        parameters = list(inspect.signature(forward).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    plain = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    indices = [i for i, a in enumerate(args) if is_float_array(a)]
    if all(i < len(plain) for i in indices):
        return [f"d{plain[i]}" for i in indices]
    return [f"gradient {i + 1}" for i in range(len(indices))]


def _check(subject: Subject, given: tuple[Any, ...], tolerance: float) -> GradientReport:
    kept = [np.copy(a) for a in subject.arrays]
    out, cache = subject.call()
    out = np.array(out)
    if out.dtype.kind != "f":
        raise _Wrong(f"forward's out must be an array of floats, it is {kind_of(out)} of {out.dtype}", "forward")
    general = _restored(subject, kept, "forward")
    again = np.array(subject.call()[0])
    _restored(subject, kept, "forward")
    if not np.isfinite(out).all():
        return GradientReport((), tolerance, general, unjudged="forward's out holds NaN or infinity on this input")
    if not np.array_equal(out, again):
        finding = changing("out", "forward, called twice with the same arguments, gives two outputs", "")
        return GradientReport((), tolerance, general, unjudged=finding.name, doubts=(finding,))
    dout = subject.rng.standard_normal(out.shape)
    sent = dout.copy()
    mine = [np.array(g) for g in subject.gradients(sent, cache)]
    if not np.array_equal(sent, dout):
        evidence = "after the call, dout holds other numbers than before"
        general += (modifies("dout", "backward", evidence),)
    general += _restored(subject, kept, "backward")
    general += _cache_is_used(subject, mine, dout, kept)
    function = subject.function(dout)
    rows = [
        judge_gradient(function, name, x, gradient, tolerance, subject.rng)
        for name, x, gradient in zip(subject.names, subject.arrays, mine, strict=True)
    ]
    report = GradientReport(tuple(rows), tolerance, general)
    wrong = [i for i, row in enumerate(rows) if report.row_verdict(row) == "wrong"]
    if wrong:
        named = _causes(subject, given, wrong)
        rows = [_with_findings(row, named.get(i)) for i, row in enumerate(rows)]
    return GradientReport(tuple(rows), tolerance, general, _dtype_remarks(subject, given, mine, dout))


def _with_findings(row: GradientRow, finding: Finding | None) -> GradientRow:
    return row if finding is None else replace(row, findings=(finding,))


def _restored(subject: Subject, kept: list[np.ndarray], who: str) -> tuple[Finding, ...]:
    """Findings for the arguments that were written into, which are put back."""
    found = []
    for name, array, before in zip(subject.names, subject.arrays, kept, strict=True):
        if not np.array_equal(array, before, equal_nan=True):
            argument = name[1:] if name.startswith("d") else f"the array of {name}"
            found.append(modifies(argument, who, f"after the call, {argument} holds other numbers than before"))
            array[...] = before
    return tuple(found)


def _cache_is_used(
    subject: Subject, mine: list[np.ndarray], dout: np.ndarray, kept: list[np.ndarray]
) -> tuple[Finding, ...]:
    """Whether backward gives the same for a cache after forward has been called with other numbers."""
    cache = subject.call()[1]
    try:
        subject.call([0.5 * a if is_float_array(a) else a for a in subject.args])
    except Exception:
        return ()
    _restored(subject, kept, "forward")
    after = subject.gradients(dout.copy(), cache)
    _restored(subject, kept, "backward")
    if all(np.array_equal(a, b, equal_nan=True) for a, b in zip(mine, after, strict=True)):
        return ()
    return (
        foreign_cache("a second forward call, with other numbers, changes what backward gives for the first cache"),
    )


def _causes(subject: Subject, given: tuple[Any, ...], wrong: list[int]) -> dict[int, Finding]:
    """The mistakes behind the gradients that are wrong, by position."""
    found: dict[int, Finding] = {}
    layer = known_layer(subject.forward, given)
    if layer is not None:  # then all that can be said is said by comparison with the layer itself
        diagnosis = LayerDiagnosis(layer, subject.forward, subject.backward)
        for i in wrong:
            if i < len(layer.gradients):
                named = diagnosis.findings([layer.gradients[i]], layer.cases[0], subject.names[i])
                found |= {i: named[0]} if named else {}
        return found
    samples = _samples(subject, [subject.names[i] for i in wrong])
    for i in wrong:
        finding = simple_relation(subject.names[i], samples, subject.names[i])
        if finding is not None:
            found[i] = finding
    return found


def _samples(subject: Subject, wrong: list[str]) -> list[Sample]:
    """Calls with the gradients that are wrong by differences: of these arguments, and of others like them."""
    out = subject.call()[0]
    total = sum(a.size for name, a in zip(subject.names, subject.arrays, strict=True) if name in wrong)
    begun = time.thread_time()
    subject.call()
    if total * out.size > MAX_JACOBIAN or 4 * total * (time.thread_time() - begun) > PATIENCE:
        return _thin_samples(subject, wrong)
    first = _sample(subject, wrong, "these arguments")
    others = [subject.rng.permutation(a.ravel()).reshape(a.shape) if is_float_array(a) else a for a in subject.args]
    try:
        second = _sample(
            Subject(subject.forward, subject.backward, others, subject.names, subject.rng), wrong, "others"
        )
    except Exception:  # the function is not made for other numbers: another dout must do
        second = _sample(subject, wrong, "another dout")
    return [first, second]


def _sample(subject: Subject, wrong: list[str], label: str) -> Sample:
    arrays, names = subject.arrays, subject.names
    out, cache = subject.call()
    dout = subject.rng.standard_normal(out.shape)
    function = subject.function(dout)
    slopes = {name: jacobian(function, x) for name, x in zip(names, arrays, strict=True) if name in wrong}
    shapes = {name: x.shape for name, x in zip(names, arrays, strict=True)}

    def right(d: np.ndarray) -> dict[str, Any]:
        return {name: (J @ d.ravel()).reshape(shapes[name]) for name, J in slopes.items()}

    def mine(d: np.ndarray) -> dict[str, Any]:
        gradients = subject.gradients(np.array(d), subject.call()[1])
        return {n: np.array(g) for n, g in zip(names, gradients, strict=False)}

    found = {n: np.array(g) for n, g in zip(names, subject.gradients(dout.copy(), cache), strict=False)}
    numbers = {f"argument {i}": np.copy(a) if is_float_array(a) else a for i, a in enumerate(subject.args)}
    # the gradients that are right are what they are found to be
    call = Call(numbers, dout, {"out": np.array(out), **found, **right(dout)}, out)
    return Sample(label, call, found, mine, right, NUMERICAL)


def _thin_samples(subject: Subject, wrong: list[str]) -> list[Sample]:
    """For large arrays: two calls, each with some numbers of each gradient that is wrong."""
    samples = []
    for label in ("these arguments", "another dout"):
        out, cache = subject.call()
        dout = subject.rng.standard_normal(out.shape)
        function = subject.function(dout)
        found, right = {}, {}
        for name, x, gradient in zip(
            subject.names, subject.arrays, subject.gradients(dout.copy(), cache), strict=False
        ):
            gradient = np.asarray(gradient, np.float64)
            if gradient.shape == x.shape and name in wrong:
                places = telling_coordinates(gradient, subject.rng, THIN)
                slopes = plain_slopes(function, x, places, PATIENCE / 2 / len(wrong))
                found[name] = np.array([gradient[at] for at in slopes])
                right[name] = np.array(list(slopes.values()))
        samples.append(Sample(label, Call({}, dout, right, out), found, tolerance=NUMERICAL))
    return samples


def _dtype_remarks(
    subject: Subject, given: tuple[Any, ...], mine: list[np.ndarray], dout: np.ndarray
) -> tuple[str, ...]:
    """In which dtype the layer really computed."""
    floats = [a.dtype for a in given if is_float_array(a)]
    out = subject.call()[0]
    if out.dtype != np.float64:
        return (f"out is {out.dtype} for float64 arguments: the check is as coarse as that",)
    if not floats or np.result_type(*floats) == np.float64:
        return ()
    try:
        single, cache = subject.forward(*(dict(a) if isinstance(a, dict) else a for a in given))
        gradients = subject.gradients(dout.astype(single.dtype), cache)
    except Exception as error:
        return (f"with the float32 arguments themselves it raises {type(error).__name__}: {error}",)
    dtypes = ", ".join(dict.fromkeys(str(np.asarray(v).dtype) for v in (single, *gradients)))
    said = [f"float32 arguments were taken as float64 for the differences; with float32, results are {dtypes}"]
    for name, double, value in zip(subject.names, mine, gradients, strict=False):
        scale = max(float(np.max(np.abs(double), initial=0.0)), 1e-30)
        if np.shape(value) == double.shape and np.max(np.abs(double - value), initial=0.0) > 1e-2 * scale:
            said.append(f"{name} in float32 differs from {name} in float64 by more than 1%")
    return tuple(said)
