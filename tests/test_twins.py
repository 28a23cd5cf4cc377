"""NumPy and compiled layers have the reference as their oracle: every case of every layer, and any shape and layout."""

import numpy as np
import pytest
from helpers import LAYOUTS, assert_close, convolutions, pair_of, poolings, results, same_bits, twins
from hypothesis import given, settings
from hypothesis import strategies as st

from convkit.layers import LAYERS

CASES = [
    pytest.param(implementation, layer, case, id=f"{implementation}-{layer}-{case.name}")
    for implementation, layer in twins()
    for case in LAYERS[layer].cases
]
dtypes = st.sampled_from([np.float32, np.float64])
seeds = st.integers(0, 2**32 - 1)


def compare(implementation, layer, arguments, rng, dtypes=(), layout=np.ascontiguousarray):
    """One call, forward and backward, of a twin and of the reference, which gets the same numbers in plain layout."""
    forward, backward = pair_of(implementation, layer)
    reference = LAYERS[layer]
    plain = [a.astype(a.dtype.newbyteorder("="), order="C") if isinstance(a, np.ndarray) else a for a in arguments]
    out, cache = forward(*arguments)
    expected, expected_cache = reference.forward(*plain)
    assert_close(out, expected)
    if reference.is_loss:  # the second is dx already
        assert_close(cache, expected_cache)
        return
    dout = rng.normal(size=out.shape).astype(dtypes[-1] if dtypes else out.dtype)
    gradients = results(backward(layout(dout), cache))
    wanted = results(reference.backward(dout, expected_cache))
    if "norm" in layer and wanted[0].dtype == np.float32:
        # dx is a difference of nearly equal numbers: where the reference has lost digits, judge both by float64.
        precise = [a.astype(np.float64) if isinstance(a, np.ndarray) else a for a in plain]
        exact = reference.backward(dout.astype(np.float64), reference.forward(*precise)[1])[0]
        lost = np.abs(wanted[0] - exact).max(initial=0)
        tolerance = 2e-5 + 4 * lost / max(np.abs(exact).max(initial=0), 1e-30)
        assert_close(gradients[0], exact.astype(np.float32), tolerance=tolerance)
        gradients, wanted = gradients[1:], wanted[1:]
    for found, each in zip(gradients, wanted, strict=True):
        assert_close(found, each)
    arrays = [a for a in (*arguments, dout) if isinstance(a, np.ndarray)]
    assert not any(np.shares_memory(a, b) for a in (out, *gradients) for b in arrays)
    assert all(a.flags.writeable and a.dtype.isnative for a in (out, *gradients))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("implementation", "layer", "case"), CASES)
def test_every_case(implementation, layer, case, dtype):
    rng = np.random.default_rng(0)
    compare(implementation, layer, list(LAYERS[layer].draw(case, rng, dtype).values()), rng)


@pytest.mark.parametrize("implementation", ["numpy", "fast"])
@settings(max_examples=50, deadline=None)
@given(case=convolutions(rounding=True), of=st.tuples(dtypes, dtypes, dtypes, dtypes), seed=seeds)
def test_any_convolution(implementation, case, of, seed):
    x_shape, w_shape, conv_param = case
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=s).astype(t) for s, t in zip((x_shape, w_shape, w_shape[:1]), of, strict=False)]
    compare(implementation, "conv", [*arrays, conv_param], rng, of)


@pytest.mark.parametrize("implementation", ["numpy", "fast"])
@settings(max_examples=50, deadline=None)
@given(case=poolings(), of=st.tuples(dtypes, dtypes), ties=st.booleans(), seed=seeds)
def test_any_pooling(implementation, case, of, ties, seed):
    x_shape, pool_param = case
    rng = np.random.default_rng(seed)
    x = rng.integers(-2, 3, size=x_shape) if ties else rng.normal(size=x_shape)
    compare(implementation, "max_pool", [x.astype(of[0]), pool_param], rng, of)


@settings(max_examples=50, deadline=None)
@given(
    shape=st.lists(st.integers(0, 7), min_size=2, max_size=4),
    outputs=st.integers(0, 40),
    of=st.tuples(dtypes, dtypes, dtypes, dtypes),
    seed=seeds,
)
def test_any_affine_layer(shape, outputs, of, seed):
    rng = np.random.default_rng(seed)
    shapes = shape, (int(np.prod(shape[1:])), outputs), (outputs,)
    arrays = [rng.normal(size=s).astype(t) for s, t in zip(shapes, of, strict=False)]
    if ("fast", "affine") in twins():
        compare("fast", "affine", arrays, rng, of)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("implementation", "layer"), [*twins(), *(("naive", layer) for layer in LAYERS)])
def test_any_layout(implementation, layer, layout, dtype):
    rng = np.random.default_rng(0)
    spec, arrange = LAYERS[layer], LAYOUTS[layout]
    for case in spec.cases[:2]:
        arguments = [
            arrange(value) if isinstance(value, np.ndarray) and value.dtype == dtype else value
            for value in spec.draw(case, rng, dtype).values()
        ]
        compare(implementation, layer, arguments, rng, layout=arrange)


@pytest.mark.parametrize(("implementation", "layer"), [*twins(), *(("naive", layer) for layer in LAYERS)])
def test_arguments_are_left_alone_and_the_same_call_gives_the_same_bits(implementation, layer):
    rng = np.random.default_rng(1)
    spec = LAYERS[layer]
    forward, backward = pair_of(implementation, layer)
    for case in spec.cases:
        arguments = spec.draw(case, rng, np.float32)
        kept = {name: value.copy() for name, value in arguments.items() if isinstance(value, np.ndarray)}
        run = []
        for _ in range(2):
            settings = {n: dict(v) if isinstance(v, dict) else v for n, v in arguments.items() if n not in kept}
            out, cache = forward(*(arguments | settings).values())
            dout = np.cos(np.arange(out.size, dtype=np.float32)).reshape(out.shape)
            before = dout.copy()
            gradients = (cache,) if spec.is_loss else results(backward(dout, cache))
            # backward does not use its cache up
            again = gradients if spec.is_loss else results(backward(dout, cache))
            assert all(same_bits(a, b) for a, b in zip(gradients, again, strict=True))
            assert same_bits(dout, before)
            run.append([np.asarray(out), *gradients])
            assert not any(np.shares_memory(a, b) for a in run[-1] for b in (*kept.values(), dout))
        assert all(same_bits(a, b) for a, b in zip(*run, strict=True)), case.name
        assert all(same_bits(arguments[name], value) for name, value in kept.items()), case.name


@pytest.mark.parametrize("implementation", ["naive", "numpy", "fast"])
def test_settings_changed_after_the_forward_pass_do_not_matter(implementation):
    rng = np.random.default_rng(2)
    x, w, b = rng.normal(size=(2, 2, 6, 6)), rng.normal(size=(3, 2, 3, 3)), rng.normal(size=3)
    for layer, arguments in (
        ("conv", (x, w, b, {"stride": 1, "pad": 1})),
        ("max_pool", (x, {"pool_height": 2, "pool_width": 2, "stride": 2})),
    ):
        forward, backward = pair_of(implementation, layer)
        out, cache = forward(*arguments)
        expected = results(backward(out, cache))
        arguments[-1].update(stride=2, **({"pad": 3} if layer == "conv" else {"pool_width": 1}))
        assert all(same_bits(a, b) for a, b in zip(results(backward(out, cache)), expected, strict=True))
