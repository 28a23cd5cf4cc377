"""The reference affine layer and ReLU against closed forms and numerical gradients."""

import numpy as np
import pytest
from helpers import assert_close, numerical_gradient, pair_of, same_bits

from convkit.layers import LAYERS, affine_backward, affine_forward, relu_backward, relu_forward


def test_affine_is_a_weighted_sum():
    x = np.array([[[1.0, 2], [3, 4]], [[0, 0], [0, 1]]])
    w = np.array([[1.0, 0, 2], [0, 1, 0], [0, 0, -1], [1, 1, 0]])
    out, cache = affine_forward(x, w, np.array([10.0, 20, 30]))
    np.testing.assert_array_equal(out, [[15, 26, 29], [11, 21, 30]])
    assert cache[0] is x
    assert cache[1] is w


def test_affine_gradients_are_the_slopes():
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(3, 2, 4)), rng.normal(size=(8, 5)), rng.normal(size=5)
    out, cache = affine_forward(x, w, b)
    dout = rng.normal(size=out.shape)
    for gradient, argument in zip(affine_backward(dout, cache), (x, w, b), strict=True):
        numerical = numerical_gradient(lambda: affine_forward(x, w, b)[0], argument, dout)
        assert_close(gradient, numerical, tolerance=1e-8)


def test_affine_of_nothing():
    none, features = np.zeros((0, 3)), np.zeros((2, 0))
    out, cache = affine_forward(none, np.ones((3, 4)), np.ones(4))
    assert out.shape == (0, 4)
    dx, dw, db = affine_backward(out, cache)
    assert dx.shape == (0, 3)
    assert not dw.any()
    assert not db.any()
    out, _ = affine_forward(features, np.ones((0, 4)), np.arange(4.0))
    np.testing.assert_array_equal(out, [np.arange(4.0)] * 2)


@pytest.mark.parametrize("wide", ["x", "w", "b", "dout"])
def test_one_float64_makes_all_of_it_float64(wide):
    rng = np.random.default_rng(1)
    shapes = {"x": (3, 5), "w": (5, 2), "b": (2,), "dout": (3, 2)}
    made = {n: rng.normal(size=shape).astype(np.float64 if n == wide else np.float32) for n, shape in shapes.items()}
    x, w, b, dout = made.values()
    out, cache = affine_forward(x, w, b)
    exact = x.astype(float) @ w.astype(float) + b
    assert_close(out, exact if wide != "dout" else exact.astype(np.float32))
    for gradient, expected in zip(
        affine_backward(dout, cache),
        (dout @ w.astype(float).T, x.T @ dout.astype(float), dout.astype(float).sum(axis=0)),
        strict=True,
    ):
        assert_close(gradient, expected)


def test_relu():
    x = np.array([[-1.0, 0, 2], [np.inf, -np.inf, np.nan]])
    out, cache = relu_forward(x)
    np.testing.assert_array_equal(out, [[0, 0, 2], [np.inf, 0, np.nan]])
    dx = relu_backward(np.arange(1.0, 7).reshape(2, 3), cache)
    np.testing.assert_array_equal(dx, [[0, 0, 3], [4, 0, 0]])


def test_relu_takes_an_array_that_lies_in_a_file(tmp_path):
    np.save(tmp_path / "x.npy", np.array([[-1.0, 2.0]]))
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    out, cache = relu_forward(x)
    np.testing.assert_array_equal(out, [[0, 2]])
    np.testing.assert_array_equal(relu_backward(np.ones((1, 2)), cache), [[0, 1]])


@pytest.mark.parametrize("implementation", ["numpy", "fast"])
@pytest.mark.parametrize("layer", ["affine", "conv"])
def test_dx_can_be_left_out(implementation, layer):
    rng = np.random.default_rng(0)
    arguments = LAYERS[layer].draw(LAYERS[layer].cases[0], rng, np.float32)
    forward, backward = pair_of(implementation, layer)
    out, cache = forward(*arguments.values())
    nothing, *without = backward(out, cache, needs_dx=False)
    assert nothing is None
    for found, expected in zip(without, backward(out, cache)[1:], strict=True):
        assert same_bits(found, expected)
