"""The reference max pooling against scipy.ndimage, numerical gradients and published figures."""

import numpy as np
import pytest
from helpers import assert_close, numerical_gradient
from hypothesis import given, settings
from hypothesis import strategies as st

from convkit.layers import max_pool_backward_naive, max_pool_forward_naive


def pool_param(height, width, stride, **more):
    return {"pool_height": height, "pool_width": width, "stride": stride, **more}


def pool(image, *args, **more):
    out, _ = max_pool_forward_naive(np.array(image, float)[None, None], pool_param(*args, **more))
    return out[0, 0]


def test_the_curriculum_example():
    image = [[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]
    np.testing.assert_array_equal(pool(image, 2, 2, 2), [[6, 8], [3, 4]])


def test_seven_become_four_with_ceil():
    image = np.arange(49.0).reshape(7, 7)
    out = pool(image, 2, 2, 2, rounding="ceil")
    assert out.shape == (4, 4)
    np.testing.assert_array_equal(out[-1], [43, 45, 47, 48])
    assert pool(image, 2, 2, 2, rounding="floor").shape == (3, 3)


def test_windows_of_three_by_three_with_stride_two_overlap():
    out = pool(np.arange(25.0).reshape(5, 5), 3, 3, 2)
    np.testing.assert_array_equal(out, [[12, 14], [22, 24]])


@settings(max_examples=60, deadline=None)
@given(
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    more=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    batch=st.integers(0, 2),
    rounding=st.sampled_from(["floor", "ceil"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_forward_takes_the_maximum_of_each_window(kernel, stride, more, batch, rounding, seed):
    rng = np.random.default_rng(seed)
    size = [k + m for k, m in zip(kernel, more, strict=True)]
    x = rng.integers(-3, 4, size=(batch, 2, *size)).astype(float)
    out, cache = max_pool_forward_naive(x, pool_param(*kernel, stride, rounding=rounding))
    assert cache == (x, pool_param(*kernel, stride, rounding=rounding))
    # the maximum over all windows of the image, one pixel apart, made larger by minus infinity, then every stride-th
    larger = np.pad(x, ((0, 0), (0, 0), (0, kernel[0]), (0, kernel[1])), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(larger, kernel, axis=(2, 3)).max(axis=(4, 5))
    rows, columns = out.shape[2:]
    expected = windows[:, :, :: stride[0], :: stride[1]][:, :, :rows, :columns]
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize(
    "param",
    [
        pool_param(2, 2, 2),
        pool_param(3, 2, (1, 2)),
        pool_param(3, 3, 2, rounding="ceil"),
        pool_param(2, 3, 3, rounding="floor"),
    ],
    ids=str,
)
def test_gradients_are_the_slopes(param):
    rng = np.random.default_rng(0)
    x = rng.permutation(np.linspace(-1, 1, 2 * 2 * 6 * 6)).reshape(2, 2, 6, 6)
    out, cache = max_pool_forward_naive(x, param)
    dout = rng.normal(size=out.shape)
    dx = max_pool_backward_naive(dout, cache)
    assert_close(dx, numerical_gradient(lambda: max_pool_forward_naive(x, param)[0], x, dout), tolerance=1e-8)


def test_the_first_of_equal_maxima_takes_the_gradient_once():
    x = np.zeros((1, 1, 4, 4))
    _, cache = max_pool_forward_naive(x, pool_param(2, 2, 2))
    dx = max_pool_backward_naive(np.arange(1.0, 5).reshape(1, 1, 2, 2), cache)
    np.testing.assert_array_equal(dx[0, 0], [[1, 0, 2, 0], [0] * 4, [3, 0, 4, 0], [0] * 4])


def test_overlapping_windows_add_their_gradients():
    x = np.zeros((1, 1, 1, 5))
    x[0, 0, 0, 2] = 1
    _, cache = max_pool_forward_naive(x, pool_param(1, 3, 1))
    dx = max_pool_backward_naive(np.array([1.0, 10, 100]).reshape(1, 1, 1, 3), cache)
    np.testing.assert_array_equal(dx.ravel(), [0, 0, 111, 0, 0])


def test_nan_comes_out_as_nan():
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    x[0, 0, 0, 1] = np.nan
    out, cache = max_pool_forward_naive(x, pool_param(2, 2, 2))
    np.testing.assert_array_equal(out[0, 0], [[np.nan, 7], [13, 15]])
    assert max_pool_backward_naive(np.ones_like(out), cache)[0, 0, 0, 1] == 1
