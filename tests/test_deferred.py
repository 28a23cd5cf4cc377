"""Gradients that the update rule computes: the same bits as arrays would give, and nobody else ever gets one."""

import functools
import types

import numpy as np
import pytest
from helpers import needs_compiled, same_bits
from hypothesis import given, settings
from hypothesis import strategies as st

import convkit
from convkit import Solver, deferred, fast_layers, nn, numpy_layers, ops, optim, use
from convkit.classifiers.cnn import ThreeLayerConvNet
from convkit.classifiers.fc_net import FullyConnectedNet, TwoLayerNet
from convkit.deferred import DeferredGradient
from convkit.kernels import threads

pytestmark = needs_compiled
rng = np.random.default_rng(0)


def part(shape, dtype=np.float32):
    return rng.standard_normal(shape).astype(dtype)


X, Y = part((24, 3, 8, 8)), np.arange(24) % 10
# Weights of 512 x 520 numbers and more: a step of them is worth it.
SIZES = {"input_dim": (3, 8, 8), "num_filters": 32, "filter_size": 3, "hidden_dim": 520}
MODELS = {
    "three layers": lambda reg: ThreeLayerConvNet(**SIZES, reg=reg),
    "three layers, float64": lambda reg: ThreeLayerConvNet(**SIZES, reg=reg, dtype=np.float64),
    "fully connected": lambda reg: FullyConnectedNet([600, 450], 192, reg=reg, normalization="batchnorm"),
    "two layers": lambda reg: TwoLayerNet(input_dim=192, hidden_dim=1400, reg=reg),
    "nn": lambda reg: nn.Classifier(nn.Sequential(nn.Affine(1400), nn.ReLU(), nn.Affine(10)), (3, 8, 8), reg=reg),
    "nn, residual": lambda reg: nn.Classifier(
        nn.Sequential(nn.Affine(520), nn.Residual(nn.Sequential(nn.Affine(520), nn.ReLU())), nn.Affine(10)),
        (3, 8, 8),
        reg=reg,
    ),
}


@pytest.fixture
def computed_by_rules(monkeypatch):
    """The shapes of the gradients that a step of an update rule computed, in order."""
    shapes, update = [], DeferredGradient.update

    def note(self, *arguments):
        shapes.append(self.shape)
        return update(self, *arguments)

    monkeypatch.setattr(DeferredGradient, "update", note)
    return shapes


def solver_of(model, rule="adam", X=X, **settings):
    settings = {"batch_size": 6, "num_epochs": 2, "num_train_samples": 6, "verbose": False, **settings}
    data = {"X_train": X, "y_train": Y, "X_val": X[:6], "y_val": Y[:6]}
    return Solver(model, data, update_rule=rule, optim_config={"learning_rate": 1e-4}, **settings)


def trained(make, arrays_only=False, **settings):
    """The solver after training, and where training stopped."""
    np.random.seed(0)
    model = make()
    if arrays_only:
        model.loss = functools.partial(model.loss)  # somebody's own: convkit cannot know what it does with gradients
    solver = solver_of(model, **settings)
    solver.train()
    params, _ = solver._left
    return solver, params


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("reg", [0.0, 1e-2])
def test_training_has_the_same_bits_as_with_arrays(name, reg, computed_by_rules):
    solver, params = trained(lambda: MODELS[name](reg))
    assert computed_by_rules, "every gradient was an array: nothing is tested"
    count = len(computed_by_rules)
    other, expected = trained(lambda: MODELS[name](reg), arrays_only=True)
    assert len(computed_by_rules) == count
    assert solver.loss_history == other.loss_history
    for each in params:
        assert same_bits(params[each], expected[each]), each


@pytest.mark.parametrize("rule", optim.UPDATE_RULES)
def test_every_update_rule_can(rule, computed_by_rules):
    make = functools.partial(MODELS["three layers"], 1e-2)
    schedule = convkit.schedules.cosine() if rule == "adam" else None
    solver, params = trained(make, rule=rule, lr_schedule=schedule)
    # What a rule remembers is made at its first step; sgd remembers nothing, and each step is in place.
    assert computed_by_rules == [(512, 520)] * 7
    other, expected = trained(make, arrays_only=True, rule=rule, lr_schedule=schedule)
    for each in params:
        assert same_bits(params[each], expected[each]), each
    for each, config in solver.optim_configs.items():
        for key, value in config.items():
            assert np.array_equal(value, other.optim_configs[each][key]), (each, key)


@pytest.mark.parametrize("number", [1, 3])
def test_the_number_of_threads_cannot_be_seen_in_the_bits(number, monkeypatch):
    monkeypatch.setattr(threads, "MIN_WORK_PER_THREAD", 1)
    make = functools.partial(MODELS["three layers"], 1e-2)
    convkit.set_num_threads(2)
    expected = trained(make)[1]
    convkit.set_num_threads(number)
    found = trained(make)[1]
    for each in found:
        assert same_bits(found[each], expected[each]), each


def test_clipping_takes_arrays(computed_by_rules):
    make = functools.partial(MODELS["three layers"], 1e-2)
    _, params = trained(make, grad_clip=1e9)
    assert not computed_by_rules
    expected = trained(make)[1]
    for each in params:
        assert same_bits(params[each], expected[each]), each


def test_a_rule_of_ones_own_takes_arrays(computed_by_rules):
    def rule(w, dw, config):
        assert type(dw) is np.ndarray
        return w - 1e-3 * dw, config

    trained(functools.partial(MODELS["three layers"], 0.0), rule=rule)
    assert not computed_by_rules


def test_nobody_else_is_handed_one():
    model = MODELS["three layers"](0.1)
    assert all(type(dw) is np.ndarray for dw in model.loss(X, Y)[1].values())
    assert any(isinstance(dw, DeferredGradient) for dw in deferred.loss(model, X, Y)[1].values())
    # The loss of another network meanwhile, and this one's afterwards.
    with deferred.training(MODELS["three layers"](0.1).params):
        assert all(type(dw) is np.ndarray for dw in model.loss(X, Y)[1].values())
    assert all(type(dw) is np.ndarray for dw in model.loss(X, Y)[1].values())


def test_not_after_a_loss_that_failed():
    model = MODELS["three layers"](0.1)
    with pytest.raises(ValueError, match="y"):
        deferred.loss(model, X, Y[:3])
    assert all(type(dw) is np.ndarray for dw in model.loss(X, Y)[1].values())


class OwnLoss(ThreeLayerConvNet):
    def loss(self, X, y=None):
        result = super().loss(X, y)
        if y is not None:
            result[1]["W2"][:, 0] = 0
        return result


class OwnBackward(ThreeLayerConvNet):
    def backward(self, dscores, cache, needs_dx=True, weight_decay=None):
        dX, grads = super().backward(dscores, cache, needs_dx=needs_dx, weight_decay=weight_decay)
        grads["W2"][:, 0] = 0
        return dX, grads


class Frozen(nn.Sequential):
    def backward(self, dout, cache, needs_dx=True, weight_decay=None):
        dx, grads = super().backward(dout, cache, needs_dx, weight_decay)
        for dw in grads.values():
            dw[..., 0] = 0
        return dx, grads


class FrozenLayer(nn.Affine):
    def backward(self, dout, cache, needs_dx=True, weight_decay=None):
        dx, grads = super().backward(dout, cache, needs_dx, weight_decay)
        grads["w"][..., 0] = 0
        return dx, grads


def own_layers():
    """Somebody's affine layer that leaves the work to the compiled one, and halves the gradient."""
    code = """
import functools
from convkit.fast_layers import affine_backward_fast, affine_forward_fast

def affine_forward(x, w, b):
    return affine_forward_fast(x, w, b)

@functools.wraps(affine_backward_fast)
def affine_backward(dout, cache, needs_dx=True, weight_decay=None):
    dx, dw, db = affine_backward_fast(dout, cache, needs_dx, weight_decay)
    dw *= 0.5
    return dx, dw, db

affine_backward.__module__, affine_backward.__name__ = __name__, "affine_backward"
"""
    module = types.ModuleType("own_layers")
    exec(code, module.__dict__)
    return module


OWN = {
    "loss": lambda: OwnLoss(**SIZES, reg=0.1),
    "backward": lambda: OwnBackward(**SIZES, reg=0.1),
    "module": lambda: nn.Classifier(
        nn.Sequential(Frozen(nn.Affine(1400), nn.ReLU()), nn.Affine(10)), (3, 8, 8), reg=0.1
    ),
    "layer module": lambda: nn.Classifier(
        nn.Sequential(FrozenLayer(1400), nn.ReLU(), nn.Affine(10)), (3, 8, 8), reg=0.1
    ),
}


@pytest.mark.parametrize("what", OWN)
def test_code_that_changes_gradients_on_the_way_gets_arrays(what, computed_by_rules):
    before = {name: w.copy() for name, w in seeded(OWN[what]).params.items()}
    _, params = trained(OWN[what], rule="sgd")
    assert not computed_by_rules
    name = "W2" if "W2" in params else next(iter(params))
    assert same_bits(params[name][:, 0], before[name][:, 0])
    assert not np.array_equal(params[name][:, 1], before[name][:, 1])


def seeded(make):
    np.random.seed(0)
    return make()


def test_a_layer_of_ones_own_that_wraps_the_compiled_one_gets_arrays(computed_by_rules):
    with use(own_layers(), fast_layers, numpy_layers):
        assert ops.current("affine").module == "own_layers"
        trained(functools.partial(MODELS["two layers"], 0.1))
    assert not computed_by_rules


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_gradient_that_overflows_is_found_before_anything_is_written(dtype):
    """Loss and weights are finite; x^T dout is not."""
    large = np.finfo(dtype).max
    model = nn.Regressor(nn.Sequential(nn.Affine(1400)), (192,), reg=0.1, dtype=dtype, rng=0)
    x, y = np.ones((24, 192), dtype), np.zeros((24, 1400), dtype)
    data = {"X_train": x, "y_train": y, "X_val": x, "y_val": y}
    solver = Solver(model, data, metric="loss", batch_size=6, num_epochs=1, num_train_samples=6, verbose=False)
    solver._step()
    solver.X_train = x * np.sqrt(large) * dtype(100)
    model.params["affine1.w"][...] = 0
    model.output_loss = lambda out, y: (np.float64(1.0), np.full_like(out, np.sqrt(large)))
    before = {name: w.copy() for name, w in model.params.items()}
    with pytest.raises(FloatingPointError, match=r"the gradient for 'affine1\.w' has values that are infinite or NaN"):
        solver._step()
    for name, w in model.params.items():
        assert same_bits(w, before[name]), name


def test_gradients_that_only_might_overflow_are_computed_and_used():
    """The bound is 4 times as large as float32 goes, the elements are not."""
    dout, x, w = (
        np.full((2, 520), 1e18, np.float32),
        np.full((2, 512), 1e18, np.float32),
        np.zeros((512, 520), np.float32),
    )
    dw = DeferredGradient(dout, x, w)
    assert not dw.is_surely_finite()
    grads = {"W": dw, "b": dout[0]}
    deferred.settle(grads)
    np.testing.assert_allclose(grads["W"], 2e36)
    assert grads["b"] is not None


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), st.floats(-45, 38), st.floats(-45, 38), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_surely_finite_is(N, large_x, large_dout, decay, seed):
    random = np.random.default_rng(seed)
    with np.errstate(over="ignore"):
        x = (random.standard_normal((N, 40)) * 10.0**large_x).astype(np.float32)
        dout = (random.standard_normal((N, 30)) * 10.0**large_dout).astype(np.float32)
    w = random.standard_normal((40, 30)).astype(np.float32)
    dw = DeferredGradient(dout, x, w, decay, float(np.sum(w.astype(np.float64) ** 2)))
    if dw.is_surely_finite():
        assert np.all(np.isfinite(dw.compute()))
    elif np.all(np.isfinite(x)) and np.all(np.isfinite(dout)):
        assert np.linalg.norm(x.astype(np.float64)) * np.linalg.norm(dout.astype(np.float64)) + decay * 100 > 1e37


@pytest.mark.parametrize("what", ["x", "dout", "w"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nothing_that_is_not_finite_passes_for_it(what, value):
    arrays = {"dout": part((3, 30)), "x": part((3, 40)), "w": part((40, 30))}
    arrays[what].flat[-1] = value
    squares = float(np.sum(arrays["w"].astype(np.float64) ** 2))
    assert not DeferredGradient(**arrays, decay=0.1, squares=squares).is_surely_finite()


# Cut are blocks of rows at 256 or 512 KB, pieces at 96 KB, panels at 3 or 4 vectors, columns at 512, terms at 96.
shapes_of_steps = given(
    st.sampled_from([1, 5, 50, 300]),
    st.sampled_from([1, 2, 6, 7, 64, 130, 257, 700]),
    st.sampled_from([1, 15, 17, 64, 130, 513, 1100]),
    st.sampled_from([0.0, 0.5]),
    st.sampled_from([1, 3]),
    st.integers(0, 2**32 - 1),
)


@settings(max_examples=40, deadline=None)
@shapes_of_steps
def test_steps_are_exact_on_whole_numbers(N, D, M, decay, number, seed):
    random = np.random.default_rng(seed)
    dtype = random.choice([np.float32, np.float64])
    dout, x, w, velocity = (random.integers(-8, 9, s).astype(dtype) for s in ((N, M), (N, D), (D, M), (D, M)))
    expected_velocity = 0.5 * velocity - 0.25 * (x.astype(np.float64).T @ dout + decay * w)
    expected = w + expected_velocity
    convkit.set_num_threads(number)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threads, "MIN_WORK_PER_THREAD", 1)
        DeferredGradient(dout, x, w, decay).update("sgd_momentum", [velocity], (0.25, 0.5))
    np.testing.assert_array_equal(w, expected)
    np.testing.assert_array_equal(velocity, expected_velocity)


@settings(max_examples=60, deadline=None)
@shapes_of_steps
def test_adam_beside_the_product_has_the_same_bits_as_after_it(N, D, M, decay, number, seed):
    """Whole numbers: dw is exact, however its terms are added."""
    random = np.random.default_rng(seed)
    dtype = random.choice([np.float32, np.float64])
    dout, x, w = (random.integers(-8, 9, s).astype(dtype) for s in ((N, M), (N, D), (D, M)))
    settings = {"learning_rate": 0.01}
    expected, expected_settings = w.copy(), dict(settings)
    convkit.set_num_threads(number)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threads, "MIN_WORK_PER_THREAD", 1)
        for _ in range(2):
            dw = (x.astype(np.float64).T @ dout).astype(dtype)
            dw += dtype(decay) * expected
            expected, expected_settings = optim.in_place("adam")(expected, dw, expected_settings)
            w, settings = optim.in_place("adam")(w, DeferredGradient(dout, x, w, decay), settings)
    assert same_bits(w, expected)
    for name in ("m", "v"):
        assert same_bits(settings[name], expected_settings[name]), name


def test_a_step_out_of_place_leaves_the_weights():
    dout, x, w = part((3, 520)), part((3, 512)), part((512, 520))
    before = w.copy()
    config: dict = {"learning_rate": 0.1}
    next_w, _ = optim.adam(w, DeferredGradient(dout, x, w), config)
    assert same_bits(w, before)
    expected, _ = optim.adam(w, DeferredGradient(dout, x, w).compute(), {"learning_rate": 0.1})
    assert same_bits(next_w, expected)


def test_weights_in_another_order_are_computed_as_ever(computed_by_rules):
    def make():
        model = MODELS["three layers"](0.1)
        model.params["W2"] = np.asfortranarray(model.params["W2"])
        return model

    _, params = trained(make)
    assert not computed_by_rules
    assert params["W2"].shape == (512, 520)


def test_rows_that_would_need_too_much_scratch_memory_are_left_alone():
    assert deferred.fits(np.empty((8, 40_000), np.float32))
    assert not deferred.fits(np.empty((8, 50_000), np.float32))
