"""The tests of the checks: right answers pass; every planted mistake is caught, blamed on the right part, and named."""

import types
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from planted_bugs.bugs import BUGS, Bug

from convkit import layers as reference
from convkit.checks import check_layers

FOLDER = Path(__file__).parent / "planted_bugs"
SOURCES = {name: (FOLDER / f"{name}.py").read_text() for name in ("student", "im2col")}


def module_from(source: str) -> types.ModuleType:
    module = types.ModuleType("student")
    exec(compile(source, "student.py", "exec"), module.__dict__)
    return module


def plant(bug: Bug) -> types.ModuleType:
    source = SOURCES[bug.source]
    assert bug.right in source, f"{bug.right!r} does not stand in {bug.source}.py"
    start = source.index(f"def {bug.layer}")
    at = source.index(bug.right, start)
    return module_from(source[:at] + bug.wrong + source[at + len(bug.right) :])


@cache
def report_of(bug: Bug):
    report = check_layers(plant(bug), layers=[bug.layer], full=bool(bug.beyond))
    return replace(report, results=tuple(r for r in report.results if r.beyond in ("", bug.beyond)))


@pytest.mark.parametrize("name", SOURCES)
def test_right_answers_pass(name):
    report = check_layers(module_from(SOURCES[name]))
    assert report.ok, str(report)
    assert {r.layer for r in report.results} >= {bug.layer for bug in BUGS if bug.source == name}


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: f"{bug.source} {bug.layer} {bug.part}: {bug.what}")
def test_planted_bug_is_caught_and_blamed_and_given_no_wrong_name(bug):
    report = report_of(bug)
    assert report.verdict == "wrong", "the mistake passed"
    blamed = {r.part for r in report.results if r.status == "wrong"}
    assert bug.part in blamed, f"blamed {blamed} instead\n{report}"
    kinds = {finding.kind for finding in report.findings}
    assert kinds <= set(bug.kinds.split()), f"called {kinds}, it is {bug.kinds}\n{report}"
    for finding in report.findings:
        assert finding.evidence
        assert len(finding.hints) == 3
        assert all(finding.hints)


def test_nine_in_ten_planted_bugs_are_named():
    unnamed = [bug for bug in BUGS if bug.part not in {finding.blames for finding in report_of(bug).findings}]
    assert len(unnamed) <= 0.1 * len(BUGS), f"no name for {[f'{bug.layer}: {bug.what}' for bug in unnamed]}"


def test_a_wrong_forward_beside_a_right_backward_is_told_in_words_about_numbers():
    """Whatever explains gradients is not asked about out, which no dout reaches."""
    layers = types.ModuleType("student")

    def conv_transpose_forward_naive(x, w, b, conv_param):
        out, cache = reference.conv_transpose_forward_naive(x, w, b, conv_param)
        return np.sin(3 * out), cache

    def conv_transpose_backward_naive(dout, cache):
        return reference.conv_transpose_backward_naive(dout, cache)

    for function in (conv_transpose_forward_naive, conv_transpose_backward_naive):
        function.__module__ = "student"
        setattr(layers, function.__name__, function)
    report = check_layers(layers, ["conv_transpose"], parts=["forward"])
    assert report.verdict == "wrong"
    assert "it should be" in report.text()
    assert "Error" not in report.text()
