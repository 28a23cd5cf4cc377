"""The table of which mistake is caught by which check: written by a command, committed, and not stale."""

import re
from pathlib import Path

import pytest

from convkit.mistakes import MISTAKES
from convkit.mistakes.__main__ import main
from convkit.mistakes.table import exercises, markdown
from convkit.mistakes.update_rules import RULES

COMMITTED = (Path(__file__).parents[1] / "docs" / "what_a_pass_is_worth.md").read_text(encoding="utf-8")
RENEW = "renew it: python -m convkit.mistakes > docs/what_a_pass_is_worth.md"
# The others take longer; of them the test looks only at which mistakes there are.
# What a layer drew at random itself: it shows in their output, and cannot be planted from outside.
THEIR_DRAWS = {"dropped_in_test"}
QUICK = ["relu", "max_pool", "avg_pool", "dropout", "softmax_loss", "svm_loss", "sigmoid", *RULES]


@pytest.mark.parametrize("name", QUICK)
def test_committed_table_is_what_the_command_prints(name):
    for line in markdown([name]).splitlines():
        assert line in COMMITTED.splitlines(), RENEW


def test_every_mistake_has_its_row():
    assert re.findall(r"^## (\w+)$", COMMITTED, re.M) == exercises(), RENEW
    for name in exercises():
        section = COMMITTED.split(f"## {name}\n")[1].split("\n## ")[0]
        kinds = [mistake.kind for mistake in (MISTAKES | RULES)[name] if mistake.kind not in THEIR_DRAWS]
        assert re.findall(r"\(`(\w+)`\)", section) == kinds, RENEW


def test_everything_is_caught_and_nine_in_ten_are_named():
    scores = re.findall(r"^\| (\w+) \| (\d+) \| (\d+) \(\d+%\) \| (\d+)% \|", COMMITTED, re.M)
    assert [name for name, *_ in scores] == exercises()
    for name, planted, caught, named in scores:
        assert planted == caught, name
        assert int(named) >= 90, name


def test_hints_are_three_and_each_says_more():
    for mistakes in (*MISTAKES.values(), *RULES.values()):
        for mistake in mistakes:
            question, place, code = mistake.hints
            assert question.rstrip().endswith("?"), mistake
            assert place.endswith((".", "?")), mistake
            assert code.startswith("    "), mistake
            assert not mistake.name.endswith("."), mistake


def test_command(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["convkit.mistakes", "sgd"])
    assert main() == 0
    assert "it climbs" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["convkit.mistakes", "sgdd"])
    assert main() == 2
    assert "'sgdd'" in capsys.readouterr().err
