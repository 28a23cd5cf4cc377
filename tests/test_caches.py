"""A cache goes only to the backward pass of the function that wrote it, with a dout of exactly the output's shape."""

import itertools

import numpy as np
import pytest
from helpers import pair_of, results, twins
from test_contracts import GOOD

from convkit.layer_utils import affine_relu_forward, conv_relu_backward
from convkit.layers import LAYERS, batchnorm_backward_alt

# (losses have neither a cache nor a backward of their own)
PAIRS = [pair for pair in [("naive", name) for name in LAYERS] + twins() if not LAYERS[pair[1]].is_loss]
names = "-".join


def backward_of(implementation, layer):
    return pair_of(implementation, layer)[1]


def out_and_cache(implementation, layer):
    arguments = [dict(v) if isinstance(v, dict) else v for v in GOOD[layer].values()]
    return pair_of(implementation, layer)[0](*arguments)


# (without a compiler the fast functions are those of NumPy)
FOREIGN = [
    pytest.param(*two, id=" given ".join(map(names, two)))
    for two in itertools.permutations(PAIRS, 2)
    if pair_of(*two[0]) != pair_of(*two[1])
]


@pytest.mark.parametrize(("mine", "other"), FOREIGN)
def test_a_foreign_cache_is_refused(mine, other):
    out, _ = out_and_cache(*mine)
    _, cache = out_and_cache(*other)
    with pytest.raises(TypeError, match="cache must be"):
        backward_of(*mine)(out, cache)


@pytest.mark.parametrize("pair", PAIRS, ids=names)
@pytest.mark.parametrize("cache", [None, [], (), (1, 2, 3), (1, 2, 3, 4), {}, "cache", np.float64(3)], ids=repr)
def test_what_is_no_cache_is_refused(pair, cache):
    out, _ = out_and_cache(*pair)
    with pytest.raises(TypeError, match="cache must be"):
        backward_of(*pair)(out, cache)


@pytest.mark.parametrize("pair", PAIRS, ids=names)
def test_a_cache_in_a_list_or_cut_short_is_refused(pair):
    out, cache = out_and_cache(*pair)
    for bad in ([cache], (cache,), *([list(cache), cache[:-1], (*cache, None)] if isinstance(cache, tuple) else [])):
        with pytest.raises(TypeError, match="cache must be"):
            backward_of(*pair)(out, bad)


@pytest.mark.parametrize("pair", PAIRS, ids=names)
def test_dout_has_exactly_the_shape_of_the_output(pair):
    out, cache = out_and_cache(*pair)
    backward = backward_of(*pair)
    bad_shapes = {
        "a number": (),
        "one number": (1,) * out.ndim,
        "one row": (1, *out.shape[1:]),
        "one column": (*out.shape[:-1], 1),
        "without the batch": out.shape[1:],
        "flat": (out.size,),
        "an axis more": (1, *out.shape),
        "transposed": out.shape[::-1],
        "one row more": (len(out) + 1, *out.shape[1:]),
        "nothing": (0, *out.shape[1:]),
    }
    for shape in bad_shapes.values():
        if shape != out.shape:
            with pytest.raises(ValueError) as error:
                backward(np.ones(shape), cache)
            assert str(error.value).startswith("dout must have shape of the output")
            assert f"= {out.shape}, got {shape}" in str(error.value)


@pytest.mark.parametrize("pair", PAIRS, ids=names)
@pytest.mark.parametrize("kind", [int, bool, np.float16, complex, object])
def test_dout_of_other_dtypes_is_refused(pair, kind):
    out, cache = out_and_cache(*pair)
    with pytest.raises(TypeError, match="dout must be float32 or float64, got"):
        backward_of(*pair)(out.astype(kind), cache)


@pytest.mark.parametrize("pair", PAIRS, ids=names)
@pytest.mark.parametrize("bad", [None, 1.0, [[1.0]], np.ma.array([1.0])], ids=repr)
def test_dout_that_is_no_array_is_refused(pair, bad):
    _, cache = out_and_cache(*pair)
    with pytest.raises(TypeError, match="dout must be a NumPy array of float32 or float64, got"):
        backward_of(*pair)(bad, cache)


def test_the_other_backward_of_batchnorm_refuses_alike():
    out, cache = out_and_cache("naive", "batchnorm")
    assert len(results(batchnorm_backward_alt(out, cache))) == 3
    for bad in (None, out_and_cache("naive", "layernorm")[1]):
        with pytest.raises(TypeError, match="cache must be the one that batchnorm_forward returned"):
            batchnorm_backward_alt(out, bad)
    with pytest.raises(ValueError, match="dout must have shape"):
        batchnorm_backward_alt(out[:1], cache)


def test_sandwiches_refuse_what_is_not_theirs():
    out, cache = affine_relu_forward(*GOOD["affine"].values())
    for bad in (None, [], (), list(cache), cache[0], out_and_cache("naive", "affine")[1]):
        with pytest.raises(TypeError, match="cache must be the one that conv_relu_forward returned"):
            conv_relu_backward(out, bad)
