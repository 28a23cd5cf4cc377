"""Fused pairs of the compiled layers beside their parts: the same arithmetic, so the same bits."""

import numpy as np
import pytest
from helpers import needs_compiled, pair_of, results, same_bits
from hypothesis import given, settings
from hypothesis import strategies as st

import convkit
from convkit import fast_layers, layer_utils, ops, use
from convkit.layers import LAYERS

pytestmark = needs_compiled

PARTS = {
    "conv_relu": ("conv", "relu"),
    "conv_relu_pool": ("conv", "relu", "max_pool"),
    "conv_bn_relu": ("conv", "spatial_batchnorm", "relu"),
    "affine_bn_relu": ("affine", "batchnorm", "relu"),
    "affine_ln_relu": ("affine", "layernorm", "relu"),
}


def arguments_of(name, rng, dtype, N, window, special):
    """x, the parameters, the settings: whole numbers, so that there are ties and zeros."""
    F = int(rng.integers(1, 20))
    shapes = [(N, 3, 8, 9), (F, 3, 3, 3)] if "conv" in name else [(N, 5, 2), (10, F)]
    arrays = [rng.integers(-3, 4, shape).astype(dtype) for shape in (*shapes, (F,))]
    if special is not None and arrays[0].size:
        arrays[0].flat[rng.integers(arrays[0].size)] = special
    if "bn" in name or "ln" in name:
        arrays += [rng.normal(size=F).astype(dtype) for _ in range(2)]
    settings = {
        "conv": {"pad": 1},
        "bn": {"mode": str(rng.choice(["train", "test"])) if N else "test"},
        "ln": {"eps": 0.1},
        "pool": {"pool_height": window, "pool_width": window, "stride": 2, "rounding": "floor"},
    }
    return arrays, [settings[part] for part in name.split("_") if part in settings]


def one_after_the_other(parts, arrays, params, dout):
    """What the parts return: the output, and all gradients in the order of a chain."""
    arrays, params = list(arrays), [dict(param) for param in params]
    out, steps = arrays.pop(0), []
    for part in parts:
        spec = LAYERS[part]
        given_ = [arrays.pop(0) if a in spec.learnable else params.pop(0) for a in spec.arguments[1:]]
        forward, backward = pair_of("fast", part)
        out, cache = forward(out, *given_)
        steps.append((backward, cache))
    gradients, d = [], dout
    for backward, cache in reversed(steps):
        d, *of_parameters = results(backward(d, cache))
        gradients = [*of_parameters, *gradients]
    return out, d, *gradients


@pytest.mark.parametrize("name", PARTS)
@settings(max_examples=40, deadline=None)
@given(
    dtype=st.sampled_from([np.float32, np.float64]),
    N=st.integers(0, 3),
    window=st.sampled_from([1, 2, 3]),
    special=st.sampled_from([None, None, np.nan, np.inf, -np.inf]),
    threads=st.integers(1, 3),
    seed=st.integers(0, 2**32 - 1),
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_the_same_bits_as_its_parts(name, dtype, N, window, special, threads, seed):
    rng = np.random.default_rng(seed)
    arrays, params = arguments_of(name, rng, dtype, N, window, special)
    before = convkit.get_num_threads()
    convkit.set_num_threads(threads)
    try:
        forward, backward = getattr(layer_utils, f"{name}_forward"), getattr(layer_utils, f"{name}_backward")
        with use(fast_layers):
            assert ops.find(name, parts=PARTS[name]).module == "convkit.fast_layers"
            out, cache = forward(*arrays, *map(dict, params))
        dout = rng.normal(size=out.shape).astype(dtype)
        found = out, *backward(dout, cache)
        expected = one_after_the_other(PARTS[name], arrays, params, dout)
    finally:
        convkit.set_num_threads(before)
    for mine, theirs in zip(found, expected, strict=True):
        if special is None:
            assert same_bits(mine + 0, theirs + 0)  # (-0 is 0)
        else:
            np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("name", PARTS)
def test_what_the_parts_refuse_is_refused(name):
    rng = np.random.default_rng(0)
    arrays, params = arguments_of(name, rng, np.float64, 2, 2, None)
    forward, backward = getattr(fast_layers, f"{name}_forward_fast"), getattr(fast_layers, f"{name}_backward_fast")
    out, cache = forward(*arrays, *params)
    with pytest.raises(ValueError, match="dout must have shape"):
        backward(out[:1], cache)
    with pytest.raises(TypeError, match="dout must be float32 or float64"):
        backward(out.astype(int), cache)
    with pytest.raises(TypeError, match=f"cache must be the one that {name}_forward_fast returned"):
        backward(out, None)
    with pytest.raises(TypeError, match="x must be float32 or float64"):
        forward(arrays[0].astype(int), *arrays[1:], *params)
    if len(arrays) > 3:
        with pytest.raises(ValueError, match="gamma must have shape"):
            forward(*arrays[:3], arrays[3][:0], *arrays[4:], *params)


def test_a_changed_output_does_not_change_the_gradient():
    # whoever scales the output in place has lost nothing: only winners and masks are kept
    rng = np.random.default_rng(0)
    for name in ("conv_relu", "conv_relu_pool", "conv_bn_relu"):
        arrays, params = arguments_of(name, rng, np.float64, 2, 2, None)
        params[1:] = [{"mode": "train"}] if "bn" in name else params[1:]
        forward, backward = getattr(fast_layers, f"{name}_forward_fast"), getattr(fast_layers, f"{name}_backward_fast")
        out, cache = forward(*arrays, *params)
        dout = np.ones(out.shape)
        expected = backward(dout, cache)
        out *= -1
        assert all(same_bits(a, b) for a, b in zip(backward(dout, cache), expected, strict=True)), name
