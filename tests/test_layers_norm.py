"""Batch, layer and group normalization against closed forms and numerical gradients."""

import numpy as np
import pytest
from helpers import assert_close, numerical_gradient

from convkit.layers import (
    batchnorm_backward,
    batchnorm_backward_alt,
    batchnorm_forward,
    layernorm_backward,
    layernorm_forward,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
    spatial_groupnorm_backward,
    spatial_groupnorm_forward,
)


def normalized(x, axes, eps=1e-5):
    return (x - x.mean(axis=axes, keepdims=True)) / np.sqrt(x.var(axis=axes, keepdims=True) + eps)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_batchnorm_in_training(rng):
    x, gamma, beta = 3 * rng.normal(size=(50, 4)) + 7, rng.normal(size=4), rng.normal(size=4)
    bn_param = {"mode": "train"}
    out, _ = batchnorm_forward(x, gamma, beta, bn_param)
    assert_close(out, gamma * normalized(x, 0) + beta)
    assert_close(bn_param["running_mean"], 0.1 * x.mean(axis=0))
    assert_close(bn_param["running_var"], 0.1 * x.var(axis=0))


def test_running_averages_are_a_geometric_series(rng):
    x, bn_param = rng.normal(size=(10, 3)) + 2, {"mode": "train", "momentum": 0.5}
    for _ in range(4):
        batchnorm_forward(x, np.ones(3), np.zeros(3), bn_param)
    assert_close(bn_param["running_mean"], (1 - 0.5**4) * x.mean(axis=0))
    assert_close(bn_param["running_var"], (1 - 0.5**4) * x.var(axis=0))
    bn_param["mode"] = "test"
    before = dict(bn_param)
    out, _ = batchnorm_forward(x, np.ones(3), np.zeros(3), bn_param)
    assert_close(out, (x - before["running_mean"]) / np.sqrt(before["running_var"] + 1e-5))
    assert bn_param == before


def test_test_mode_before_any_training_uses_mean_0_and_variance_0(rng):
    x, bn_param = rng.normal(size=(4, 3)), {"mode": "test"}
    out, _ = batchnorm_forward(x, np.ones(3), np.zeros(3), bn_param)
    assert_close(out, x / np.sqrt(1e-5))
    assert set(bn_param) == {"mode", "running_mean", "running_var"}


@pytest.mark.parametrize("backward", [batchnorm_backward, batchnorm_backward_alt])
@pytest.mark.parametrize("mode", ["train", "test"])
def test_batchnorm_gradients_are_the_slopes(rng, backward, mode):
    x, gamma, beta = rng.normal(size=(5, 4)), rng.normal(size=4), rng.normal(size=4)
    running = {"running_mean": rng.normal(size=4), "running_var": rng.random(4) + 0.5}
    forward = lambda: batchnorm_forward(x, gamma, beta, {"mode": mode, "eps": 1e-3, **running})
    out, cache = forward()
    dout = rng.normal(size=out.shape)
    for gradient, argument in zip(backward(dout, cache), (x, gamma, beta), strict=True):
        assert_close(gradient, numerical_gradient(lambda: forward()[0], argument, dout), tolerance=1e-7)


def test_both_backward_passes_agree(rng):
    x, gamma, dout = rng.normal(size=(40, 6)), rng.normal(size=6), rng.normal(size=(40, 6))
    _, cache = batchnorm_forward(x, gamma, np.zeros(6), {"mode": "train"})
    for one, other in zip(batchnorm_backward(dout, cache), batchnorm_backward_alt(dout, cache), strict=True):
        assert_close(one, other, tolerance=1e-13)


def test_spatial_batchnorm_normalizes_each_channel(rng):
    x, gamma, beta = rng.normal(size=(3, 4, 5, 6)) * 2 + 1, rng.normal(size=4), rng.normal(size=4)
    forward = lambda: spatial_batchnorm_forward(x, gamma, beta, {"mode": "train"})
    out, cache = forward()
    assert_close(out, gamma[:, None, None] * normalized(x, (0, 2, 3)) + beta[:, None, None])
    dout = rng.normal(size=out.shape)
    for gradient, argument in zip(spatial_batchnorm_backward(dout, cache), (x, gamma, beta), strict=True):
        assert_close(gradient, numerical_gradient(lambda: forward()[0], argument, dout), tolerance=1e-7)


def test_layernorm_normalizes_each_sample(rng):
    x, gamma, beta = rng.normal(size=(4, 6)) * 2 + 1, rng.normal(size=6), rng.normal(size=6)
    forward = lambda: layernorm_forward(x, gamma, beta, {"eps": 1e-3})
    out, cache = forward()
    assert_close(out, gamma * normalized(x, 1, 1e-3) + beta)
    dout = rng.normal(size=out.shape)
    for gradient, argument in zip(layernorm_backward(dout, cache), (x, gamma, beta), strict=True):
        assert_close(gradient, numerical_gradient(lambda: forward()[0], argument, dout), tolerance=1e-7)


@pytest.mark.parametrize("G", [1, 2, 3, 6])
def test_groupnorm_normalizes_groups_of_channels(rng, G):
    x = rng.normal(size=(2, 6, 3, 4)) * 2 + 1
    gamma, beta = rng.normal(size=(1, 6, 1, 1)), rng.normal(size=(1, 6, 1, 1))
    forward = lambda: spatial_groupnorm_forward(x, gamma, beta, G, {"eps": 1e-3})
    out, cache = forward()
    assert_close(out, gamma * normalized(x.reshape(2, G, -1), 2, 1e-3).reshape(x.shape) + beta)
    dout = rng.normal(size=out.shape)
    for gradient, argument in zip(spatial_groupnorm_backward(dout, cache), (x, gamma, beta), strict=True):
        assert_close(gradient, numerical_gradient(lambda: forward()[0], argument, dout), tolerance=1e-7)


def call(layer, x, gamma, beta, **settings):
    if layer == "batchnorm":
        out, cache = batchnorm_forward(x, gamma, beta, {"mode": "train", **settings})
        return out, batchnorm_backward(np.ones_like(out), cache)
    out, cache = layernorm_forward(x, gamma, beta, settings)
    return out, layernorm_backward(np.ones_like(out), cache)


@pytest.mark.parametrize("layer", ["batchnorm", "layernorm"])
def test_numpy_numbers_as_settings_do_not_widen_float32(rng, layer):
    x, ones = rng.normal(size=(4, 3)).astype(np.float32), np.ones(3, np.float32)
    out, gradients = call(layer, x, ones, ones, eps=np.float64(1e-5), momentum=np.float64(0.9))
    assert {array.dtype for array in (out, *gradients)} == {np.dtype(np.float32)}


def test_float64_running_averages_do_not_widen_float32(rng):
    x, ones = rng.normal(size=(4, 3)).astype(np.float32), np.ones(3, np.float32)
    bn_param = {"mode": "test", "running_mean": np.ones(3), "running_var": np.ones(3)}
    out, cache = batchnorm_forward(x, ones, ones, bn_param)
    assert out.dtype == np.float32
    assert {g.dtype for g in batchnorm_backward(out, cache)} == {np.dtype(np.float32)}


@pytest.mark.parametrize("layer", ["batchnorm", "layernorm"])
@pytest.mark.parametrize("wide", [0, 1, 2])
def test_one_float64_makes_all_of_it_float64(rng, layer, wide):
    arguments = [rng.normal(size=(6, 3)), rng.normal(size=3), rng.normal(size=3)]
    arguments = [a if i == wide else a.astype(np.float32) for i, a in enumerate(arguments)]
    out, gradients = call(layer, *arguments)
    exact, exact_gradients = call(layer, *(a.astype(float) for a in arguments))
    assert_close(out, exact)
    for found, expected in zip(gradients, exact_gradients, strict=True):
        assert found.dtype == np.float64
        assert_close(found, expected, tolerance=1e-9 if expected.any() else None)
