"""Calculators of one convolution: sizes, costs, the matrix, equivariance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convkit.calculators import conv_costs, conv_matrix, shift_equivariance, solve_size
from convkit.layers import conv_forward_naive, max_pool_forward_naive, output_size

RNG = np.random.default_rng(0)


# Sizes


def test_sizes_of_the_curriculum():
    (same,) = solve_size(size=28, kernel=5, stride=1, out=28)
    assert same.pad == 2  # P = (F - 1)/2
    assert str(same) == "size 28, kernel 5, stride 1, pad 2: (28 + 2*2 - 5)/1 + 1 = 28"
    assert solve_size(kernel=3, stride=1, pad=1, out=7)[0].size == 7
    assert solve_size(size=32, kernel=5, stride=1, pad=0)[0].out == 28
    assert [w.kernel for w in solve_size(size=28, stride=1, pad=0, out=24)] == [5]
    assert solve_size(size=7, kernel=3, pad=0, out=3)[0].stride == 2
    halving = solve_size(size=32, out=16)
    assert {(2, 2, 0), (4, 2, 1)} <= {(w.kernel, w.stride, w.pad) for w in halving}
    assert repr(halving).count("\n") == len(halving) - 1
    dilated = solve_size(size=9, kernel=3, stride=1, out=9, dilation=2)[0]
    assert (dilated.pad, dilated.formula) == (2, "(9 + 2*2 - 2*(3 - 1) - 1)/1 + 1 = 9")


@settings(max_examples=80, deadline=None)
@given(
    st.integers(1, 40),
    st.integers(1, 7),
    st.integers(1, 5),
    st.integers(0, 6),
    st.integers(1, 3),
    st.sampled_from(["exact", "floor", "ceil"]),
    st.sampled_from(["size", "kernel", "stride", "pad", "out"]),
)
def test_what_is_left_out_is_found_again(size, kernel, stride, pad, dilation, rounding, left_out):
    try:
        out = output_size(size, kernel, stride, pad, dilation, rounding)
    except ValueError:
        return
    if left_out == "pad" and pad >= dilation * (kernel - 1) + 1:
        return  # paddings as wide as the window are not searched
    known = {"size": size, "kernel": kernel, "stride": stride, "pad": pad, "out": out}
    wanted = known.pop(left_out)
    found = solve_size(**known, dilation=dilation, rounding=rounding)
    values = [getattr(window, left_out) for window in found]
    assert wanted in values or (left_out == "stride" and out == 1)
    for window in found:
        assert output_size(*window[:5], rounding) == window.out


def test_sizes_that_have_no_solution():
    with pytest.raises(
        ValueError, match=r"rounding='floor' there is size 32, kernel 3, stride 2, pad 1.*16\.5, floor: 16"
    ):
        solve_size(size=32, kernel=3, stride=2, out=16)
    with pytest.raises(ValueError, match="out must be 28"):
        solve_size(size=32, kernel=5, stride=1, pad=0, out=27)
    with pytest.raises(ValueError, match="is not whole"):
        solve_size(size=7, kernel=3, stride=3, pad=0)
    with pytest.raises(ValueError, match="size or out must be given"):
        solve_size(kernel=3)
    with pytest.raises(ValueError, match="no kernel or stride or pad fits size 5, out 99"):
        solve_size(size=5, out=99)
    with pytest.raises(ValueError, match="pad must be given for windows wider than 2000 pixels"):
        solve_size(size=10, kernel=10**9, out=1)
    with pytest.raises(TypeError, match="kernel must be a whole number"):
        solve_size(size=5, kernel=2.5)


# Costs


def test_costs_against_the_formulas():
    standard, depthwise, _ = conv_costs(64, 128, 3, 56)
    assert (standard.weights, standard.multiply_adds) == (128 * 64 * 9, 128 * 64 * 9 * 56 * 56)
    assert depthwise.ratio == pytest.approx(1 / 128 + 1 / 9)
    assert depthwise.weights == 64 * 9 + 64 * 128
    assert conv_costs(64, 64, 5, (7, 9))[2].ratio == pytest.approx(2 / 5)
    assert conv_costs(1, 1, (3, 5), 1)[2].weights == 3 + 5
    text = repr(conv_costs(64, 128, 3, 56))
    assert "depthwise separable" in text
    assert "231,211,008" in text
    assert "<td" in conv_costs(2, 3, 3, 4)._repr_html_()
    with pytest.raises(ValueError, match="out_channels"):
        conv_costs(2, 0, 3, 4)


# The matrix


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("x_shape", "w_shape", "conv_param"),
    [
        ((1, 5, 5), (1, 1, 3, 3), {}),
        ((3, 5, 7), (4, 3, 3, 2), {"stride": (1, 2), "pad": 1, "rounding": "floor"}),
        ((4, 6, 5), (6, 2, 3, 3), {"groups": 2, "pad": (0, 2), "stride": 3, "rounding": "ceil"}),
        ((2, 9, 8), (3, 2, 3, 2), {"dilation": (2, 3), "pad": 2}),
        ((2, 5, 6), (2, 1, 3, 3), {"groups": 2, "stride": 2, "pad": "same"}),
    ],
)
def test_the_matrix_times_the_image_is_the_layer(x_shape, w_shape, conv_param, dtype):
    x, w = (RNG.standard_normal(shape).astype(dtype) for shape in (x_shape, w_shape))
    b = RNG.standard_normal(w_shape[0]).astype(dtype)
    matrix = conv_matrix(w, x_shape, conv_param)
    out, _ = conv_forward_naive(x[np.newaxis], w, b, {"stride": 1, "pad": 0} | conv_param)
    assert matrix.dtype == dtype
    assert matrix.shape == (out.size, x.size)
    found = (matrix @ x.ravel()).reshape(out.shape[1:]) + b[:, np.newaxis, np.newaxis]
    np.testing.assert_allclose(found, out[0], rtol=1e-5, atol=1e-5 if dtype == np.float32 else 1e-12)
    assert matrix.nnz <= out.size * w[0].size  # sparse interactions


def test_in_one_dimension_it_is_a_toeplitz_matrix():
    matrix = conv_matrix(np.array([-1.0, 0, 1]).reshape(1, 1, 1, 3), (1, 1, 5)).toarray()
    np.testing.assert_array_equal(matrix, [[-1, 0, 1, 0, 0], [0, -1, 0, 1, 0], [0, 0, -1, 0, 1]])
    np.testing.assert_array_equal(matrix @ np.arange(5), [2, 2, 2])  # as in the curriculum
    with pytest.raises(ValueError, match=r"x_shape must be \(C, H, W\)"):
        conv_matrix(np.ones((1, 1, 3, 3)), (5, 5))


# Equivariance


@settings(max_examples=25, deadline=None)
@given(st.integers(-3, 3), st.integers(-3, 3), st.sampled_from([1, 2]))
def test_a_convolution_commutes_with_shifts(down, right, stride):
    x, w, b = RNG.standard_normal((2, 2, 6, 5)), RNG.standard_normal((3, 2, 3, 3)), RNG.standard_normal(3)
    conv = {"stride": stride, "pad": 1, "rounding": "floor"}
    shift = down * stride, right * stride
    found = shift_equivariance(lambda x: conv_forward_naive(x, w, b, conv)[0], x, shift, stride, margin=14)
    assert found.difference < 1e-12 * found.largest
    assert found.out_shift == (down, right)


def test_pooling_does_not_commute_with_odd_shifts():
    x = RNG.standard_normal((1, 1, 8, 8))
    pool = {"pool_height": 2, "pool_width": 2, "stride": 2}

    def f(x):
        return max_pool_forward_naive(x, pool)[0]

    assert shift_equivariance(f, x, (2, -4), stride=2).difference == 0
    with pytest.raises(ValueError, match=r"shift\[0\] must be a multiple of the stride 2.*got 1"):
        shift_equivariance(f, x, (1, 0), stride=2)


def test_a_filter_that_depends_on_the_position_is_found_out():
    x = RNG.standard_normal((1, 1, 8, 8))
    found = shift_equivariance(lambda x: x * np.arange(x.shape[3]), x, (0, 1))
    assert found.difference > 0.01 * found.largest
    assert "differ by at most" in str(found)
    with pytest.raises(ValueError, match=r"maps \(N, F, OH, OW\)"):
        shift_equivariance(lambda x: x.reshape(1, -1), x, 1)
