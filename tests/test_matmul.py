"""The matrix product behind the compiled layers, at the edges of its blocks and tiles."""

from itertools import pairwise

import numpy as np
import pytest
from helpers import LAYOUTS, assert_close, needs_compiled, same_bits

pytestmark = needs_compiled
STOP = np.zeros(1, np.intc)
# A tile has 6 or 12 rows and 4 to 32 columns; blocks are cut at 144 rows, 512 columns and every 256 terms of the sum.
ROWS, COLUMNS, TERMS = (
    (1, 5, 6, 7, 12, 13, 143, 144, 145),
    (1, 3, 4, 9, 31, 32, 33, 511, 513),
    (1, 2, 255, 256, 257, 513),
)


def product(a, b, bounds=None):
    from convkit.kernels.matmul import WORK_SIZE, matmul

    out = np.full((a.shape[0], b.shape[1]), np.nan, a.dtype)
    work = np.empty(WORK_SIZE, a.dtype)
    bounds = bounds or (0, b.shape[1])
    for first, last in pairwise(bounds):
        matmul(a, b, out, work, first, last, STOP)
    return out


def whole(rng, *shape, dtype=np.float32):
    return rng.integers(-8, 9, size=shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", TERMS)
def test_every_edge_of_a_tile_is_exact_on_whole_numbers(k, dtype):
    rng = np.random.default_rng(k)
    a, b = whole(rng, max(ROWS), k, dtype=dtype), whole(rng, k, max(COLUMNS), dtype=dtype)
    expected = a @ b
    for m in ROWS:
        for n in COLUMNS:
            np.testing.assert_array_equal(product(a[:m], b[:, :n]), expected[:m, :n])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("of_b", [name for name in LAYOUTS if name not in ("unaligned", "big-endian")])
@pytest.mark.parametrize("of_a", [name for name in LAYOUTS if name not in ("unaligned", "big-endian")])
def test_any_strides(of_a, of_b, dtype):
    rng = np.random.default_rng(0)
    a, b = whole(rng, 20, 300, dtype=dtype), whole(rng, 300, 40, dtype=dtype)
    np.testing.assert_array_equal(product(LAYOUTS[of_a](a), LAYOUTS[of_b](b)), a @ b)
    np.testing.assert_array_equal(product(LAYOUTS[of_b](b).T, LAYOUTS[of_a](a).T), b.T @ a.T)


def test_one_number_repeated_without_memory():
    a = np.broadcast_to(np.float32(3), (7, 300))
    np.testing.assert_array_equal(product(a, a.T), np.full((7, 7), 2700))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_columns_may_be_divided_anywhere(dtype):
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(30, 700)).astype(dtype), rng.normal(size=(700, 600)).astype(dtype)
    expected = product(a, b)
    assert_close(expected, a @ b)
    for bounds in ((0, 1, 600), (0, 300, 600), (0, 7, 8, 513, 599, 600)):
        assert same_bits(product(a, b, bounds), expected)


def test_rows_do_not_change_the_bits():
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(200, 300)), rng.normal(size=(300, 50))
    expected = product(a, b)
    for first, last in ((0, 1), (100, 107), (143, 146), (199, 200)):
        assert same_bits(product(a[first:last], b), expected[first:last].copy())


def test_a_product_that_is_done_in_several_parts():
    rng = np.random.default_rng(5)
    a, b = whole(rng, 1300, 520), whole(rng, 520, 600)
    np.testing.assert_array_equal(product(a, b), a @ b)


def test_empty_products():
    assert product(np.zeros((0, 3)), np.zeros((3, 4))).shape == (0, 4)
    assert product(np.zeros((3, 4)), np.zeros((4, 0))).shape == (3, 0)
    np.testing.assert_array_equal(product(np.zeros((2, 0)), np.zeros((0, 3))), np.zeros((2, 3)))


def test_shapes_that_do_not_fit_are_refused():
    from convkit.kernels.matmul import WORK_SIZE, matmul

    work, out = np.empty(WORK_SIZE), np.zeros((2, 4))
    for a, b, first, last in (
        ((2, 3), (2, 4), 0, 4),
        ((3, 3), (3, 4), 0, 4),
        ((2, 3), (3, 4), 0, 5),
        ((2, 3), (3, 4), -1, 4),
    ):
        with pytest.raises(ValueError, match="do not fit"):
            matmul(np.zeros(a), np.zeros(b), out, work, first, last, STOP)


def test_a_stop_is_obeyed():
    from convkit.kernels.matmul import WORK_SIZE, matmul

    out = np.full((3, 3), 7.0)
    matmul(np.ones((3, 3)), np.ones((3, 3)), out, np.empty(WORK_SIZE), 0, 3, np.ones(1, np.intc))
    np.testing.assert_array_equal(out, 7)
