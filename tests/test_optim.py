"""Update rules against the figures CS231n published, hand-derived closed forms, and PyTorch."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convkit import optim

RULES = sorted(optim.UPDATE_RULES)
MEMORY = {
    "sgd": [],
    "sgd_momentum": ["velocity"],
    "nesterov_momentum": ["velocity"],
    "rmsprop": ["cache"],
    "adagrad": ["cache"],
    "adadelta": ["cache", "step_cache"],
    "adam": ["m", "v"],
    "adamw": ["m", "v"],
}


def linspace(low, high):
    return np.linspace(low, high, num=20).reshape(4, 5)


def test_the_rules_are_the_eight_that_are_promised():
    assert sorted(MEMORY) == RULES
    for name, rule in optim.UPDATE_RULES.items():
        assert getattr(optim, name) is rule


# The figures of the notebook FullyConnectedNets, which are given there to eight digits.


def test_sgd_momentum_published():
    config = {"learning_rate": 1e-3, "velocity": linspace(0.6, 0.9)}
    next_w, _ = optim.sgd_momentum(linspace(-0.4, 0.6), linspace(-0.6, 0.4), config=config)
    expected_w = [
        [0.1406, 0.20738947, 0.27417895, 0.34096842, 0.40775789],
        [0.47454737, 0.54133684, 0.60812632, 0.67491579, 0.74170526],
        [0.80849474, 0.87528421, 0.94207368, 1.00886316, 1.07565263],
        [1.14244211, 1.20923158, 1.27602105, 1.34281053, 1.4096],
    ]
    expected_velocity = [
        [0.5406, 0.55475789, 0.56891579, 0.58307368, 0.59723158],
        [0.61138947, 0.62554737, 0.63970526, 0.65386316, 0.66802105],
        [0.68217895, 0.69633684, 0.71049474, 0.72465263, 0.73881053],
        [0.75296842, 0.76712632, 0.78128421, 0.79544211, 0.8096],
    ]
    np.testing.assert_allclose(next_w, expected_w, atol=6e-9, rtol=0)
    np.testing.assert_allclose(config["velocity"], expected_velocity, atol=6e-9, rtol=0)


def test_rmsprop_published():
    config = {"learning_rate": 1e-2, "cache": linspace(0.6, 0.9)}
    next_w, _ = optim.rmsprop(linspace(-0.4, 0.6), linspace(-0.6, 0.4), config=config)
    expected_w = [
        [-0.39223849, -0.34037513, -0.28849239, -0.23659121, -0.18467247],
        [-0.132737, -0.08078555, -0.02881884, 0.02316247, 0.07515774],
        [0.12716641, 0.17918792, 0.23122175, 0.28326742, 0.33532447],
        [0.38739248, 0.43947102, 0.49155973, 0.54365823, 0.59576619],
    ]
    expected_cache = [
        [0.5976, 0.6126277, 0.6277108, 0.64284931, 0.65804321],
        [0.67329252, 0.68859723, 0.70395734, 0.71937285, 0.73484377],
        [0.75037008, 0.7659518, 0.78158892, 0.79728144, 0.81302936],
        [0.82883269, 0.84469141, 0.86060554, 0.87657507, 0.8926],
    ]
    np.testing.assert_allclose(next_w, expected_w, atol=6e-9, rtol=0)
    np.testing.assert_allclose(config["cache"], expected_cache, atol=6e-9, rtol=0)


def test_adam_published():
    config = {"learning_rate": 1e-2, "m": linspace(0.6, 0.9), "v": linspace(0.7, 0.5), "t": 5}
    next_w, _ = optim.adam(linspace(-0.4, 0.6), linspace(-0.6, 0.4), config=config)
    expected_w = [
        [-0.40094747, -0.34836187, -0.29577703, -0.24319299, -0.19060977],
        [-0.1380274, -0.08544591, -0.03286534, 0.01971428, 0.0722929],
        [0.1248705, 0.17744702, 0.23002243, 0.28259667, 0.33516969],
        [0.38774145, 0.44031188, 0.49288093, 0.54544852, 0.59801459],
    ]
    expected_v = [
        [0.69966, 0.68908382, 0.67851319, 0.66794809, 0.65738853],
        [0.64683452, 0.63628604, 0.6257431, 0.61520571, 0.60467385],
        [0.59414753, 0.58362676, 0.57311152, 0.56260183, 0.55209767],
        [0.54159906, 0.53110598, 0.52061845, 0.51013645, 0.49966],
    ]
    expected_m = [
        [0.48, 0.49947368, 0.51894737, 0.53842105, 0.55789474],
        [0.57736842, 0.59684211, 0.61631579, 0.63578947, 0.65526316],
        [0.67473684, 0.69421053, 0.71368421, 0.73315789, 0.75263158],
        [0.77210526, 0.79157895, 0.81105263, 0.83052632, 0.85],
    ]
    np.testing.assert_allclose(next_w, expected_w, atol=6e-9, rtol=0)
    np.testing.assert_allclose(config["v"], expected_v, atol=6e-9, rtol=0)
    np.testing.assert_allclose(config["m"], expected_m, atol=6e-9, rtol=0)
    assert config["t"] == 6


# Closed forms under a constant gradient g, from w = 0, worked out by hand.


def after(rule, steps, g=0.5, **config):
    w = np.zeros(3)
    for _ in range(steps):
        w, config = optim.UPDATE_RULES[rule](w, np.full(3, g), config)
    return w, config


def test_defaults_are_those_of_cs231n():
    assert optim.sgd(np.ones(2), np.ones(2))[1] == {"learning_rate": 1e-2}
    _, config = optim.sgd_momentum(np.ones(2), np.zeros(2))
    assert (config["learning_rate"], config["momentum"]) == (1e-2, 0.9)
    _, config = optim.rmsprop(np.ones(2), np.zeros(2))
    assert (config["learning_rate"], config["decay_rate"], config["epsilon"]) == (1e-2, 0.99, 1e-8)
    _, config = optim.adam(np.ones(2), np.zeros(2))
    assert [config[key] for key in ("learning_rate", "beta1", "beta2", "epsilon", "t")] == [1e-3, 0.9, 0.999, 1e-8, 1]


def test_sgd_closed_form():
    np.testing.assert_allclose(after("sgd", 7, learning_rate=0.1)[0], -0.1 * 7 * 0.5, rtol=1e-14)


def test_momentum_closed_form():
    # velocity after n steps is -a g (1 - mu^n) / (1 - mu); their sum is w
    a, mu, n, g = 0.1, 0.8, 6, 0.5
    expected = -a * g / (1 - mu) * (n - mu * (1 - mu**n) / (1 - mu))
    w, config = after("sgd_momentum", n, g, learning_rate=a, momentum=mu)
    np.testing.assert_allclose(w, expected, rtol=1e-13)
    np.testing.assert_allclose(config["velocity"], -a * g * (1 - mu**n) / (1 - mu), rtol=1e-13)


def test_nesterov_is_momentum_seen_from_the_point_ahead():
    # theta follows Nesterov as first written (gradient at theta + mu v); w must be theta + mu v throughout
    curvature, a, mu = np.array([1.0, 5.0]), 0.05, 0.9
    theta, v = np.array([1.0, -2.0]), np.zeros(2)
    w, config = theta.copy(), {"learning_rate": a, "momentum": mu}
    for _ in range(20):
        v = mu * v - a * curvature * (theta + mu * v)
        theta = theta + v
        w, config = optim.nesterov_momentum(w, curvature * w, config)
        np.testing.assert_allclose(w, theta + mu * v, rtol=1e-12)


def test_rmsprop_closed_form():
    # the cache after k steps is g^2 (1 - d^k), so that step k is a / sqrt(1 - d^k)
    w, _ = after("rmsprop", 5, g=-2.0, learning_rate=0.1, decay_rate=0.7, epsilon=1e-300)
    np.testing.assert_allclose(w, sum(0.1 / math.sqrt(1 - 0.7**k) for k in range(1, 6)), rtol=1e-13)


def test_adagrad_closed_form():
    w, config = after("adagrad", 5, g=3.0, learning_rate=0.1, epsilon=1e-300)
    np.testing.assert_allclose(w, -0.1 * sum(1 / math.sqrt(k) for k in range(1, 6)), rtol=1e-13)
    np.testing.assert_allclose(config["cache"], 5 * 9.0)


def test_adadelta_first_two_steps_by_hand():
    g, rho, eps = 2.0, 0.9, 1e-3
    e1 = (1 - rho) * g * g
    step1 = math.sqrt(eps) / math.sqrt(e1 + eps) * g
    d1 = (1 - rho) * step1**2
    step2 = math.sqrt(d1 + eps) / math.sqrt(rho * e1 + (1 - rho) * g * g + eps) * g
    w, _ = after("adadelta", 2, g=g, decay_rate=rho, epsilon=eps)
    np.testing.assert_allclose(w, -(step1 + step2), rtol=1e-13)


def test_adam_moves_by_the_learning_rate_under_a_constant_gradient():
    # both corrected moments are exact then: m_hat = g, v_hat = g^2
    for g in (4.0, -0.01):
        w, config = after("adam", 9, g=g, learning_rate=0.1, epsilon=1e-300)
        np.testing.assert_allclose(w, -math.copysign(0.9, g), rtol=1e-12)
        assert config["t"] == 9


def test_adamw_shrinks_by_learning_rate_times_decay_alone():
    w, config = np.array([2.0, -3.0]), {"learning_rate": 0.1, "weight_decay": 0.5}
    for _ in range(4):
        w, config = optim.adamw(w, np.zeros(2), config)
    np.testing.assert_allclose(w, np.array([2.0, -3.0]) * (1 - 0.05) ** 4, rtol=1e-14)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_adamw_without_decay_is_adam(seed, steps):
    rng = np.random.default_rng(seed)
    w = u = rng.standard_normal((3, 2))
    adam, adamw = {}, {"weight_decay": 0}
    for _ in range(steps):
        dw = rng.standard_normal((3, 2))
        w, adam = optim.adam(w, dw, adam)
        u, adamw = optim.adamw(u, dw, adamw)
    np.testing.assert_array_equal(w, u)


@pytest.mark.torch
@pytest.mark.parametrize(
    ("rule", "name", "settings", "torch_settings"),
    [
        ("sgd", "SGD", {"learning_rate": 0.1}, {"lr": 0.1}),
        ("sgd_momentum", "SGD", {"learning_rate": 0.1, "momentum": 0.8}, {"lr": 0.1, "momentum": 0.8}),
        ("nesterov_momentum", "SGD", {"learning_rate": 0.1}, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
        ("rmsprop", "RMSprop", {}, {"alpha": 0.99, "eps": 1e-8}),
        ("adagrad", "Adagrad", {"epsilon": 1e-10}, {"lr": 1e-2, "eps": 1e-10}),
        ("adadelta", "Adadelta", {}, {"lr": 1.0, "rho": 0.95, "eps": 1e-6}),
        ("adam", "Adam", {}, {}),
        ("adamw", "AdamW", {"weight_decay": 0.03}, {"weight_decay": 0.03}),
    ],
)
def test_agrees_with_pytorch(rule, name, settings, torch_settings):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(5)
    w = rng.standard_normal((4, 3))
    theirs = torch.tensor(w.copy(), requires_grad=True)
    optimizer = getattr(torch.optim, name)([theirs], **torch_settings)
    config = dict(settings)
    for _ in range(25):
        dw = rng.standard_normal((4, 3))
        theirs.grad = torch.tensor(dw)
        optimizer.step()
        w, config = optim.UPDATE_RULES[rule](w, dw, config)
        np.testing.assert_allclose(w, theirs.detach().numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.torch
def test_clipping_agrees_with_pytorch():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(5)
    grads = {"a": rng.standard_normal((4, 3)), "b": rng.standard_normal(7)}
    params = [torch.zeros(g.shape, dtype=torch.float64) for g in grads.values()]
    for p, g in zip(params, grads.values(), strict=True):
        p.grad = torch.tensor(g)
    torch.nn.utils.clip_grad_norm_(params, 0.7)
    for p, g in zip(params, optim.clip_gradients(grads, 0.7).values(), strict=True):
        np.testing.assert_allclose(g, p.grad.numpy(), rtol=1e-5)  # PyTorch adds 1e-6 to the norm


# Contracts that all rules share.


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("shape", [(), (1,), (0,), (3, 2), (2, 1, 3)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("dw_dtype", [np.float32, np.float64])
def test_dtype_and_shape_of_w_are_kept(rule, shape, dtype, dw_dtype):
    rng = np.random.default_rng(0)
    w = np.array(rng.standard_normal(shape), dtype=dtype)
    # settings drawn at random are NumPy float64, which must not promote float32 parameters
    config = {"learning_rate": np.float64(0.01)}
    for _ in range(3):
        dw = np.array(rng.standard_normal(shape), dtype=dw_dtype)
        w, returned = optim.UPDATE_RULES[rule](w, dw, config)
        assert returned is config
        assert isinstance(w, np.ndarray)
        assert (w.dtype, w.shape) == (dtype, shape)
        for key in MEMORY[rule]:
            assert (config[key].dtype, config[key].shape) == (dtype, shape)


@pytest.mark.parametrize("rule", RULES)
def test_everything_is_computed_in_the_dtype_of_w(rule):
    rng = np.random.default_rng(0)
    w, dw = rng.standard_normal(50).astype(np.float32), rng.standard_normal((4, 50))
    plain, a, b = {"learning_rate": 0.01}, w.copy(), w.copy()
    promoting = {"learning_rate": np.float64(0.01), **{key: np.zeros(50) for key in MEMORY[rule]}}
    for row in dw:
        a, _ = optim.UPDATE_RULES[rule](a, row.astype(np.float32), plain)
        b, _ = optim.UPDATE_RULES[rule](b, row, promoting)
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("rule", RULES)
def test_only_sgd_writes_into_w_and_none_into_its_other_arguments(rule):
    w, dw = np.arange(4.0), np.ones(4)
    config = {key: np.full(4, 0.5) for key in MEMORY[rule]}
    given_arrays = dict(config)
    next_w, _ = optim.UPDATE_RULES[rule](w, dw, config)
    assert (next_w is w) == (rule == "sgd")
    if rule != "sgd":
        np.testing.assert_array_equal(w, np.arange(4.0))
        assert not np.shares_memory(next_w, w)
    np.testing.assert_array_equal(dw, 1)
    for array in given_arrays.values():
        np.testing.assert_array_equal(array, 0.5)


@pytest.mark.parametrize("rule", RULES)
def test_positional_calls_and_no_config(rule):
    update = optim.UPDATE_RULES[rule]
    a, config = update(np.ones(3), np.ones(3), {"learning_rate": 0.1})
    b, _ = update(np.ones(3), np.ones(3), config={"learning_rate": 0.1})
    np.testing.assert_array_equal(a, b)
    _, filled_in = update(np.ones(3), np.ones(3))
    assert filled_in.keys() == config.keys()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("layout", ["fortran", "strided", "reversed", "read-only"])
def test_layouts_give_the_same_numbers(rule, layout):
    rng = np.random.default_rng(1)
    w, dw = rng.standard_normal((2, 3, 4))[..., :3], rng.standard_normal((2, 3, 3))
    expected, _ = optim.UPDATE_RULES[rule](w.copy(), dw)
    if layout == "fortran":
        w, dw = np.asfortranarray(w), np.asfortranarray(dw)
    elif layout == "reversed":
        w, dw = w[:, ::-1].copy()[:, ::-1], dw[:, ::-1].copy()[:, ::-1]
    elif layout == "read-only":
        dw.flags.writeable = False
    got, _ = optim.UPDATE_RULES[rule](w, dw)
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_pass_through(rule, bad):
    with np.errstate(invalid="ignore"):
        next_w, _ = optim.UPDATE_RULES[rule](np.ones(3), np.array([0.5, bad, 0.5]))
    assert not np.isfinite(next_w[1]) or (rule in ("rmsprop", "adagrad", "adadelta", "adam", "adamw") and np.isinf(bad))
    assert np.all(np.isfinite(next_w[[0, 2]]))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    ("w", "dw", "config", "error", "words"),
    [
        (np.ones(3), np.ones(4), None, ValueError, ["dw", "(3,)", "(4,)"]),
        (np.ones(3), np.ones(1), None, ValueError, ["dw", "(3,)", "(1,)"]),
        (np.ones(3, dtype=int), np.ones(3), None, TypeError, ["w must be float32 or float64", "int64"]),
        (np.ones(3), np.ones(3, dtype=int), None, TypeError, ["dw must be float32 or float64", "int64"]),
        ([1.0, 2.0], np.ones(2), None, TypeError, ["w must be a NumPy array", "list"]),
        (np.ones(2), 0.5, None, TypeError, ["dw must be a NumPy array", "float"]),
        (np.ones(3), np.ones(3), {"learning_rat": 0.1}, ValueError, ["'learning_rat'", "learning_rate"]),
        (np.ones(3), np.ones(3), 0.1, TypeError, ["config", "dict", "0.1"]),
        (np.ones(3), np.ones(3), {"learning_rate": "0.1"}, TypeError, ["learning_rate", "'0.1'"]),
        (np.ones(3), np.ones(3), {"learning_rate": None}, TypeError, ["learning_rate", "None"]),
        (np.ones(3), np.ones(3), {"learning_rate": True}, TypeError, ["learning_rate", "True"]),
        (np.ones(3), np.ones(3), {"learning_rate": -0.1}, ValueError, ["learning_rate", "-0.1"]),
        (np.ones(3), np.ones(3), {"learning_rate": np.nan}, ValueError, ["learning_rate", "nan"]),
        (np.ones(3), np.ones(3), {"learning_rate": np.inf}, ValueError, ["learning_rate", "inf"]),
    ],
)
def test_wrong_calls_are_refused(rule, w, dw, config, error, words):
    with pytest.raises(error) as caught:
        optim.UPDATE_RULES[rule](w, dw, config)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "config", "words"),
    [
        ("sgd_momentum", {"momentum": 1.5}, ["momentum", "1.5"]),
        ("sgd_momentum", {"velocity": np.zeros(2)}, ["velocity", "(3,)", "(2,)"]),
        ("rmsprop", {"decay_rate": 1.0}, ["decay_rate", "below 1", "1.0"]),
        ("rmsprop", {"epsilon": 0.0}, ["epsilon", "above 0", "0.0"]),
        ("adam", {"beta1": 1}, ["beta1", "below 1", "1"]),
        ("adam", {"t": -1}, ["'t'", "-1"]),
        ("adam", {"momentum": 0.9}, ["'momentum'", "adam", "beta1"]),
        ("sgd", {"momentum": 0.9}, ["'momentum'", "sgd"]),
        ("adadelta", {"step_cache": np.zeros((3, 1))}, ["step_cache", "(3,)", "(3, 1)"]),
    ],
)
def test_wrong_settings_are_refused(rule, config, words):
    with pytest.raises(ValueError) as caught:
        optim.UPDATE_RULES[rule](np.ones(3), np.ones(3), config)
    for word in words:
        assert word in str(caught.value)


def test_memory_of_the_wrong_kind_is_refused():
    with pytest.raises(TypeError, match="velocity"):
        optim.sgd_momentum(np.ones(3), np.ones(3), {"velocity": [0, 0, 0]})
    with pytest.raises(TypeError, match="'t'"):
        optim.adam(np.ones(3), np.ones(3), {"t": 0.5})


def test_sgd_refuses_a_read_only_parameter():
    w = np.ones(3)
    w.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        optim.sgd(w, np.ones(3))


@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3), st.sampled_from([np.float32, np.float64]))
def test_clipping_limits_the_norm_and_keeps_the_direction(seed, max_norm, dtype):
    rng = np.random.default_rng(seed)
    grads = {"a": rng.standard_normal((3, 4)).astype(dtype), "b": (100 * rng.standard_normal(2)).astype(dtype)}
    flat = np.concatenate([g.ravel() for g in grads.values()]).astype(np.float64)
    norm = np.linalg.norm(flat)
    clipped = optim.clip_gradients(grads, max_norm)
    assert all(clipped[name].dtype == dtype for name in grads)
    now = np.concatenate([g.ravel() for g in clipped.values()]).astype(np.float64)
    if norm <= max_norm:
        assert clipped is grads
    else:
        np.testing.assert_allclose(np.linalg.norm(now), max_norm, rtol=1e-6)
        np.testing.assert_allclose(now, flat * (max_norm / norm), rtol=1e-6)


def test_clipping_of_huge_zero_and_empty_gradients():
    clipped = optim.clip_gradients({"a": np.array([3e200, 4e200])}, 1.0)
    np.testing.assert_allclose(clipped["a"], [0.6, 0.8])
    zero = {"a": np.zeros(3), "b": np.zeros(0)}
    assert optim.clip_gradients(zero, 1.0) is zero
