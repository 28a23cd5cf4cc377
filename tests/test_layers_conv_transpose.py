"""The transposed convolution is the adjoint of the convolution: that, its sizes, its gradients."""

import numpy as np
import pytest
from helpers import assert_close, numerical_gradient, pair_of
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from convkit.layers import conv_backward_naive, conv_forward_naive
from convkit.layers.conv_transpose import CONV_TRANSPOSE, conv_transpose_backward_naive, conv_transpose_forward_naive
from convkit.layers.upsample import bed_of_nails_forward_naive

pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def transposed(draw):
    """Shapes of x and w and a conv_param that fit together."""
    groups, stride, dilation, kernel = draw(st.sampled_from([1, 1, 2])), draw(pairs), draw(pairs), draw(pairs)
    C, F = groups * draw(st.integers(1, 2)), draw(st.integers(1, 2))
    extra = tuple(draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True))
    sides = draw(st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * 2))
    conv_param = {"stride": stride, "pad": sides, "dilation": dilation, "groups": groups, "output_pad": extra}
    if draw(st.integers(0, 4)) == 0:
        conv_param.update(pad="same", output_pad=0)
    return (draw(st.integers(0, 2)), C, *draw(pairs)), (C, F, *kernel), conv_param


def draw_arguments(case, seed):
    x_shape, w_shape, conv_param = case
    rng = np.random.default_rng(seed)
    F = w_shape[1] * conv_param["groups"]
    arguments = rng.normal(size=x_shape), rng.normal(size=w_shape), rng.normal(size=F), conv_param
    rows_and_columns = zip(
        x_shape[2:],
        w_shape[2:],
        *(np.broadcast_to(conv_param[name], 2) for name in ("stride", "dilation", "output_pad")),
    )
    if conv_param["pad"] != "same":
        size = [(n - 1) * s + d * (k - 1) + e + 1 for n, k, s, d, e in rows_and_columns]
        assume(all(full > sum(sides) for full, sides in zip(size, conv_param["pad"], strict=True)))
    return arguments, rng


@pytest.mark.parametrize("implementation", ["naive", "numpy", "fast"])
@settings(max_examples=40, deadline=None)
@given(case=transposed(), seed=st.integers(0, 2**32 - 1))
def test_it_is_the_adjoint_of_the_convolution(implementation, case, seed):
    # <conv(z), x> = <z, conv_transpose(x)>
    (x, w, b, conv_param), rng = draw_arguments(case, seed)
    out, _ = pair_of(implementation, "conv_transpose")[0](x, w, 0 * b, conv_param)
    z = rng.normal(size=out.shape)
    conv_of = {name: value for name, value in conv_param.items() if name != "output_pad"}
    convolved, _ = conv_forward_naive(z, w, np.zeros(len(w)), {**conv_of, "rounding": "floor"})
    rows, columns = x.shape[2:]  # an output_pad as large as the stride leaves room for more positions
    np.testing.assert_allclose(np.sum(convolved[:, :, :rows, :columns] * x), np.sum(z * out), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("implementation", ["numpy", "fast"])
@settings(max_examples=40, deadline=None)
@given(case=transposed(), seed=st.integers(0, 2**32 - 1))
def test_any_transposed_convolution(implementation, case, seed):
    arguments, rng = draw_arguments(case, seed)
    forward, backward = pair_of(implementation, "conv_transpose")
    out, cache = forward(*arguments)
    expected, naive_cache = conv_transpose_forward_naive(*arguments)
    assert_close(out, expected)
    dout = rng.normal(size=out.shape)
    for found, wanted in zip(backward(dout, cache), conv_transpose_backward_naive(dout, naive_cache), strict=True):
        assert_close(found, wanted)


def test_it_is_what_backward_of_a_convolution_does():
    rng = np.random.default_rng(0)
    x, w, param = rng.normal(size=(2, 3, 7, 7)), rng.normal(size=(4, 3, 3, 3)), {"stride": 2, "pad": 1}
    out, cache = conv_forward_naive(x, w, np.zeros(4), param)
    dx, _, _ = conv_backward_naive(out, cache)
    assert_close(conv_transpose_forward_naive(out, w, np.zeros(3), param)[0], dx)


def test_it_is_a_convolution_of_the_bed_of_nails():
    rng = np.random.default_rng(1)
    x, w = rng.normal(size=(1, 2, 3, 3)), rng.normal(size=(2, 3, 3, 3))
    nails, _ = bed_of_nails_forward_naive(x, {"scale": 2})
    turned = w.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1].copy()
    expected, _ = conv_forward_naive(nails, turned, np.zeros(3), {"pad": ((2, 1), (2, 1))})
    assert_close(conv_transpose_forward_naive(x, w, np.zeros(3), {"stride": 2})[0], expected)


@pytest.mark.parametrize(
    ("size", "kernel", "param", "expected"),
    [
        (4, 3, {}, 6),
        (4, 3, {"pad": 1}, 4),
        (4, 2, {"stride": 2}, 8),
        (4, 3, {"stride": 2, "pad": 1}, 7),
        (4, 3, {"stride": 2, "pad": 1, "output_pad": 1}, 8),
        (4, 4, {"stride": 2, "pad": 1}, 8),
        (4, 3, {"stride": 2, "pad": "same"}, 8),
        (4, 2, {"stride": 3, "pad": "same"}, 12),
        (4, 3, {"stride": 2, "pad": "valid"}, 9),
        (4, 3, {"dilation": 2}, 8),
    ],
    ids=str,
)
def test_sizes(size, kernel, param, expected):
    shapes = (2, 3, size, size), (3, 5, kernel, kernel), (5,)
    assert CONV_TRANSPOSE.shape(*shapes, param) == (2, 5, expected, expected)
    out, _ = pair_of("fast", "conv_transpose")[0](*(np.ones(shape) for shape in shapes), param)
    assert out.shape == (2, 5, expected, expected)


@pytest.mark.parametrize(
    "conv_param",
    [
        {"stride": 2, "pad": 1, "output_pad": 1},
        {"stride": (1, 3), "pad": ((0, 1), (1, 0)), "dilation": (2, 1)},
        {"groups": 2, "stride": 2, "pad": "same"},
    ],
    ids=str,
)
def test_gradients_are_the_slopes(conv_param):
    rng = np.random.default_rng(2)
    groups = conv_param.get("groups", 1)
    x, w, b = rng.normal(size=(2, 4, 2, 3)), rng.normal(size=(4, 4 // groups, 3, 2)), rng.normal(size=4)
    out, cache = conv_transpose_forward_naive(x, w, b, conv_param)
    dout = rng.normal(size=out.shape)
    for gradient, argument in zip(conv_transpose_backward_naive(dout, cache), (x, w, b), strict=True):
        f = lambda: conv_transpose_forward_naive(x, w, b, conv_param)[0]
        assert_close(gradient, numerical_gradient(f, argument, dout), tolerance=1e-8)
