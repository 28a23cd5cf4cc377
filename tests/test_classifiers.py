"""The hand-written networks: gradients, initial loss, the keywords of every year, saved and resumed."""

import numpy as np
import pytest
from helpers import numerical_gradient, same_bits

from convkit import Solver, fast_layers, layer_utils, layers, numpy_layers, use
from convkit.classifiers import cnn, fc_net
from convkit.classifiers.cnn import ThreeLayerConvNet
from convkit.classifiers.fc_net import FullyConnectedNet, TwoLayerNet


def small(kind, dtype=np.float64, **more):
    np.random.seed(1)
    if kind == "conv":
        sizes = {"input_dim": (2, 6, 4), "num_filters": 3, "filter_size": 3, "hidden_dim": 5, "num_classes": 4}
        return ThreeLayerConvNet(**sizes, weight_scale=0.3, dtype=dtype, **more)
    if kind == "two":
        return TwoLayerNet(input_dim=48, hidden_dim=5, num_classes=4, weight_scale=0.3, **more)
    return FullyConnectedNet([6, 5], input_dim=48, num_classes=4, weight_scale=0.3, dtype=dtype, **more)


NETWORKS = {
    "conv": ("conv", {}),
    "conv, regularized": ("conv", {"reg": 0.7}),
    "two": ("two", {"reg": 0.5}),
    "deep": ("deep", {"reg": 0.5}),
    "deep, batchnorm": ("deep", {"normalization": "batchnorm"}),
    "deep, layernorm": ("deep", {"normalization": "layernorm", "reg": 0.1}),
    "deep, dropout": ("deep", {"dropout_keep_ratio": 0.6, "seed": 123}),
    "deep, all": ("deep", {"dropout_keep_ratio": 0.6, "seed": 123, "normalization": "batchnorm", "reg": 0.1}),
}
X, Y = np.random.default_rng(0).normal(size=(5, 2, 6, 4)), np.array([0, 3, 1, 1, 2])


@pytest.mark.parametrize(
    ("name", "modules"),
    [(name, (fast_layers,)) for name in NETWORKS] + [("conv, regularized", ()), ("conv, regularized", (numpy_layers,))],
)
def test_gradients_are_the_slopes(name, modules):
    kind, more = NETWORKS[name]
    model = small(kind, **more)
    for key in model.params:
        if key[0] == "b":  # where all units before it are dropped, a bias of 0 would stand on ReLU's kink
            model.params[key] += np.random.randn(*model.params[key].shape)
    with use(*modules):
        _, grads = model.loss(X, Y)
    assert grads.keys() == model.params.keys()
    for key, value in model.params.items():
        numerical = numerical_gradient(lambda: model.loss(X, Y)[0], value, 1.0, h=1e-6)
        np.testing.assert_allclose(grads[key], numerical, rtol=1e-5, atol=1e-8, err_msg=key)
        assert grads[key].shape == value.shape


@pytest.mark.parametrize("kind", ["conv", "two", "deep"])
def test_initial_loss_is_log_c_and_a_little_more_with_regularization(kind):
    model = small(kind)
    for name in model.params:
        model.params[name] = model.params[name] * 1e-3
    loss, _ = model.loss(X, Y)
    assert loss == pytest.approx(np.log(4), abs=1e-3)
    model.reg = 0.5
    penalty = 0.25 * sum(np.sum(W**2) for name, W in model.params.items() if name.startswith("W"))
    assert model.loss(X, Y)[0] - loss == pytest.approx(penalty, rel=1e-9)
    assert isinstance(loss, np.floating)


@pytest.mark.parametrize("kind", ["conv", "deep"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, "float32"])
def test_everything_is_computed_in_the_networks_dtype_but_that_images_of_float64_stay_so_in_the_conv_net(kind, dtype):
    model = small(kind, dtype=dtype)
    for images in (X, X.astype(">f8"), X.astype(np.float32), X.astype(np.float16), (9 * X).astype(np.int8)):
        loss, grads = model.loss(images, Y)
        stays = kind == "conv" and images.dtype.newbyteorder("=") == np.float64
        found = {a.dtype for a in (loss, model.loss(images), *grads.values(), *model.params.values())}
        assert found - {np.dtype(dtype)} == ({np.dtype(np.float64)} if stays else set()) - {np.dtype(dtype)}
        assert all(grads[name].dtype == (np.float64 if stays else dtype) for name in grads)


def test_a_conv_net_of_float32_trains_on_images_of_float64_as_one_of_float64_with_the_same_weights():
    model, precise = small("conv", dtype=np.float32), small("conv", dtype=np.float64)
    precise.params = {name: array.astype(np.float64) for name, array in model.params.items()}
    loss, grads = model.loss(X, Y)
    expected, wanted = precise.loss(X, Y)
    assert loss == expected
    assert all(np.array_equal(grads[name], wanted[name]) for name in wanted)
    solver = Solver(
        model, {"X_train": X, "y_train": Y, "X_val": X, "y_val": Y}, num_epochs=2, batch_size=len(X), verbose=False
    )
    solver.train()
    assert solver.loss_history[-1] < solver.loss_history[0]
    assert {array.dtype for array in model.params.values()} == {np.dtype(np.float32)}


def test_weights_are_drawn_in_the_order_of_cs231n():
    np.random.seed(231)
    model = ThreeLayerConvNet(input_dim=(3, 8, 8), num_filters=4, filter_size=5, hidden_dim=6, dtype=np.float64)
    deep = FullyConnectedNet([7, 6], input_dim=10, weight_scale=0.05, normalization="batchnorm", dtype=np.float64)
    np.random.seed(231)
    for name, shape in (("W1", (4, 3, 5, 5)), ("W2", (64, 6)), ("W3", (6, 10))):
        np.testing.assert_array_equal(model.params[name], 1e-3 * np.random.randn(*shape))
    for name, shape in (("W1", (10, 7)), ("W2", (7, 6)), ("W3", (6, 10))):
        np.testing.assert_array_equal(deep.params[name], 0.05 * np.random.randn(*shape))
    assert list(model.params) == ["W1", "b1", "W2", "b2", "W3", "b3"]
    assert {n for n in deep.params if n[0] in "gb"} == {"b1", "b2", "b3", "gamma1", "gamma2", "beta1", "beta2"}
    assert not model.params["b1"].any()
    assert (deep.params["gamma1"] == 1).all()


def test_the_defaults_are_the_published_ones():
    conv, two, deep = ThreeLayerConvNet(), TwoLayerNet(), FullyConnectedNet([100])
    assert [p.shape for p in conv.params.values()] == [(32, 3, 7, 7), (32,), (8192, 100), (100,), (100, 10), (10,)]
    assert [p.shape for p in two.params.values()] == [p.shape for p in deep.params.values()]
    assert two.params["W1"].shape == (3072, 100)
    assert deep.params["W1"].dtype == conv.params["W1"].dtype == np.float32
    assert np.std(conv.params["W2"]) == pytest.approx(1e-3, rel=0.02)
    assert np.std(deep.params["W1"]) == pytest.approx(1e-2, rel=0.02)


@pytest.mark.parametrize(
    ("keywords", "keep", "normalization"),
    [
        ({}, None, None),
        ({"dropout": 0}, None, None),
        ({"dropout": 0, "use_batchnorm": False}, None, None),
        ({"dropout": 0.25, "use_batchnorm": False}, 0.75, None),  # 2017: the probability to drop
        ({"dropout": 0.25, "use_batchnorm": True}, 0.75, "batchnorm"),
        ({"dropout": 0.25}, 0.25, None),  # 2018: to keep
        ({"dropout": 1, "normalization": "layernorm"}, None, "layernorm"),
        ({"dropout_keep_ratio": 0.5}, 0.5, None),  # since 2021
        ({"use_batchnorm": True}, None, "batchnorm"),
    ],
)
def test_keywords_of_every_year(keywords, keep, normalization):
    model = FullyConnectedNet([5], input_dim=6, **keywords)
    assert (model.dropout_param["p"] if model.use_dropout else None) == keep
    assert model.normalization == normalization


def test_batchnorm_trains_and_tests_in_its_modes():
    model = small("deep", normalization="batchnorm", dropout_keep_ratio=0.5)
    model.loss(X, Y)
    assert {p["mode"] for p in (*model.bn_params, model.dropout_param)} == {"train"}
    averages = model.get_state()
    scores = model.loss(X)
    np.testing.assert_array_equal(scores, model.loss(X))
    assert {p["mode"] for p in (*model.bn_params, model.dropout_param)} == {"test"}
    assert all(same_bits(value, averages[name]) for name, value in model.get_state().items())
    assert list(averages) == ["running_mean1", "running_var1", "running_mean2", "running_var2"]


def test_the_star_import_brings_what_notebooks_take_from_it():
    for module in (cnn, fc_net):
        names: dict = {}
        exec(f"from {module.__name__} import *", names)
        wanted = {*layers.__all__, *layer_utils.__all__, *fast_layers.__all__, "np"}
        assert wanted <= names.keys()
    assert names["FullyConnectedNet"] is FullyConnectedNet
    assert names["np"] is np


def data(n=60):
    rng = np.random.default_rng(5)
    y = rng.integers(0, 3, n)
    X = rng.normal(size=(n, 8)) + 2 * np.eye(8)[y]
    return {"X_train": X, "y_train": y, "X_val": X[:20], "y_val": y[:20]}


def test_a_run_with_running_averages_that_was_cut_off_ends_as_if_it_had_not_been(tmp_path):
    def solver(name):
        np.random.seed(3)
        model = FullyConnectedNet([6, 5], input_dim=8, num_classes=3, normalization="batchnorm", dropout_keep_ratio=0.8)
        settings = {"update_rule": "adam", "num_epochs": 5, "batch_size": 10, "verbose": False}
        return Solver(model, data(), checkpoint_name=str(tmp_path / name), **settings)

    whole = solver("whole")
    whole.train()
    cut_off = solver("cut_off")
    cut_off.num_epochs = 2
    cut_off.train()
    resumed = solver("resumed")
    np.random.seed(77)
    resumed.load_checkpoint(tmp_path / "cut_off_epoch_2.npz")
    resumed.train()
    assert resumed.loss_history == whole.loss_history
    assert resumed.val_acc_history == whole.val_acc_history
    for found, expected in (
        (resumed.model.params, whole.model.params),
        (resumed.model.get_state(), whole.model.get_state()),
    ):
        assert found.keys() == expected.keys()
        assert all(same_bits(found[name], expected[name]) for name in expected)


@pytest.mark.parametrize("name", NETWORKS)
def test_saved_and_loaded_networks_give_the_same_scores(name, tmp_path):
    kind, more = NETWORKS[name]
    model = small(kind, **more)
    for _ in range(3):
        model.loss(X, Y)
    model.save(tmp_path / "net.npz")
    other = small(kind, **more)
    for key in other.params:
        other.params[key] = other.params[key] * 0
    other.load(tmp_path / "net.npz")
    assert same_bits(model.loss(X), other.loss(X))
