"""The tests of the checks: right answers pass, and every planted mistake is caught and blamed on the right part."""

import types
from pathlib import Path

import pytest
from planted_bugs.bugs import BUGS, Bug

from convkit.checks import check_layers

SOURCE = (Path(__file__).parent / "planted_bugs" / "student.py").read_text()


def module_from(source: str) -> types.ModuleType:
    module = types.ModuleType("student")
    exec(compile(source, "student.py", "exec"), module.__dict__)
    return module


def plant(bug: Bug) -> types.ModuleType:
    assert bug.right in SOURCE, f"{bug.right!r} does not stand in student.py"
    start = SOURCE.index(f"def {bug.layer}")
    at = SOURCE.index(bug.right, start)
    return module_from(SOURCE[:at] + bug.wrong + SOURCE[at + len(bug.right) :])


def test_right_answers_pass():
    report = check_layers(module_from(SOURCE))
    assert report.ok, str(report)
    assert {r.layer for r in report.results} >= {bug.layer for bug in BUGS}


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: f"{bug.layer} {bug.part}: {bug.what}")
def test_planted_bug_is_caught(bug):
    report = check_layers(plant(bug), layers=[bug.layer])
    assert not report.ok, "the mistake passed"
    blamed = {r.part for r in report.results if r.status == "wrong"}
    assert bug.part in blamed, f"blamed {blamed} instead\n{report}"
