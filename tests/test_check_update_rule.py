"""The check of update rules: right ones pass, planted mistakes are caught and named."""

from pathlib import Path

import numpy as np
import pytest
from planted_bugs import rules
from planted_bugs.rules import RULE_BUGS

from convkit import optim
from convkit.gradient_check import check_update_rule

SOURCE = Path(rules.__file__).read_text()
RIGHT = [rules.sgd, rules.sgd_momentum, rules.rmsprop, rules.adagrad, rules.adam, rules.adamw]


@pytest.mark.parametrize(
    "rule", [*optim.UPDATE_RULES.values(), *RIGHT], ids=lambda rule: f"{rule.__module__} {rule.__name__}"
)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_right_rules_pass(rule, seed):
    report = check_update_rule(rule, rng=np.random.default_rng(seed), config={"learning_rate": 0.3})
    assert report.ok, str(report)
    assert not report.findings


def plant(rule, right, wrong):
    start = SOURCE.index(f"def {rule}(")
    at = SOURCE.index(right, start)
    namespace = {}
    exec(compile(SOURCE[:at] + wrong + SOURCE[at + len(right) :], "rules.py", "exec"), namespace)
    return namespace[rule]


@pytest.mark.parametrize(("rule", "right", "wrong", "kind"), RULE_BUGS)
def test_planted_mistakes_are_caught_and_named(rule, right, wrong, kind):
    report = check_update_rule(plant(rule, right, wrong))
    assert report.verdict == "wrong"
    assert [finding.kind for finding in report.findings] == ([kind] if kind else []), str(report)


def test_says_from_which_step_on():
    report = check_update_rule(plant("sgd_momentum", '    config["velocity"] = v\n', ""))
    assert "the first step is right, the second is not" in report.text(0)
    assert "after step 2" in report.text(0)


def test_another_name_and_what_is_no_rule():
    report = check_update_rule(lambda w, dw, config=None: rules.adam(w, dw, config), "adam")
    assert report.ok
    assert "all 4 runs are right" in str(report)
    with pytest.raises(ValueError, match="reference must name the rule"):
        check_update_rule(lambda w, dw, config=None: (w, config))
    returned = check_update_rule(lambda w, dw, config=None: w - dw, "sgd")
    assert [finding.kind for finding in returned.findings] == ["wrong_return"]
    assert "(next_w, config)" in str(returned)
