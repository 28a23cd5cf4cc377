"""The losses against closed forms, numerical gradients and scipy."""

import numpy as np
import pytest
from helpers import assert_close, numerical_gradient
from scipy.special import log_softmax

from convkit.layers import softmax_loss, svm_loss


@pytest.mark.parametrize("C", [2, 5, 10, 100])
def test_scores_that_say_nothing(C):
    y = np.arange(6) % C
    assert softmax_loss(np.zeros((6, C)), y)[0] == pytest.approx(np.log(C), rel=1e-14)
    assert softmax_loss(np.full((6, C), 3.5), y)[0] == pytest.approx(np.log(C), rel=1e-14)
    assert svm_loss(np.zeros((6, C)), y)[0] == C - 1


def test_softmax_is_the_log_of_the_probability():
    rng = np.random.default_rng(0)
    x, y = 5 * rng.normal(size=(7, 4)), rng.integers(0, 4, 7)
    loss, dx = softmax_loss(x, y)
    assert loss == pytest.approx(-log_softmax(x, axis=1)[np.arange(7), y].mean(), rel=1e-12)
    np.testing.assert_allclose(dx.sum(axis=1), 0, atol=1e-15)


def test_hinge_by_hand():
    x = np.array([[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]])
    # the cat, car and frog of the CS231n lecture: 2.9, 0 and 12.9
    loss, dx = svm_loss(x, np.array([0, 1, 2]))
    assert loss == pytest.approx((2.9 + 0 + 12.9) / 3, rel=1e-12)
    np.testing.assert_allclose(dx, np.array([[-1, 1, 0], [0, 0, 0], [1, 1, -2]]) / 3)


@pytest.mark.parametrize("loss", [softmax_loss, svm_loss])
def test_gradients_are_the_slopes(loss):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(6, 5)), rng.integers(0, 5, 6)
    _, dx = loss(x, y)
    assert_close(dx, numerical_gradient(lambda: loss(x, y)[0], x, 1.0), tolerance=1e-7)


def test_softmax_does_not_overflow():
    x = np.array([[1e4, 0, -1e4], [-1e300, 0, 1e300]])
    loss, dx = softmax_loss(x, np.array([0, 2]))
    assert loss == 0
    np.testing.assert_array_equal(dx, 0)
    loss, dx = softmax_loss(np.array([[0.0, 1e4]]), np.array([0]))
    assert loss == 1e4
    np.testing.assert_array_equal(dx, [[-1, 1]])


@pytest.mark.parametrize("loss", [softmax_loss, svm_loss])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, ">f4", ">f8"])
@pytest.mark.parametrize("labels", [np.uint8, np.int32, np.uint64, ">i2"])
def test_dtypes(loss, dtype, labels):
    x, y = np.arange(12.0).reshape(3, 4), np.array([0, 3, 1])
    found, dx = loss(x.astype(dtype), y.astype(labels))
    expected, expected_dx = loss(x, y)
    assert isinstance(found, np.floating)
    native = np.dtype(dtype).newbyteorder("=")
    assert found.dtype == dx.dtype == native
    assert found == pytest.approx(expected, rel=1e-6)
    assert_close(dx, expected_dx, native)


def test_one_class_has_nothing_to_lose():
    assert softmax_loss(np.ones((2, 1)), np.zeros(2, int))[0] == 0
    assert svm_loss(np.ones((2, 1)), np.zeros(2, int))[0] == 0
