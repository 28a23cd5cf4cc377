"""The bits of the compiled layers: exact on whole numbers, the same for any number of threads, honest about NaN."""

import itertools

import numpy as np
import pytest
from helpers import assert_close, needs_compiled, pair_of, results, run_script, same_bits, twins

import convkit
from convkit.kernels import threads
from convkit.layers import LAYERS

POOL = {"pool_height": 3, "pool_width": 2, "stride": (2, 1), "rounding": "ceil"}
CALLS = {
    "conv": ("conv", [(5, 4, 9, 8), (6, 4, 3, 3), (6,)], {"stride": 1, "pad": 1}),
    "conv of one image": ("conv", [(1, 4, 9, 8), (6, 4, 3, 3), (6,)], {"stride": 2, "pad": 1, "rounding": "floor"}),
    "conv in groups": ("conv", [(3, 6, 7, 7), (9, 2, 3, 2), (9,)], {"groups": 3, "dilation": (2, 1)}),
    "conv of one image in groups": ("conv", [(1, 6, 7, 7), (9, 2, 3, 2), (9,)], {"groups": 3, "pad": 2}),
    "1x1 filters": ("conv", [(3, 5, 6, 7), (4, 5, 1, 1), (4,)], {}),
    "depthwise conv": ("conv", [(3, 5, 9, 37), (5, 1, 3, 3), (5,)], {"groups": 5, "pad": 1}),
    "depthwise conv, stride 2": (
        "conv",
        [(3, 5, 9, 37), (5, 1, 3, 3), (5,)],
        {"groups": 5, "pad": 1, "stride": 2, "rounding": "floor"},
    ),
    "pooling": ("max_pool", [(3, 5, 9, 8)], POOL),
    "pooling with large windows": ("max_pool", [(2, 2, 20, 20)], {"pool_height": 17, "pool_width": 16, "stride": 1}),
    "padded pooling": ("max_pool", [(3, 5, 9, 8)], {**POOL, "pad": ((2, 0), (1, 1)), "dilation": (1, 2)}),
    "average pooling": ("avg_pool", [(3, 5, 9, 8)], {**POOL, "pool_height": 2, "pad": 1, "count_include_pad": False}),
    "global average pooling": ("global_avg_pool", [(5, 3, 4, 6)], None),
    "global max pooling": ("global_max_pool", [(5, 3, 4, 6)], None),
    "adaptive average pooling": ("adaptive_avg_pool", [(3, 5, 7, 6)], {"output_size": (3, 4)}),
    "adaptive max pooling": ("adaptive_max_pool", [(3, 5, 7, 6)], {"output_size": (3, 4)}),
    "conv of signals": ("conv1d", [(5, 4, 19), (6, 4, 3), (6,)], {"stride": 2, "pad": (2, 1), "rounding": "floor"}),
    "conv of volumes": (
        "conv3d",
        [(2, 4, 5, 6, 4), (8, 2, 3, 2, 3), (8,)],
        {"pad": 1, "stride": (2, 1, 1), "groups": 2, "rounding": "floor"},
    ),
    "transposed conv": ("conv_transpose", [(3, 9, 5, 4), (9, 4, 3, 2), (4,)], {"stride": 2, "pad": (1, 0)}),
    "transposed conv in groups": (
        "conv_transpose",
        [(3, 4, 5, 4), (4, 3, 2, 3), (6,)],
        {"stride": (2, 3), "groups": 2, "output_pad": 1},
    ),
    "separable conv": (
        "separable_conv",
        [(3, 5, 7, 6), (5, 1, 3, 3), (10, 5, 1, 1), (10,)],
        {"pad": "same", "stride": 2},
    ),
    "nearest": ("upsample_nearest", [(3, 5, 4, 3)], {"scale": (2, 3)}),
    "bilinear": ("upsample_bilinear", [(3, 5, 4, 3)], {"scale": (2, 4)}),
    "bed of nails": ("bed_of_nails", [(3, 5, 4, 3)], {"scale": (2, 3)}),
    "affine": ("affine", [(6, 3, 5), (15, 37), (37,)], None),
    "affine, one output": ("affine", [(9, 300), (300, 1), (1,)], None),
    "leaky ReLU": ("leaky_relu", [(3, 5, 37, 31)], None),
    "sigmoid": ("sigmoid", [(3, 5, 37, 31)], None),
    "tanh": ("tanh", [(3, 5, 37, 31)], None),
    "GELU": ("gelu", [(3, 5, 37, 31)], None),
    "GELU, tanh form": ("gelu", [(3, 5, 37, 31)], "tanh"),
    "instance norm": ("instancenorm", [(5, 3, 7, 6), (3,), (3,)], {}),
    "squeeze-and-excitation": ("squeeze_excite", [(5, 8, 7, 6), (8, 3), (3,), (3, 8), (8,)], None),
}
# What bounds its numbers, or divides them by a root: not exact on whole numbers, and infinity may become 1.
SMOOTH = {"sigmoid", "tanh", "gelu", "instancenorm", "squeeze_excite"}
TWIN_CALLS = [(implementation, call) for implementation, layer in twins() for call in CALLS if CALLS[call][0] == layer]


def run(implementation, call, draw, dtype):
    """Everything that forward and backward return."""
    layer, shapes, param = CALLS[call]
    forward, backward = pair_of(implementation, layer)
    arguments = [draw(shape).astype(dtype) for shape in shapes] + ([param] if param is not None else [])
    out, cache = forward(*arguments)
    return out, *results(backward(draw(out.shape).astype(dtype), cache))


def normal(seed=0):
    rng = np.random.default_rng(seed)
    return lambda shape: rng.normal(size=shape)


def whole(seed):
    rng = np.random.default_rng(seed)
    return lambda shape: rng.integers(-9, 10, size=shape)


def normal_but(special, which):
    """Normal numbers, one of which in the which-th array is special."""
    rng, count = np.random.default_rng(which), itertools.count()

    def draw(shape):
        made = rng.normal(size=shape)
        if next(count) == which:
            made.flat[rng.integers(made.size)] = special
        return made

    return draw


@needs_compiled
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("call", CALLS)
def test_the_number_of_threads_cannot_be_seen(call, dtype, monkeypatch):
    expected = run("fast", call, normal(), dtype)  # too little work to be divided
    monkeypatch.setattr(threads, "MIN_WORK_PER_THREAD", 1)
    for number in (1, 2, 3, 4, 7):
        convkit.set_num_threads(number)
        for found, wanted in zip(run("fast", call, normal(), dtype), expected, strict=True):
            assert same_bits(found, wanted), f"{number} threads"


@needs_compiled
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("tile_bytes", [1, 500, 1500, 4000])
@pytest.mark.parametrize("call", [call for call in CALLS if CALLS[call][0] == "conv"])
def test_tiles_of_any_size(call, tile_bytes, dtype, monkeypatch):
    from convkit.kernels import convolution

    monkeypatch.setattr(convolution, "TILE_BYTES", tile_bytes)
    monkeypatch.setattr(convolution, "choose", lambda *_: "im2col")
    monkeypatch.setattr(threads, "MIN_WORK_PER_THREAD", 1)
    found = {}
    for number in (1, 3):
        convkit.set_num_threads(number)
        found[number] = run("fast", call, normal(), dtype)
    for one, several, expected in zip(found[1], found[3], run("naive", call, normal(), dtype), strict=True):
        assert same_bits(one, several)
        assert_close(one, expected)


@pytest.mark.parametrize(("implementation", "call"), [c for c in TWIN_CALLS if CALLS[c[1]][0] not in SMOOTH])
def test_whole_numbers_come_out_bit_for_bit(implementation, call):
    # all sums stay below 2^24, so float32 holds them exactly, whatever the order of summation
    for seed in range(3):
        found, expected = (run(i, call, whole(seed), np.float32) for i in (implementation, "naive"))
        for mine, theirs in zip(found, expected, strict=True):
            np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("implementation", ["numpy", "fast"])
def test_numbers_too_small_to_be_normal_are_not_flushed_to_zero(implementation, dtype):
    smallest = np.nextafter(dtype(0), dtype(1))
    x = (np.arange(2 * 2 * 5 * 5).reshape(2, 2, 5, 5) - 50).astype(dtype) * smallest
    w = np.array([1, -1, 2, 0, 3, 1, 1, 2], dtype).reshape(1, 2, 2, 2)
    arguments = x, w, np.zeros(1, dtype), {"stride": 1, "pad": 1}
    out, cache = pair_of(implementation, "conv")[0](*arguments)
    expected, naive_cache = LAYERS["conv"].forward(*arguments)
    assert expected.any()
    np.testing.assert_array_equal(out, expected)
    ones = np.ones_like(out)
    gradients = pair_of(implementation, "conv")[1](ones, cache)
    for found, wanted in zip(gradients, LAYERS["conv"].backward(ones, naive_cache), strict=True):
        np.testing.assert_array_equal(found, wanted)
    pool = {"pool_height": 2, "pool_width": 2, "stride": 1}
    np.testing.assert_array_equal(
        pair_of(implementation, "max_pool")[0](x, pool)[0], LAYERS["max_pool"].forward(x, pool)[0]
    )


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("implementation", "call"), TWIN_CALLS)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_nan_and_infinity_go_where_the_reference_sends_them(implementation, call, special):
    arrays = len(CALLS[call][1])
    for which in range(arrays + 1):  # each argument, then dout
        if call == "instance norm" and which in (1, arrays) and np.isinf(special):
            continue  # infinite sums, taken in another order: NaN where the reference has infinity
        found, expected = (run(i, call, normal_but(special, which), np.float64) for i in (implementation, "naive"))
        for mine, theirs in zip(found, expected, strict=True):
            assert_close(mine, theirs)
        passes_all_on = "pool" not in call and call != "bed of nails" and CALLS[call][0] not in SMOOTH
        assert not all(np.isfinite(theirs).all() for theirs in expected) or not passes_all_on


@needs_compiled
@pytest.mark.parametrize("isa", ["base", "avx2", "avx512"])
def test_every_instruction_set_agrees_with_the_reference(isa):
    script = (
        "import sys, kernel_rounds; print(kernel_rounds.play(60, seed=1), sys.modules['convkit.kernels.native'].ISA)"
    )
    process = run_script(script, check=False, CONVKIT_ISA=isa)
    if "no such instruction set" in process.stderr:
        pytest.skip(f"this processor or build has no {isa}")
    assert process.stdout.split() == ["670", isa], process.stderr


@needs_compiled
def test_an_instruction_set_that_is_not_there_is_refused():
    process = run_script("import convkit.fast_layers", check=False, CONVKIT_ISA="sse9")
    assert process.returncode == 1
    assert "ImportError: CONVKIT_ISA='sse9' cannot be used" in process.stderr
    assert "'base', 'avx2' or 'avx512'" in process.stderr


@pytest.mark.parametrize("implementation", ["naive", "numpy", "fast"])
def test_steps_as_long_as_can_be(implementation):
    forward, backward = pair_of(implementation, "conv")
    x, w, b = np.ones((1, 1, 3, 3)), np.ones((1, 1, 3, 1)), np.zeros(1)
    out, cache = forward(x, w, b, {"stride": 2**61 - 1, "dilation": (1, 2**61 - 1), "rounding": "floor"})
    assert out.ravel() == [3]
    dx, dw, _ = backward(out, cache)
    np.testing.assert_array_equal(dx[0, 0], [[3, 0, 0]] * 3)
    np.testing.assert_array_equal(dw.ravel(), [3] * 3)
    forward, backward = pair_of(implementation, "max_pool")
    out, cache = forward(x, {"pool_height": 2, "pool_width": 3, "stride": 2**61 - 1, "rounding": "floor"})
    np.testing.assert_array_equal(backward(out, cache)[0, 0], [[1, 0, 0], [0, 0, 0], [0, 0, 0]])
