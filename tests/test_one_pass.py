"""Arithmetic on whole parameters: the compiled update rules beside their formulas, L2, norms; what they write into."""

import numpy as np
import pytest
from helpers import needs_compiled, same_bits
from hypothesis import given, settings
from hypothesis import strategies as st

import convkit
from convkit import Solver, one_pass, optim
from convkit.kernels import threads

RULES = sorted(optim.UPDATE_RULES)
DTYPES = [np.float32, np.float64]


def steps(rule, w, gradients, **config):
    """The parameter and the rule's memory after each of some steps."""
    for dw in gradients:
        w, config = optim.UPDATE_RULES[rule](w, dw, config)
    return [w, *(config[name] for name in optim.MEMORY[rule])]


@needs_compiled
@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=15, deadline=None)
@given(size=st.integers(0, 50) | st.sampled_from([16383, 16384, 16385, 40000]), seed=st.integers(0, 2**32 - 1))
def test_kernels_compute_the_formula(rule, size, seed):
    rng = np.random.default_rng(seed)
    for dtype, close in ((np.float32, 2e-6), (np.float64, 1e-14)):
        w = rng.standard_normal(size).astype(dtype)
        gradients = [(rng.standard_normal(size) * 10.0 ** rng.integers(-4, 3)).astype(dtype) for _ in range(3)]
        found = steps(rule, w.copy(), gradients)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(one_pass, "_kernels", lambda: None)
            expected = steps(rule, w.copy(), gradients)
        for mine, theirs in zip(found, expected, strict=True):
            assert mine.dtype == dtype
            np.testing.assert_allclose(mine, theirs, rtol=close, atol=close * (1 + np.max(np.abs(theirs), initial=0)))


@needs_compiled
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rule", RULES)
def test_the_number_of_threads_cannot_be_seen(rule, dtype, monkeypatch):
    monkeypatch.setattr(threads, "MIN_WORK_PER_THREAD", 1)
    rng = np.random.default_rng(0)
    w, dw = rng.standard_normal((2, 70000)).astype(dtype)
    before, found = convkit.get_num_threads(), []
    try:
        for number in (1, 2, 5):
            convkit.set_num_threads(number)
            grads = dw.copy()
            found.append([*steps(rule, w.copy(), [dw, dw]), grads, np.array(one_pass.add_scaled(grads, 0.3, w))])
    finally:
        convkit.set_num_threads(before)
    for each in found[1:]:
        assert all(same_bits(a, b) for a, b in zip(each, found[0], strict=True))


@pytest.mark.parametrize("rule", RULES)
def test_in_place_is_the_same_step_and_writes_where_it_says(rule):
    rng = np.random.default_rng(1)
    w, dw = rng.standard_normal((2, 30, 7)).astype(np.float32)
    for layout in (np.ascontiguousarray, np.asfortranarray, lambda a: np.repeat(a, 2, axis=1)[:, ::2]):
        next_w, config = optim.UPDATE_RULES[rule](w.copy(), dw)
        expected, expected_config = optim.UPDATE_RULES[rule](next_w.copy(), dw, dict(config))
        mine, memory = layout(next_w), {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in config.items()}
        arrays = [memory[name] for name in optim.MEMORY[rule]]
        found, found_config = optim.in_place(rule)(mine, dw, memory)
        assert found is mine
        assert found_config is memory
        np.testing.assert_array_equal(found, expected)
        for name, array in zip(optim.MEMORY[rule], arrays, strict=True):
            assert memory[name] is array
            np.testing.assert_array_equal(array, expected_config[name])
        assert memory.get("t") == expected_config.get("t")


@pytest.mark.parametrize("rule", RULES)
def test_in_place_where_the_gradient_shares_memory(rule):
    values = np.linspace(-1, 1, 40)
    expected, _ = optim.UPDATE_RULES[rule](values[:-1].copy(), values[1:].copy())
    shifted = values.copy()
    np.testing.assert_array_equal(optim.in_place(rule)(shifted[:-1], shifted[1:], {})[0], expected)
    expected, _ = optim.UPDATE_RULES[rule](values.copy(), values.copy())
    same = values.copy()
    np.testing.assert_array_equal(optim.in_place(rule)(same, same, {})[0], expected)


def test_in_place_refuses_a_read_only_parameter():
    w = np.ones(3)
    w.flags.writeable = False
    with pytest.raises(ValueError, match=r"adam updates it in place.*read-only"):
        optim.in_place("adam")(w, np.ones(3), {})


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule != "sgd"])
def test_rules_write_into_nothing_they_are_given(rule):
    w, dw = np.ones(5), np.full(5, 0.5)
    memory = {name: np.full(5, 0.25) for name in optim.MEMORY[rule]}
    config = dict(memory)
    optim.UPDATE_RULES[rule](w, dw, config)
    assert (w == 1).all()
    assert (dw == 0.5).all()
    for name, array in memory.items():
        assert (array == 0.25).all()
        assert config[name] is not array


@pytest.mark.parametrize("layout", ["C", "fortran", "strided", "other dtype", "scalar", "empty"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_add_scaled(layout, dtype):
    rng = np.random.default_rng(2)
    shape = {"scalar": (), "empty": (0, 3)}.get(layout, (41, 9))
    x, y = (np.asarray(rng.standard_normal(shape), dtype) for _ in range(2))
    if layout == "fortran":
        x = np.asfortranarray(x)
    elif layout == "strided":
        y = np.repeat(y, 2, axis=1)[:, ::2]
    elif layout == "other dtype":
        x = x.astype(np.float64)
    expected = y + dtype(0.3) * x
    squares = one_pass.add_scaled(y, 0.3, x)
    np.testing.assert_allclose(y, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(squares, np.sum(np.square(x, dtype=np.float64)), rtol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_norm(dtype):
    arrays = [np.full((3, 5), 2, dtype), np.full(40000, -1, dtype), np.zeros((0, 4), dtype), np.asarray(3, dtype)]
    np.testing.assert_allclose(one_pass.norm(arrays), np.sqrt(60 + 40000 + 9), rtol=1e-6)
    large, small = np.finfo(dtype).max / 8, np.finfo(dtype).tiny * 4
    np.testing.assert_allclose(one_pass.norm([np.array([3, 4], dtype) * dtype(large)]), 5.0 * float(large), rtol=1e-6)
    np.testing.assert_allclose(one_pass.norm([np.array([3, 4], dtype) * dtype(small)]), 5.0 * float(small), rtol=1e-6)
    assert one_pass.norm([]) == 0
    for bad in (np.nan, np.inf, -np.inf):
        assert not np.isfinite(one_pass.norm([np.ones(3, dtype), np.array([1, bad], dtype)]))


class Bowl:
    """loss = half the squared length of w, whatever the data: its gradient is w itself."""

    def __init__(self, w):
        self.params = {"w": w}

    def loss(self, X, y=None):
        w = self.params["w"]
        return np.zeros((len(X), 2)) if y is None else (0.5 * float(np.sum(w * w)), {"w": w})


@pytest.mark.parametrize("schedule", [None, lambda iteration, total: 0.5])
@pytest.mark.parametrize("rule", RULES)
def test_the_solver_writes_only_into_arrays_that_it_made(rule, schedule):
    X, y = np.zeros((8, 1)), np.zeros(8, int)
    w = np.linspace(-1, 1, 50)
    model, seen = Bowl(w.copy() if rule == "sgd" else w), []
    data = {"X_train": X, "y_train": y, "X_val": X, "y_val": y}

    class Watch:
        def on_iteration(self, solver):
            seen.append((model.params["w"], model.params["w"].copy()))

    solver = Solver(
        model,
        data,
        update_rule=rule,
        optim_config={"learning_rate": 0.1},
        lr_schedule=schedule,
        batch_size=2,
        num_epochs=2,
        verbose=False,
        callbacks=[Watch()],
    )
    solver.train()
    assert same_bits(w, np.linspace(-1, 1, 50))
    expected, config = np.linspace(-1, 1, 50), {"learning_rate": 0.1 * (0.5 if schedule else 1)}
    for array, copy in seen:
        expected, config = optim.UPDATE_RULES[rule](expected, expected.copy(), config)
        np.testing.assert_array_equal(copy, expected)
        assert array is seen[0][0]
    theirs = seen[0][0].copy()
    model.params["w"] = given = theirs.copy()
    solver.num_epochs = 3
    solver.train()
    assert rule == "sgd" or same_bits(given, theirs)
