"""Convolution of signals and volumes against scipy.signal, numerical gradients and the convolution of images."""

import numpy as np
import pytest
from helpers import assert_close, needs_compiled, numerical_gradient, pair_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from convkit.layers.conv1d import conv1d_backward_naive, conv1d_forward_naive
from convkit.layers.conv3d import conv3d_backward_naive, conv3d_forward_naive

PAIRS = {1: (conv1d_forward_naive, conv1d_backward_naive), 3: (conv3d_forward_naive, conv3d_backward_naive)}


@st.composite
def convolutions(draw, axes):
    """Shapes of x and w and a conv_param that fit together, for one or three axes."""
    numbers = lambda low, high: draw(st.tuples(*[st.integers(low, high)] * axes))
    groups, kernel, stride, dilation = draw(st.sampled_from([1, 1, 2])), numbers(1, 3), numbers(1, 3), numbers(1, 2)
    sides = draw(st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * axes))
    size = [
        max(1, d * (k - 1) + 1 - sum(p)) + draw(st.integers(0, 3))
        for k, p, d in zip(kernel, sides, dilation, strict=True)
    ]
    C, F = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    pad = draw(st.sampled_from(["same", "valid", *[sides] * 4]))
    if pad == "valid":
        size = [d * (k - 1) + n for k, n, d in zip(kernel, size, dilation, strict=True)]
    one = lambda value: value[0] if axes == 1 and not isinstance(value, str) else value
    conv_param = {"stride": one(stride), "pad": one(pad), "dilation": one(dilation), "groups": groups}
    conv_param["rounding"] = draw(st.sampled_from(["floor", "ceil"]))
    return (draw(st.integers(0, 2)), C, *size), (F, C // groups, *kernel), conv_param


def with_scipy(x, w, b, pad=0, **_):
    """Without stride, dilation or groups."""
    axes = x.ndim - 2
    x = np.pad(x, ((0, 0), (0, 0), *[(pad, pad)] * axes))
    maps = [[sum(signal.correlate(c, k, "valid", "direct") for c, k in zip(n, f, strict=True)) for f in w] for n in x]
    return np.array(maps) + b.reshape(-1, *[1] * axes)


@pytest.mark.parametrize("pad", [0, 2])
@pytest.mark.parametrize("axes", [1, 3])
def test_forward_is_what_scipy_says(axes, pad):
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(2, 3, 6, 4, 5)[: axes + 2]), rng.normal(size=(4, 3, 3, 2, 3)[: axes + 2]), np.arange(4.0)
    assert_close(PAIRS[axes][0](x, w, b, {"pad": pad})[0], with_scipy(x, w, b, pad))


@pytest.mark.parametrize("implementation", ["naive", "numpy", "fast"])
def test_a_signal_is_an_image_of_height_one(implementation):
    rng = np.random.default_rng(1)
    x, w, b = rng.normal(size=(2, 4, 9)), rng.normal(size=(6, 2, 3)), rng.normal(size=6)
    param = {"stride": 2, "pad": (2, 1), "dilation": 2, "groups": 2, "rounding": "floor"}
    images = {"stride": (1, 2), "pad": (0, (2, 1)), "dilation": (1, 2), "groups": 2, "rounding": "floor"}
    forward, backward = pair_of(implementation, "conv1d")
    out, cache = forward(x, w, b, param)
    expected, image_cache = pair_of("naive", "conv")[0](x[:, :, None], w[:, :, None], b, images)
    assert_close(out, expected[:, :, 0])
    gradients = pair_of("naive", "conv")[1](expected, image_cache)
    for mine, theirs in zip(backward(out, cache), gradients, strict=True):
        assert_close(mine, theirs.reshape(mine.shape))


@pytest.mark.parametrize("implementation", ["naive", "numpy", "fast"])
def test_a_volume_is_a_sum_over_slices(implementation):
    rng = np.random.default_rng(2)
    x, w, b = rng.normal(size=(1, 2, 4, 5, 5)), rng.normal(size=(3, 2, 2, 3, 3)), rng.normal(size=3)
    out, _ = pair_of(implementation, "conv3d")[0](x, w, b, {"pad": (0, 1, 1)})
    flat = pair_of("naive", "conv")[0]
    for d in range(3):
        slices = [flat(x[:, :, d + dd], w[:, :, dd], np.zeros(3), {"pad": 1})[0] for dd in range(2)]
        assert_close(out[:, :, d], sum(slices) + b[:, None, None])


@pytest.mark.parametrize("implementation", ["numpy", "fast"])
@pytest.mark.parametrize("axes", [1, 3])
@settings(max_examples=30, deadline=None)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_any_convolution(implementation, axes, data, seed):
    x_shape, w_shape, conv_param = data.draw(convolutions(axes))
    rng = np.random.default_rng(seed)
    arguments = rng.normal(size=x_shape), rng.normal(size=w_shape), rng.normal(size=w_shape[0]), conv_param
    forward, backward = pair_of(implementation, f"conv{axes}d")
    out, cache = forward(*arguments)
    expected, naive_cache = PAIRS[axes][0](*arguments)
    assert_close(out, expected)
    dout = rng.normal(size=out.shape)
    for found, wanted in zip(backward(dout, cache), PAIRS[axes][1](dout, naive_cache), strict=True):
        assert_close(found, wanted)


@pytest.mark.parametrize(
    ("axes", "conv_param"),
    [
        (1, {"stride": 2, "pad": (2, 1), "rounding": "floor"}),
        (1, {"dilation": 2, "groups": 2, "pad": "same"}),
        (3, {"stride": (1, 2, 1), "pad": ((1, 0), 1, 0)}),
        (3, {"dilation": (1, 1, 2), "groups": 2, "pad": "same", "stride": 2}),
    ],
    ids=str,
)
def test_gradients_are_the_slopes(axes, conv_param):
    rng = np.random.default_rng(3)
    C = 2 // conv_param.get("groups", 1)
    x, w, b = rng.normal(size=(2, 2, 4, 3, 4)[: axes + 2]), rng.normal(size=(2, C, 2, 3, 2)[: axes + 2]), np.ones(2)
    forward, backward = PAIRS[axes]
    out, cache = forward(x, w, b, conv_param)
    dout = rng.normal(size=out.shape)
    for gradient, argument in zip(backward(dout, cache), (x, w, b), strict=True):
        f = lambda: forward(x, w, b, conv_param)[0]
        assert_close(gradient, numerical_gradient(f, argument, dout), tolerance=1e-8)


@needs_compiled
def test_volumes_larger_than_a_block(monkeypatch):
    from convkit.kernels import slices

    rng = np.random.default_rng(4)
    x, w, b = rng.normal(size=(2, 2, 5, 4, 4)), rng.normal(size=(3, 2, 3, 3, 3)), rng.normal(size=3)
    expected, naive_cache = conv3d_forward_naive(x, w, b, {"pad": 1})
    for size in (1, 3000, 10_000):
        monkeypatch.setattr(slices, "BLOCK_BYTES", size)
        forward, backward = pair_of("fast", "conv3d")
        out, cache = forward(x, w, b, {"pad": 1})
        assert_close(out, expected)
        for found, wanted in zip(backward(out, cache), conv3d_backward_naive(expected, naive_cache), strict=True):
            assert_close(found, wanted)
