"""Upsampling and unpooling: their figures, their adjoints, SciPy's interpolation."""

import numpy as np
import pytest
from helpers import assert_close, numerical_gradient, pair_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from convkit.layers import LAYERS
from convkit.layers.unpool import max_pool_with_indices_naive

IMPLEMENTATIONS = ["naive", "numpy", "fast"]
IMAGE = np.array([[1.0, 2], [3, 4]])[None, None]


def upsampled(implementation, layer, image, **upsample_param):
    return pair_of(implementation, layer)[0](image, upsample_param)[0][0, 0]


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_the_figures(implementation):
    nearest = upsampled(implementation, "upsample_nearest", IMAGE, scale=2)
    np.testing.assert_array_equal(nearest, [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]])
    nails = upsampled(implementation, "bed_of_nails", IMAGE, scale=2)
    np.testing.assert_array_equal(nails, [[1, 0, 2, 0], [0, 0, 0, 0], [3, 0, 4, 0], [0, 0, 0, 0]])
    squares = upsampled(implementation, "upsample_bilinear", IMAGE, scale=2)
    np.testing.assert_allclose(squares[0], [1, 1.25, 1.75, 2])
    np.testing.assert_allclose(squares[:, 0], [1, 1.5, 2.5, 3])
    points = upsampled(implementation, "upsample_bilinear", IMAGE, scale=2, align_corners=True)
    np.testing.assert_allclose(points[0], [1, 4 / 3, 5 / 3, 2])
    np.testing.assert_allclose(points[:, 3], [2, 8 / 3, 10 / 3, 4])


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("scale", [1, 2, 3, (2, 3)])
def test_bilinear_is_what_scipy_says(implementation, scale):
    x = np.random.default_rng(0).normal(size=(1, 1, 4, 5))
    SH, SW = np.broadcast_to(scale, 2)
    rows, columns = (np.arange(4 * SH) + 0.5) / SH - 0.5, (np.arange(5 * SW) + 0.5) / SW - 0.5
    places = np.meshgrid(rows.clip(0, 3), columns.clip(0, 4), indexing="ij")
    expected = ndimage.map_coordinates(x[0, 0], places, order=1)
    assert_close(upsampled(implementation, "upsample_bilinear", x, scale=scale), expected, tolerance=1e-12)
    x = np.ones((1, 1, 3, 3))
    np.testing.assert_allclose(upsampled(implementation, "upsample_bilinear", x, scale=scale), 1, rtol=1e-15)


@settings(max_examples=40, deadline=None)
@given(
    shape=st.tuples(st.integers(0, 2), st.integers(1, 3), st.integers(1, 5), st.integers(1, 5)),
    scale=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    align=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_upsampling(shape, scale, align, seed):
    rng = np.random.default_rng(seed)
    x, dout = rng.normal(size=shape), rng.normal(size=(*shape[:2], shape[2] * scale[0], shape[3] * scale[1]))
    for layer in ("upsample_nearest", "upsample_bilinear", "bed_of_nails"):
        settings = {"scale": scale} | ({"align_corners": align} if layer == "upsample_bilinear" else {})
        expected, cache = LAYERS[layer].forward(x, settings)
        dx = LAYERS[layer].backward(dout, cache)
        # each is linear: backward is the adjoint of forward
        np.testing.assert_allclose(np.sum(dout * expected), np.sum(dx * x), rtol=1e-9, atol=1e-9)
        for implementation in ("numpy", "fast"):
            forward, backward = pair_of(implementation, layer)
            found, its_cache = forward(x, settings)
            assert_close(found, expected)
            assert_close(backward(dout, its_cache), dx)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_unpooling_puts_maxima_back(implementation):
    image = np.array([[1.0, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]])[None, None]
    pooled, indices = max_pool_with_indices_naive(image, {"pool_height": 2, "pool_width": 2, "stride": 2})
    forward, backward = pair_of(implementation, "max_unpool")
    out, cache = forward(pooled, indices, {"output_size": 4})
    np.testing.assert_array_equal(out[0, 0], [[0, 0, 0, 0], [0, 6, 0, 8], [3, 0, 0, 0], [0, 0, 0, 4]])
    dx = backward(np.arange(16.0).reshape(out.shape), cache)
    np.testing.assert_array_equal(dx, indices)
    # pooling what was unpooled gives back what was pooled
    again, same = max_pool_with_indices_naive(out, {"pool_height": 2, "pool_width": 2, "stride": 2})
    np.testing.assert_array_equal(again, pooled)
    np.testing.assert_array_equal(same, indices)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_the_last_of_several_values_stands_and_takes_the_gradient(implementation):
    x, indices = np.arange(1.0, 5).reshape(1, 1, 2, 2), np.array([4, 4, 7, 4]).reshape(1, 1, 2, 2)
    forward, backward = pair_of(implementation, "max_unpool")
    out, cache = forward(x, indices, {"output_size": 3})
    np.testing.assert_array_equal(out[0, 0], [[0, 0, 0], [0, 4, 0], [0, 3, 0]])
    dout = np.arange(9.0).reshape(1, 1, 3, 3)
    slopes = numerical_gradient(lambda: forward(x, indices, {"output_size": 3})[0], x, dout)
    assert_close(backward(dout, cache), slopes, tolerance=1e-8)
    indices[...] = 0  # the caller's array; the cache has its own
    assert_close(backward(dout, cache), slopes, tolerance=1e-8)


@pytest.mark.parametrize("implementation", ["numpy", "fast"])
@settings(max_examples=40, deadline=None)
@given(
    shape=st.tuples(st.integers(0, 2), st.integers(1, 3), st.integers(1, 4), st.integers(1, 4)),
    out=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    kind=st.sampled_from([np.int64, np.int32, np.uint8]),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_unpooling(implementation, shape, out, kind, seed):
    rng = np.random.default_rng(seed)
    x, indices = rng.normal(size=shape), rng.integers(0, out[0] * out[1], size=shape).astype(kind)
    dout = rng.normal(size=(*shape[:2], *out))
    expected, cache = LAYERS["max_unpool"].forward(x, indices, {"output_size": out})
    forward, backward = pair_of(implementation, "max_unpool")
    found, its_cache = forward(x, indices, {"output_size": out})
    assert_close(found, expected)
    assert_close(backward(dout, its_cache), LAYERS["max_unpool"].backward(dout, cache))
