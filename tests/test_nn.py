"""Networks as data: names, shapes, gradients, the switch, state and files."""

import numpy as np
import pytest
from helpers import assert_close

from convkit import ops, use
from convkit.gradient_check import check_model
from convkit.nn import (
    GELU,
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    Affine,
    AvgPool,
    BatchNorm,
    Classifier,
    Conv,
    Conv1d,
    Conv3d,
    ConvTranspose,
    Dropout,
    Flatten,
    GlobalAvgPool,
    GlobalMaxPool,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    LeakyReLU,
    MaxPool,
    Module,
    PadChannels,
    Parallel,
    Regressor,
    ReLU,
    Residual,
    SeparableConv,
    Sequential,
    Sigmoid,
    Softmax,
    SpatialDropout,
    SqueezeExcite,
    Tanh,
    Upsample,
)
from convkit.solver import Solver


def every_kind():
    """A small network with a module of each kind that has no dice in it."""
    return Sequential(
        Conv(4, 3, pad=1, bias=False),
        BatchNorm(),
        ReLU(),
        MaxPool(2),
        ("block", Sequential(Residual(Sequential(Conv(4, 3, pad=1), ReLU(), GroupNorm(2))), ReLU())),
        ("down", Residual(Conv(6, 3, stride=2, pad=1, rounding="floor"), Conv(6, 1, stride=2, rounding="floor"))),
        Parallel(Conv(2, 1), ("wide", Conv(3, 3, pad=1))),
        Flatten(),
        Affine(8),
        LayerNorm(),
        ReLU(),
        scores=Affine(3),
    )


def batch(shape=(2, 7, 9), N=4, dtype=np.float64):
    return np.random.default_rng(1).normal(size=(N, *shape)).astype(dtype)


def test_names_shapes_and_counts_without_drawing():
    net = every_kind()
    shapes, out = net.shapes((2, 8, 8))
    assert out == (3,)
    assert shapes == {
        "conv1.w": (4, 2, 3, 3),
        "batch_norm1.gamma": (4,),
        "batch_norm1.beta": (4,),
        "block.residual1.body.conv1.w": (4, 4, 3, 3),
        "block.residual1.body.conv1.b": (4,),
        "block.residual1.body.group_norm1.gamma": (4,),
        "block.residual1.body.group_norm1.beta": (4,),
        "down.body.w": (6, 4, 3, 3),
        "down.body.b": (6,),
        "down.shortcut.w": (6, 4, 1, 1),
        "down.shortcut.b": (6,),
        "parallel1.branch1.w": (2, 6, 1, 1),
        "parallel1.branch1.b": (2,),
        "parallel1.wide.w": (3, 6, 3, 3),
        "parallel1.wide.b": (3,),
        "affine1.w": (20, 8),
        "affine1.b": (8,),
        "layer_norm1.gamma": (8,),
        "layer_norm1.beta": (8,),
        "scores.w": (8, 3),
        "scores.b": (3,),
    }
    params, drawn_out = net.init((2, 8, 8), 0)
    assert drawn_out == out
    assert {name: array.shape for name, array in params.items()} == shapes
    assert net.num_params((2, 8, 8)) == sum(array.size for array in params.values())
    assert Sequential(Affine(10**6), Affine(10**6)).num_params((10**6,)) == 2 * (10**12 + 10**6)


def test_nodes_are_the_computation_in_order():
    nodes = every_kind().nodes((2, 8, 8))
    by_name = {node.name: node for node in nodes}
    assert by_name["conv1"].inputs == ("input",)
    assert by_name["block.residual1.add"].inputs == ("block.residual1.body.group_norm1", "max_pool1")
    assert by_name["down.add"].inputs == ("down.body", "down.shortcut")
    assert by_name["parallel1.concat"].in_shapes == ((2, 2, 2), (3, 2, 2))
    assert by_name["parallel1.concat"].out_shape == (5, 2, 2)
    assert nodes[-1].name == "scores"
    known = {"input": (2, 8, 8)}
    for node in nodes:
        assert node.in_shapes == tuple(known[name] for name in node.inputs)
        known[node.name] = node.out_shape
    assert sum(node.num_params for node in nodes) == every_kind().num_params((2, 8, 8))


def test_outputs_of_every_node_and_of_the_fused_network():
    net = every_kind()
    params, _ = net.init((2, 8, 8), 0, np.float64)
    x = batch((2, 8, 8))
    outputs = net.outputs(params, x)
    assert list(outputs) == [node.name for node in net.nodes((2, 8, 8))]
    assert {name: out.shape[1:] for name, out in outputs.items()} == {
        node.name: node.out_shape for node in net.nodes((2, 8, 8))
    }
    assert_close(outputs["scores"], net.apply(params, x))
    assert_close(net.forward(params, x)[0], net.apply(params, x))


@pytest.mark.parametrize("train", [True, False])
def test_gradients_of_every_parameter_and_of_x(train):
    net = every_kind()
    params, _ = net.init((2, 8, 8), 0, np.float64)
    x, dout = batch((2, 8, 8), 3), np.random.default_rng(2).normal(size=(3, 3))
    _, cache = net.forward(params, x, train)
    dx, grads = net.backward(dout, cache)
    assert grads.keys() == params.keys()
    rng = np.random.default_rng(3)
    for name, array, gradient in [("x", x, dx), *((name, params[name], grads[name]) for name in params)]:
        assert gradient.shape == array.shape
        direction, h = rng.normal(size=array.shape), 1e-6
        array += h * direction
        above = np.sum(net.forward(params, x, train)[0] * dout)
        array -= 2 * h * direction
        below = np.sum(net.forward(params, x, train)[0] * dout)
        array += h * direction
        assert np.sum(gradient * direction) == pytest.approx((above - below) / (2 * h), rel=2e-5, abs=1e-7), name


@pytest.mark.parametrize("loss", ["softmax", "svm"])
def test_a_classifier_passes_the_check_of_models(loss):
    model = Classifier(every_kind(), (2, 8, 8), loss=loss, reg=0.3, dtype=np.float64, rng=0)
    assert check_model(model, batch((2, 8, 8)), np.array([0, 1, 2, 0])).ok


def test_weight_decay_leaves_biases_and_norms_alone():
    model = Classifier(every_kind(), (2, 8, 8), reg=0.5, dtype=np.float64, rng=0)
    plain = Classifier(every_kind(), (2, 8, 8), dtype=np.float64, rng=0)
    x, y = batch((2, 8, 8)), np.array([0, 1, 2, 0])
    (loss, grads), (plain_loss, plain_grads) = model.loss(x, y), plain.loss(x, y)
    weights = [name for name in model.params if name.endswith("w")]
    assert loss - plain_loss == pytest.approx(0.25 * sum(np.sum(model.params[name] ** 2) for name in weights))
    for name, w in model.params.items():
        assert_close(grads[name] - plain_grads[name], 0.5 * w if name in weights else np.zeros(w.shape), tolerance=1e-9)


def test_the_switch_and_fused_pairs(monkeypatch):
    net = Sequential(Conv(3, 3, pad=1), ReLU(), MaxPool(2), Affine(4), ReLU(), Affine(2))
    params, _ = net.init((2, 4, 4), 0, np.float64)
    x, dout = batch((2, 4, 4)), np.ones((4, 2))
    with use():
        expected, cache = net.forward(params, x, True)
        expected_dx, expected_grads = net.backward(dout, cache)
    import types

    calls = []
    fused = types.ModuleType("fused")

    def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
        calls.append("conv_relu_pool")
        steps = []
        for layer, arguments in (("conv", (w, b, conv_param)), ("relu", ()), ("max_pool", (pool_param,))):
            with use():
                x, step = ops.forward(layer, x, *arguments)
            steps.append(step)
        return x, steps

    def conv_relu_pool_backward(dout, cache):
        dout = ops.backward(ops.backward(dout, cache[2]), cache[1])
        return ops.backward(dout, cache[0])

    for function in (conv_relu_pool_forward, conv_relu_pool_backward):
        function.__module__ = "fused"
        setattr(fused, function.__name__, function)
    with use(fused):
        out, cache = net.forward(params, x, True)
    dx, grads = net.backward(dout, cache)
    assert calls == ["conv_relu_pool"]
    assert_close(out, expected)
    assert_close(dx, expected_dx)
    for name in params:
        assert_close(grads[name], expected_grads[name])


def test_train_and_test_mode_are_explicit():
    net = Sequential(BatchNorm(), Dropout(keep=0.5), Affine(3))
    params, _ = net.init((6,), 0, np.float64)
    x = batch((6,), 50) * 3 + 1
    before = net.get_state()
    np.testing.assert_array_equal(before["batch_norm1.running_var"], np.ones(6))
    first = net.forward(params, x, False)[0]
    assert_close(first, (x / np.sqrt(1 + 1e-5)) @ params["affine1.w"])
    assert all(np.array_equal(before[name], array) for name, array in net.get_state().items())
    trained = net.forward(params, x, True)[0]
    assert not np.allclose(trained, net.forward(params, x, True)[0]), "dropout draws anew"
    mean = 0.1 * x.mean(axis=0)
    assert_close(net.get_state()["batch_norm1.running_mean"], mean + 0.9 * mean)


def test_state_belongs_to_one_model_and_travels_in_files(tmp_path):
    net = every_kind()
    a, b = (Classifier(net, (2, 8, 8), rng=seed) for seed in (0, 1))
    x, y = batch((2, 8, 8), dtype=np.float32), np.array([0, 1, 2, 0])
    fresh = b.get_state()
    a.loss(x, y)
    assert all(np.array_equal(fresh[name], array) for name, array in b.get_state().items())
    for suffix in (".npz", ".safetensors"):
        if suffix == ".safetensors":
            pytest.importorskip("safetensors")
        other = Classifier(net, (2, 8, 8), rng=2)
        a.save(tmp_path / f"a{suffix}")
        other.load(tmp_path / f"a{suffix}")
        np.testing.assert_array_equal(other.loss(x), a.loss(x))
        assert list(other.params) == list(a.params)
        smaller = Classifier(Sequential(Affine(3)), (2, 8, 8))
        with pytest.raises(ValueError, match="not the parameters of this network"):
            smaller.load(tmp_path / f"a{suffix}")
        (tmp_path / f"a{suffix}").write_bytes((tmp_path / f"a{suffix}").read_bytes()[:100])
        with pytest.raises(ValueError, match="not a whole"):
            other.load(tmp_path / f"a{suffix}")
        np.testing.assert_array_equal(other.loss(x), a.loss(x))
    with pytest.raises(ValueError, match=r"no running averages yet: init\(\)"):
        net.forward(a.params, x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_is_kept(dtype):
    model = Classifier(every_kind(), (2, 8, 8), dtype=dtype, reg=0.1)
    x = batch((2, 8, 8), dtype=np.float64)
    loss, grads = model.loss(x, np.array([0, 1, 2, 0]))
    assert loss.dtype == model.loss(x).dtype == model.predict(x, 3).dtype == dtype
    assert {array.dtype for array in (*grads.values(), *model.params.values(), *model.get_state().values())} == {
        np.dtype(dtype)
    }
    assert_close(model.predict(x, 3), model.loss(x))


def test_the_same_seed_gives_the_same_network():
    def drawn(rng=None):
        return Classifier(every_kind(), (2, 8, 8), rng=rng).params

    first, again, other = drawn(5), drawn(np.random.default_rng(5)), drawn(6)
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["conv1.w"], other["conv1.w"])
    np.random.seed(0)
    first = drawn()
    np.random.seed(0)
    assert all(np.array_equal(array, first[name]) for name, array in drawn().items())


class Scale(Module):
    """A module of somebody's own, with no more than the three methods."""

    def init(self, shape, rng=None, dtype=np.float32):
        return {"factor": np.full(shape[0], 2, dtype)}, shape

    def forward(self, params, x, train=False):
        return x * params["factor"], (params, x)

    def backward(self, dout, cache):
        params, x = cache
        return dout * params["factor"], {"factor": np.sum(dout * x, axis=0)}


def test_a_module_of_ones_own():
    net = Sequential(Affine(5), Scale(), ReLU(), Affine(2))
    assert net.shapes((3,))[0]["scale1.factor"] == (5,)
    model = Classifier(net, (3,), dtype=np.float64, rng=0)
    assert check_model(model, batch((3,)), np.array([0, 1, 1, 0])).ok


WRONG_SHAPES = [
    (every_kind(), (5,), r"conv1: Conv\(4, 3, pad=1, bias=False\) expects samples of shape \(C, H, W\), got \(5,\)"),
    (every_kind(), (2, 7, 8), r"max_pool1: MaxPool\(\) cannot take samples of shape \(4, 7, 8\): the output height"),
    (
        Sequential(Residual(Conv(3, 1))),
        (2, 4, 4),
        r"residual1: Residual expects .*\(3, 4, 4\), the identity \(2, 4, 4\)",
    ),
    (Sequential(Parallel(Conv(3, 1), Conv(3, 3))), (2, 4, 4), r"parallel1: .*branch1 gives \(3, 4, 4\), branch2 gives"),
    (Sequential(a=Sequential(b=Conv(3, 3, groups=2))), (3, 4, 4), r"a\.b: Conv\(.*groups = 2 must divide the 3"),
    (Sequential(Affine(3)), (0,), r"shape\[0\] must be 1 or more"),
]


@pytest.mark.parametrize(("net", "shape", "words"), WRONG_SHAPES)
def test_shape_errors_name_the_layer_what_came_and_what_it_expects(net, shape, words):
    for ask in (net.shapes, net.init, net.nodes):
        with pytest.raises(ValueError, match=words):
            ask(shape)


def test_errors_of_a_forward_pass_name_the_layer():
    net = Sequential(("a", Sequential(Conv(3, 3, pad=1), ReLU(), Conv(4, 1))), Affine(2))
    params, _ = net.init((2, 4, 4), 0)
    x = batch((2, 4, 4), dtype=np.float32)
    with pytest.raises(
        ValueError, match=r"^a\.conv1: Conv\(3, 3, pad=1\) expects x of shape \(N, 2, H, W\), got shape \(4, 3, "
    ):
        net.forward(params, batch((3, 4, 4), dtype=np.float32))
    with pytest.raises(ValueError, match=r"^affine1: .*with 64 numbers in a sample, got shape \(4, 4, 5, 5\)"):
        net.forward(params, batch((2, 5, 5), dtype=np.float32))
    with pytest.raises(TypeError, match=r"^a\.conv1: .*got list"):
        net.forward(params, [[1.0]])
    with pytest.raises(ValueError, match=r"params has 'b\.w', but Sequential has only a, affine1"):
        net.forward(params | {"b.w": x}, x)
    with pytest.raises(ValueError, match=r"^a\.conv2: .*its parameters are w, b; params has w"):
        net.forward({name: array for name, array in params.items() if name != "a.conv2.b"}, x)
    with pytest.raises(ValueError, match=r"^a: params has 'conv9\.w'"):
        net.forward(params | {"a.conv9.w": x}, x)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Conv(0, 3), ValueError, "filters must be 1 or more"),
        (lambda: Conv(3, 3, stride=0), ValueError, "stride must be 1 or more"),
        (lambda: Conv(3, 3, bias=1), TypeError, "bias must be True or False"),
        (lambda: Conv(3, 3, init_w="he"), ValueError, "init_w must be .*he_normal.*got 'he'"),
        (lambda: Affine(2.5), TypeError, "units must be a whole number"),
        (lambda: Dropout(), ValueError, "give drop"),
        (lambda: Dropout(drop=0.5, keep=0.5), ValueError, "give drop"),
        (lambda: Dropout(drop=1.0), ValueError, "something to keep"),
        (lambda: Sequential(ReLU), TypeError, r"write ReLU\(\.\.\.\)"),
        (lambda: Sequential(("a.b", ReLU())), ValueError, "must be a word"),
        (lambda: Sequential(("a", ReLU()), a=ReLU()), ValueError, "cannot have the name 'a'"),
        (lambda: Parallel(), ValueError, "at least one branch"),
        (lambda: Classifier(Sequential(Conv(3, 1)), (2, 4, 4)), ValueError, r"gives \(3, 4, 4\): end it with Affine"),
        (lambda: Classifier(Affine(3), (4,), loss="mse"), ValueError, "loss must be 'softmax' or 'svm'"),
        (lambda: Classifier(Affine(3), (4,), rng=1.5), TypeError, "rng must be a numpy.random.Generator"),
        (lambda: Classifier(Affine, (4,)), TypeError, "net must be a module"),
    ],
)  # fmt: skip
def test_wrong_modules(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_one_module_cannot_be_in_two_places():
    relu = ReLU()
    with pytest.raises(ValueError, match=r"is in this Sequential already, as 'a\.relu1'"):
        Sequential(("a", Sequential(relu)), relu)


def test_modules_are_found_by_their_names():
    net = every_kind()
    assert net["block.residual1.body.conv1"].filters == 4
    assert net["block.residual1.body.conv1"].settings["pad"] == 1
    with pytest.raises(KeyError, match=r"'block\.conv7'.*Sequential has the modules residual1, relu1"):
        net["block.conv7"]
    assert [path for path, _ in net.walk()][:3] == ["", "conv1", "batch_norm1"]
    assert repr(net["conv1"]) == "Conv(4, 3, pad=1, bias=False)"
    assert "body: Sequential(" in repr(net)


NEW_MODULES = [
    (lambda: Sequential(Conv(4, 3), LeakyReLU(0.2), SpatialDropout(keep=1.0), InstanceNorm(), Affine(3)), (2, 5, 5)),
    (lambda: Sequential(Conv(4, 3), Sigmoid(), SqueezeExcite(2), Softmax(), Flatten(), Affine(3)), (2, 5, 5)),
    (
        lambda: Sequential(Conv1d(4, 3, pad=1, bias=False), BatchNorm(), ReLU(), Conv1d(2, 3, stride=2), Affine(3)),
        (2, 7),
    ),
    (lambda: Sequential(Conv3d(3, (1, 2, 2), bias=False), BatchNorm(), Tanh(), Affine(3)), (2, 2, 3, 4)),
    (lambda: Sequential(ConvTranspose(4, 3, stride=2, groups=2), Tanh(), GlobalAvgPool(), Affine(3)), (2, 3, 4)),
    (lambda: Sequential(SeparableConv(3, 3, multiplier=2, bias=False), AvgPool(2), Tanh(), Affine(3)), (2, 4, 6)),
    (lambda: Sequential(Upsample(2), Conv(2, 3), Upsample((1, 2), mode="bilinear"), Affine(3)), (2, 2, 3)),
    (lambda: Sequential(PadChannels(5), Conv(4, 1), AdaptiveAvgPool(2), AdaptiveMaxPool(1), Affine(3)), (2, 3, 4)),
    (
        lambda: Sequential(Conv(4, 3, pad="same", stride=2), MaxPool(2, pad="same"), GlobalMaxPool(), Affine(3)),
        (2, 5, 6),
    ),
    (lambda: Sequential(Affine(6), Tanh(), Affine(6), GELU(), Affine(6), GELU("tanh"), Affine(3)), (4,)),
]


@pytest.mark.parametrize(("make", "shape"), NEW_MODULES)
def test_gradients_of_the_other_modules(make, shape):
    model = Classifier(make(), shape, dtype=np.float64, rng=0, label_smoothing=0.1, reg=0.1)
    assert check_model(model, batch(shape), np.array([0, 1, 2, 0])).ok
    assert [node.name for node in model.net.nodes(shape)] == list(model.net.outputs(model.params, batch(shape)))


@pytest.mark.parametrize(("loss", "last"), [("mse", None), ("bce", Sigmoid), ("bce_logits", None)])
def test_a_regressor(loss, last):
    net = Sequential(Conv(3, 3, pad=1), ReLU(), Conv(2, 1), *([last()] if last else []))
    model = Regressor(net, (2, 4, 5), loss=loss, dtype=np.float64, rng=0)
    X = np.random.default_rng(0).uniform(size=(3, 2, 4, 5))
    assert check_model(model, X, X).ok
    assert model.loss(X).shape == X.shape
    single = Regressor(net, (2, 4, 5), loss=loss, rng=0)
    value, grads = single.loss(X, X)
    assert value.dtype == np.float32
    assert {array.dtype for array in grads.values()} == {np.dtype(np.float32)}
    with pytest.raises(
        ValueError, match=r"y must have the shape of the network's output, \(3, 2, 4, 5\), got \(3, 2\)"
    ):
        model.loss(X, X[:, :, 0, 0])
    with pytest.raises(TypeError, match="y must be a NumPy array of real numbers, got list"):
        model.loss(X, X.tolist())


def test_the_solver_trains_classifiers_and_autoencoders():
    rng = np.random.default_rng(0)
    np.random.seed(0)
    X = rng.normal(size=(300, 6)).astype(np.float32)
    y = (X[:, 0] > 0).astype(int)
    data = {"X_train": X[:200], "y_train": y[:200], "X_val": X[200:], "y_val": y[200:]}
    model = Classifier(Sequential(Affine(8), BatchNorm(), ReLU(), Affine(2)), (6,))
    solver = Solver(
        model,
        data,
        update_rule="adamw",
        optim_config={"learning_rate": 1e-2},
        num_epochs=8,
        batch_size=20,
        verbose=False,
    )
    assert solver.optim_configs["affine1.w"].get("weight_decay") is None
    assert solver.optim_configs["affine1.b"]["weight_decay"] == 0
    assert solver.optim_configs["batch_norm1.gamma"]["weight_decay"] == 0
    solver.train()
    assert solver.best_val_acc > 0.9
    images = rng.uniform(size=(40, 1, 4, 4))
    data = {"X_train": images, "y_train": images, "X_val": images, "y_val": images}
    coder = Regressor(Sequential(Affine(16), Tanh(), Affine(16), ("out", Sigmoid())), (16,), loss="bce")
    flat = {name: array.reshape(40, 16) for name, array in data.items()}
    solver = Solver(coder, flat, update_rule="adadelta", num_epochs=5, batch_size=10, metric="loss", verbose=False)
    solver.train()
    assert solver.history["val_loss"][-1] < solver.history["val_loss"][0]


def test_a_checkpoint_has_the_running_averages(tmp_path):
    X = np.random.default_rng(0).normal(size=(30, 5))
    y = (X[:, 0] > 0).astype(int)
    data = {"X_train": X, "y_train": y, "X_val": X, "y_val": y}

    def solver(epochs):
        np.random.seed(3)
        model = Classifier(Sequential(Affine(4), BatchNorm(), ReLU(), Dropout(drop=0.2), Affine(2)), (5,), rng=1)
        return Solver(model, data, update_rule="adam", num_epochs=epochs, batch_size=10, verbose=False)

    whole = solver(4)
    whole.train()
    first = solver(2)
    first.train()
    first.save_checkpoint(tmp_path / "c.npz")
    rest = solver(4)
    rest.load_checkpoint(tmp_path / "c.npz")
    rest.train()
    assert rest.loss_history == whole.loss_history
    for name, array in whole.model.get_state().items():
        np.testing.assert_array_equal(rest.model.get_state()[name], array)


@pytest.mark.parametrize(
    "net",
    [
        Sequential(Conv(3, 3, pad=1), ReLU(), Affine(2)),
        Sequential(Residual(Conv(2, 3, pad=1), Conv(2, 1)), Affine(2)),
        Sequential(Residual(Conv(2, 3, pad=1)), Affine(2)),
        Sequential(Parallel(Conv(2, 1), Conv(1, 1)), ReLU(), Affine(2)),
        Sequential(Flatten(), Scale(), Affine(2)),
    ],
    ids=lambda net: next(iter(net.children)),
)
def test_dx_can_be_left_out_and_all_else_stays(net):
    params, _ = net.init((2, 4, 4), 0, np.float64)
    x, dout = batch((2, 4, 4)), np.ones((4, 2))
    _, cache = net.forward(params, x, True)
    dx, grads = net.backward(dout, cache)
    _, without = net.backward(dout, cache, needs_dx=False)
    assert dx.shape == x.shape
    assert without.keys() == grads.keys()
    for name, gradient in grads.items():
        np.testing.assert_array_equal(without[name], gradient)


@pytest.mark.parametrize("where", ["subclass", "object"])
def test_what_a_module_overrides_is_not_fused_away(where):
    called = []

    class Own(Affine):
        def backward(self, dout, cache, needs_dx=True, weight_decay=None):
            called.append(self)
            return super().backward(dout, cache, needs_dx, weight_decay)

    affine = Own(4) if where == "subclass" else Affine(4)
    if where == "object":
        backward = affine.backward
        affine.backward = lambda *given, **named: (called.append(affine), backward(*given, **named))[1]
    net = Sequential(affine, ReLU())
    params, _ = net.init((3,), 0)
    out, cache = net.forward(params, np.ones((2, 3), np.float32))
    net.backward(np.ones_like(out), cache)
    assert called == [affine]


def test_an_error_inside_a_fused_pair_names_the_layer_that_it_concerns(monkeypatch):
    import types

    fused = types.ModuleType("fused")

    def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
        raise ValueError("something does not fit")

    def conv_relu_pool_backward(dout, cache):
        raise AssertionError

    for function in (conv_relu_pool_forward, conv_relu_pool_backward):
        function.__module__ = "fused"
        setattr(fused, function.__name__, function)
    net = Sequential(Conv(3, 3, pad=1), ReLU(), MaxPool(2))
    params, _ = net.init((2, 4, 4), 0)
    with use(fused):
        with pytest.raises(ValueError, match=r"^max_pool1: MaxPool\(\) expects .*the output height is not whole"):
            net.forward(params, np.ones((1, 2, 5, 4), np.float32))
        with pytest.raises(ValueError, match=r"^conv1: something does not fit"):
            net.forward(params, np.ones((1, 2, 4, 4), np.float32))


def test_what_is_no_cache_and_no_parameters_is_refused():
    for net in (Sequential(ReLU()), Residual(ReLU()), Parallel(ReLU())):
        for bad in (None, (), {}, 3):
            with pytest.raises(TypeError, match=f"the one that forward of this {net.kind} returned"):
                net.backward(np.ones((1, 2)), bad)
        with pytest.raises(TypeError, match="params must be the dict"):
            net.forward([np.ones(3)], np.ones((1, 2)))


def test_state_of_another_kind_is_refused_and_nothing_changes():
    net = Sequential(Affine(3), BatchNorm(), ReLU())
    net.init((4,), 0)
    before = net.get_state()
    good = {name: array + 1 for name, array in before.items()}
    name = "batch_norm1.running_var"
    for bad, words in (
        ({}, r"state lacks 'batch_norm1\.running_mean'"),
        ({key: good[key] for key in good if key != name}, rf"state lacks '{name}'"),
        (good | {"affine1.w": np.ones(3)}, r"state has 'affine1\.w'"),
        (good | {name: np.ones(2, np.float32)}, r"must be float32 of shape \(3,\), got float32 of shape \(2,\)"),
        (good | {name: np.ones(3)}, r"got float64 of shape \(3,\)"),
    ):
        with pytest.raises(ValueError, match=words):
            net.set_state(bad)
        assert all(np.array_equal(array, before[key]) for key, array in net.get_state().items())
    net.set_state(good)
    assert all(np.array_equal(array, good[key]) for key, array in net.get_state().items())


def test_parameters_from_files_can_be_trained_in_place(tmp_path):
    pytest.importorskip("safetensors")
    model = Classifier(Sequential(Affine(3)), (4,), rng=0)
    for name in ("m.npz", "m.safetensors"):
        model.save(tmp_path / name)
        model.load(tmp_path / name)
        assert all(array.flags.writeable and array.flags.owndata for array in model.params.values())


def test_no_samples_at_all():
    model = Classifier(every_kind(), (2, 8, 8), rng=0)
    assert model.predict(np.zeros((0, 2, 8, 8))).shape == (0, 3)
