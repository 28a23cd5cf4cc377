"""im2col and col2im: NumPy's and the compiled ones against a loop and against each other, in CS231n's column order."""

import itertools

import numpy as np
import pytest
from helpers import LAYOUTS, assert_close, same_bits
from hypothesis import given, settings
from hypothesis import strategies as st

from convkit import fast_layers, im2col, im2col_cython
from convkit.im2col import col2im_indices, get_im2col_indices, im2col_indices


def columns_by_loop(x, HH, WW, pad, stride):
    """One column for each output row, output column and image, in this order, the window in it flattened."""
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    rows = range(0, x.shape[2] - HH + 1, stride)
    columns = range(0, x.shape[3] - WW + 1, stride)
    windows = [x[n, :, i : i + HH, j : j + WW].ravel() for i, j, n in itertools.product(rows, columns, range(len(x)))]
    return np.array(windows).T


@st.composite
def fields(draw):
    HH, WW, pad, stride = (draw(st.integers(low, high)) for low, high in ((1, 3), (1, 3), (0, 2), (1, 3)))
    size = [k + stride * draw(st.integers(0, 2)) - 2 * pad for k in (HH, WW)]
    size = [n if n > 0 else n + stride * -((n - 1) // stride) for n in size]
    return (draw(st.integers(1, 3)), draw(st.integers(1, 3)), *size), (HH, WW, pad, stride)


@settings(max_examples=50, deadline=None)
@given(case=fields(), dtype=st.sampled_from([np.float32, np.float64]), layout=st.sampled_from([*LAYOUTS]))
def test_all_agree_and_col2im_is_the_adjoint(case, dtype, layout):
    x_shape, field = case
    rng = np.random.default_rng(0)
    x = rng.normal(size=x_shape).astype(dtype)
    expected = columns_by_loop(x, *field)
    arranged = LAYOUTS[layout](x)
    for cols in (im2col_indices(arranged, *field), fast_layers.im2col_cython(arranged, *field)):
        assert same_bits(cols, expected)
    dcols = rng.normal(size=expected.shape).astype(dtype)
    HH, WW, pad, stride = field
    OH, OW = ((x_shape[2 + i] + 2 * pad - field[i]) // stride + 1 for i in (0, 1))
    dcols6d = dcols.reshape(x_shape[1], HH, WW, OH, OW, x_shape[0]).transpose(0, 1, 2, 5, 3, 4)
    arranged = LAYOUTS[layout](dcols)
    images = (
        col2im_indices(arranged, x_shape, *field),
        fast_layers.col2im_cython(arranged, *x_shape, *field),
        fast_layers.col2im_6d_cython(dcols6d, *x_shape, *field),
    )
    for dx in images:
        assert_close(dx, images[0], dtype)
        rel = 1e-3 if dtype == np.float32 else 1e-9
        assert np.sum(dx * x) == pytest.approx(np.sum(dcols * expected), rel=rel, abs=1e-4)


def test_the_image_changes_fastest_among_the_columns():
    x = np.arange(2 * 1 * 3 * 3.0).reshape(2, 1, 3, 3)
    cols = fast_layers.im2col_cython(x, 2, 2, 0, 1)
    np.testing.assert_array_equal(
        cols,
        [
            [0, 9, 1, 10, 3, 12, 4, 13],
            [1, 10, 2, 11, 4, 13, 5, 14],
            [3, 12, 4, 13, 6, 15, 7, 16],
            [4, 13, 5, 14, 7, 16, 8, 17],
        ],
    )


def test_a_convolution_is_one_product_with_the_columns():
    rng = np.random.default_rng(1)
    x, w = rng.normal(size=(2, 3, 7, 5)), rng.normal(size=(4, 3, 3, 1))
    out, _ = fast_layers.conv_forward_fast(x, w, np.zeros(4), {"stride": 2, "pad": 1})
    product = w.reshape(4, -1) @ fast_layers.im2col_cython(x, 3, 1, 1, 2)
    assert_close(product.reshape(4, 4, 4, 2).transpose(3, 0, 1, 2), out)


def test_the_defaults_are_those_of_cs231n():
    x = np.random.default_rng(2).normal(size=(2, 2, 4, 4))
    np.testing.assert_array_equal(im2col_indices(x, 3, 3), im2col_indices(x, 3, 3, padding=1, stride=1))
    cols = im2col_indices(x, 3, 3)
    np.testing.assert_array_equal(col2im_indices(cols, x.shape), col2im_indices(cols, x.shape, 3, 3, 1, 1))
    k, i, j = get_im2col_indices(x.shape, 3, 3)
    assert (k.shape, i.shape, j.shape) == ((18, 1), (18, 16), (18, 16))
    assert all(np.issubdtype(index.dtype, np.integer) for index in (k, i, j))


def test_no_images_make_no_columns():
    none = np.zeros((0, 2, 4, 4))
    assert im2col_indices(none, 3, 3).shape == fast_layers.im2col_cython(none, 3, 3, 1, 1).shape == (18, 0)
    assert fast_layers.col2im_cython(np.zeros((18, 0)), 0, 2, 4, 4, 3, 3, 1, 1).shape == (0, 2, 4, 4)
    assert col2im_indices(np.zeros((18, 0)), (0, 2, 4, 4)).shape == (0, 2, 4, 4)


def test_the_module_of_cs231n_has_them():
    for name in ("im2col_cython", "col2im_cython", "col2im_6d_cython"):
        assert getattr(im2col_cython, name) is getattr(fast_layers, name)
    assert im2col.__all__ == ["col2im_indices", "get_im2col_indices", "im2col_indices"]


X = np.zeros((2, 3, 6, 6))
COLS = np.zeros((27, 72))
WRONG = [
    ((X, 3, 3, 1, 4), ValueError, "the output height is not whole"),
    ((X, 9, 3, 1, 1), ValueError, "height 6 .* is smaller than the kernel's 9"),
    ((X, 0, 3, 1, 1), ValueError, "field_height must be 1 or more, got 0"),
    ((X, 3, 1.5, 1, 1), TypeError, r"field_width must be a whole number, got 1.5 \(float\)"),
    ((X, 3, 3, -1, 1), ValueError, "padding must be 0 or more, got -1"),
    ((X, 3, 3, 1, 0), ValueError, "stride must be 1 or more, got 0"),
    ((X, 3, 3, 1, "1"), TypeError, "stride must be a whole number, got '1'"),
    ((X[0], 3, 3, 1, 1), ValueError, r"x must have shape \(N, C, H, W\), got \(3, 6, 6\)"),
    ((X.astype(int), 3, 3, 1, 1), TypeError, "x must be float32 or float64, got int64"),
    ((X.tolist(), 3, 3, 1, 1), TypeError, "x must be a NumPy array of float32 or float64, got list"),
    ((X[:, :, :0], 3, 3, 2, 1), ValueError, "H must be 1 or more, got 0"),
]


@pytest.mark.parametrize("function", [im2col_indices, fast_layers.im2col_cython], ids=["numpy", "compiled"])
@pytest.mark.parametrize(("arguments", "error", "words"), WRONG)
def test_wrong_calls_of_im2col(function, arguments, error, words):
    with pytest.raises(error, match=words):
        function(*arguments)


@pytest.mark.parametrize(
    ("cols", "shape", "error", "words"),
    [
        (COLS[:, :9], X.shape, ValueError, r"cols must have shape .* = \(27, 72\), got \(27, 9\)"),
        (COLS.T, X.shape, ValueError, r"cols must have shape .* = \(27, 72\), got \(72, 27\)"),
        (COLS[0], X.shape, ValueError, r"got \(72,\)"),
        (COLS, (2, 3, 6, 5), ValueError, r"= \(27, 60\), got \(27, 72\)"),
        (COLS, (-2, 3, 6, 6), ValueError, "N must be 0 or more, got -2"),
        (COLS, (2, 3.0, 6, 6), TypeError, r"C must be a whole number, got 3.0 \(float\)"),
        (COLS, (2, 3, 6, None), TypeError, "W must be a whole number, got None"),
        (COLS.astype(complex), X.shape, TypeError, "cols must be float32 or float64, got complex128"),
        (None, X.shape, TypeError, "cols must be a NumPy array"),
    ],
)  # fmt: skip
def test_wrong_calls_of_col2im(cols, shape, error, words):
    with pytest.raises(error, match=words):
        col2im_indices(cols, shape)
    with pytest.raises(error, match=words):
        fast_layers.col2im_cython(cols, *shape, 3, 3, 1, 1)


def test_wrong_calls_name_the_arguments_of_each_function():
    with pytest.raises(ValueError, match="HH must be 1 or more, got 0"):
        fast_layers.col2im_6d_cython(COLS, 2, 3, 6, 6, 0, 3, 1, 1)
    with pytest.raises(ValueError, match="pad must be 0 or more, got -1"):
        fast_layers.col2im_6d_cython(COLS, 2, 3, 6, 6, 3, 3, -1, 1)
    with pytest.raises(ValueError, match=r"\(C, HH, WW, N, OH, OW\) = \(3, 3, 3, 2, 6, 6\), got \(27, 72\)"):
        fast_layers.col2im_6d_cython(COLS, 2, 3, 6, 6, 3, 3, 1, 1)
    with pytest.raises(ValueError, match=r"x_shape must be \(N, C, H, W\), got \(3, 6, 6\)"):
        get_im2col_indices((3, 6, 6), 3, 3)
