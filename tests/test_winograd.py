"""Winograd's algorithm: as the reference has it, bit for bit on whole numbers, and with NaN where NaN belongs."""

import numpy as np
import pytest
from helpers import assert_close, run_script, same_bits
from hypothesis import given, settings
from hypothesis import strategies as st

import convkit
from convkit.layers.conv import conv_backward_naive, conv_forward_naive, conv_geometry

pytest.importorskip("convkit.kernels.native", reason="the compiled layers were not built")
from convkit.kernels import algorithm, convolution, native, threads

pytestmark = pytest.mark.skipif(not native.VECTORS, reason="built without vector extensions: no such kernels")

# Of the largest value, in float32 and float64: as the plain sums, and what tiles of 4x4 cost.
TOLERANCE = {"winograd": {4: 2e-6, 8: 4e-15}, "winograd4": {4: 4e-5, 8: 8e-14}}
DIRECTIONS = algorithm.FORWARD, algorithm.BACKWARD_X, algorithm.BACKWARD_W


def geometry_of(x_shape, w_shape, **conv_param):
    return conv_geometry(x_shape, w_shape, w_shape[:1], conv_param)


def draw_arrays(geometry, dtype, seed=0, draw=None):
    """x, w, b and dout."""
    rng = np.random.default_rng(seed)
    draw = draw or (lambda shape: rng.normal(size=shape))
    shapes = geometry.x_shape, geometry.w_shape, geometry.w_shape[:1], geometry.out_shape
    return [draw(shape).astype(dtype) for shape in shapes]


def compute(geometry, arrays, name):
    """out, dx, dw and db by the named algorithm ('': by the direct kernels)."""
    x, w, b, dout = arrays
    names = {way: name or algorithm.direct(geometry, way) for way in DIRECTIONS}
    dw, db = convolution.backward_w(dout, x, geometry, x.dtype, names[algorithm.BACKWARD_W])
    out = convolution.forward(x, w, b, geometry, x.dtype, algorithm=names[algorithm.FORWARD])
    return out, convolution.backward_x(dout, w, geometry, x.dtype, names[algorithm.BACKWARD_X]), dw, db


def reference(geometry, arrays):
    """The same by the direct kernels in float64, which the tests of the layers hold against the naive reference."""
    return compute(geometry, [array.astype(np.float64) for array in arrays], "")


@st.composite
def convolutions(draw):
    """A geometry of any filter and stride, many of them 3x3 with stride 1, and channels around a vector's lanes."""
    groups = draw(st.sampled_from([1, 1, 1, 2, 3]))
    channels = st.sampled_from([1, 2, 7, 8, 9, 11, 12, 13, 15, 16, 17, 24, 33, 48, 65])

    def pair(values):
        return draw(st.tuples(*[st.sampled_from(values)] * 2))

    kernel, stride, dilation, pad = (3, 3), (1, 1), (1, 1), pair(range(5))
    if draw(st.booleans()):
        kernel = pair([1, 2, 3, 4, 5, 6, 7, 8, 11])
    if draw(st.sampled_from([True, False, False])):
        stride = pair([1, 2, 3, 4])
    else:
        dilation = pair([1, 1, 2, 3])
    # Outputs from one pixel on: parts of tiles, whole tiles, and several blocks.
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    height, width = (
        max(1, span - 2 * p + draw(st.integers(0, 17 * s))) for span, p, s in zip(spans, pad, stride, strict=True)
    )
    C, F = draw(channels), draw(channels)
    x_shape = draw(st.sampled_from([1, 1, 2, 5])), groups * C, height, width
    settings = {"stride": stride, "pad": pad, "dilation": dilation, "groups": groups, "rounding": "floor"}
    return geometry_of(x_shape, (groups * F, C, *kernel), **settings)


@settings(deadline=None)
@given(convolutions(), st.sampled_from(list(TOLERANCE)), st.sampled_from([np.float32, np.float64]), st.booleans())
def test_as_the_plain_sums(geometry, name, dtype, relu):
    arrays = draw_arrays(geometry, dtype)
    found, expected = compute(geometry, arrays, name), reference(geometry, arrays)
    # Where a sum cancels (a gradient that is one number, say), rounding is measured by the size that such a sum has.
    sizes = [np.sqrt(squares.max()) for squares in reference(geometry, [array**2 for array in arrays])]
    # Filters of more than 3x3 add up several times as many numbers.
    times = 1 if geometry.kernel == (3, 3) else 2
    for mine, theirs, size in zip(found, expected, sizes, strict=True):
        assert_close(mine, theirs, dtype, times * TOLERANCE[name][mine.itemsize], size)
    x, w, b, _ = arrays
    np.testing.assert_array_equal(
        convolution.forward(x, w, b if relu else None, geometry, x.dtype, relu, name),
        np.maximum(found[0], 0) if relu else convolution.forward(x, w, 0 * b, geometry, x.dtype, algorithm=name),
    )


@pytest.mark.parametrize("winograd", [2, 4])
def test_as_the_naive_layer(winograd):
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(2, 24, 5, 7)), rng.normal(size=(26, 12, 3, 3)), rng.normal(size=26)
    param = {"stride": 1, "pad": (1, 2), "dilation": (1, 2), "groups": 2, "winograd": winograd}
    expected, naive_cache = conv_forward_naive(x, w, b, param)
    out, cache = convkit.fast_layers.conv_forward_fast(x, w, b, param)
    assert_close(out, expected, tolerance=1e-13)
    dout = rng.normal(size=out.shape)
    gradients = convkit.fast_layers.conv_backward_fast(dout, cache)
    for found, wanted in zip(gradients, conv_backward_naive(dout, naive_cache), strict=True):
        assert_close(found, wanted, tolerance=1e-13)


# Several tasks of each kind: parts of the batch, blocks of rows and columns, slices of channels, groups, dilation.
SHAPES = {
    "small images": ((9, 20, 7, 7), (40, 20, 3, 3), {"pad": 1}),
    "one wide image": ((1, 13, 5, 260), (17, 13, 3, 3), {"pad": 2}),
    "many channels": ((2, 150, 10, 9), (140, 150, 3, 3), {}),
    "groups, dilated": ((3, 30, 16, 17), (36, 15, 3, 3), {"pad": 2, "dilation": 2, "groups": 2}),
    "large filters, dilated": ((4, 18, 26, 27), (20, 18, 5, 7), {"pad": (4, 3), "dilation": (2, 1)}),
    "large filters, stride": ((3, 3, 40, 41), (36, 3, 7, 11), {"stride": (2, 4), "rounding": "floor"}),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["winograd", "winograd4"])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_number_of_threads_cannot_be_seen(shape, name, dtype, monkeypatch):
    x_shape, w_shape, param = SHAPES[shape]
    geometry = geometry_of(x_shape, w_shape, **param)
    arrays = draw_arrays(geometry, dtype)
    monkeypatch.setattr(threads, "MIN_WORK_PER_THREAD", 1)
    convkit.set_num_threads(1)
    expected = compute(geometry, arrays, name)
    for mine, theirs in zip(expected, reference(geometry, arrays), strict=True):
        assert_close(mine, theirs, dtype, TOLERANCE[name][mine.itemsize])
    for number in (2, 3, 4):
        convkit.set_num_threads(number)
        for found, wanted in zip(compute(geometry, arrays, name), expected, strict=True):
            assert same_bits(found, wanted), f"{number} threads"


@settings(deadline=None)
@given(convolutions(), st.integers(0, 99))
def test_whole_numbers_come_out_bit_for_bit(geometry, seed):
    rng = np.random.default_rng(seed)
    arrays = draw_arrays(geometry, np.float32, draw=lambda shape: rng.integers(-9, 10, size=shape))
    for found, expected in zip(compute(geometry, arrays, "winograd"), reference(geometry, arrays), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_too_small_to_be_normal_are_not_lost(dtype):
    rng = np.random.default_rng(0)
    geometry = geometry_of((2, 12, 6, 5), (13, 12, 3, 3), pad=1)
    x, w, b, dout = draw_arrays(geometry, dtype, draw=lambda shape: rng.integers(-9, 10, size=shape))
    smallest = np.nextafter(dtype(0), dtype(1))
    for tiny in ([x * smallest, w, 0 * b, dout * smallest], [x, w * smallest, 0 * b, dout]):
        found, expected = compute(geometry, tiny, "winograd"), compute(geometry, tiny, "")
        for mine, theirs in zip(found, expected, strict=True):
            np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf, 3e38])
@pytest.mark.parametrize("name", ["winograd", "winograd4"])
def test_nan_and_infinity_go_where_the_plain_sums_send_them(name, special):
    geometry = geometry_of((2, 14, 9, 8), (17, 14, 3, 3), pad=1)
    for which in range(4):
        arrays = draw_arrays(geometry, np.float32, seed=which)
        arrays[which].flat[arrays[which].size // 3] = special
        found, expected = compute(geometry, arrays, name), compute(geometry, arrays, "")
        for mine, theirs in zip(found, expected, strict=True):
            finite = np.isfinite(theirs)
            np.testing.assert_array_equal(mine[~finite], theirs[~finite])
            scale = np.abs(theirs[finite]).max()
            assert np.abs(mine[finite].astype(float) - theirs[finite]).max() <= TOLERANCE[name][4] * scale
        assert abs(special) == 3e38 or not all(np.isfinite(theirs).all() for theirs in expected)


def test_one_nan_among_the_pixels_reaches_nine_outputs():
    x, w, b = np.ones((1, 16, 20, 20), np.float32), np.ones((16, 16, 3, 3), np.float32), np.zeros(16, np.float32)
    x[0, 3, 7, 8] = np.nan
    out, cache = convkit.fast_layers.conv_forward_fast(x, w, b, {"pad": 1})
    nan = np.isnan(out[0])
    assert nan.sum() == 16 * 9
    assert nan[:, 6:9, 7:10].all()
    dx, dw, db = convkit.fast_layers.conv_backward_fast(np.ones_like(out), cache)
    assert np.isfinite(dx).all()
    assert np.isfinite(db).all()
    assert np.isnan(dw[:, 3]).all()
    assert np.isnan(dw).sum() == 16 * 9


@pytest.mark.parametrize("name", ["winograd", "winograd4"])
def test_relu_hides_no_infinity(name):
    geometry = geometry_of((1, 16, 8, 8), (16, 16, 3, 3), pad=1)
    x, w, b, _ = draw_arrays(geometry, np.float32)
    x[0, 0, 4, 4], w[:, 0] = -np.inf, 1
    out = convolution.forward(x, w, b, geometry, x.dtype, True, name)
    expected = convolution.forward(x, w, b, geometry, x.dtype, True, "wide")
    np.testing.assert_array_equal(out, expected)
    assert np.isfinite(expected).all()


@pytest.mark.torch
@pytest.mark.parametrize("channels", [16, 128, 512])
def test_as_accurate_as_pytorch(channels):
    torch = pytest.importorskip("torch")
    geometry = geometry_of((2, channels, 14, 14), (32, channels, 3, 3), pad=1)
    x, w, _, _ = draw_arrays(geometry, np.float32)
    found = convolution.forward(x, w, None, geometry, x.dtype, algorithm="winograd")
    theirs = torch.nn.functional.conv2d(torch.from_numpy(x), torch.from_numpy(w), padding=1).numpy()
    exact = convolution.forward(x.astype(float), w.astype(float), None, geometry, np.dtype(float), algorithm="wide")
    assert np.abs(found - exact).max() <= 2 * np.abs(theirs - exact).max()


def chosen(x_shape, w_shape, way=algorithm.FORWARD, **param):
    return algorithm.choose(geometry_of(x_shape, w_shape, **param), way)


def test_which_algorithm_is_chosen():
    large = (8, 32, 14, 14), (32, 32, 3, 3)
    for way in DIRECTIONS:
        assert chosen(*large, way, pad=1) == "winograd"
        assert chosen(*large, way, pad=2, dilation=2) == "winograd"
        assert chosen(*large, way, pad=1, winograd=0) == "wide"
        assert chosen(*large, way, pad=1, winograd=4) == "winograd4"
        assert chosen(*large, way, stride=2, rounding="floor", winograd=4) == "wide"
        assert chosen((8, 32, 14, 14), (32, 32, 3, 1), way, winograd=2) == "wide"
        assert chosen((8, 32, 14, 14), (32, 32, 1, 1), way, winograd=2) in ("wide", "pointwise")
        plain = "few" if way == algorithm.BACKWARD_W else "pointwise"
        assert chosen((8, 3, 7, 7), (3, 3, 1, 1), way) == plain
        assert chosen((8, 32, 14, 14), (32, 32, 1, 7), way, pad=(0, 3)) == "wide"
        assert chosen((8, 32, 14, 14), (32, 32, 5, 5), way, pad=2) == "winograd"
        assert chosen((8, 32, 14, 14), (32, 32, 5, 5), way, pad=2, winograd=0) == "wide"
        assert chosen((8, 32, 14, 14), (32, 32, 5, 5), way, pad=2, winograd=4) == "winograd"
        assert chosen((8, 32, 15, 15), (32, 32, 5, 5), way, pad=2, stride=2) == (
            "wide" if way == algorithm.BACKWARD_X else "winograd"
        )
        assert chosen((8, 32, 15, 15), (32, 32, 3, 3), way, pad=1, stride=2, winograd=2) == "wide"
        assert chosen((8, 32, 40, 40), (32, 32, 14, 14), way) == "wide"
        assert chosen((8, 32, 14, 14), (32, 1, 3, 3), way, groups=32, winograd=4) == "depthwise"
        assert chosen((1, 12, 3, 3), (12, 12, 3, 3), way, winograd=2) == "winograd"
        assert chosen((1, 256, 3, 3), (256, 256, 3, 3), way, pad=1) == "wide"
    # the boundaries: channels, tiles for a filter (dx with fewer than forward), size of the filters
    wide_vectors = algorithm.ISA == "avx512"
    fewest = 14 if wide_vectors else 12
    for c, name in ((fewest - 1, "wide"), (fewest, "winograd")):
        assert chosen((8, c, 14, 14), (32, c, 3, 3), pad=1) == name
        assert chosen((8, 32, 14, 14), (c, 32, 3, 3), algorithm.BACKWARD_W, pad=1) == "winograd"
    assert chosen((8, 32, 14, 14), (fewest, 32, 3, 3), pad=1) == "winograd"
    plain = "wide" if algorithm.ISA == "base" else "few"  # 11 filters leave lanes empty in vectors of 8 and 16
    assert chosen((8, 32, 14, 14), (11, 32, 3, 3), pad=1) == plain
    assert [chosen((n, 32, 4, 4), (32, 32, 3, 3), pad=1) for n in (5, 6)] == ["wide", "winograd"]
    assert chosen((2, 32, 4, 4), (32, 32, 3, 3), algorithm.BACKWARD_X, pad=1) == "winograd"
    assert [chosen((1, 512, 2 * s, 8), (512, 512, 3, 3), pad=1) for s in (15, 16)] == ["wide", "winograd"]
    assert [chosen((64, 32, s, s), (32, 32, 3, 3), pad=1) for s in (1, 2, 3, 4)] == ["wide", "winograd"] * 2
    # dw pays from fewer channels on; and pixels that two blocks see count against it
    dw = algorithm.BACKWARD_W
    assert [chosen((8, c, 14, 14), (32, c, 3, 3), dw, pad=1) for c in (9, 10)] == ["wide", "winograd"]
    c = 11 if wide_vectors else 9
    assert [chosen((8, c, s + 3, s + 3), (64, c, 4, 4)) for s in (12, 32)] == ["wide", "winograd"]
    # but not with so few channels that lanes are tiles when pixels are transformed; there it counts whether pixels
    # would fill all lanes otherwise, unless pooling follows.
    for s in (12, 28, 32):
        name = "wide" if s == 12 and native.LANES == 4 else "winograd"
        assert chosen((8, 3, s, s), (64, 3, 7, 7), pad=3) == ("few" if s == 32 and wide_vectors else name)
        geometry = geometry_of((8, 3, s, s), (64, 3, 7, 7), pad=3)
        assert algorithm.choose(geometry, algorithm.FORWARD, pooled=True) == name
    least = 6 if wide_vectors else 5
    assert [chosen((8, c, 28, 28), (32, c, 5, 5)) for c in (least - 1, least, 10)] == ["wide", "winograd", "winograd"]
    # with AVX-512, filters of several pieces need more channels where one vector holds the output's,
    least = 12 if wide_vectors else 5
    assert [chosen((8, c, 28, 28), (16, c, 5, 5)) for c in (least - 1, least)] == ["wide", "winograd"]
    # and with a stride fewer of the tiles may stick out: 7 rows are 4 tiles, 8 are no less
    for way in (algorithm.FORWARD, dw):
        names = [chosen((32, 32, s, s), (64, 32, 5, 5), way, pad=2, stride=2, rounding="floor") for s in (14, 16)]
        assert names == ["wide" if wide_vectors else "winograd", "winograd"]
    # and Winograd has to save more where pixels fill lanes that channels would leave empty
    assert chosen((8, 6, 28, 28), (17, 6, 5, 5)) == ("winograd" if algorithm.ISA == "base" else "few")
    assert [chosen((8, c, 28, 28), (16, c, 5, 5), dw) for c in (3, 6)] == ["wide", "winograd"]


def test_pieces_of_a_filter():
    """Every element is in one piece, and the kernels' products are those by which the algorithm is chosen."""
    cut = algorithm.winograd_pieces
    assert [cut(k, 1) for k in (1, 2, 3, 4, 5, 7)] == [[1], [2], [3], [2, 2], [2, 3], [2, 2, 3]]
    assert [cut(7, 2), cut(11, 4), cut(3, 2), cut(2, 5)] == [[2, 2, 3], [3, 3, 3, 2], [2, 1], [1, 1]]
    assert all(sum(cut(k, s)) == k for k in range(1, 30) for s in range(1, 9))
    products = {(3, 1): 16, (5, 1): 49, (7, 1): 100, (7, 2): 100, (11, 4): 225, (3, 2): 36}
    for (side, stride), number in products.items():
        geometry = geometry_of((1, 1, 31, 31), (1, 1, side, side), stride=stride, rounding="floor")
        assert algorithm.winograd_products(geometry) == number


@pytest.mark.parametrize("side", [1, 2, 3, 4, 5])
@pytest.mark.parametrize(("C", "F"), [(11, 12), (12, 11), (12, 12), (13, 12)])
def test_on_both_sides_of_the_choice(C, F, side):
    for N in (1, 2, 5, 6, 24):
        geometry = geometry_of((N, C, side, side), (F, C, 3, 3), pad=1)
        arrays = draw_arrays(geometry, np.float32)
        found = [
            convolution.forward(*arrays[:3], geometry, np.dtype(np.float32)),
            convolution.backward_x(arrays[3], arrays[1], geometry, np.dtype(np.float32)),
            *convolution.backward_w(arrays[3], arrays[0], geometry, np.dtype(np.float32)),
        ]
        for mine, theirs in zip(found, reference(geometry, arrays), strict=True):
            assert_close(mine, theirs, np.float32, 2e-6)


@pytest.mark.parametrize("param", [{"dilation": 400, "pad": 400}, {"dilation": (1, 3000), "pad": (0, 3000)}])
def test_dilation_beyond_measure_is_left_to_the_direct_kernels(param):
    geometry = geometry_of((1, 3, 5, 4), (2, 3, 3, 3), winograd=2, **param)
    arrays = draw_arrays(geometry, np.float64)
    for found, expected in zip(compute(geometry, arrays, "winograd"), compute(geometry, arrays, ""), strict=True):
        assert_close(found, expected, tolerance=1e-14)


@pytest.mark.parametrize("value", [1, 3, True, 2.0, "2", "auto", [2], np.array([2, 4])])
def test_another_setting_is_refused(value):
    with pytest.raises(ValueError, match=r"conv_param\['winograd'\] must be 0, 2, 4 or None"):
        conv_geometry((1, 1, 3, 3), (1, 1, 3, 3), (1,), {"winograd": value})
    assert geometry_of((1, 1, 3, 3), (1, 1, 3, 3), winograd=np.int64(4)).winograd == 4


@pytest.mark.parametrize("isa", ["base", "avx2", "avx512"])
def test_every_instruction_set(isa):
    script = """
        import itertools, numpy as np, test_winograd as t
        from convkit.kernels.native import ISA
        for (x, w, param), dtype, name in itertools.product(t.SHAPES.values(), (np.float32, np.float64), t.TOLERANCE):
            geometry = t.geometry_of(x, w, **param)
            arrays = t.draw_arrays(geometry, dtype)
            for found, wanted in zip(t.compute(geometry, arrays, name), t.reference(geometry, arrays), strict=True):
                t.assert_close(found, wanted, dtype, t.TOLERANCE[name][found.itemsize])
        print(ISA)
    """
    process = run_script(script, check=False, CONVKIT_ISA=isa)
    if "no such instruction set" in process.stderr:
        pytest.skip(f"this processor or build has no {isa}")
    assert process.stdout.split() == [isa], process.stderr
