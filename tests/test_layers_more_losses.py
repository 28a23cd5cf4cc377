"""Binary cross-entropy, mean squared error and label smoothing against closed forms, slopes and PyTorch."""

import numpy as np
import pytest
from helpers import assert_close, numerical_gradient
from scipy.special import expit, log_softmax

from convkit.layers import LAYERS, bce_logits_loss, bce_loss, mse_loss, smooth_softmax_loss, softmax_loss

NEW = ["bce_loss", "bce_logits_loss", "mse_loss", "smooth_softmax_loss"]


@pytest.mark.parametrize("name", NEW)
def test_gradients_are_the_slopes(name):
    layer = LAYERS[name]
    for case in layer.cases:
        arguments = layer.draw(case, np.random.default_rng(0))
        _, dx = layer.forward(*arguments.values())
        slopes = numerical_gradient(lambda: layer.forward(*arguments.values())[0], arguments["x"], 1.0)  # noqa: B023
        np.testing.assert_allclose(dx, slopes, atol=1e-8, err_msg=case.name)


def test_closed_forms():
    rng = np.random.default_rng(0)
    x, y = 4 * rng.normal(size=(6, 5)), rng.uniform(size=(6, 5))
    p = expit(x)
    expected = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    assert bce_loss(p, y)[0] == pytest.approx(expected, rel=1e-12)
    assert bce_logits_loss(x, y)[0] == pytest.approx(expected, rel=1e-12)
    # the chain rule through the sigmoid joins the two
    assert_close(bce_loss(p, y)[1] * p * (1 - p), bce_logits_loss(x, y)[1])
    assert bce_loss(np.full((2, 3), 0.5), rng.integers(0, 2, (2, 3)).astype(float))[0] == pytest.approx(np.log(2))
    assert mse_loss(np.array([[1.0, 2]]), np.array([[4.0, 2]]))[0] == 4.5
    np.testing.assert_array_equal(mse_loss(np.array([[1.0, 2]]), np.array([[4.0, 2]]))[1], [[-3, 0]])


def test_label_smoothing():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 5)), rng.integers(0, 5, 6)
    loss, dx = smooth_softmax_loss(x, y, 0.0)
    assert loss == pytest.approx(softmax_loss(x, y)[0], rel=1e-14)
    assert_close(dx, softmax_loss(x, y)[1])
    # a tenth of the loss is what the mean over all classes costs
    log_p = log_softmax(x, axis=1)
    expected = -(0.9 * log_p[np.arange(6), y] + 0.1 * log_p.mean(axis=1)).mean()
    assert smooth_softmax_loss(x, y)[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_certain_and_wrong_is_expensive_and_finite(dtype):
    x, y = np.array([[0, 1, 0, 1]], dtype), np.array([[1, 0, 0, 1]], dtype)
    loss, dx = bce_loss(x, y)
    assert loss == 50
    assert np.isfinite(dx).all()
    assert (np.sign(dx) == [[-1, 1, 0, 0]]).all()
    loss, dx = bce_logits_loss(np.array([[-1e4, 1e4, -1e4, 1e4]], dtype), y)
    assert loss == 5000
    np.testing.assert_array_equal(dx, np.array([[-0.25, 0.25, 0, 0]], dtype))


@pytest.mark.parametrize("name", NEW)
def test_nan_shows(name):
    layer = LAYERS[name]
    arguments = layer.draw(layer.cases[0], np.random.default_rng(0))
    arguments["x"][0, 0] = np.nan
    assert np.isnan(layer.forward(*arguments.values())[0])


@pytest.mark.parametrize("name", NEW)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtypes(name, dtype):
    layer = LAYERS[name]
    for kind in (dtype, np.dtype(dtype).newbyteorder(">")):
        arguments = layer.draw(layer.cases[0], np.random.default_rng(0), kind)
        loss, dx = layer.forward(*arguments.values())
        assert isinstance(loss, np.floating)
        assert loss.dtype == dx.dtype == dtype
        assert dx.dtype.isnative


@pytest.mark.torch
def test_as_pytorch():
    torch = pytest.importorskip("torch")
    F = torch.nn.functional
    rng = np.random.default_rng(0)
    x, y, labels = rng.normal(size=(6, 5)), rng.uniform(size=(6, 5)), rng.integers(0, 5, 6)
    for ours, theirs, scores in (
        (lambda: bce_loss(expit(x), y), lambda t: F.binary_cross_entropy(t, torch.tensor(y)), expit(x)),
        (lambda: bce_logits_loss(x, y), lambda t: F.binary_cross_entropy_with_logits(t, torch.tensor(y)), x),
        (lambda: mse_loss(x, y), lambda t: F.mse_loss(t, torch.tensor(y)), x),
        (
            lambda: smooth_softmax_loss(x, labels, 0.2),
            lambda t: F.cross_entropy(t, torch.tensor(labels), label_smoothing=0.2),
            x,
        ),
    ):
        t = torch.tensor(scores, requires_grad=True)
        expected = theirs(t)
        expected.backward()
        loss, dx = ours()
        assert loss == pytest.approx(expected.item(), rel=1e-12)
        assert_close(dx, t.grad.numpy())
