"""The graph of batch normalization in notebook 08 shows the numbers that the layer computes."""

import numpy as np
import pytest

from convkit.course.figures import plot_norm_graph
from convkit.layers import batchnorm_backward, batchnorm_forward

COLUMN, DOUT, GAMMA = np.array([1.0, 2.0, 6.0]), np.array([3.0, 0.0, -1.0]), 2.0
STEPS = ["out", "beta", "gamma", "x_hat", "std", "var", "centered", "mean", "x"]


def words(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def rounded(values):
    return "[" + ", ".join(f"{round(float(v), 3) + 0.0:g}" for v in np.ravel(values)) + "]"


def test_values_and_gradients_are_those_of_the_layer():
    x, dout = COLUMN[:, None], DOUT[:, None]
    out, cache = batchnorm_forward(x, np.array([GAMMA]), np.zeros(1), {"mode": "train", "eps": 1e-12})
    dx, dgamma, dbeta = batchnorm_backward(dout, cache)
    shown = words(plot_norm_graph(COLUMN, DOUT, gamma=GAMMA))
    assert rounded(out) in shown
    assert f"d = {rounded(dx)}" in shown
    assert f"d = {rounded(dgamma)[1:-1]}" in shown
    assert f"d = {rounded(dbeta)[1:-1]}" in shown


@pytest.mark.parametrize("until", STEPS)
def test_the_way_back_goes_as_far_as_asked(until):
    shown = words(plot_norm_graph(COLUMN, DOUT, until))
    assert sum(word.startswith("d = ") for word in shown) == STEPS.index(until) + 1


def test_no_gradients_without_dout():
    assert not [word for word in words(plot_norm_graph(COLUMN)) if word.startswith("d = ")]
