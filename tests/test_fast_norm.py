"""The compiled normalizations and losses: accuracy, number of threads, values that are not finite."""

import numpy as np
import pytest
from helpers import LAYOUTS, assert_close, needs_compiled, pair_of, results, same_bits
from hypothesis import given, settings
from hypothesis import strategies as st

import convkit
from convkit import fast_layers
from convkit.kernels import threads
from convkit.layers import LAYERS, softmax_loss, svm_loss

pytestmark = needs_compiled
seeds = st.integers(0, 2**32 - 1)
dtypes = st.sampled_from([np.float32, np.float64])


def norm_arguments(name, shape, rng, dtype, **settings):
    C = shape[1]
    scale = {"layernorm": shape[1:], "spatial_groupnorm": (1, C, 1, 1)}.get(name, (C,))
    gamma, beta = (rng.normal(size=scale).astype(dtype) for _ in range(2))
    return gamma, beta, *((2 if C % 2 == 0 else 1,) if name == "spatial_groupnorm" else ()), settings


@pytest.mark.parametrize("name", ["batchnorm", "spatial_batchnorm", "layernorm", "spatial_groupnorm"])
@settings(max_examples=40, deadline=None)
@given(
    sizes=st.tuples(st.integers(2, 6), st.integers(1, 20), st.integers(1, 9), st.integers(5, 40)),
    long=st.sampled_from([1, 1, 30]),
    dtype=dtypes,
    test=st.booleans(),
    layout=st.sampled_from(list(LAYOUTS)),
    seed=seeds,
)
def test_any_normalization(name, sizes, long, dtype, test, layout, seed):
    rng = np.random.default_rng(seed)
    N, C, H, W = sizes
    shape = (N, C, H * (5 if long > 1 else 1), W) if "spatial" in name else (N * 8 * long, C + 1)
    x = (2 * rng.normal(size=shape) + 1).astype(dtype)
    extra = {} if name in ("layernorm", "spatial_groupnorm") else {"mode": "test" if test else "train"}
    if extra and seed % 2:
        extra |= {"running_mean": rng.normal(size=shape[1]), "running_var": 1 + rng.random(shape[1])}
    gamma, beta, *rest, param = norm_arguments(name, shape, rng, dtype, eps=1e-2, **extra)
    mine, theirs = dict(param), dict(param)
    (forward, backward), reference = pair_of("fast", name), LAYERS[name]
    out, cache = forward(LAYOUTS[layout](x), gamma, beta, *rest, mine)
    expected, expected_cache = reference.forward(x, gamma, beta, *rest, theirs)
    assert_close(out, expected)
    assert mine.keys() == theirs.keys()
    for key in mine.keys() - {"mode", "eps"}:
        assert_close(mine[key], theirs[key])
    dout = rng.normal(size=out.shape).astype(dtype)
    gradients = zip(
        results(backward(LAYOUTS[layout](dout), cache)), reference.backward(dout, expected_cache), strict=True
    )
    for found, wanted in gradients:
        assert_close(found, wanted, scale=3 * np.abs(dout).max(), tolerance=1e-10 if dtype == np.float64 else 5e-5)


@pytest.mark.parametrize("mean", [1e4, -1e4])
@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("batchnorm", (512, 40)),
        ("spatial_batchnorm", (20, 5, 71, 67)),
        ("layernorm", (20, 300)),
        ("spatial_groupnorm", (3, 4, 71, 67)),
    ],
)
def test_no_digits_are_lost_where_the_mean_is_large(name, shape, mean):
    # the standard deviation is 1: a mean in float32 alone would be wrong by 0.0005 of it
    rng = np.random.default_rng(0)
    x = (rng.normal(size=shape) + mean).astype(np.float32)
    gamma, beta, *rest = norm_arguments(name, shape, rng, np.float32, mode="train")
    out, cache = pair_of("fast", name)[0](x, gamma, beta, *rest)
    wide = [a.astype(np.float64) for a in (x, gamma, beta)]
    exact, exact_cache = LAYERS[name].forward(*wide, *rest)
    assert np.abs(out - exact).max() < 4e-6 * np.abs(exact).max()
    dout = rng.normal(size=shape).astype(np.float32)
    gradients = pair_of("fast", name)[1](dout, cache)
    for found, wanted in zip(gradients, LAYERS[name].backward(dout.astype(np.float64), exact_cache), strict=True):
        assert np.abs(found - wanted).max() < 1e-5 * np.abs(wanted).max()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["relu", "batchnorm", "spatial_batchnorm", "layernorm", "spatial_groupnorm"])
def test_the_same_bits_for_any_number_of_threads(name, dtype, monkeypatch):
    monkeypatch.setattr(threads, "MIN_WORK_PER_THREAD", 1)
    before = convkit.get_num_threads()
    rng = np.random.default_rng(0)
    shape = (300, 200) if name in ("batchnorm", "layernorm") else (6, 8, 70, 69)
    x, dout = (rng.normal(size=shape).astype(dtype) for _ in range(2))
    rest = () if name == "relu" else norm_arguments(name, shape, rng, dtype, mode="train")
    found = []
    try:
        for number in (1, 2, 3, 7):
            convkit.set_num_threads(number)
            out, cache = pair_of("fast", name)[0](x, *rest)
            found.append((out, *results(pair_of("fast", name)[1](dout, cache))))
    finally:
        convkit.set_num_threads(before)
    for each in found[1:]:
        assert all(same_bits(a, b) for a, b in zip(each, found[0], strict=True))


@pytest.mark.parametrize("shape", [(2, 3, 0, 4), (2, 3, 4, 0), (0, 3, 4, 4)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_images_without_pixels(shape, dtype):
    """Running averages normalize what is not there; gradients of the parameters are sums of nothing."""
    x, gamma, beta = np.ones(shape, dtype), np.ones(3, dtype), np.ones(3, dtype)
    running = {"mode": "test", "running_mean": np.zeros(3, dtype), "running_var": np.ones(3, dtype)}
    out, cache = pair_of("fast", "spatial_batchnorm")[0](x, gamma, beta, running)
    dx, dgamma, dbeta = pair_of("fast", "spatial_batchnorm")[1](out, cache)
    assert out.shape == dx.shape == shape
    np.testing.assert_array_equal([dgamma, dbeta], np.zeros((2, 3)))


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["batchnorm", "spatial_batchnorm", "layernorm", "spatial_groupnorm"])
@pytest.mark.parametrize("mode", ["train", "test"])
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_what_is_not_finite_goes_where_the_reference_sends_it(name, mode, special):
    rng = np.random.default_rng(0)
    shape = (9, 6) if name in ("batchnorm", "layernorm") else (3, 6, 5, 7)
    x, dout = rng.normal(size=shape), rng.normal(size=shape)
    x.flat[20] = special
    arguments = norm_arguments(name, shape, rng, np.float64, mode=mode)
    mine, theirs = dict(arguments[-1]), dict(arguments[-1])
    out, cache = pair_of("fast", name)[0](x, *arguments[:-1], mine)
    expected, expected_cache = LAYERS[name].forward(x, *arguments[:-1], theirs)
    np.testing.assert_array_equal(np.isfinite(out), np.isfinite(expected))
    for key in mine.keys() - {"mode"}:
        assert_close(mine[key], theirs[key])
    gradients = results(pair_of("fast", name)[1](dout, cache))
    for found, wanted in zip(gradients, LAYERS[name].backward(dout, expected_cache), strict=True):
        np.testing.assert_array_equal(np.isfinite(found), np.isfinite(wanted))


def test_relu_is_the_same_as_that_of_numpy():
    for dtype in (np.float32, np.float64):
        x = np.array([[-1, -0.0, 0, 1e-45, np.nan], [np.inf, -np.inf, 5, -1e-45, 2]], dtype)
        out, cache = fast_layers.relu_forward_fast(x)
        np.testing.assert_array_equal(out, np.maximum(0, x))
        dout = np.array([[1, 2, 3, 4, np.nan], [-np.inf, np.nan, 5, 6, -0.0]], dtype)
        np.testing.assert_array_equal(fast_layers.relu_backward_fast(dout, cache), np.where(x > 0, dout, 0))
    with pytest.raises(ValueError, match="x must have at least one axis"):
        fast_layers.relu_forward_fast(np.array(1.0))


LOSSES = [(fast_layers.softmax_loss_fast, softmax_loss), (fast_layers.svm_loss_fast, svm_loss)]


@pytest.mark.parametrize(("fast", "reference"), LOSSES)
@settings(max_examples=60, deadline=None)
@given(
    N=st.integers(1, 40),
    C=st.integers(1, 60) | st.sampled_from([1000, 5000]),
    scale=st.sampled_from([0, 0.1, 1, 30, 1000]),
    dtype=dtypes,
    layout=st.sampled_from(list(LAYOUTS)),
    seed=seeds,
)
def test_any_scores(fast, reference, N, C, scale, dtype, layout, seed):
    rng = np.random.default_rng(seed)
    x = (scale * rng.normal(size=(N, C))).astype(dtype)
    y = rng.integers(0, C, N).astype(rng.choice([np.int64, np.uint8 if C < 256 else np.int32]))
    loss, dx = fast(LAYOUTS[layout](x), y)
    expected, wanted = reference(x, y)
    assert type(loss) is type(expected)
    # where one score is far ahead, the loss is log(1 + little): both know it to the rounding of 1, no better
    assert_close(loss, expected, scale=1e-2)
    assert_close(dx, wanted, scale=1 / N)


@pytest.mark.parametrize(("fast", "reference"), LOSSES)
@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
@pytest.mark.filterwarnings("ignore:(invalid value|divide by zero):RuntimeWarning")
def test_scores_that_are_not_finite(fast, reference, special):
    for where in ((0, 0), (0, 2), (1, 19)):
        x = np.random.default_rng(0).normal(size=(2, 20))
        x[where] = special
        found, expected = fast(x, np.array([2, 3])), reference(x, np.array([2, 3]))
        np.testing.assert_array_equal(np.isnan(found[1]), np.isnan(expected[1]))
        assert (found[0] == expected[0]) or np.isclose(found[0], expected[0], equal_nan=True)


def test_the_exponential_is_exact_to_the_last_digits():
    # dx of one sample with label 0 holds e^(x_j - x_0) / sum
    x = np.concatenate([[0.0], -np.geomspace(1e-9, 700, 3000)])[None]
    _, dx = fast_layers.softmax_loss_fast(x, np.array([0]))
    exact = np.exp(x[0]) / np.exp(x[0]).sum()
    np.testing.assert_allclose(dx[0, 1:], exact[1:], rtol=4e-15)
    _, dx = fast_layers.softmax_loss_fast(x[:, x[0] > -80].astype(np.float32), np.array([0]))
    near = x[0, x[0] > -80].astype(np.float32).astype(np.float64)
    np.testing.assert_allclose(dx[0, 1:], (np.exp(near) / np.exp(near).sum())[1:], rtol=1e-6)
