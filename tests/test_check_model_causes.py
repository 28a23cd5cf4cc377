"""check_model: every mistake planted in a network is caught and blamed on the right gradient."""

import time
from pathlib import Path

import numpy as np
import pytest
from planted_bugs import network
from planted_bugs.network import NETWORK_BUGS, TwoLayers

from convkit.classifiers.cnn import ThreeLayerConvNet
from convkit.gradient_check import check_model

SOURCE = Path(network.__file__).read_text()
RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((7, 6)), RNG.integers(0, 3, size=7)


def plant(right, wrong):
    at = SOURCE.index(right)
    namespace = {}
    exec(compile(SOURCE[:at] + wrong + SOURCE[at + len(right) :], "network.py", "exec"), namespace)
    return namespace["TwoLayers"]()


@pytest.mark.parametrize("reg", [0.0, 0.3, 100.0])
def test_right_network_passes(reg):
    report = check_model(TwoLayers(reg), X, Y)
    assert report.ok, str(report)
    assert "reg adds 0.5 * reg * sum of W², for W1, W2, W3" in str(report)


@pytest.mark.parametrize(("what", "blamed", "right", "wrong", "kind"), NETWORK_BUGS)
def test_planted_mistakes_are_caught_and_named(what, blamed, right, wrong, kind):
    model = plant(right, wrong)
    model.params["b2"] += 0.1  # so that a bias can be regularized at all
    report = check_model(model, X, Y)
    assert report.verdict == "wrong"
    named = {row.name for row in report.rows if report.row_verdict(row) == "wrong"}
    assert named == set(blamed.split()), str(report)
    kinds = {finding.kind for finding in report.findings}
    assert kinds <= set(kind.split()), str(report)
    assert bool(kinds) == bool(kind), str(report)
    assert model.reg == 0.1


def test_regularization_may_be_left_out_of_the_check():
    model = plant("0.5 * self.reg * np", "self.reg * np")
    model.reg = 0.0
    assert check_model(model, X, Y, regularization=False).ok
    assert not check_model(model, X, Y).ok


def test_says_where_on_the_way_back_it_begins():
    report = check_model(plant("(1 - h2**2)", "(1 - h2)"), X, Y)
    assert "W3, b3, nearer to the loss, are right: look at the step of backward between them and b2" in str(report)


def test_a_loss_that_writes_into_its_arguments():
    model = plant(
        "        p, grads = self.params, {}\n", "        p, grads = self.params, {}\n        X *= 0.5; X *= 2.5\n"
    )
    kept = X.copy()
    report = check_model(model, X, Y)
    assert [finding.kind for finding in report.findings][:1] == ["modifies_input"]
    assert report.verdict == "wrong"
    np.testing.assert_array_equal(X, kept)


def test_large_parameters_are_searched_by_halving():
    np.random.seed(0)
    model = ThreeLayerConvNet((3, 16, 16), num_filters=8, filter_size=3, hidden_dim=20, num_classes=5, weight_scale=0.1)
    right = model.loss
    X, y = np.random.randn(3, 3, 16, 16), np.array([0, 4, 2])
    alive = int(np.argmax(np.abs(right(X, y)[1]["W2"]).sum(axis=0)))

    def wrong(X, y):
        loss, grads = right(X, y)
        grads["W2"] = grads["W2"].copy()
        grads["W2"][:, alive] *= 1.5
        return loss, grads

    model.loss = wrong
    begun = time.monotonic()
    report = check_model(model, X, y)
    assert time.monotonic() - begun < 60
    assert [row.name for row in report.rows if report.row_verdict(row) == "wrong"] == ["W2"]
    assert f"only column {alive}" in str(report)
