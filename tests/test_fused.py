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


@settings(max_examples=150, deadline=None)
@given(
    kernel=st.sampled_from([(3, 3), (5, 3), (7, 7)]),
    stride=st.sampled_from([1, 1, 2]),
    groups=st.sampled_from([1, 1, 2]),
    F=st.sampled_from([12, 16, 17, 33, 70]),
    size=st.tuples(st.integers(2, 36), st.integers(2, 70)),
    rounding=st.sampled_from(["floor", "ceil"]),
    dtype=st.sampled_from([np.float32, np.float64]),
    special=st.sampled_from([None, None, None, np.nan, -np.inf]),
    threads=st.integers(1, 3),
    seed=st.integers(0, 2**32 - 1),
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_tiles_as_windows(kernel, stride, groups, F, size, rounding, dtype, special, threads, seed):
    """Where Winograd's tiles are the windows, too: odd sizes, blocks, groups; dw from the pooled gradient."""
    rng = np.random.default_rng(seed)
    C, N = 12, int(rng.integers(1, 4))
    pad = tuple(int(p) for p in rng.integers(0, 3, 2))
    height, width = (max(k - 2 * p, 1) + stride * (side - 1) for k, p, side in zip(kernel, pad, size, strict=True))
    shapes = (N, groups * C, height, width), (groups * F, C, *kernel), (groups * F,)
    arrays = [rng.integers(-3, 4, shape).astype(dtype) for shape in shapes]
    if special is not None:
        arrays[0].flat[rng.integers(arrays[0].size)] = special
    conv_param = {"stride": stride, "pad": pad, "groups": groups, "rounding": "floor", "winograd": 2}
    params = [conv_param, {"pool_height": 2, "pool_width": 2, "stride": 2, "rounding": rounding}]
    before = convkit.get_num_threads()
    convkit.set_num_threads(threads)
    try:
        out, cache = fast_layers.conv_relu_pool_forward_fast(*arrays, *params)
        dout = rng.integers(-3, 4, out.shape).astype(dtype)
        expected = one_after_the_other(PARTS["conv_relu_pool"], arrays, params, dout)
        found = out, *fast_layers.conv_relu_pool_backward_fast(dout, cache)
        nothing, *of_parameters = fast_layers.conv_relu_pool_backward_fast(dout, cache, needs_dx=False)
    finally:
        convkit.set_num_threads(before)
    assert nothing is None
    for mine, theirs in zip((*found, *of_parameters), (*expected, *expected[2:]), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_tiles_are_windows_where_they_can_be(monkeypatch):
    """The last test does run what it is about; and a result that is not finite is computed anew by the parts."""
    from convkit.kernels import convolution, native

    if not native.VECTORS:
        pytest.skip("built without vector extensions: no Winograd")
    asked = []
    for name in ("forward_pooled", "backward_w_pooled"):
        function = getattr(convolution, name)
        monkeypatch.setattr(convolution, name, lambda *a, f=function: asked.append(f(*a)) or asked[-1])
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(2, 16, 8, 9)), rng.normal(size=(14, 16, 3, 3)), rng.normal(size=14)
    conv_param, pool_param = {"pad": 1}, {"pool_height": 2, "pool_width": 2, "stride": 2, "rounding": "floor"}

    def run(x, **settings):
        asked.clear()
        out, cache = fast_layers.conv_relu_pool_forward_fast(x, w, b, conv_param | settings, pool_param)
        fast_layers.conv_relu_pool_backward_fast(np.ones_like(out), cache, needs_dx=False)
        return [result is not None for result in asked]

    assert run(x) == [True, True]
    assert run(x, winograd=0) == run(x, winograd=4) == run(x, dilation=2, pad=2) == [False, False]
    x[0, 0, 4, 4] = np.inf
    assert run(x) == [False, False]


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
