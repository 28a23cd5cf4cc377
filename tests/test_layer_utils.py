"""Sandwich layers: the same as their parts, one after the other."""

import inspect
import types

import numpy as np
import pytest
from helpers import assert_close, numerical_gradient, results

from convkit import fast_layers, layer_utils, numpy_layers, use
from convkit.layer_utils import chain
from convkit.layers import LAYERS

CONV, POOL = {"stride": 1, "pad": 1}, {"pool_height": 2, "pool_width": 2, "stride": 2}
RNG = np.random.default_rng(0)


def n(*shape):
    return RNG.normal(size=shape)


IMAGES = {"x": n(2, 3, 6, 6), "w": n(4, 3, 3, 3), "b": n(4)}
VECTORS = {"x": n(5, 2, 3), "w": n(6, 4), "b": n(4)}
SANDWICHES = {
    "affine_relu": [*VECTORS.values()],
    "affine_bn_relu": [*VECTORS.values(), n(4), n(4), {"mode": "train"}],
    "affine_ln_relu": [*VECTORS.values(), n(4), n(4), {}],
    "conv_relu": [*IMAGES.values(), CONV],
    "conv_bn_relu": [*IMAGES.values(), n(4), n(4), CONV, {"mode": "train"}],
    "conv_relu_pool": [*IMAGES.values(), CONV, POOL],
}
BEHIND = {"relu": "relu", "bn": "batchnorm", "ln": "layernorm", "pool": "max_pool", "affine": "affine", "conv": "conv"}


def pair(name):
    return getattr(layer_utils, f"{name}_forward"), getattr(layer_utils, f"{name}_backward")


@pytest.mark.parametrize("modules", [(), (numpy_layers,), (fast_layers,)], ids=["naive", "numpy", "fast"])
@pytest.mark.parametrize("name", SANDWICHES)
def test_gradients_are_the_slopes(name, modules):
    forward, backward = pair(name)
    arguments = SANDWICHES[name]
    with use(*modules):
        out, cache = forward(*arguments)
        dout = n(*out.shape)
        gradients = backward(dout, cache)
    with use(fast_layers, numpy_layers):  # naive gradients are checked with fast forward passes
        for gradient, argument in zip(gradients, arguments, strict=False):
            numerical = numerical_gradient(lambda: forward(*arguments)[0], argument, dout)
            # (the bias before a batch normalization has the gradient 0)
            np.testing.assert_allclose(gradient, numerical, rtol=1e-5, atol=1e-7)
    assert len(gradients) == sum(isinstance(argument, np.ndarray) for argument in arguments)


@pytest.mark.parametrize("name", SANDWICHES)
def test_the_same_as_the_parts(name):
    forward, backward = pair(name)
    arguments = [dict(a) if isinstance(a, dict) else a for a in SANDWICHES[name]]
    with use():
        out, cache = forward(*arguments)
        dout = np.ones(out.shape)
        gradients = backward(dout, cache)
    parts = [BEHIND[part] for part in name.split("_")]
    parts = ["spatial_batchnorm" if p == "batchnorm" and "conv" in name else p for p in parts]
    arrays = [a for a in arguments[1:] if isinstance(a, np.ndarray)]
    param = [dict(a) for a in SANDWICHES[name] if isinstance(a, dict)]
    expected, caches = arguments[0], []
    for part in parts:
        spec = LAYERS[part]
        given = [arrays.pop(0) if a in spec.learnable else param.pop(0) for a in spec.arguments[1:]]
        expected, one = spec.forward(expected, *given)
        caches.append(one)
    np.testing.assert_array_equal(out, expected)
    wanted, d = [], dout
    for part, one in zip(reversed(parts), reversed(caches), strict=True):
        d, *of_parameters = results(LAYERS[part].backward(d, one))
        wanted = [*of_parameters, *wanted]
    for gradient, value in zip(gradients, [d, *wanted], strict=True):
        np.testing.assert_array_equal(gradient, value)


def test_the_backward_pass_goes_through_what_ran_forward():
    out, caches = {}, {}
    for name, modules in (("naive", ()), ("numpy", (numpy_layers,)), ("fast", (fast_layers,))):
        with use(*modules):
            out[name], caches[name] = layer_utils.conv_relu_pool_forward(*SANDWICHES["conv_relu_pool"])
    gradients = {name: layer_utils.conv_relu_pool_backward(out["naive"], cache) for name, cache in caches.items()}
    for name in ("numpy", "fast"):
        for found, expected in zip(gradients[name], gradients["naive"], strict=True):
            assert_close(found, expected)


def test_a_fused_pair_is_found_before_its_parts():
    fused = types.ModuleType("fused")
    source = (
        "def conv_relu_pool_forward(x, w, b, conv_param, pool_param): return x[:, :1], 'fused'\n"
        "def conv_relu_pool_backward(dout, cache): return cache, dout\n"
        "def conv_relu_forward(x, w, b, conv_param): return 'half a pair', None\n"
    )
    exec(source, fused.__dict__)
    with use(fused):
        out, cache = layer_utils.conv_relu_pool_forward(*SANDWICHES["conv_relu_pool"])
        assert out.shape == (2, 1, 6, 6)
        plain, _ = layer_utils.conv_relu_forward(*SANDWICHES["conv_relu"])
        assert plain.shape == (2, 4, 6, 6)
    assert layer_utils.conv_relu_pool_backward(out, cache) == ("fused", out)


def test_signatures_say_what_to_give():
    assert str(inspect.signature(layer_utils.conv_bn_relu_forward)) == "(x, w, b, gamma, beta, conv_param, bn_param)"
    forward, _ = chain("affine", "dropout", "affine", name="mlp")
    assert str(inspect.signature(forward)) == "(x, w_1, b_1, w_2, b_2, dropout_param)"
    assert forward.__name__ == "mlp_forward"
    out, _ = forward(n(2, 3), n(3, 4), n(4), w_2=n(4, 5), b_2=n(5), dropout_param={"mode": "test", "p": 1})
    assert out.shape == (2, 5)


def test_one_gradient_is_no_tuple():
    forward, backward = chain("relu", "max_pool")
    out, cache = forward(IMAGES["x"], POOL)
    assert backward(out, cache).shape == IMAGES["x"].shape


def test_a_fused_pair_does_not_get_past_a_part_of_an_earlier_choice():
    calls = []
    mine, fused = types.ModuleType("mine"), types.ModuleType("fused")
    mine.note = calls.append
    exec(
        "import numpy as np\n"
        "def relu_forward(x): note('mine'); return np.maximum(x, 0), x\n"
        "def relu_backward(dout, x): return dout * (x > 0)\n",
        mine.__dict__,
    )
    fused.note = calls.append
    exec(
        "def conv_relu_forward(x, w, b, conv_param): note('fused'); return x, None\n"
        "def conv_relu_backward(dout, cache): return dout, None, None\n",
        fused.__dict__,
    )
    arguments = np.ones((1, 1, 3, 3)), np.ones((1, 1, 3, 3)), np.zeros(1), {"pad": 1}
    with use(mine, fused):
        layer_utils.conv_relu_forward(*arguments)
    with use(fused, mine):
        layer_utils.conv_relu_forward(*arguments)
    assert calls == ["mine", "fused"]


def test_wrong_calls_are_refused():
    with pytest.raises(ValueError, match="'convolution' is not one"):
        chain("convolution", "relu")
    with pytest.raises(ValueError, match="'softmax_loss' is not one"):
        chain("affine", "softmax_loss")
    with pytest.raises(ValueError, match="at least one layer"):
        chain()
    with pytest.raises(TypeError, match="missing a required argument: 'conv_param'"):
        layer_utils.conv_relu_forward(*IMAGES.values())
    with pytest.raises(TypeError, match="too many positional arguments"):
        layer_utils.affine_relu_forward(*VECTORS.values(), {})
    with pytest.raises(ValueError, match="w must have shape"):
        layer_utils.affine_relu_forward(VECTORS["x"], n(7, 4), VECTORS["b"])


def test_dx_may_be_left_out_in_a_first_layer():
    out, cache = layer_utils.affine_relu_forward(*VECTORS.values())
    dx, *gradients = layer_utils.affine_relu_backward(out, cache)
    nothing, *same = layer_utils.affine_relu_backward(out, cache, needs_dx=False)
    assert dx.shape == VECTORS["x"].shape
    assert nothing is None or (nothing == dx).all()
    for mine, theirs in zip(same, gradients, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_backward_function_without_needs_dx_is_called_as_ever():
    mine = types.ModuleType("mine")
    exec(
        "def affine_forward(x, w, b): return x @ w + b, (x, w)\n"
        "def affine_backward(dout, cache): return dout @ cache[1].T, cache[0].T @ dout, dout.sum(axis=0)\n",
        mine.__dict__,
    )
    with use(mine):
        out, cache = layer_utils.affine_relu_forward(n(3, 5), n(5, 4), n(4))
        dx, dw, db = layer_utils.affine_relu_backward(out, cache, needs_dx=False)
    assert (dx.shape, dw.shape, db.shape) == ((3, 5), (5, 4), (4,))
