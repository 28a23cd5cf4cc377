"""Numerical gradients against derivatives known in closed form, and the contracts that notebooks rely on."""

import types

import numpy as np
import pytest

from convkit.classifiers.cnn import ThreeLayerConvNet
from convkit.classifiers.fc_net import FullyConnectedNet
from convkit.gradient_check import (
    check_gradient,
    check_model,
    eval_numerical_gradient,
    eval_numerical_gradient_array,
    eval_numerical_gradient_blobs,
    eval_numerical_gradient_net,
    grad_check_sparse,
    rel_error,
)
from convkit.layers import conv_backward_naive, conv_forward_naive


@pytest.fixture
def x():
    return np.random.default_rng(0).standard_normal((3, 4))


def test_gradient_of_a_number(x):
    grad = eval_numerical_gradient(lambda v: float(np.sum(v**3)), x, verbose=False)
    np.testing.assert_allclose(grad, 3 * x**2, atol=1e-8)


def test_gradient_of_an_array(x):
    df = np.random.default_rng(1).standard_normal(x.shape)
    grad = eval_numerical_gradient_array(np.sin, x, df)
    np.testing.assert_allclose(grad, np.cos(x) * df, atol=1e-8)


def test_x_is_perturbed_in_place_and_restored(x):
    model = types.SimpleNamespace(params={"W": x})
    kept = x.copy()
    grad = eval_numerical_gradient(lambda _: float(np.sum(model.params["W"] ** 2)), model.params["W"], verbose=False)
    np.testing.assert_allclose(grad, 2 * kept, atol=1e-8)
    assert model.params["W"] is x
    np.testing.assert_array_equal(x, kept)


def test_x_is_restored_after_an_error(x):
    kept = x.copy()

    def fails(v):
        raise RuntimeError("in f")

    with pytest.raises(RuntimeError, match="in f"):
        eval_numerical_gradient_array(fails, x, x)
    np.testing.assert_array_equal(x, kept)


def test_output_of_f_may_be_the_same_array_each_time(x):
    out = np.empty_like(x)
    grad = eval_numerical_gradient_array(lambda v: np.multiply(v, v, out=out), x, np.ones_like(x))
    np.testing.assert_allclose(grad, 2 * x, atol=1e-8)


def test_verbose_prints_each_place(x, capsys):
    eval_numerical_gradient(lambda v: float(v.sum()), x, h=1e-4)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == x.size
    assert lines[0].startswith("(0, 0) 1.0") or lines[0].startswith("(0, 0) 0.99")


def test_arrays_of_any_layout(x):
    for view in (x.T, x[::-1, ::2], np.asfortranarray(x)):
        grad = eval_numerical_gradient(lambda v: float(np.sum(v**2)), view, verbose=False)
        np.testing.assert_allclose(grad, 2 * view, atol=1e-8)


@pytest.mark.parametrize(
    ("bad", "error", "says"),
    [
        (np.arange(3), TypeError, "float32 or float64"),
        ([1.0, 2.0], TypeError, "list"),
        (np.broadcast_to(np.zeros(1), (3,)), ValueError, "read-only"),
    ],
)
def test_what_cannot_be_perturbed_is_refused(bad, error, says):
    with pytest.raises(error, match=says):
        eval_numerical_gradient(lambda v: 0.0, bad, verbose=False)


def test_df_of_another_shape_is_refused(x):
    with pytest.raises(ValueError, match="df must have the shape"):
        eval_numerical_gradient_array(np.sin, x, np.ones(4))


class Blob:
    def __init__(self, vals):
        self.vals, self.diffs = vals, np.zeros_like(vals)


def test_blobs_and_net():
    rng = np.random.default_rng(0)
    a, b, out = Blob(rng.standard_normal((2, 3))), Blob(rng.standard_normal((3, 2))), Blob(np.zeros((2, 2)))
    out.diffs = rng.standard_normal((2, 2))

    def multiply(left, right, result):
        result.vals = left.vals @ right.vals

    net = types.SimpleNamespace(forward=lambda: multiply(a, b, out))
    for da, db in (
        eval_numerical_gradient_blobs(multiply, [a, b], out),
        eval_numerical_gradient_net(net, [a, b], out),
    ):
        np.testing.assert_allclose(da, out.diffs @ b.vals.T, atol=1e-8)
        np.testing.assert_allclose(db, a.vals.T @ out.diffs, atol=1e-8)


def test_sparse_check_prints_its_line(x, capsys):
    grad_check_sparse(lambda v: float(np.sum(v**2)), x, 2 * x, num_checks=3)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all("numerical: " in line and " analytic: " in line and ", relative error: " in line for line in lines)
    assert float(lines[0].split()[-1]) < 1e-6


def test_rel_error():
    assert rel_error(np.array([1.0, 2.0]), np.array([1.0, 2.0])) == 0
    assert rel_error(np.array([1.0]), np.array([-1.0])) == 1
    assert rel_error(0.0, 0.0) == 0
    with pytest.raises(ValueError, match="same shape"):
        rel_error(np.zeros(3), np.zeros((3, 1)))


def conv_arguments():
    rng = np.random.default_rng(0)
    shapes = (2, 3, 5, 4), (4, 3, 3, 3), (4,)
    return (*(rng.standard_normal(s) for s in shapes), {"stride": 1, "pad": 1})


def test_check_gradient_accepts_what_is_right():
    report = check_gradient(conv_forward_naive, conv_backward_naive, *conv_arguments())
    assert report.ok, str(report)
    assert "all 3 gradients are right" in str(report)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_check_gradient_blames_the_wrong_one(index):
    def backward(dout, cache):
        return tuple(1.01 * g if i == index else g for i, g in enumerate(conv_backward_naive(dout, cache)))

    report = check_gradient(conv_forward_naive, backward, *conv_arguments())
    assert [report.row_verdict(row) for row in report.rows] == ["wrong" if i == index else "right" for i in range(3)]


def test_check_gradient_along_directions_where_the_array_is_large():
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((40, 60)), rng.standard_normal((60, 50))

    def forward(x, w):
        return np.tanh(x @ w / 8), (x, w)

    def backward(dout, cache, factor=1.0):
        x, w = cache
        d = dout * (1 - np.tanh(x @ w / 8) ** 2) / 8
        return d @ w.T, factor * (x.T @ d)

    assert check_gradient(forward, backward, x, w).ok
    report = check_gradient(forward, lambda d, c: backward(d, c, 1.001), x, w)
    assert [report.row_verdict(row) for row in report.rows] == ["right", "wrong"]


def test_check_gradient_sees_a_wrong_shape():
    report = check_gradient(lambda x: (2 * x, None), lambda dout, cache: 2 * dout.ravel(), np.ones((2, 3)))
    assert not report.ok
    assert "shape (6,)" in str(report)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weight_scale", [1e-3, 1e-2])
def test_check_model_accepts_the_three_layer_net(dtype, weight_scale):
    np.random.seed(231)
    model = ThreeLayerConvNet(
        input_dim=(2, 8, 8), num_filters=3, filter_size=3, hidden_dim=6, reg=0.1, weight_scale=weight_scale, dtype=dtype
    )
    kept = {name: value.copy() for name, value in model.params.items()}
    arrays = dict(model.params)
    report = check_model(model, np.random.randn(3, 2, 8, 8), np.array([0, 5, 9]))
    assert report.ok, str(report)
    for name, value in model.params.items():
        assert value is arrays[name]
        np.testing.assert_array_equal(value, kept[name])


@pytest.mark.parametrize("name", ["W1", "b1", "W2", "b3"])
def test_check_model_blames_the_wrong_parameter(name):
    np.random.seed(231)
    model = ThreeLayerConvNet(input_dim=(2, 8, 8), num_filters=3, filter_size=3, hidden_dim=6, weight_scale=0.1)
    right = model.loss

    def wrong(X, y):
        loss, grads = right(X, y)
        return loss, grads | {name: 1.01 * grads[name]}

    model.loss = wrong
    report = check_model(model, np.random.randn(3, 2, 8, 8), np.array([0, 5, 9]))
    assert [row.name for row in report.rows if report.row_verdict(row) != "right"] == [name]


def test_check_model_sees_missing_gradients_and_wrong_shapes():
    np.random.seed(0)
    model = FullyConnectedNet([5], input_dim=4, num_classes=3, weight_scale=0.5)
    right = model.loss

    def wrong(X, y):
        loss, grads = right(X, y)
        del grads["b1"]
        return loss, grads | {"W2": grads["W2"].T}

    model.loss = wrong
    text = str(check_model(model, np.random.randn(6, 4), np.array([0, 1, 2, 0, 1, 2])))
    assert "missing from grads" in text
    assert "shape (3, 5)" in text


def test_check_model_cannot_tell_where_the_loss_changes_by_itself():
    np.random.seed(0)
    model = FullyConnectedNet([5], input_dim=4, num_classes=3, weight_scale=0.5, dropout_keep_ratio=0.5)
    report = check_model(model, np.random.randn(6, 4), np.array([0, 1, 2, 0, 1, 2]))
    assert report.verdict == "cannot tell"
    assert [finding.kind for finding in report.findings] == ["non_deterministic"]
    assert "seed" in str(report)
