"""check(...): the verdict on an exercise, in a cell of a notebook.

    check(smooth)                                a function that is written in the notebook
    check(my_layers, "conv")                     a layer of my_layers.py
    check(my_layers, "conv", "forward", "db")    some parts of it
    check(check_model(model, X, y))              a report that another check has made

It shows the report of the checker and, unless all is right, stops "Run All" there with one line instead of a traceback.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from convkit.check_report import CheckReport, CheckResult
from convkit.checks import check_layers, run_check
from convkit.course.exercise import Exercise, find
from convkit.course.show import show
from convkit.diagnosis.report import Report


class NotYet(Exception):
    """An exercise is not solved yet; the report above it says what is missing. A notebook shows it as one line."""

    def _render_traceback_(self) -> list[str]:
        return [f"Not yet: {self}"]


def check(what: Callable | ModuleType | Report, layer: str = "", *parts: str) -> None:
    """Check an exercise and show the report.

    - what: a function of the notebook, the module my_layers, or the report of check_model, check_update_rule, ...
    - layer: with a module, the name of the layer
    - parts: with a layer, which of its parts: 'forward', 'dx', 'dw', ...; default all

    Raises NotYet unless all is right. Raises KeyError or ValueError for a name that is no exercise's.
    """
    report: Report
    if isinstance(what, Report):
        report = what
    elif isinstance(what, ModuleType):
        report = check_layers(what, [layer], parts=parts or None)
    else:
        report = check_function(find(what), what)
    show(report, words=str(report))
    if not report.ok:
        raise NotYet(report.summary())


class FunctionReport(CheckReport):
    """The report on a function of a notebook."""

    columns = ("function", "result")


def check_function(exercise: Exercise, function: Callable) -> CheckReport:
    """The report on a function of the notebook."""
    checks = list(exercise.checks(function))
    results: tuple[CheckResult, ...] = tuple(run_check(each) for each in checks)
    return FunctionReport(exercise.name, results)
