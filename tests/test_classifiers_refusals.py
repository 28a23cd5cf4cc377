"""What the networks refuse, and that nothing has changed then."""

import numpy as np
import pytest
from helpers import same_bits

from convkit import checkpoint
from convkit.classifiers.cnn import ThreeLayerConvNet
from convkit.classifiers.fc_net import FullyConnectedNet, TwoLayerNet


@pytest.mark.parametrize(
    ("network", "keywords", "error", "words"),
    [
        (
            ThreeLayerConvNet,
            {"input_dim": 3072},
            TypeError,
            "input_dim must be a list or tuple .*, got 3072",
        ),
        (ThreeLayerConvNet, {"input_dim": (32, 32)}, ValueError, r"input_dim must be \(C, H, W\), got \(32, 32\)"),
        (
            ThreeLayerConvNet,
            {"input_dim": (3, 31, 32)},
            ValueError,
            r"input_dim must have an even .*\(3, 31, 32\)",
        ),
        (
            ThreeLayerConvNet,
            {"input_dim": (3, 32.0, 32)},
            TypeError,
            r"input_dim\[1\] must be a whole .* 32.0",
        ),
        (ThreeLayerConvNet, {"filter_size": 4}, ValueError, "filter_size must be odd, .* got 4"),
        (ThreeLayerConvNet, {"num_filters": 0}, ValueError, "num_filters must be 1 or more, got 0"),
        (ThreeLayerConvNet, {"dtype": np.float16}, TypeError, "dtype must be np.float32 or np.float64, got"),
        (ThreeLayerConvNet, {"dtype": "float"}, None, ""),
        (ThreeLayerConvNet, {"dtype": "number"}, TypeError, "dtype must be .* got 'number'"),
        (ThreeLayerConvNet, {"dtype": None}, None, ""),
        (ThreeLayerConvNet, {"reg": -1}, ValueError, r"reg must lie in \[0, inf\), got -1"),
        (ThreeLayerConvNet, {"weight_scale": np.nan}, ValueError, r"weight_scale must lie in \[0, inf\), got nan"),
        (TwoLayerNet, {"hidden_dim": 2.5}, TypeError, r"hidden_dim must be a whole number, got 2.5 \(float\)"),
        (TwoLayerNet, {"num_classes": -1}, ValueError, "num_classes must be 1 or more, got -1"),
        (FullyConnectedNet, {"hidden_dims": 100}, TypeError, "hidden_dims must be a list or tuple .* got 100"),
        (FullyConnectedNet, {"hidden_dims": "100"}, TypeError, "hidden_dims must be a list or tuple .* got '100'"),
        (FullyConnectedNet, {"hidden_dims": [10, 0]}, ValueError, r"hidden_dims\[1\] must be 1 or more, got 0"),
        (FullyConnectedNet, {"normalization": "batch"}, ValueError, "normalization must be None, 'batchnorm' or"),
        (FullyConnectedNet, {"dropout_keep_ratio": 0}, ValueError, r"dropout_keep_ratio must lie in \(0, 1\], got 0"),
        (FullyConnectedNet, {"dropout": 1.5}, ValueError, r"dropout must lie in \[0, 1\], got 1.5"),
        (FullyConnectedNet, {"dropout": 0.5, "dropout_keep_ratio": 0.5}, ValueError, "not both: got 0.5 and 0.5"),
        (FullyConnectedNet, {"dropout": 1, "use_batchnorm": True}, ValueError, "probability to drop .* below 1"),
        (FullyConnectedNet, {"use_batchnorm": True, "normalization": "layernorm"}, ValueError, "beside use_batchnorm"),
        (FullyConnectedNet, {"dropout_keep_ratio": 0.5, "seed": -1}, ValueError, "seed must be 0 or more, got -1"),
        (FullyConnectedNet, {"dropout_keep_ratio": 0.5, "seed": 2**32}, ValueError, r"seed must be below 2\*\*32"),
    ],
)
def test_arguments_that_do_not_fit(network, keywords, error, words):
    sizes = {"input_dim": (1, 4, 4)} if network is ThreeLayerConvNet else {"input_dim": 6}
    sizes |= {"hidden_dims": [3]} if network is FullyConnectedNet else {}
    if error is None:
        assert network(**sizes | keywords).dtype is np.float64
        return
    with pytest.raises(error, match=words):
        network(**sizes | keywords)


IMAGES, LABELS = np.zeros((2, 1, 4, 4)), np.array([0, 1])


@pytest.mark.parametrize(
    ("X", "y", "error", "words"),
    [
        (IMAGES.tolist(), LABELS, TypeError, "X must be a NumPy array of real numbers, got list"),
        (IMAGES.astype(complex), LABELS, TypeError, "X must be .* got dtype complex128"),
        (np.ma.array(IMAGES), LABELS, TypeError, "X must be a NumPy array of real numbers"),
        (IMAGES[0, 0], LABELS, ValueError, r"X must have shape \(N, .*got \(4, 4\)"),
        (IMAGES[:, :, :3], LABELS, ValueError, r"X must have shape \(N, .*got \(2, 1, 3, 4\)"),
        (np.zeros(16), LABELS, ValueError, r"X must have shape \(N, .*got \(16,\)"),
        (IMAGES, np.array([0, 10]), ValueError, r"y must hold labels in 0..9, got y\[1\] = 10"),
        (IMAGES, np.array([0, 1, 2]), ValueError, "y must have one label for each of the 2 samples, got 3"),
        (IMAGES, np.eye(2, 10), ValueError, "for one-hot labels use"),
        (IMAGES, [0, 1], TypeError, "y must be a NumPy array of integer labels"),
    ],
)
@pytest.mark.parametrize("kind", ["conv", "two", "deep"])
def test_images_and_labels_that_do_not_fit(kind, X, y, error, words):
    model = {
        "conv": lambda: ThreeLayerConvNet(input_dim=(1, 4, 4), num_filters=2, filter_size=3),
        "two": lambda: TwoLayerNet(input_dim=16),
        "deep": lambda: FullyConnectedNet([3], input_dim=16, normalization="batchnorm"),
    }[kind]()
    with pytest.raises(error, match=words):
        model.loss(X, y)


def batchnorm_net(hidden=(4,), **more):
    return FullyConnectedNet(list(hidden), input_dim=6, num_classes=3, normalization="batchnorm", **more)


def trained(model):
    rng = np.random.default_rng(0)
    model.loss(rng.normal(size=(5, 6)), np.array([0, 1, 2, 0, 1]))
    return model


def test_state_comes_as_copies_and_is_taken_as_copies():
    model = trained(batchnorm_net())
    state = model.get_state()
    state["running_mean1"] += 1
    assert not same_bits(state["running_mean1"], model.bn_params[0]["running_mean"])
    model.set_state(state)
    assert same_bits(state["running_mean1"], model.bn_params[0]["running_mean"])
    state["running_mean1"] += 1
    assert not same_bits(state["running_mean1"], model.bn_params[0]["running_mean"])


def test_an_empty_state_is_that_of_a_network_that_has_seen_nothing():
    model, fresh = trained(batchnorm_net()), batchnorm_net()
    assert fresh.get_state() == {}
    model.set_state({})
    assert [p.keys() for p in model.bn_params] == [{"mode"}]
    TwoLayerNet(6).set_state(TwoLayerNet(6).get_state())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"running_mean1": np.zeros(5, np.float32)}, r"running_mean1 must be .* \(4,\), got float32 of shape \(5,\)"),
        ({"running_var1": np.zeros(4)}, "running_var1 must be float32 .* got float64"),
        ({"running_var1": [0.0] * 4}, "running_var1 must be float32 .* got list"),
        ({"running_mean2": np.zeros(4, np.float32)}, "running_mean2 must be absent"),
        ({"running_var1": None}, "running_var1 must be .* got absent"),
    ],
)  # fmt: skip
def test_another_networks_state_is_refused_and_changes_nothing(change, words):
    model = trained(batchnorm_net())
    before = model.get_state()
    with pytest.raises(ValueError, match=words):
        model.set_state(before | change)
    assert all(same_bits(before[name], value) for name, value in model.get_state().items())
    with pytest.raises(ValueError, match="this network has none, got running_mean1"):
        TwoLayerNet(6).set_state(before)


def test_files_of_other_networks_are_refused_and_change_nothing(tmp_path):
    model = trained(batchnorm_net())
    before, state = {name: value.copy() for name, value in model.params.items()}, model.get_state()
    for name, other in {
        "sizes": trained(batchnorm_net((5,))),
        "layers": trained(batchnorm_net((4, 4))),
        "dtype": trained(batchnorm_net(dtype=np.float64)),
        "kind": FullyConnectedNet([4], input_dim=6, num_classes=3),
    }.items():
        other.save(tmp_path / name)
        with pytest.raises(ValueError, match=rf"{name}: not the parameters of this network: \w+ must be"):
            model.load(tmp_path / name)
    good = {"params": before, "state": state}
    for name, content in {
        "empty": {},
        "older": {"params": before},
        "more": good | {"x": 1},
        "list": good | {"params": [1]},
        "text": good | {"state": {"running_mean1": "text", "running_var1": state["running_var1"]}},
    }.items():
        checkpoint.write(tmp_path / name, content)
        with pytest.raises(ValueError, match=name):
            model.load(tmp_path / name)
    (tmp_path / "foreign").write_bytes(b"PK no zip")
    with pytest.raises(ValueError, match="foreign is not a whole convkit checkpoint"):
        model.load(tmp_path / "foreign")
    with pytest.raises(FileNotFoundError):
        model.load(tmp_path / "nothing")
    assert all(same_bits(before[name], value) for name, value in model.params.items())
    assert all(same_bits(state[name], value) for name, value in model.get_state().items())
