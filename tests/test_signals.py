"""Convolution and cross-correlation side by side, against NumPy, SciPy and the figures of the lectures."""

import numpy as np
import pytest
from scipy import ndimage, signal

from convkit import fast_layers, numpy_layers, use
from convkit.signals import convolve, cross_correlate, separate

X, W = [0, 1, 2, 3, 4], [-1, 0, 1]
IMAGE = [[1, 2, 3, 4, 5], [2, 1, 0, 1, 2], [3, 0, 1, 1, 0], [1, 4, 1, 1, 2], [2, 1, 1, 0, 0]]
FILTER = [[1, 0, 1], [1, 0, 1], [0, 1, 0]]
SOBEL = np.outer([1.0, 2, 1], [-1, 0, 1])


@pytest.fixture(params=[(), (numpy_layers,), (fast_layers,)], ids=["naive", "numpy", "fast"], autouse=True)
def _each_implementation(request):
    with use(*request.param):
        yield


def test_the_figures_of_the_lecture():
    np.testing.assert_array_equal(cross_correlate(X, W), [2, 2, 2])
    np.testing.assert_array_equal(convolve(X, W), [-2, -2, -2])
    np.testing.assert_array_equal(cross_correlate(X, W, pad=1), [1, 2, 2, 2, -3])  # one note has 3 in front, wrongly
    np.testing.assert_array_equal(cross_correlate(IMAGE, FILTER), [[6, 9, 11], [10, 4, 4], [7, 7, 4]])
    np.testing.assert_array_equal(cross_correlate(IMAGE, FILTER, stride=2), [[6, 11], [7, 4]])


def test_convolution_is_that_of_numpy_and_scipy():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=9), rng.normal(size=4)
    np.testing.assert_allclose(convolve(x, w), np.convolve(x, w, "valid"))
    np.testing.assert_allclose(convolve(x, w, pad=3), np.convolve(x, w, "full"))
    np.testing.assert_allclose(convolve(x, w, pad=3), convolve(w, x, pad=8))
    for axes in (2, 3):
        x, w = rng.normal(size=(6, 5, 4)[:axes]), rng.normal(size=(3, 2, 2)[:axes])
        np.testing.assert_allclose(convolve(x, w), signal.convolve(x, w, "valid", "direct"))
        np.testing.assert_allclose(cross_correlate(x, w), signal.correlate(x, w, "valid", "direct"))
    image = rng.normal(size=(6, 7))
    same = cross_correlate(image, SOBEL, pad="same")
    np.testing.assert_allclose(same, ndimage.correlate(image, SOBEL, mode="constant"), atol=1e-12)


def test_a_noisy_position_is_smoothed():
    # s(t) = sum over a of x(a) w(t - a): the last measurements, the latest with the largest weight
    rng = np.random.default_rng(1)
    time = np.linspace(0, 1, 200)
    noisy = time + rng.normal(0, 0.1, time.shape)
    weights = np.exp(-np.arange(20) / 6)
    smooth = convolve(noisy, weights / weights.sum(), pad=(19, 0))
    assert smooth.shape == time.shape
    assert np.std(np.diff(smooth[20:])) < 0.3 * np.std(np.diff(noisy[20:]))
    expected = sum(noisy[100 - a] * weights[a] for a in range(20)) / weights.sum()
    assert smooth[100] == pytest.approx(expected)


def test_a_kernel_of_rank_one_is_two_convolutions():
    column, row, residual = separate(SOBEL)
    assert residual < 1e-15
    np.testing.assert_allclose(np.outer(column, row), SOBEL, atol=1e-12)
    np.testing.assert_allclose(column / column[0], [1, 2, 1])
    image = np.random.default_rng(2).normal(size=(7, 8))
    in_two_steps = cross_correlate(cross_correlate(image, column[:, None]), row[None])
    np.testing.assert_allclose(in_two_steps, cross_correlate(image, SOBEL), atol=1e-12)


def test_how_far_other_kernels_are_from_rank_one():
    laplace = [[0, 1, 0], [1, -4, 1], [0, 1, 0]]
    column, row, residual = separate(laplace)
    assert residual == pytest.approx(np.linalg.norm(laplace - np.outer(column, row)) / np.linalg.norm(laplace))
    assert 0.1 < residual < 0.5
    assert separate(np.eye(2)).residual == pytest.approx(np.sqrt(0.5))
    assert separate(np.zeros((3, 2))).residual == 0
    assert separate(np.array([[5]])).residual == 0
    assert separate(np.ones((3, 5), np.float32)).row.dtype == np.float32


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"both have 1, 2 or 3 axes, got shapes \(5,\) and \(3, 3\)"):
        cross_correlate(X, FILTER)
    with pytest.raises(ValueError, match="both have 1, 2 or 3 axes"):
        convolve(np.ones((2, 2, 2, 2)), np.ones((1, 1, 1, 1)))
    with pytest.raises(ValueError, match="there are no groups"):
        convolve(X, W, groups=1)
    with pytest.raises(ValueError, match="unknown key 'padding'"):
        cross_correlate(X, W, padding=1)
    for bad in (None, "x", np.ones(3) * 1j, [["a"]]):
        with pytest.raises(TypeError, match="w must be an array of numbers, got"):
            convolve(X, bad)
    with pytest.raises(ValueError, match=r"kernel must have shape \(HH, WW\)"):
        separate(W)
    for bad in (np.full((2, 2), np.nan), np.zeros((0, 2))):
        with pytest.raises(ValueError, match="only finite ones"):
            separate(bad)
