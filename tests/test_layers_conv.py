"""The reference convolution against scipy.signal, numerical gradients and published figures."""

import numpy as np
import pytest
from helpers import assert_close, convolutions, numerical_gradient
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from convkit.layers import conv_backward_naive, conv_forward_naive

IMAGE = np.array([[1, 2, 3, 4, 5], [2, 1, 0, 1, 2], [3, 0, 1, 1, 0], [1, 4, 1, 1, 2], [2, 1, 1, 0, 0]], float)
FILTER = np.array([[1, 0, 1], [1, 0, 1], [0, 1, 0]], float)


def one_channel(image, filter, **conv_param):
    """The convolution of one image by one filter, both matrices or vectors."""
    image, filter = np.atleast_2d(image), np.atleast_2d(filter)
    out, _ = conv_forward_naive(image[None, None], filter[None, None], np.zeros(1), conv_param)
    return out[0, 0]


def with_scipy(x, w, b, stride=1, pad=0, dilation=1, groups=1):
    """The same by scipy.signal.correlate: padding by hand, dilation by zeros in the kernel, stride by slicing."""
    SH, SW = np.broadcast_to(stride, 2)
    sides = [np.broadcast_to(each, 2) for each in (pad if isinstance(pad, tuple) else (pad, pad))]
    DH, DW = np.broadcast_to(dilation, 2)
    N = len(x)
    F, CG, HH, WW = w.shape
    x = np.pad(x, ((0, 0), (0, 0), *sides))
    spread = np.zeros((F, CG, DH * (HH - 1) + 1, DW * (WW - 1) + 1))
    spread[:, :, ::DH, ::DW] = w
    out = []
    for n in range(N):
        for f in range(F):
            first = f // (F // groups) * CG
            maps = [signal.correlate(x[n, first + c], spread[f, c], "valid", "direct") for c in range(CG)]
            out.append(sum(maps)[::SH, ::SW] + b[f])
    return np.reshape(out, (N, F, *out[0].shape))


def test_the_filter_that_slides_over_a_5x5_image():
    np.testing.assert_array_equal(one_channel(IMAGE, FILTER), [[6, 9, 11], [10, 4, 4], [7, 7, 4]])
    np.testing.assert_array_equal(one_channel(IMAGE, FILTER, stride=2), [[6, 11], [7, 4]])


def test_cross_correlation_and_convolution_in_one_dimension():
    x, w = np.arange(5.0), np.array([-1.0, 0, 1])
    np.testing.assert_array_equal(one_channel(x, w), [[2, 2, 2]])
    np.testing.assert_array_equal(one_channel(x, w[::-1].copy()), [[-2, -2, -2]])
    np.testing.assert_array_equal(one_channel(x, w[::-1].copy())[0], np.convolve(x, w, "valid"))
    np.testing.assert_array_equal(one_channel(x, w, pad=(0, 1)), [[1, 2, 2, 2, -3]])


def test_six_filters_on_an_rgb_image():
    out, _ = conv_forward_naive(np.ones((1, 3, 32, 32)), np.ones((6, 3, 5, 5)), np.arange(6.0), {})
    assert out.shape == (1, 6, 28, 28)
    np.testing.assert_array_equal(out[0, :, 0, 0], 75 + np.arange(6))


def test_convolution_commutes_with_a_shift():
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(1, 2, 8, 8)), rng.normal(size=(3, 2, 3, 3)), rng.normal(size=3)
    out, _ = conv_forward_naive(x, w, b, {})
    shifted, _ = conv_forward_naive(np.roll(x, (1, 2), axis=(2, 3)), w, b, {})
    np.testing.assert_allclose(shifted[:, :, 1:, 2:], out[:, :, :-1, :-2], rtol=1e-13)


def test_an_affine_layer_as_a_convolution():
    # a fully connected layer is a convolution whose filters are as large as the image
    rng = np.random.default_rng(1)
    x, w, b = rng.normal(size=(3, 2, 4, 5)), rng.normal(size=(40, 6)), rng.normal(size=6)
    out, _ = conv_forward_naive(x, w.T.reshape(6, 2, 4, 5), b, {})
    np.testing.assert_allclose(out[:, :, 0, 0], x.reshape(3, 40) @ w + b, rtol=1e-12)


@settings(max_examples=60, deadline=None)
@given(case=convolutions(), seed=st.integers(0, 2**32 - 1))
def test_forward_is_what_scipy_says(case, seed):
    x_shape, w_shape, conv_param = case
    rng = np.random.default_rng(seed)
    x, w, b = rng.normal(size=x_shape), rng.normal(size=w_shape), rng.normal(size=w_shape[0])
    out, cache = conv_forward_naive(x, w, b, conv_param)
    if len(x):
        assert_close(out, with_scipy(x, w, b, **conv_param))
    assert out.shape[:2] == (len(x), len(w))
    assert cache[:3] == (x, w, b)
    assert cache[3] == conv_param


@settings(max_examples=25, deadline=None)
@given(case=convolutions(), seed=st.integers(0, 2**32 - 1))
def test_backward_is_the_transpose_of_forward(case, seed):
    # forward is linear in x, in w and in b: <dout, forward(v)> = <backward(dout), v> in each of them
    x_shape, w_shape, conv_param = case
    rng = np.random.default_rng(seed)
    x, w, b = rng.normal(size=x_shape), rng.normal(size=w_shape), rng.normal(size=w_shape[0])
    out, cache = conv_forward_naive(x, w, b, conv_param)
    dout = rng.normal(size=out.shape)
    dx, dw, db = conv_backward_naive(dout, cache)
    v, u, none = rng.normal(size=x_shape), rng.normal(size=w_shape), np.zeros(len(b))
    for gradient, direction, moved in ((dx, v, (v, w, none)), (dw, u, (x, u, none)), (db, b, (x, 0 * w, b))):
        along = conv_forward_naive(*moved, conv_param)[0]
        np.testing.assert_allclose(np.sum(gradient * direction), np.sum(dout * along), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "conv_param",
    [
        {"stride": 1, "pad": 1},
        {"stride": (2, 1), "pad": (0, 2)},
        {"dilation": (2, 1), "pad": 1},
        {"groups": 2},
        {"stride": 2, "rounding": "floor"},
        {"stride": 2, "pad": 1, "rounding": "ceil"},
    ],
    ids=str,
)
def test_gradients_are_the_slopes(conv_param):
    rng = np.random.default_rng(2)
    x, w, b = rng.normal(size=(2, 4, 5, 6)), rng.normal(size=(2, 4, 3, 2)), rng.normal(size=2)
    w = w[:, : 4 // conv_param.get("groups", 1)].copy()
    if conv_param.get("stride") == (2, 1):
        x = x[:, :, :, :5].copy()
    forward = lambda: conv_forward_naive(x, w, b, conv_param)[0]
    out, cache = conv_forward_naive(x, w, b, conv_param)
    dout = rng.normal(size=out.shape)
    for gradient, argument in zip(conv_backward_naive(dout, cache), (x, w, b), strict=True):
        assert_close(gradient, numerical_gradient(forward, argument, dout), tolerance=1e-8)


def test_same_has_a_position_for_every_stride_pixels():
    x, w, b = np.arange(1.0, 8).reshape(1, 1, 1, 7), np.ones((1, 1, 1, 2)), np.zeros(1)
    one, _ = conv_forward_naive(x, w, b, {"pad": "same"})
    np.testing.assert_array_equal(one.ravel(), [3, 5, 7, 9, 11, 13, 7])  # the zero is at the end
    two, _ = conv_forward_naive(x, w, b, {"pad": "same", "stride": (1, 2)})
    np.testing.assert_array_equal(two.ravel(), [3, 7, 11, 7])
    long, _ = conv_forward_naive(x, w, b, {"pad": "same", "stride": (1, 4)})
    np.testing.assert_array_equal(long.ravel(), [3, 11])
    wide, _ = conv_forward_naive(x, np.ones((1, 1, 1, 4)), b, {"pad": "same", "stride": (1, 2)})
    np.testing.assert_array_equal(wide.ravel(), [6, 14, 22, 13])  # Keras: one zero in front, two behind


def test_valid_is_no_padding():
    x, w, b = np.arange(25.0).reshape(1, 1, 5, 5), np.ones((1, 1, 3, 3)), np.zeros(1)
    expected, _ = conv_forward_naive(x, w, b, {"pad": 0})
    np.testing.assert_array_equal(conv_forward_naive(x, w, b, {"pad": "valid"})[0], expected)


def test_each_side_has_its_own_padding():
    x, w, b = np.arange(4.0).reshape(1, 1, 2, 2), np.ones((1, 1, 1, 1)), np.zeros(1)
    out, _ = conv_forward_naive(x, w, b, {"pad": ((1, 0), (0, 2))})
    np.testing.assert_array_equal(out[0, 0], [[0, 0, 0, 0], [0, 1, 0, 0], [2, 3, 0, 0]])
    again, _ = conv_forward_naive(x, w, b, {"pad": (0, [0, 1])})
    np.testing.assert_array_equal(again[0, 0], [[0, 1, 0], [2, 3, 0]])


def test_rounding_leaves_pixels_out_or_reaches_beyond():
    x, w, b = np.arange(1.0, 7).reshape(1, 1, 1, 6), np.ones((1, 1, 1, 3)), np.zeros(1)
    floor, _ = conv_forward_naive(x, w, b, {"stride": (1, 2), "rounding": "floor"})
    ceil, _ = conv_forward_naive(x, w, b, {"stride": (1, 2), "rounding": "ceil"})
    np.testing.assert_array_equal(floor.ravel(), [6, 12])
    np.testing.assert_array_equal(ceil.ravel(), [6, 12, 11])
