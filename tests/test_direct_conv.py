"""The direct kernels, each on every shape that it can compute: bit for bit as tiles of im2col on whole numbers."""

import numpy as np
import pytest
from helpers import run_script, same_bits
from hypothesis import given, settings
from hypothesis import strategies as st

import convkit
from convkit.layers.conv import conv_geometry

pytest.importorskip("convkit.kernels.native", reason="the compiled layers were not built")
from convkit.kernels import algorithm, conv, native, threads
from convkit.kernels.convolution import backward_w, backward_x, forward

pytestmark = pytest.mark.skipif(not native.VECTORS, reason="built without vector extensions: no such kernels")

WAYS = algorithm.FORWARD, algorithm.BACKWARD_X, algorithm.BACKWARD_W
# Phases of dx that meet the end of an image, rows of five taps, one vector of channels and more, 3x3 by channels.
SHAPES = {
    "stride 2, odd sides": ((2, 20, 13, 9), (11, 20, 3, 3), {"stride": 2, "pad": 1}),
    "stride 2, one column": ((2, 10, 7, 1), (12, 10, 3, 1), {"stride": 2, "rounding": "floor"}),
    "stride (3, 4)": ((1, 9, 11, 14), (10, 9, 5, 5), {"stride": (3, 4), "pad": 2, "rounding": "floor"}),
    "1x1, stride 2: pixels that nobody sees": ((2, 33, 6, 8), (40, 33, 1, 1), {"stride": 2, "rounding": "floor"}),
    "1x1, stride 2, to the last pixel": ((2, 9, 9, 37), (13, 9, 1, 1), {"stride": 2}),
    "1x1, stride (1, 3), groups": ((2, 20, 5, 22), (26, 10, 1, 1), {"stride": (1, 3), "groups": 2}),
    "1x1, several chunks and tasks": ((1, 530, 9, 31), (19, 530, 1, 1), {}),
    "1x1, more filters than are read in place": ((2, 20, 5, 31), (67, 20, 1, 1), {}),
    "1x1, channels 512 bytes apart": ((2, 20, 8, 16), (7, 20, 1, 1), {}),
    "1x1, groups, whole panels": ((2, 22, 8, 18), (10, 11, 1, 1), {"groups": 2}),
    "1x1, stride 2, several vectors of dout": ((40, 17, 11, 13), (150, 17, 1, 1), {"stride": 2}),
    "3x3, several vectors of dout": ((40, 3, 11, 13), (150, 3, 3, 3), {"pad": 1, "stride": 2, "rounding": "floor"}),
    "1x1, stride (1, 2), one column": ((1, 1, 2, 1), (1, 1, 1, 1), {"stride": (1, 2)}),
    "1x1, stride (3, 2), one row": ((2, 9, 1, 5), (10, 9, 1, 1), {"stride": (3, 2)}),
    "1x1, one pixel": ((3, 40, 1, 1), (7, 40, 1, 1), {}),
    "stride beyond the window": ((1, 3, 17, 17), (4, 3, 2, 2), {"stride": 5, "rounding": "floor"}),
    "rows of five taps": ((3, 6, 14, 37), (16, 6, 5, 5), {}),
    "rows of ten taps": ((1, 2, 5, 30), (13, 2, 2, 10), {"pad": 1}),
    "five taps, dilated": ((1, 4, 12, 20), (9, 4, 3, 5), {"dilation": (1, 2)}),
    "rows that nearly fill their vectors": ((2, 3, 11, 29), (21, 3, 3, 3), {"pad": 1}),
    "rows a little shorter than a vector, several tasks": ((2, 4, 150, 14), (9, 4, 3, 3), {"pad": 1}),
    "rows of seven": ((3, 4, 7, 7), (6, 2, 3, 3), {"pad": 1, "groups": 2}),
    "stride 2, rows of whole vectors": ((2, 5, 31, 31), (10, 5, 3, 3), {"stride": 2, "pad": 1}),
    "stride 2, the last pixel of all": ((1, 3, 17, 31), (9, 3, 1, 3), {"stride": 2, "pad": (0, 1)}),
    "whole vectors, several tasks": ((1, 2, 201, 32), (3, 2, 3, 3), {"pad": 1, "dilation": (2, 1)}),
    "3x3 of each channel": ((3, 5, 9, 21), (5, 1, 3, 3), {"groups": 5, "pad": (0, 1)}),
    "3x3 of each channel, one row": ((3, 4, 1, 16), (4, 1, 3, 3), {"groups": 4, "pad": 1}),
}


def whole_numbers(geometry, dtype, seed=0):
    """x, w and dout."""
    rng = np.random.default_rng(seed)
    shapes = geometry.x_shape, geometry.w_shape, geometry.out_shape
    return [rng.integers(-3, 4, shape).astype(dtype) for shape in shapes]


def compute(geometry, arrays, names):
    """out, out with a bias and ReLU, dx, dw and db by the named algorithms; names: for each way."""
    x, w, dout = arrays
    out = forward(x, w, None, geometry, x.dtype, algorithm=names[algorithm.FORWARD])
    relu = forward(x, w, w.sum(axis=(1, 2, 3)), geometry, x.dtype, relu=True, algorithm=names[algorithm.FORWARD])
    dx = backward_x(dout, w, geometry, x.dtype, names[algorithm.BACKWARD_X])
    return out, relu, dx, *backward_w(dout, x, geometry, x.dtype, names[algorithm.BACKWARD_W])


def check_all(geometry, dtype, seed=0):
    """Every direct algorithm that can compute it gives what tiles of im2col give."""
    arrays = whole_numbers(geometry, dtype, seed)
    wanted = compute(geometry, arrays, dict.fromkeys(WAYS, "im2col"))
    for name in ("wide", "few", "depthwise", "pointwise"):
        possible = {"depthwise": algorithm.is_depthwise, "pointwise": algorithm.is_pointwise}.get(name)
        names = {way: name for way in WAYS if not possible or possible(geometry, way)}
        for found, right, part in zip(
            compute(geometry, arrays, dict.fromkeys(WAYS, "im2col") | names),
            wanted,
            ["out", "out with bias and ReLU", "dx", "dw", "db"],
            strict=True,
        ):
            assert same_bits(found + 0, right + 0), f"{part} by {name}, {geometry}"  # + 0: -0 is 0


@st.composite
def geometries(draw):
    """Any filter, stride, padding and dilation; channels around a vector's lanes and on both sides of each choice."""
    pair = lambda values: draw(st.tuples(values, values))
    channels = st.sampled_from([1, 2, 3, 7, 8, 9, 15, 16, 17, 33])
    groups, C, F = draw(st.sampled_from([1, 1, 2, 5])), draw(channels), draw(channels)
    kernel = draw(st.sampled_from([(1, 1), None])) or pair(st.sampled_from([1, 2, 3, 3, 5, 5, 7]))
    dilation, stride = pair(st.sampled_from([1, 1, 2])), pair(st.sampled_from([1, 1, 2, 3, 4]))
    pad = draw(st.sampled_from([(0, 0), None])) or pair(st.integers(0, 3))
    sides = [
        max(1, draw(st.integers(0, 20)) + (k - 1) * d + 1 - 2 * p)
        for k, d, p in zip(kernel, dilation, pad, strict=True)
    ]
    param = {"stride": stride, "pad": pad, "dilation": dilation, "groups": groups, "rounding": "floor"}
    x_shape, w_shape = (draw(st.integers(1, 3)), groups * C, *sides), (groups * F, C, *kernel)
    return conv_geometry(x_shape, w_shape, w_shape[:1], param)


@given(geometries(), st.sampled_from([np.float32, np.float64]), st.integers(0, 99))
@settings(max_examples=300, deadline=None)
def test_whole_numbers_come_out_bit_for_bit(geometry, dtype, seed):
    check_all(geometry, dtype, seed)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_at_the_edges(shape, dtype):
    x, w, param = SHAPES[shape]
    check_all(conv_geometry(x, w, w[:1], param), dtype)


@pytest.mark.parametrize("place", [(0, 0), (0, 7), (4, 3), (8, 20)])
def test_an_infinite_pixel_reaches_the_taps_that_see_it(place):
    x_shape, w_shape, param = SHAPES["3x3 of each channel"]
    geometry = conv_geometry(x_shape, w_shape, w_shape[:1], param)
    x, _, dout = whole_numbers(geometry, np.float32)
    dout[dout == 0] = 1  # zero times infinity is NaN
    x[0, 0][place] = np.inf
    found, wanted = (np.empty(w_shape, np.float32) for _ in range(2))
    for dw, name in ((found, "depthwise"), (wanted, "few")):
        assert conv.backward_w(dout, x, dw, np.empty(w_shape[0], np.float32), geometry, name)
    seen = np.zeros((3, 3), bool)
    for i, j in np.ndindex(3, 3):
        seen[i, j] = 0 <= place[0] - i < geometry.out[0] and 0 <= place[1] + 1 - j < geometry.out[1]
    np.testing.assert_array_equal(~np.isfinite(found[0, 0]), seen)
    np.testing.assert_array_equal(found, wanted)


def test_lanes_are_what_leaves_few_of_them_empty():
    """Rows of whole vectors, filters around a vector's lanes: pixels where filters would leave many lanes empty."""
    lanes = native.LANES

    def chosen(filters, cols, way=algorithm.FORWARD, **param):
        x, w = (2, 7, 16, cols * param.get("stride", 1)), (filters, 7, 3, 3)
        if way == algorithm.BACKWARD_X:  # dx has as many channels as x, and its columns
            x, w = (2, filters, 16, cols), (7, filters, 3, 3)
        return algorithm.choose(conv_geometry(x, w, w[:1], {"pad": 1, "rounding": "floor"} | param), way)

    filters = 2 * lanes + 1
    for way in (algorithm.FORWARD, algorithm.BACKWARD_X):
        assert chosen(filters, 2 * lanes, way) == "few"
        assert chosen(4 * lanes, 2 * lanes + 1, way) == "wide"
    assert chosen(filters, 2 * lanes, stride=2) == "few"
    assert chosen(filters, 2 * lanes, stride=3) == "wide"
    assert chosen(filters, 2 * lanes, algorithm.BACKWARD_W) == "wide"


@pytest.mark.parametrize("isa", ["base", "avx2", "avx512"])
def test_every_instruction_set(isa):
    script = """
        import numpy as np, test_direct_conv as t
        for x, w, param in t.SHAPES.values():
            for dtype in (np.float32, np.float64):
                t.check_all(t.conv_geometry(x, w, w[:1], param), dtype)
        print(t.native.ISA)
    """
    process = run_script(script, check=False, CONVKIT_ISA=isa)
    if "no such instruction set" in process.stderr:
        pytest.skip(f"this processor or build has no {isa}")
    assert process.stdout.split() == [isa], process.stderr


@pytest.mark.parametrize("shape", SHAPES)
def test_the_number_of_threads_cannot_be_seen(shape, monkeypatch):
    """Numbers that have to be rounded, as many threads as can be made of so little work."""
    monkeypatch.setattr(threads, "MIN_WORK_PER_THREAD", 1)
    x_shape, w_shape, param = SHAPES[shape]
    geometry = conv_geometry(x_shape, w_shape, w_shape[:1], param)
    rng = np.random.default_rng(1)
    arrays = [rng.normal(size=s).astype(np.float32) for s in (x_shape, w_shape, geometry.out_shape)]
    pointwise = algorithm.is_pointwise
    names = {way: "pointwise" if pointwise(geometry, way) else algorithm.direct(geometry, way) for way in WAYS}
    before, found = convkit.get_num_threads(), []
    try:
        for number in (1, 2, 4):
            convkit.set_num_threads(number)
            found.append(compute(geometry, arrays, names))
    finally:
        convkit.set_num_threads(before)
    for each in found[1:]:
        assert all(same_bits(a, b) for a, b in zip(each, found[0], strict=True))
