"""check(...) of the notebooks, given a report that another check has made."""

import numpy as np
import pytest

from convkit.course import NotYet, check, show
from convkit.gradient_check import check_model, check_update_rule
from convkit.optim import sgd


class Line:
    """Scores x w with a squared loss, and a gradient that may be wrong."""

    def __init__(self, factor=1.0):
        self.params, self.factor = {"w": np.array([1.0, 2.0])}, factor

    def loss(self, X, y):
        error = X @ self.params["w"] - y
        return 0.5 * float(np.sum(error**2)), {"w": self.factor * X.T @ error}


def test_a_right_report_is_shown_and_passes(capsys):
    check(check_model(Line(), np.eye(2), np.array([3.0, 5.0])))
    assert "w" in capsys.readouterr().out


def test_in_a_notebook_the_report_itself_is_displayed(monkeypatch, capsys):
    pytest.importorskip("IPython", reason="reports are displayed by IPython: pip install 'convkit[notebooks]'")
    shown = []
    monkeypatch.setattr(show, "in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", shown.append)
    report = check_model(Line(), np.eye(2), np.array([3.0, 5.0]))
    check(report)
    assert shown == [report]
    assert capsys.readouterr().out == ""


def test_a_wrong_report_is_shown_and_stops_with_its_summary(capsys):
    with pytest.raises(NotYet, match="WRONG: w"):
        check(check_model(Line(factor=2.0), np.eye(2), np.array([3.0, 5.0])))
    assert "WRONG" in capsys.readouterr().out


def test_an_update_rule():
    check(check_update_rule(sgd))
    with pytest.raises(NotYet, match="WRONG"):
        check(check_update_rule(lambda w, dw, config=None: (w + 0.01 * dw, config or {}), "sgd"))
