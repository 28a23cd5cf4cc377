"""The matrix products of the affine layer, at the edges of their tiles, panels, chunks and parts."""

import numpy as np
import pytest
from helpers import needs_compiled, same_bits
from hypothesis import given, settings
from hypothesis import strategies as st

import convkit
from convkit.kernels import threads

pytestmark = needs_compiled
# Tiles have up to 6 rows, panels 1 to 4 vectors of 2 to 16 columns; chunks are cut at 32 and 128 terms and more, tasks
# at 252 rows and 512 columns, parts at 256 terms; up to 4 rows are done as dot products, up to 12 without packing.
ROWS = 1, 2, 4, 5, 6, 7, 12, 13, 252, 253
COLUMNS = 1, 3, 4, 15, 16, 17, 63, 65, 513
TERMS = 1, 2, 17, 33, 129, 515
FEW = {"max_examples": 40, "deadline": None}


def product(a, b, bias=None, relu=False):
    from convkit.kernels.product import product

    out = np.full((a.shape[0], b.shape[1]), np.nan, a.dtype)
    product(a, b, out, bias, relu)
    return out


def whole(rng, *shape, dtype=np.float32):
    """Whole numbers, C- or Fortran-contiguous: their sums are exact in any order."""
    return rng.integers(-8, 9, size=shape).astype(dtype, order=rng.choice(["C", "F"]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("transposed", ["neither", "a", "b", "both"])
def test_every_edge_is_exact_on_whole_numbers(transposed, dtype):
    rng = np.random.default_rng(0)
    for k in TERMS:
        a, b = rng.integers(-8, 9, (max(ROWS), k)).astype(dtype), rng.integers(-8, 9, (k, max(COLUMNS))).astype(dtype)
        bias = rng.integers(-8, 9, max(COLUMNS)).astype(dtype)
        expected = a.astype(np.float64) @ b + bias
        for m in ROWS:
            for n in COLUMNS:
                left = np.array(a[:m], order="F" if transposed in ("a", "both") else "C")
                right = np.array(b[:, :n], order="F" if transposed in ("b", "both") else "C")
                np.testing.assert_array_equal(product(left, right, bias[:n].copy()), expected[:m, :n])


@settings(**FEW)
@given(st.integers(0, 60), st.integers(0, 70), st.integers(0, 600), st.integers(0, 2**32 - 1), st.booleans())
def test_any_shape_bias_and_relu_for_any_number_of_threads(m, n, k, seed, relu):
    rng = np.random.default_rng(seed)
    dtype = rng.choice([np.float32, np.float64])
    a, b, bias = whole(rng, m, k, dtype=dtype), whole(rng, k, n, dtype=dtype), whole(rng, n, dtype=dtype)
    expected = a.astype(np.float64) @ b + bias
    expected = np.maximum(expected, 0) if relu else expected
    before, least = convkit.get_num_threads(), threads.MIN_WORK_PER_THREAD
    try:
        threads.MIN_WORK_PER_THREAD = 1
        for number in (1, 3):
            convkit.set_num_threads(number)
            np.testing.assert_array_equal(product(a, b, bias, relu), expected)
    finally:
        convkit.set_num_threads(before)
        threads.MIN_WORK_PER_THREAD = least


@pytest.mark.parametrize("shape", [(1, 3000, 40), (5, 3000, 40), (50, 2000, 130), (300, 600, 70)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_the_number_of_threads_cannot_be_seen_in_the_bits(shape, order, monkeypatch):
    monkeypatch.setattr(threads, "MIN_WORK_PER_THREAD", 1)
    rng, (m, k, n) = np.random.default_rng(1), shape
    a = rng.standard_normal((m, k)).astype(np.float32)
    b = np.asarray(rng.standard_normal((k, n)), np.float32, order=order)
    before, found = convkit.get_num_threads(), []
    try:
        for number in (1, 2, 5):
            convkit.set_num_threads(number)
            found.append(product(a, b))
    finally:
        convkit.set_num_threads(before)
    exact = a.astype(np.float64) @ b
    assert np.max(np.abs(found[0] - exact)) <= 1e-6 * np.max(np.abs(a).astype(np.float64) @ np.abs(b))
    assert all(same_bits(each, found[0]) for each in found)


@pytest.mark.parametrize("m", [1, 3, 7, 20])
@pytest.mark.parametrize("order", ["C", "F"])
def test_infinity_and_nan_stay_in_their_rows_and_columns(m, order):
    for special in (np.nan, np.inf):
        a, b = np.ones((m, 45), np.float32), np.ones((45, 37), np.float32, order=order)
        b[3, 21] = special
        out = product(a, b)
        expected = np.full((m, 37), 45, np.float32)
        expected[:, 21] = special
        np.testing.assert_array_equal(out, expected)
        relu = product(a, b, relu=True)
        np.testing.assert_array_equal(relu, expected)
        a[m - 1, 44] = special
        np.testing.assert_array_equal(np.isfinite(product(a, np.ones((45, 5), np.float32))[:-1]), True)


@settings(**FEW)
@given(st.integers(0, 20), st.integers(0, 70), st.integers(0, 2**32 - 1))
def test_columns_are_summed_and_masked(m, n, seed):
    from convkit.kernels.product import columns

    rng = np.random.default_rng(seed)
    dtype = rng.choice([np.float32, np.float64])
    dout, out = rng.integers(-8, 9, (m, n)).astype(dtype), np.maximum(0, rng.integers(-3, 4, (m, n))).astype(dtype)
    if out.size:
        out.flat[0] = np.nan
    sums, masked = np.empty(n, dtype), np.empty_like(dout)
    columns(dout, sums)
    np.testing.assert_array_equal(sums, dout.sum(axis=0))
    columns(dout, sums, out, masked)
    np.testing.assert_array_equal(masked, np.where(out > 0, dout, 0))
    np.testing.assert_array_equal(sums, masked.sum(axis=0))


def decayed(dout, x, w, decay, needs_dx=True):
    """(sum of squares, dw, dx) of product.affine_backward."""
    from convkit.kernels.product import affine_backward

    dx, dw = np.full(x.shape, np.nan, x.dtype) if needs_dx else None, np.full(w.shape, np.nan, w.dtype)
    return affine_backward(dout, x, w, dx, dw, decay), dw, dx


@settings(**FEW)
@given(
    st.sampled_from([1, 4, 5, 12, 50, 253]),
    st.sampled_from([1, 63, 64, 65, 256, 257, 700, 2049]),
    st.sampled_from([1, 15, 17, 64, 130, 513]),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_affine_gradients_with_weight_decay_are_exact_on_whole_numbers(N, D, M, needs_dx, seed):
    rng = np.random.default_rng(seed)
    dtype = rng.choice([np.float32, np.float64])
    dout, x, w = (rng.integers(-8, 9, shape).astype(dtype) for shape in ((N, M), (N, D), (D, M)))
    before, least = convkit.get_num_threads(), threads.MIN_WORK_PER_THREAD
    try:
        threads.MIN_WORK_PER_THREAD = 1
        for number in (1, 3):
            convkit.set_num_threads(number)
            squares, dw, dx = decayed(dout, x, w, 0.5, needs_dx)
            assert squares == np.sum(w.astype(np.float64) ** 2)
            np.testing.assert_array_equal(dw, x.astype(np.float64).T @ dout + 0.5 * w)
            if needs_dx:
                np.testing.assert_array_equal(dx, dout.astype(np.float64) @ w.T)
    finally:
        convkit.set_num_threads(before)
        threads.MIN_WORK_PER_THREAD = least


def test_the_number_of_threads_cannot_be_seen_in_decayed_gradients(monkeypatch):
    monkeypatch.setattr(threads, "MIN_WORK_PER_THREAD", 1)
    rng = np.random.default_rng(2)
    dout, x, w = (rng.standard_normal(shape).astype(np.float32) for shape in ((20, 130), (20, 2050), (2050, 130)))
    before, found = convkit.get_num_threads(), []
    try:
        for number in (1, 2, 5):
            convkit.set_num_threads(number)
            found.append(decayed(dout, x, w, 0.3))
    finally:
        convkit.set_num_threads(before)
    for squares, dw, dx in found[1:]:
        assert squares == found[0][0]
        assert same_bits(dw, found[0][1])
        assert same_bits(dx, found[0][2])
