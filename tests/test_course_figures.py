"""The figures of the exercises show the numbers that the layers compute, and none of their words is cut off."""

import numpy as np
import pytest
from figure_helpers import assert_nothing_is_cut_off

from convkit.course import figures
from convkit.layers import batchnorm_backward_alt, batchnorm_forward, layernorm_forward, spatial_groupnorm_forward
from convkit.layers import spatial_batchnorm_forward as spatial_forward

X = np.array([[1.0, 10.0, 2.0], [1.0, 30.0, 0.0], [5.0, 30.0, 2.0], [5.0, 10.0, 0.0]])


def table(axes):
    """The numbers of a table of cells, row by row, as one list."""
    return [float(text.get_text().replace("\N{MINUS SIGN}", "-")) for text in axes.texts]


@pytest.mark.parametrize(
    "draw",
    [
        lambda: figures.plot_as_rows(),
        lambda: figures.plot_as_rows((2, 4, 1, 2), groups=2),
        lambda: figures.plot_dropout(),
        lambda: figures.plot_dropout(9, 0.25),
        lambda: figures.plot_dropout(mode="test"),
        lambda: figures.plot_flow([("x", "(N, 3)"), ("out", "(N, 2)")], [("affine", "dw")], ["dx", "dout\n(N, 2)"]),
        lambda: figures.plot_normalized(X),
        lambda: figures.plot_normalized(X, axis=1),
        lambda: figures.plot_penalty(),
        lambda: figures.plot_penalty(1e-3),
        lambda: figures.plot_residual_block(),
        lambda: figures.plot_residual_block((2, 3)),
        lambda: figures.plot_residual_block((0.1, 0.1)),
        lambda: figures.plot_running_averages(np.linspace(-1, 2, 20)),
        lambda: figures.plot_scaled_columns(X[:, :2], np.array([10.0, 2.0]), X[:, 1:]),
        lambda: figures.plot_taken_away(X[:, 0], np.array([8.0, 0.0, 0.0, 0.0])),
    ],
)
def test_nothing_is_cut_off(draw):
    assert_nothing_is_cut_off(draw())


@pytest.mark.parametrize("axis", [0, 1])
def test_normalized_numbers(axis):
    settings = {"mode": "train", "eps": 1e-12}
    forward = (batchnorm_forward, layernorm_forward)[axis]
    expected, _ = forward(X, np.ones(3), np.zeros(3), settings)
    drawn = figures.plot_normalized(X, axis)
    assert table(drawn.axes[0]) == X.ravel().tolist()
    np.testing.assert_allclose(table(drawn.axes[6]), expected.ravel(), atol=0.05)  # two digits are shown


@pytest.mark.parametrize("groups", [None, 2])
def test_rows_that_are_normalized_are_what_the_layer_normalizes(groups):
    shape = (2, 4, 1, 2)
    rows = 4 if groups is None else 2 * groups
    drawn = np.reshape(table(figures.plot_as_rows(shape, groups).axes[1]), (-1, 4) if groups is None else (rows, -1))
    x = np.random.default_rng(0).standard_normal(shape)
    matrix = x.ravel()[drawn.astype(int)]  # the numbers in the picture count those of x through
    axis = 0 if groups is None else 1
    matrix = (matrix - matrix.mean(axis=axis, keepdims=True)) / matrix.std(axis=axis, keepdims=True)
    if groups is None:
        out, _ = spatial_forward(x, np.ones(4), np.zeros(4), {"mode": "train", "eps": 1e-12})
    else:
        ones = np.ones((1, 4, 1, 1))
        out, _ = spatial_groupnorm_forward(x, ones, 0 * ones, groups, {"eps": 1e-12})
    np.testing.assert_allclose(matrix, out.ravel()[drawn.astype(int)], atol=1e-6)


def test_what_is_left_of_a_gradient_is_std_times_dx():
    column, gradient = np.array([1.0, 2.0, 6.0, 7.0]), np.array([3.0, 0.0, -1.0, 4.0])
    _, cache = batchnorm_forward(column[:, None], np.ones(1), np.zeros(1), {"mode": "train", "eps": 1e-12})
    dx, _, _ = batchnorm_backward_alt(gradient[:, None], cache)
    bars = [bar.get_height() for bar in figures.plot_taken_away(column, gradient).axes[6].patches]
    np.testing.assert_allclose(bars, column.std() * dx.ravel(), atol=1e-9)


def test_dropout_uses_the_same_mask_on_its_way_back():
    x, mask, out, dout, dx = (table(axes) for axes in figures.plot_dropout(2, 0.5).axes[:5])
    assert set(mask) == {0, 2}
    assert out == [a * b for a, b in zip(x, mask, strict=True)]
    assert dx == [a * b for a, b in zip(dout, mask, strict=True)]


def test_factors_get_the_sum_over_the_samples():
    x, g, dout = X[:, :2], np.array([10.0, 2.0]), np.array([[1.0, 5.0], [1.0, 7.0], [1.0, 5.0], [2.0, 0.0]])
    drawn = [axes for axes in figures.plot_scaled_columns(x, g, dout).axes if axes.get_title()]
    shown = {axes.get_title().split(" (")[0]: table(axes) for axes in drawn}
    assert shown["out"] == (x * g).ravel().tolist()
    assert shown["dg"] == [(dout * x)[:, d].sum() for d in range(2)]


@pytest.mark.parametrize("gradients", [["dx"], ["dx", "dh", "dout"]])
def test_a_gradient_for_each_array_or_none(gradients):
    with pytest.raises(ValueError, match="gradients must be as many as arrays, 2"):
        figures.plot_flow([("x", ""), ("out", "")], [("affine", "dw")], gradients)
