"""The check of a whole network's gradients."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from convkit.contracts import FLOATS
from convkit.diagnosis.contract import changing, modifies
from convkit.diagnosis.finding import Finding
from convkit.diagnosis.gradient_row import directions, slope_at, telling_coordinates
from convkit.diagnosis.progress import with_progress
from convkit.diagnosis.region import region_of_error
from convkit.diagnosis.regularization import check_regularization
from convkit.diagnosis.relations import simple_relation
from convkit.diagnosis.sample import NUMERICAL, Sample
from convkit.diagnosis.slopes import Function, plain_slopes
from convkit.gradient_report import GradientReport, GradientRow
from convkit.mistakes.mistake import Call

# Numbers of each parameter that are compared one by one to find a relation; seconds that it may take.
THIN = 24
SECONDS_FOR_NAMES = 1.0
SECONDS_FOR_PLACES = 3.0


def check_model(
    model: Any,
    X: np.ndarray,
    y: np.ndarray,
    *,
    rng: np.random.Generator | None = None,
    tolerance: float = 1e-5,
    regularization: bool = True,
    progress: bool | None = None,
) -> GradientReport:
    """Check the gradients of a whole network, in seconds, however many parameters it has.

    Each parameter is moved along random directions, and at the places of its largest gradients; where these disagree
    with the gradients, along parts of the parameter that become smaller and smaller, until the wrong numbers are found.

    - model: has params, a dict of float arrays, and loss(X, y) -> (loss, grads)
    - X, y: a small batch
    - rng: draws the directions; default a fixed seed
    - tolerance: largest error that passes, relative to the size of the gradient, beyond what round-off explains
    - regularization: whether to look also, if the model has a number `reg`, at what it does: the convention is that
      0.5 * reg * sum of W² is added to the loss for weights, and nothing for biases, gamma and beta
    - progress: whether to show a bar once it takes longer than a second; default: on a terminal and in a notebook

    float32 parameters are replaced by float64 copies for the time of the check; the parameters are perturbed in place.
    All are put back at the end, also after an error. Returns a report: report.ok, report.verdict, one row for each
    parameter, report.findings, and its text by print(report).
    """
    rng = rng or np.random.default_rng(231)
    kept = dict(model.params)
    for name, parameter in kept.items():
        if parameter.dtype == np.float32:
            model.params[name] = parameter.astype(np.float64)
    try:
        with np.errstate(all="ignore"):  # what is NaN or infinite is reported
            return _check(model, X, y, rng, tolerance, regularization, progress)
    finally:
        model.params.update(kept)


def _check(
    model: Any,
    X: np.ndarray,
    y: np.ndarray,
    rng: np.random.Generator,
    tolerance: float,
    regularization: bool,
    progress: bool | None,
) -> GradientReport:
    before = {name: parameter.copy() for name, parameter in model.params.items()}
    X_before = np.array(X)
    loss, grads = model.loss(X, y)
    general = _written(model, before, X, X_before)
    again = model.loss(X.copy(), y)[0]
    if not np.isfinite(loss):
        return GradientReport((), tolerance, general, unjudged=f"model.loss gave {loss}: there is no gradient to check")
    if float(loss) != float(again):
        finding = changing("losses", f"model.loss gave {loss} and then {again} for the same batch")
        advice = "give dropout a seed, FullyConnectedNet(seed=...), and let nothing else depend on earlier calls"
        return GradientReport((), tolerance, general, (advice,), unjudged=finding.name, doubts=(finding,))
    # A loss that comes out in float32 all the same, from a model that converts, has coarser round-off.
    epsilon = float(np.finfo(np.asarray(loss).dtype).eps) if np.asarray(loss).dtype in FLOATS else 2.3e-16
    function = Function(lambda: np.asarray(model.loss(X.copy(), y)[0]), np.ones(()), epsilon)
    seconds = SECONDS_FOR_PLACES / len(model.params)
    rows = [
        _row(function, name, parameter, grads.get(name), rng, tolerance, seconds)
        for name, parameter in with_progress(list(model.params.items()), "parameter", progress)
    ]
    report = GradientReport(tuple(rows), tolerance, general)
    wrong = [row.name for row in rows if report.row_verdict(row) == "wrong" and row.error < np.inf]
    named = _causes(model, X, y, wrong, epsilon, rng) if wrong else {}
    rows = [replace(row, findings=(named[row.name],)) if row.name in named else row for row in rows]
    remarks = _way_back(report)
    if regularization:
        row, remark = check_regularization(model, X, y, rng)
        rows += [row] if row else []
        remarks += [remark] if remark else []
    return GradientReport(tuple(rows), tolerance, general, tuple(remarks))


def _written(model: Any, before: dict[str, np.ndarray], X: np.ndarray, X_before: np.ndarray) -> tuple[Finding, ...]:
    """Findings for what loss wrote into; it is put back."""
    found = []
    for name, value in before.items():
        if not np.array_equal(model.params[name], value, equal_nan=True):
            found.append(modifies(f"params[{name!r}]", "loss", "after the call it holds other numbers than before"))
            model.params[name][...] = value
    if not np.array_equal(X, X_before, equal_nan=True):
        found.append(modifies("X", "loss", "after the call X holds other numbers than before"))
        X[...] = X_before
    return tuple(found)


def _row(
    function: Function,
    name: str,
    x: np.ndarray,
    gradient: Any,
    rng: np.random.Generator,
    tolerance: float,
    seconds: float,
) -> GradientRow:
    dtype = str(x.dtype)
    if gradient is None or np.shape(gradient) != x.shape:
        what = "is missing from grads" if gradient is None else f"has shape {np.shape(gradient)}"
        return GradientRow(name, x.shape, dtype, np.inf, what)
    gradient = np.asarray(gradient, np.float64)
    if not np.isfinite(gradient).all():
        bad = int((~np.isfinite(gradient)).sum())
        return GradientRow(name, x.shape, dtype, np.inf, f"{bad} of its {gradient.size} numbers are NaN or infinite")
    size = max(float(np.sqrt(np.mean(gradient**2))), 1e-12)
    along = directions(function, x, gradient, tolerance, rng)
    error, noise = (max(value) / size for value in zip(*((s.error, s.noise) for s, _ in along), strict=True))
    if any(slope.error > bound or slope.kink for slope, bound in along):
        row = region_of_error(function, name, x, gradient, dtype, tolerance, rng, along, seconds)
        return row if row.error > tolerance else replace(row, noise=noise)
    bound = tolerance * max(float(np.max(np.abs(gradient))), 1e-12)
    for at in telling_coordinates(gradient, rng):
        slope = slope_at(function, x, at, float(gradient[at]), bound)
        if slope.error > bound and not slope.kink and slope.noise < slope.error:
            return region_of_error(function, name, x, gradient, dtype, tolerance, rng, [(slope, bound)], seconds)
    return GradientRow(name, x.shape, dtype, error, "the gradient drowns in round-off" if noise > 0.01 else "", noise)


def _causes(
    model: Any, X: np.ndarray, y: np.ndarray, wrong: list[str], epsilon: float, rng: np.random.Generator
) -> dict[str, Finding]:
    """The simple relations behind wrong gradients, each found on two batches."""
    batches = [(X, y), (X[1:], y[1:])] if len(X) > 2 else [(X, y)]
    samples = [_sample(model, *batch, wrong, epsilon, rng) for batch in batches]
    found = {}
    for name in wrong:
        finding = simple_relation(_words(name), samples, name)
        if finding is not None:
            found[name] = finding
    return found


def _words(name: str) -> str:
    return f"grads[{name!r}]"


def _sample(
    model: Any, X: np.ndarray, y: np.ndarray, wrong: list[str], epsilon: float, rng: np.random.Generator
) -> Sample:
    """Some numbers of each wrong gradient beside their differences."""
    loss, grads = model.loss(X.copy(), y)
    function = Function(lambda: np.asarray(model.loss(X.copy(), y)[0]), np.ones(()), epsilon)
    found, right = {}, {}
    for name in wrong:
        x, gradient = model.params[name], np.asarray(grads[name], np.float64)
        slopes = plain_slopes(function, x, telling_coordinates(gradient, rng, THIN), SECONDS_FOR_NAMES / len(wrong))
        found[_words(name)] = np.array([gradient[at] for at in slopes])
        right[_words(name)] = np.array(list(slopes.values()))
    return Sample("batch", Call({"X": X}, None, right, np.asarray(loss)), found, tolerance=NUMERICAL)


def _way_back(report: GradientReport) -> list[str]:
    """Where on the way back through the layers the gradients begin to be wrong."""
    verdicts = [report.row_verdict(row) for row in report.rows]
    names = [row.name for row in report.rows]
    wrong = [i for i, verdict in enumerate(verdicts) if verdict == "wrong"]
    right = [i for i, verdict in enumerate(verdicts) if verdict == "right"]
    if len(wrong) < 2 or not right or max(wrong) > min(right) or len(wrong) == len(names):
        return []
    after = ", ".join(names[i] for i in right)
    return [
        f"{after}, nearer to the loss, are right: look at the step of backward between them and {names[max(wrong)]}"
    ]
