"""Activations, flatten, spatial dropout, instance norm and squeeze-and-excitation against closed forms and slopes."""

import numpy as np
import pytest
import scipy.special
import scipy.stats
from helpers import assert_close, needs_compiled, numerical_gradient, pair_of, results

from convkit.layers import (
    LAYERS,
    flatten_forward,
    gelu_forward,
    instancenorm_forward,
    leaky_relu_forward,
    sigmoid_forward,
    softmax_forward,
    spatial_dropout_backward,
    spatial_dropout_forward,
    spatial_groupnorm_forward,
    squeeze_excite_forward,
    tanh_forward,
)

SMOOTH = ["sigmoid", "tanh", "gelu", "softmax", "leaky_relu", "flatten", "instancenorm", "squeeze_excite"]


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients_are_the_slopes(name):
    layer = LAYERS[name]
    rng = np.random.default_rng(0)
    for case in layer.cases:
        arguments = layer.draw(case, rng)
        if case.values == "ties" and name == "leaky_relu":
            continue  # 0 is a kink
        out, cache = layer.forward(*arguments.values())
        dout = rng.normal(size=out.shape)
        gradients = results(layer.backward(dout, cache))
        for argument, gradient in zip(("x", *layer.learnable), gradients, strict=True):
            slopes = numerical_gradient(lambda: layer.forward(*arguments.values())[0], arguments[argument], dout)  # noqa: B023
            np.testing.assert_allclose(gradient, slopes, atol=1e-8, err_msg=f"{case.name} d{argument}")


def test_closed_forms():
    x = np.linspace(-6, 6, 25).reshape(5, 5)
    assert_close(sigmoid_forward(x)[0], scipy.special.expit(x))
    assert_close(tanh_forward(x)[0], 2 * sigmoid_forward(2 * x)[0] - 1)
    assert_close(gelu_forward(x)[0], x * scipy.stats.norm.cdf(x))
    assert np.abs(gelu_forward(x, "tanh")[0] - gelu_forward(x)[0]).max() < 5e-4
    assert not np.array_equal(gelu_forward(x, "tanh")[0], gelu_forward(x)[0])
    assert_close(softmax_forward(x)[0], scipy.special.softmax(x, axis=1))
    assert_close(softmax_forward(x, 0)[0], scipy.special.softmax(x, axis=0))
    np.testing.assert_array_equal(leaky_relu_forward(np.array([-2.0, 0, 3]), 0.5)[0], [-1, 0, 3])
    images = np.arange(24.0).reshape(2, 3, 2, 2)
    np.testing.assert_array_equal(flatten_forward(images)[0], images.reshape(2, 12))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_far_ends_do_not_overflow(dtype):
    x = np.array([[-1e4, -100, 0, 100, 1e4]], dtype)
    for forward, expected in (
        (sigmoid_forward, [0, np.exp(dtype(-100)), 0.5, 1, 1]),
        (tanh_forward, [-1, -1, 0, 1, 1]),
        (gelu_forward, [0, 0, 0, 100, 1e4]),
        (softmax_forward, [0, 0, 0, 0, 1]),
    ):
        out, _ = forward(x)
        assert_close(out, np.array([expected], dtype))
        for layer in LAYERS.values():
            if layer.forward is forward:
                assert np.isfinite(layer.backward(np.ones_like(x), forward(x)[1])).all()


def test_nan_stays_nan():
    x = np.array([[np.nan, 1.0]])
    for forward in (sigmoid_forward, tanh_forward, gelu_forward, leaky_relu_forward):
        assert np.isnan(forward(x)[0][0, 0])


def test_instance_norm_is_group_norm_with_a_group_for_each_channel():
    rng = np.random.default_rng(0)
    x, gamma, beta = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=3), rng.normal(size=3)
    as_groups, _ = spatial_groupnorm_forward(x, gamma.reshape(1, 3, 1, 1), beta.reshape(1, 3, 1, 1), 3, {})
    assert_close(instancenorm_forward(x, gamma, beta, {})[0], as_groups)


def test_spatial_dropout_silences_whole_channels():
    x = np.ones((40, 50, 2, 3))
    out, cache = spatial_dropout_forward(x, {"mode": "train", "p": 0.25})
    assert set(np.unique(out)) == {0.0, 4.0}
    assert (out == out[:, :, :1, :1]).all()
    assert 0.2 < (out > 0).mean() < 0.3
    np.testing.assert_array_equal(spatial_dropout_backward(3 * x, cache), 3 * out)
    np.testing.assert_array_equal(spatial_dropout_forward(x, {"mode": "test", "p": 0.25})[0], x)


def test_a_dropout_of_single_pixels_is_no_spatial_dropout():
    layer = LAYERS["spatial_dropout"]
    args = layer.draw(layer.cases[0], np.random.default_rng(0))
    out, _ = layer.forward(*args.values())
    assert_close(args["x"] * layer.mask(args, out), out)
    with pytest.raises(ValueError, match="in part"):
        layer.mask(args, LAYERS["dropout"].forward(*args.values())[0])
    with pytest.raises(ValueError, match=r"p is the probability to KEEP"):
        layer.mask(args, np.zeros_like(out))


def test_squeeze_excite_by_hand():
    x = np.array([[[[1.0, 3.0]], [[2.0, 2.0]]]])  # means 2 and 2
    w1, b1, w2, b2 = np.array([[1.0], [0.5]]), np.array([-3.0]), np.array([[2.0, -1.0]]), np.array([0.0, 1.0])
    # the hidden unit is relu(2 + 1 - 3) = 0, so the gates are sigmoid(0) and sigmoid(1)
    out, _ = squeeze_excite_forward(x, w1, b1, w2, b2)
    assert_close(out, x * np.array([0.5, scipy.special.expit(1)]).reshape(1, 2, 1, 1))


@needs_compiled
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_compiled_functions_are_exact_to_a_few_digits_of_the_last_place(dtype):
    x = np.concatenate([np.linspace(-9, 9, 4001), np.geomspace(1e-30, 700, 2000), -np.geomspace(1e-30, 700, 2000)])
    x, units = x.astype(dtype), {np.float32: 1e-7, np.float64: 2e-16}[dtype]
    precise = x.astype(np.longdouble)
    with np.errstate(over="ignore"):
        for name, expected in (("sigmoid", 1 / (1 + np.exp(-precise))), ("tanh", np.tanh(precise))):
            out = pair_of("fast", name)[0](x)[0]
            # below the smallest normal number there are fewer digits
            allowed = np.maximum(3 * units * np.abs(expected), np.finfo(dtype).smallest_subnormal)
            wrong = np.abs(out - expected) > allowed
            assert not wrong.any(), (name, x[wrong][:3], out[wrong][:3], expected[wrong][:3])
    x = x[np.abs(x) < 12].astype(np.float64)
    phi = scipy.special.ndtr(x)
    out, cache = pair_of("fast", "gelu")[0](x.astype(dtype))
    assert np.abs(out - x * phi).max() < 30 * units
    slope = phi + x * scipy.stats.norm.pdf(x)
    assert np.abs(pair_of("fast", "gelu")[1](np.ones_like(out), cache) - slope).max() < 5 * units


@needs_compiled
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["leaky_relu", "sigmoid", "tanh", "gelu"])
def test_the_compiled_functions_of_numbers_that_are_not_usual(name, dtype):
    info = np.finfo(dtype)
    x = np.array([np.nan, np.inf, -np.inf, 0, -0.0, info.tiny / 8, -info.tiny / 8, -88, -100, -700, -740, -745], dtype)
    dout = np.ones_like(x)
    with np.errstate(all="ignore"):
        for more in ([], ["tanh"]) if name == "gelu" else ([],):
            out, cache = pair_of("fast", name)[0](x, *more)
            expected, naive_cache = pair_of("naive", name)[0](x, *more)
            found = pair_of("fast", name)[1](dout, cache), pair_of("naive", name)[1](dout, naive_cache)
            for mine, theirs in ((out, expected), found):
                assert np.array_equal(np.isnan(mine), np.isnan(theirs))
                small = info.smallest_subnormal * 4
                np.testing.assert_allclose(mine, theirs, rtol=4 * info.eps, atol=small, equal_nan=True)


TORCH_ACTIVATIONS = {
    "leaky_relu": (lambda F, x: F.leaky_relu(x, 0.01), (0.01,)),
    "sigmoid": (lambda F, x: F.sigmoid(x), ()),
    "tanh": (lambda F, x: F.tanh(x), ()),
    "gelu": (lambda F, x: F.gelu(x), ("none",)),
    "gelu tanh": (lambda F, x: F.gelu(x, approximate="tanh"), ("tanh",)),
    "softmax": (lambda F, x: F.softmax(x, 1), (1,)),
    "instancenorm": (lambda F, x: F.instance_norm(x), (np.ones(3), np.zeros(3), {})),
}


@pytest.mark.torch
@pytest.mark.parametrize("name", TORCH_ACTIVATIONS)
def test_as_pytorch(name):
    torch = pytest.importorskip("torch")
    function, settings = TORCH_ACTIVATIONS[name]
    layer = LAYERS[name.split()[0]]
    x = 3 * np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    theirs = torch.tensor(x, requires_grad=True)
    expected = function(torch.nn.functional, theirs)
    out, cache = layer.forward(x, *settings)
    dout = np.random.default_rng(1).normal(size=out.shape)
    expected.backward(torch.tensor(dout))
    assert_close(out, expected.detach().numpy())
    assert_close(results(layer.backward(dout, cache))[0], theirs.grad.numpy(), tolerance=1e-9)
