"""The check of an update rule against the reference in convkit.optim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from convkit.diagnosis.compare import told_apart
from convkit.diagnosis.contract import modifies, wrong_return
from convkit.diagnosis.finding import Finding
from convkit.diagnosis.known_mistakes import known_mistake
from convkit.diagnosis.place import place_of
from convkit.diagnosis.runs import kind_of
from convkit.diagnosis.sample import Sample
from convkit.gradient_report import GradientReport, GradientRow
from convkit.mistakes.mistake import Call
from convkit.mistakes.update_rules import RULES
from convkit.optim import DEFAULTS, UPDATE_RULES

STEPS = 6


def check_update_rule(
    rule: Callable,
    reference: str | None = None,
    *,
    config: dict[str, Any] | None = None,
    rng: np.random.Generator | None = None,
    tolerance: float = 1e-8,
) -> GradientReport:
    """Check an update rule, step by step, against the one in convkit.optim, and name the mistake if there is one.

    - rule: rule(w, dw, config) -> (next_w, config), as in CS231n; config may be None
    - reference: name of the rule it should be, a key of convkit.optim.UPDATE_RULES; default rule.__name__
    - config: settings of the rule, such as {'learning_rate': 0.1}, for a run beside those with the usual ones
    - rng: draws parameters and gradients; default a fixed seed
    - tolerance: largest error that passes, relative to the largest step

    Several runs of some steps are made, with large, small and zero gradients; the config that the rule returns is
    handed to its next step. Returns a report: report.ok, one row for each run, report.findings, and its text by
    print(report). Raises ValueError if it is not known which rule it should be.
    """
    name = reference or getattr(rule, "__name__", "")
    if name not in UPDATE_RULES:
        raise ValueError(f"reference must name the rule that it should be, {', '.join(UPDATE_RULES)}; got {name!r}")
    rng = rng or np.random.default_rng(231)
    rows, samples = [], []
    general: tuple[Finding, ...] = ()
    for label, call in _calls(name, config, rng):
        try:
            found, changed = _run(rule, call)
        except _Wrong as wrong:
            return GradientReport((), tolerance, (wrong_return(str(wrong), name, "next_w"),), what="run")
        general = general or changed
        samples.append(Sample(label, call, {"next_w": found}, tolerance=tolerance))
        rows.append(_row(label, call, found, tolerance))
    report = GradientReport(tuple(rows), tolerance, general, what="run")
    if report.verdict == "wrong":
        finding = known_mistake("next_w", samples, RULES.get(name, []), "next_w")
        if finding is not None:
            since = _since(samples)
            finding = replace(finding, evidence=finding.evidence + (f"; {since}" if since else ""))
            bad = [report.row_verdict(row) == "wrong" for row in rows]
            rows = [replace(row, findings=(finding,)) if b else row for row, b in zip(rows, bad, strict=True)]
    return GradientReport(tuple(rows), tolerance, general, what="run")


class _Wrong(Exception):
    """A rule does not return what it must."""


def _calls(name: str, config: dict[str, Any] | None, rng: np.random.Generator) -> list[tuple[str, Call]]:
    """The runs: parameter, gradients of all steps, settings, and the parameter after each step as it should be."""
    odd = {"learning_rate": 0.03, "momentum": 0.6, "decay_rate": 0.8, "beta1": 0.7, "beta2": 0.9, "weight_decay": 0.2}
    given = {key: value for key, value in odd.items() if key in DEFAULTS[name]}
    plans: list[tuple[str, tuple[int, ...], float, dict[str, Any] | None]] = [
        ("a matrix, default settings", (4, 5), 1.0, None),
        ("a vector, other settings", (7,), 1.0, given),
        ("small gradients", (3, 4), 1e-6, given),
        ("gradients of many sizes, some of them 0", (2, 3, 4), 0.0, given),
    ]
    if config is not None:
        plans.append(("your settings", (4, 5), 1.0, config))
    calls = []
    for label, shape, scale, settings in plans:
        w = rng.standard_normal(shape)
        gradients = rng.standard_normal((STEPS, *shape)) * (scale or 10.0 ** rng.uniform(-9, 1, (STEPS, *shape)))
        if not scale:
            gradients[rng.random(gradients.shape) < 0.2] = 0.0
        args = {"w": w, "dw": gradients, "config": settings}
        call = Call(args, None, {}, w)
        right, _ = _run(UPDATE_RULES[name], call)
        calls.append((label, call._replace(right={"next_w": right})))
    return calls


def _run(rule: Callable, call: Call) -> tuple[np.ndarray, tuple[Finding, ...]]:
    """The parameter after each step, and a finding if a gradient was written into."""
    w, config = call.args["w"].copy(), call.args["config"] and dict(call.args["config"])
    steps, changed = [], False
    with np.errstate(all="ignore"):
        for dw in call.args["dw"]:
            sent = dw.copy()
            result = rule(w.copy(), sent, config)
            if not isinstance(result, tuple) or len(result) != 2:
                raise _Wrong(f"the rule must return (next_w, config), it returned {kind_of(result)}")
            w, config = np.array(result[0]), result[1]
            changed |= not np.array_equal(sent, dw)
            if w.shape != dw.shape:
                raise _Wrong(f"next_w must have the shape of w, {dw.shape}, it has {w.shape}")
            if not isinstance(config, dict):
                raise _Wrong(f"the second result must be the config, a dict; it is {kind_of(config)}")
            steps.append(w)
    finding = modifies("dw", "the rule", "after the call, dw holds other numbers than before")
    return np.array(steps, float), (finding,) if changed else ()


def _row(label: str, call: Call, found: np.ndarray, tolerance: float) -> GradientRow:
    """Judge a run by its largest error, relative to the largest step."""
    right = call.right["next_w"]
    difference = np.abs(found - right)
    difference = np.where(np.isnan(difference), np.inf, difference)
    travelled = np.abs(np.diff(np.concatenate([call.args["w"][None], right]), axis=0))
    scale = max(float(np.max(travelled)), 1e-30)
    error = float(np.max(difference)) / scale
    wrong = difference > tolerance * scale + 1e-15 * np.abs(right)
    if not wrong.any():
        return GradientRow(label, right.shape[1:], str(found.dtype), 0.0, "")
    step = int(np.flatnonzero(wrong.reshape(len(wrong), -1).any(axis=1))[0])
    at = np.unravel_index(int(np.argmax(np.where(wrong[step], difference[step], -1))), right.shape[1:])
    index = ", ".join(str(int(i)) for i in at)
    mine, wanted = told_apart(found[step][at], right[step][at])
    place = f"after step {step + 1}, next_w[{index}] is {mine}, it should be {wanted}"
    axes = ("step", *(f"axis {i}" for i in range(right.ndim - 1)))
    return GradientRow(
        label, right.shape[1:], str(found.dtype), error, place, map=place_of("next_w", found, right, wrong, axes)
    )


def _since(samples: list[Sample]) -> str:
    """From which step on the runs are wrong."""
    first = set()
    for sample in samples:
        found, right = sample.found["next_w"], sample.call.right["next_w"]
        wrong = ~np.isclose(found, right, rtol=1e-9, atol=0.0).reshape(len(right), -1).all(axis=1)
        if wrong.any():
            first.add(int(np.flatnonzero(wrong)[0]) + 1)
    if not first or min(first) == 1:
        return "already the first step is wrong" if first == {1} else ""
    return f"the first step is right, the {'second' if min(first) == 2 else f'{min(first)}th'} is not"
