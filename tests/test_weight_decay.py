"""L2 regularization, on the way through the layers and at the end: each weight gets its part exactly once."""

import types

import numpy as np
import pytest
from helpers import assert_close, needs_compiled

from convkit import fast_layers, layer_utils, nn, numpy_layers, ops, use
from convkit.classifiers.cnn import ThreeLayerConvNet
from convkit.classifiers.fc_net import FullyConnectedNet, TwoLayerNet
from convkit.kernels import affine
from convkit.weight_decay import WeightDecay

rng = np.random.default_rng(0)


def part(shape, dtype=np.float64):
    return rng.standard_normal(shape).astype(dtype)


def wide_classifier(net, dtype=np.float32):
    return nn.Classifier(net, (3, 8, 8), reg=0.1, dtype=dtype, rng=0)


def three_layers(dtype):
    np.random.seed(0)
    sizes = {"input_dim": (3, 8, 8), "num_filters": 32, "filter_size": 3, "hidden_dim": 600}
    return ThreeLayerConvNet(**sizes, reg=0.1, dtype=dtype)


def fully_connected(normalization):
    np.random.seed(0)
    dropout = {"dropout_keep_ratio": 0.8, "seed": 1}
    return FullyConnectedNet([600, 450], 192, reg=0.1, normalization=normalization, **dropout)


def two_layers():
    np.random.seed(0)
    return TwoLayerNet(input_dim=192, hidden_dim=1400, reg=0.1)


MODELS = {
    "three layers": lambda: three_layers(np.float32),
    "three layers, float64": lambda: three_layers(np.float64),
    "fully connected": lambda: fully_connected(None),
    "fully connected, batchnorm": lambda: fully_connected("batchnorm"),
    "two layers": two_layers,
    "sequential": lambda: wide_classifier(nn.Sequential(nn.Affine(1400), nn.ReLU(), nn.Affine(10))),
    "without a ReLU": lambda: wide_classifier(nn.Sequential(nn.Affine(1400), nn.Affine(10)), np.float64),
    "residual": lambda: wide_classifier(
        nn.Sequential(nn.Affine(520), nn.Residual(nn.Sequential(nn.Affine(520), nn.ReLU())), nn.Affine(10))
    ),
}


@needs_compiled
@pytest.mark.parametrize("module", [fast_layers, numpy_layers])
@pytest.mark.parametrize("name", MODELS)
def test_loss_and_gradients_are_those_of_the_layers_that_leave_it_to_the_end(name, module, monkeypatch):
    X, y = part((6, 3, 8, 8), np.float32), np.arange(6) % 10
    taken, add = [], WeightDecay.add

    def note(self, w, squares):
        taken.append(w)
        add(self, w, squares)

    monkeypatch.setattr(WeightDecay, "add", note)
    with use(module):
        loss, grads = MODELS[name]().loss(X, y)
    assert taken, "no layer took care of it on the way: nothing is tested"
    count = len(taken)
    with use():
        model = MODELS[name]()
        expected_loss, expected = model.loss(X, y)
    assert len(taken) == count
    assert isinstance(loss, type(expected_loss))
    float32 = next(iter(model.params.values())).dtype == np.float32
    assert loss == pytest.approx(expected_loss, rel=1e-5 if float32 else 1e-12)
    largest = max(np.max(np.abs(gradient)) for gradient in expected.values())
    for key, gradient in expected.items():
        assert grads[key].dtype == gradient.dtype
        # batch normalization leaves nothing of a bias' gradient but rounding
        assert_close(grads[key], gradient, tolerance=2e-5 if float32 else 1e-11, scale=0.1 * largest)


@needs_compiled
def test_a_weight_in_several_layers_gets_its_part_once():
    w, b, x = part((600, 600)), part(600), part((5, 600))
    decay = WeightDecay({"w": w}, 0.5, ["w"])
    with use(fast_layers):
        out, first = ops.forward("affine", x, w, b)
        _, second = ops.forward("affine", out, w, b)
        dout = part((5, 600))
        dx, dw2, _ = ops.backward(dout, second, weight_decay=decay)
        assert not decay.wants(w)
        _, dw1, _ = ops.backward(dx, first, weight_decay=decay)
        grads = {"w": dw1 + dw2}
        penalty = decay.finish(grads)
    assert penalty == pytest.approx(0.25 * np.sum(w**2))
    assert_close(grads["w"], out.T @ dout + x.T @ (dout @ w.T) + 0.5 * w, tolerance=1e-10)


@needs_compiled
def test_one_array_under_two_names_is_left_to_the_end():
    w, b, x, dout = part((600, 500)), part(500), part((5, 600)), part((5, 500))
    decay = WeightDecay({"W1": w, "W2": w}, 0.5)
    with use(fast_layers):
        _, step = ops.forward("affine", x, w, b)
        _, dw, _ = ops.backward(dout, step, weight_decay=decay)
    assert_close(dw, x.T @ dout, tolerance=1e-10)
    grads = {"W1": dw.copy(), "W2": dw.copy()}
    assert decay.finish(grads) == pytest.approx(0.5 * np.sum(w**2))
    for gradient in grads.values():
        assert_close(gradient, dw + 0.5 * w, tolerance=1e-12)


@needs_compiled
def test_a_module_that_does_not_know_of_it_gets_gradients_without_it():
    """It may scale them: the part of the weight decay must not be scaled with them."""

    class Halved(nn.Module):
        decayed = ("w",)

        def __init__(self):
            self.inner = nn.Affine(1400)

        def init(self, shape, rng=None, dtype=np.float32):
            return self.inner.init(shape, rng, dtype)

        def forward(self, params, x, train=False):
            return self.inner.forward(params, x, train)

        def backward(self, dout, cache):
            dx, grads = self.inner.backward(dout, cache)
            return dx, {name: array / 2 for name, array in grads.items()}

    X, y = part((6, 3, 8, 8), np.float32), np.arange(6) % 10
    with use(fast_layers):
        _, grads = wide_classifier(nn.Sequential(Halved(), nn.ReLU(), nn.Affine(10))).loss(X, y)
        model = wide_classifier(nn.Sequential(nn.Affine(1400), nn.ReLU(), nn.Affine(10)))
        _, plain = model.loss(X, y)
    w = model.params["affine1.w"]
    assert_close(grads["halved1.w"], (plain["affine1.w"] - 0.1 * w) / 2 + 0.1 * w, tolerance=1e-5)


@needs_compiled
@pytest.mark.parametrize("what", ["other dtype", "Fortran", "a copy", "small", "no images", "reg=0"])
def test_what_does_not_fit_is_left_to_the_end(what):
    dtype = np.float32 if what == "other dtype" else np.float64
    w = part((40, 50) if what == "small" else (600, 500), dtype)
    w = np.asfortranarray(w) if what == "Fortran" else w
    used = w.copy() if what == "a copy" else w
    x, b, dout = part((0 if what == "no images" else 5, len(w))), part(w.shape[1]), part((5, w.shape[1]))
    dout = dout[: len(x)]
    decay = WeightDecay({"W": w}, 0.0 if what == "reg=0" else 0.5)
    assert w.size >= affine.LARGE or what == "small"
    with use(fast_layers):
        _, step = ops.forward("affine", x, used, b)
        _, dw, _ = ops.backward(dout, step, weight_decay=decay)
    assert_close(dw, x.T @ dout, tolerance=1e-10)
    grads = {"W": dw.copy()}
    assert decay.finish(grads) == pytest.approx(0.5 * decay.reg * np.sum(w.astype(np.float64) ** 2))
    assert_close(grads["W"], dw + decay.reg * w, tolerance=1e-10)


def test_an_implementation_without_the_argument_is_called_as_ever():
    mine = types.ModuleType("mine")

    def affine_forward(x, w, b):
        return x @ w + b, (x, w)

    def affine_backward(dout, cache):
        x, w = cache
        return dout @ w.T, x.T @ dout, dout.sum(axis=0)

    for function in (affine_forward, affine_backward):
        function.__module__ = "mine"
        setattr(mine, function.__name__, function)
    x, w, b = part((4, 5)), part((5, 3)), part(3)
    decay = WeightDecay({"W": w}, 0.5)
    with use(mine):
        out, cache = layer_utils.affine_relu_forward(x, w, b)
        _, dw, _ = layer_utils.affine_relu_backward(out, cache, weight_decay=decay)
    assert_close(dw, x.T @ out, tolerance=1e-12)
    assert decay.wants(w)


def test_a_model_with_a_backward_of_its_own():
    class Own(ThreeLayerConvNet):
        def backward(self, dscores, cache, needs_dx=True):
            dX, grads = super().backward(dscores, cache, needs_dx)
            return dX, {name: 3 * array for name, array in grads.items()}

    np.random.seed(0)
    own = Own(input_dim=(3, 8, 8), hidden_dim=600, num_filters=32, reg=0.1)
    np.random.seed(0)
    plain = ThreeLayerConvNet(input_dim=(3, 8, 8), hidden_dim=600, num_filters=32)
    X, y = part((6, 3, 8, 8), np.float32), np.arange(6) % 10
    (_, grads), (_, expected) = own.loss(X, y), plain.loss(X, y)
    for name, array in expected.items():
        decayed = 0.1 * plain.params[name] if name.startswith("W") else 0
        assert_close(grads[name], 3 * array + decayed, tolerance=1e-5)
