"""Initializers: variances, ranges, orthogonality, and activations that neither grow nor fade."""

import numpy as np
import pytest

from convkit.initializers import INITIALIZERS, constant, draw, fans, normal, orthogonal
from convkit.nn import Affine, Classifier, Conv, ReLU, Sequential, Tanh

AFFINE, FILTERS = (400, 300), (60, 20, 5, 4)
# variance = scale / fan, for affine weights (fan_in 400, fan_out 300) and filters (400 and 1200)
VARIANCES = {
    "glorot_uniform": (2 / 700, 2 / 1600),
    "glorot_normal": (2 / 700, 2 / 1600),
    "xavier_uniform": (2 / 700, 2 / 1600),
    "xavier_normal": (2 / 700, 2 / 1600),
    "he_uniform": (2 / 400, 2 / 400),
    "he_normal": (2 / 400, 2 / 400),
    "he_normal_fan_out": (2 / 300, 2 / 1200),
    "lecun_uniform": (1 / 400, 1 / 400),
    "lecun_normal": (1 / 400, 1 / 400),
}


def test_fans():
    assert fans(AFFINE) == (400, 300)
    assert fans(FILTERS) == (20 * 5 * 4, 60 * 5 * 4)
    assert fans((8, 1, 3, 3)) == (9, 72)
    assert fans((6, 2, 7)) == (14, 42)
    with pytest.raises(ValueError, match="shape must be"):
        fans((5,))


@pytest.mark.parametrize("name", VARIANCES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_mean_variance_and_range(name, dtype):
    for shape, variance in zip((AFFINE, FILTERS), VARIANCES[name], strict=True):
        w = draw(name, shape, np.random.default_rng(0), dtype)
        assert w.shape == shape
        assert w.dtype == dtype
        assert abs(w.mean()) < 5 * np.sqrt(variance / w.size)
        assert w.var() == pytest.approx(variance, rel=0.05)
        limit = np.sqrt(3 * variance)
        assert (np.abs(w).max() <= limit * (1 + 1e-6)) == name.endswith("uniform")


@pytest.mark.parametrize("shape", [(30, 20), (20, 30), (7, 7), (6, 2, 3, 3), (40, 2, 3, 3)])
def test_orthogonal(shape):
    w = orthogonal(shape, np.random.default_rng(0)).reshape(shape[0], -1)
    product = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(product, np.eye(len(product)), atol=1e-12)
    if w.shape[0] == w.shape[1]:
        x = np.random.default_rng(1).normal(size=7)
        assert np.linalg.norm(w @ x) == pytest.approx(np.linalg.norm(x))


def test_orthogonal_matrices_are_all_equally_likely():
    rng = np.random.default_rng(0)
    first = np.array([orthogonal((2, 2), rng)[0] for _ in range(4000)])
    angles = np.sort(np.arctan2(first[:, 1], first[:, 0]))
    steps = np.abs(angles - np.linspace(-np.pi, np.pi, 4000)).max()
    assert steps < 0.2, "the angle of the first row is uniform"


def test_constants():
    assert (draw("zeros", (3, 2), np.random.default_rng(0)) == 0).all()
    assert (draw("ones", (3,), np.random.default_rng(0)) == 1).all()
    assert (draw(constant(0.5), (3, 2), np.random.default_rng(0), np.float32) == np.float32(0.5)).all()
    assert draw(normal(0.01), AFFINE, np.random.default_rng(0)).std() == pytest.approx(0.01, rel=0.02)


@pytest.mark.parametrize(
    ("activation", "name", "low", "high"), [(ReLU, "he_normal", 0.3, 3), (Tanh, "glorot_uniform", 0.02, 1)]
)
def test_signals_neither_grow_nor_fade_in_twenty_layers(activation, name, low, high):
    net = Sequential(*(layer for _ in range(20) for layer in (Affine(200, init_w=name), activation())))
    params, _ = net.init((200,), 0)
    x = np.random.default_rng(1).normal(size=(50, 200)).astype(np.float32)
    assert low < np.mean(net.apply(params, x) ** 2) < high
    small = Sequential(*(layer for _ in range(20) for layer in (Affine(200, init_w=normal(0.01)), activation())))
    params, _ = small.init((200,), 0)
    assert np.mean(small.apply(params, x) ** 2) < 1e-10, "with a standard deviation of 0.01 it fades to nothing"


def test_modules_take_names_and_functions():
    net = Sequential(Conv(4, 3, init_w="orthogonal", init_b=constant(0.1)), Affine(2, init_w=normal(0.01)))
    model = Classifier(net, (1, 5, 5), rng=0)
    assert (model.params["conv1.b"] == np.float32(0.1)).all()
    w = model.params["conv1.w"].reshape(4, 9)
    np.testing.assert_allclose(w @ w.T, np.eye(4), atol=1e-6)
    assert repr(net["affine1"]) == "Affine(2, init_w=normal(0.01))"


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: draw("kaiming", AFFINE, np.random.default_rng(0)), ValueError, "he_normal, .*got 'kaiming'"),
        (lambda: draw("he_normal", (3,), np.random.default_rng(0)), ValueError, r"to have a fan-in"),
        (lambda: draw("he_normal", AFFINE, 3), TypeError, r"np\.random\.default_rng\(seed\)"),
        (lambda: draw("he_normal", AFFINE, np.random.default_rng(0), int), TypeError, "dtype must be"),
        (lambda: draw("he_normal", (3, -1), np.random.default_rng(0)), ValueError, r"shape\[1\] must be 0 or more"),
        (lambda: constant(np.inf), ValueError, "value must lie in"),
        (lambda: normal(-1), ValueError, "std must lie in"),
        (lambda: Affine(3, init_w=3), TypeError, "init_w must be the name of an initializer"),
        (
            lambda: Affine(3, init_w=lambda shape, rng, dtype: np.zeros(3)).init((4,)),
            ValueError,
            r"the initializer of w must return an array \(4, 3\) of float32, got \(3,\) of float64",
        ),
    ],
)
def test_wrong_calls(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_all_are_known_by_name():
    assert set(VARIANCES) | {"orthogonal", "zeros", "ones"} == set(INITIALIZERS)
