"""Padded, dilated, average, global and adaptive pooling, and the indices of maxima."""

import numpy as np
import pytest
from helpers import assert_close, numerical_gradient, pair_of, same_bits
from hypothesis import given, settings
from hypothesis import strategies as st

from convkit import fast_layers, numpy_layers
from convkit.layers import LAYERS
from convkit.layers.unpool import max_pool_with_indices_naive

IMPLEMENTATIONS = ["naive", "numpy", "fast"]
WITH_INDICES = {
    "naive": max_pool_with_indices_naive,
    "numpy": numpy_layers.max_pool_with_indices_numpy,
    "fast": fast_layers.max_pool_with_indices_fast,
}


def param(height, width, stride, **more):
    return {"pool_height": height, "pool_width": width, "stride": stride, **more}


def pool(implementation, layer, image, *arguments):
    return pair_of(implementation, layer)[0](np.array(image, float)[None, None], *arguments)[0][0, 0]


@st.composite
def poolings(draw):
    """The shape of x, and a pool_param with padding and dilation of which every window sees a pixel."""
    pairs = lambda low, high: draw(st.tuples(st.integers(low, high), st.integers(low, high)))
    kernel, stride, dilation = pairs(1, 4), pairs(1, 3), pairs(1, 2)
    extent = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    size = [e + draw(st.integers(0, 4)) for e in extent]
    pad = tuple((draw(st.integers(0, e - 1)), draw(st.integers(0, e - 1))) for e in extent)
    pool_param = param(*kernel, stride, pad=draw(st.sampled_from(["same", *[pad] * 4])), dilation=dilation)
    pool_param["rounding"] = draw(st.sampled_from(["floor", "ceil"]))
    return (draw(st.integers(0, 2)), draw(st.integers(1, 3)), *size), pool_param


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_same_keeps_a_last_window(implementation):
    image = np.arange(49.0).reshape(7, 7)
    out = pool(implementation, "max_pool", image, param(2, 2, 2, pad="same"))
    np.testing.assert_array_equal(out[-1], [43, 45, 47, 48])
    assert out.shape == (4, 4)
    out = pool(implementation, "avg_pool", image, param(2, 2, 2, pad="same", count_include_pad=False))
    np.testing.assert_array_equal(out[-1], [42.5, 44.5, 46.5, 48])
    assert out.shape == (4, 4)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_padding_is_no_pixel(implementation):
    image = [[-3, -1], [-4, -2]]
    np.testing.assert_array_equal(pool(implementation, "max_pool", image, param(2, 2, 2, pad=1)), [[-3, -1], [-4, -2]])
    nothing = np.full((2, 2), -np.inf)
    forward, backward = pair_of(implementation, "max_pool")
    out, cache = forward(nothing[None, None], param(2, 2, 1, pad=((1, 0), (1, 0))))
    np.testing.assert_array_equal(out[0, 0], nothing)
    # of equal pixels the first takes the gradient; the padding, though no less, never does
    np.testing.assert_array_equal(backward(np.ones_like(out), cache)[0, 0], [[4, 0], [0, 0]])


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_averages_with_and_without_the_padding(implementation):
    image = np.ones((3, 3))
    counted = pool(implementation, "avg_pool", image, param(3, 3, 2, pad=1))
    np.testing.assert_allclose(counted, np.full((2, 2), 4 / 9))
    not_counted = pool(implementation, "avg_pool", image, param(3, 3, 2, pad=1, count_include_pad=False))
    np.testing.assert_array_equal(not_counted, np.ones((2, 2)))
    # what 'ceil' reaches beyond the padding counts in neither way
    beyond = pool(implementation, "avg_pool", np.ones((1, 4)), param(1, 3, 2, pad=(0, 0), rounding="ceil"))
    np.testing.assert_array_equal(beyond, [[1, 1]])


@pytest.mark.parametrize("implementation", ["numpy", "fast"])
@pytest.mark.parametrize("layer", ["max_pool", "avg_pool"])
@settings(max_examples=50, deadline=None)
@given(case=poolings(), ties=st.booleans(), counted=st.booleans(), seed=st.integers(0, 2**32 - 1))
def test_any_pooling(implementation, layer, case, ties, counted, seed):
    x_shape, pool_param = case
    if layer == "avg_pool":
        pool_param["count_include_pad"] = counted
    rng = np.random.default_rng(seed)
    x = rng.integers(-2, 3, size=x_shape).astype(float) if ties else rng.normal(size=x_shape)
    out, cache = pair_of(implementation, layer)[0](x, pool_param)
    expected, naive_cache = LAYERS[layer].forward(x, pool_param)
    assert_close(out, expected)
    dout = rng.normal(size=out.shape)
    assert_close(pair_of(implementation, layer)[1](dout, cache), LAYERS[layer].backward(dout, naive_cache))
    if layer == "max_pool":
        for found, wanted in zip(
            WITH_INDICES[implementation](x, pool_param), max_pool_with_indices_naive(x, pool_param), strict=True
        ):
            assert same_bits(found, wanted)


def by_definition(x, pool_param):
    """Means of windows of zeros and pixels, or of NaN and pixels, by looping over offsets."""
    top, left = pool_param["pad"]
    PH, PW, S = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    around = 0 if pool_param["count_include_pad"] else np.nan
    padded = np.pad(x, ((0, 0), (0, 0), (top, top), (left, left)), constant_values=around)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (PH, PW), axis=(2, 3))[:, :, ::S, ::S]
    return np.nanmean(windows, axis=(4, 5))


@pytest.mark.parametrize("counted", [True, False])
def test_average_by_definition(counted):
    x = np.random.default_rng(0).normal(size=(2, 3, 7, 5))
    pool_param = param(3, 2, 2, pad=(1, 1), count_include_pad=counted, rounding="floor")
    assert_close(LAYERS["avg_pool"].forward(x, pool_param)[0], by_definition(x, pool_param))


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_global_pooling(implementation):
    x = np.random.default_rng(1).normal(size=(2, 3, 4, 5))
    assert_close(pair_of(implementation, "global_avg_pool")[0](x)[0], x.mean(axis=(2, 3)))
    assert_close(pair_of(implementation, "global_max_pool")[0](x)[0], x.max(axis=(2, 3)))
    x[1, 2, 3, 1] = np.nan
    for layer in ("global_avg_pool", "global_max_pool"):
        out, _ = pair_of(implementation, layer)[0](x)
        np.testing.assert_array_equal(np.isnan(out), [[0, 0, 0], [0, 0, 1]])


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_a_mean_of_a_million_numbers_keeps_its_digits(implementation):
    """Added up one by one in float32, they would lose three of them."""
    x = np.full((1, 1, 1000, 1001), 0.1, np.float32)
    found = pair_of(implementation, "global_avg_pool")[0](x)[0]
    np.testing.assert_allclose(found, 0.1, rtol=2e-5)
    adaptive = pair_of(implementation, "adaptive_avg_pool")[0](x, {"output_size": 1})[0]
    np.testing.assert_allclose(adaptive, 0.1, rtol=2e-5)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_adaptive_windows_cover_the_image(implementation):
    x = np.arange(1.0, 8).reshape(1, 1, 1, 7)
    mean = pair_of(implementation, "adaptive_avg_pool")[0](x, {"output_size": (1, 3)})[0]
    np.testing.assert_allclose(mean.ravel(), [2, 4, 6])  # 1..3, 3..5, 5..7
    largest = pair_of(implementation, "adaptive_max_pool")[0](x, {"output_size": (2, 3)})[0]
    np.testing.assert_array_equal(largest[0, 0], [[3, 5, 7]] * 2)
    one = pair_of(implementation, "adaptive_avg_pool")[0](x, {"output_size": 1})[0]
    np.testing.assert_allclose(one[:, :, 0, 0], pair_of(implementation, "global_avg_pool")[0](x)[0])


@settings(max_examples=40, deadline=None)
@given(
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    out=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    batch=st.integers(0, 2),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_adaptive_pooling(size, out, batch, seed):
    rng = np.random.default_rng(seed)
    x, dout = rng.normal(size=(batch, 2, *size)), rng.normal(size=(batch, 2, *out))
    for layer in ("adaptive_avg_pool", "adaptive_max_pool"):
        expected, cache = LAYERS[layer].forward(x, {"output_size": out})
        for implementation in ("numpy", "fast"):
            forward, backward = pair_of(implementation, layer)
            found, its_cache = forward(x, {"output_size": out})
            assert_close(found, expected)
            assert_close(backward(dout, its_cache), LAYERS[layer].backward(dout, cache))


@pytest.mark.parametrize(
    ("layer", "arguments"),
    [
        ("max_pool", [param(3, 2, 2, pad=1, rounding="floor")]),
        ("max_pool", [param(2, 2, 1, dilation=(2, 1))]),
        ("avg_pool", [param(3, 2, 2, pad=((1, 0), 1), rounding="ceil")]),
        ("avg_pool", [param(2, 3, 1, pad="same", count_include_pad=False, dilation=2)]),
        ("global_avg_pool", []),
        ("global_max_pool", []),
        ("adaptive_avg_pool", [{"output_size": (2, 4)}]),
        ("adaptive_max_pool", [{"output_size": 3}]),
    ],
    ids=str,
)
def test_gradients_are_the_slopes(layer, arguments):
    rng = np.random.default_rng(2)
    x = rng.permutation(np.linspace(-1, 1, 2 * 2 * 5 * 6)).reshape(2, 2, 5, 6)
    out, cache = LAYERS[layer].forward(x, *arguments)
    dout = rng.normal(size=out.shape)
    slopes = numerical_gradient(lambda: LAYERS[layer].forward(x, *arguments)[0], x, dout)
    assert_close(LAYERS[layer].backward(dout, cache), slopes, tolerance=1e-8)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_indices_say_where_the_maxima_stood(implementation):
    image = np.array([[1.0, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]])[None, None]
    out, indices = WITH_INDICES[implementation](image, param(2, 2, 2))
    np.testing.assert_array_equal(out[0, 0], [[6, 8], [3, 4]])
    np.testing.assert_array_equal(indices[0, 0], [[5, 7], [8, 15]])
    assert indices.dtype == np.int64
    out, indices = WITH_INDICES[implementation](image, param(3, 3, 2, pad=1, rounding="floor"))
    np.testing.assert_array_equal(image.ravel()[indices], out)
    with pytest.raises(ValueError, match="x must have shape"):
        WITH_INDICES[implementation](image[0], param(2, 2, 2))
