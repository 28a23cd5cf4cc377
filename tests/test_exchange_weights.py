"""Weights of PyTorch networks: names, turned matrices, files, and what is wrong with them."""

import pickle
import sys

import numpy as np
import pytest

from convkit.classifiers.cnn import ThreeLayerConvNet
from convkit.classifiers.fc_net import FullyConnectedNet
from convkit.exchange import export_onnx, in_order, load_weights, read_tensors
from convkit.exchange.name_map import their_name
from convkit.nn import Affine, BatchNorm, Classifier, Conv, MaxPool, ReLU, Residual, Sequential, SqueezeExcite

RNG = np.random.default_rng(0)


def small():
    return Classifier(Sequential(Conv(4, 3), BatchNorm(), ReLU(), Affine(3)), (2, 5, 5))


def state_dict():
    """As PyTorch would store it for features = [conv, norm], head = linear."""
    shapes = {
        "features.0.weight": (4, 2, 3, 3),
        "features.0.bias": (4,),
        "features.1.weight": (4,),
        "features.1.bias": (4,),
        "features.1.running_mean": (4,),
        "features.1.running_var": (4,),
        "head.weight": (3, 36),
        "head.bias": (3,),
    }
    made = {name: RNG.uniform(0.5, 1.5, shape).astype(np.float32) for name, shape in shapes.items()}
    return made | {"features.1.num_batches_tracked": np.array(7)}


NAMES = {"conv1": "features.0", "batch_norm1": "features.1", "affine1": "head"}


def test_weights_by_name_map():
    model, theirs = small(), state_dict()
    load_weights(model, theirs, NAMES)
    np.testing.assert_array_equal(model.params["conv1.w"], theirs["features.0.weight"])
    np.testing.assert_array_equal(model.params["affine1.w"], theirs["head.weight"].T)
    np.testing.assert_array_equal(model.params["batch_norm1.gamma"], theirs["features.1.weight"])
    np.testing.assert_array_equal(model.get_state()["batch_norm1.running_var"], theirs["features.1.running_var"])
    assert all(array.flags.c_contiguous for array in model.params.values())
    assert list(model.params) == list(small().params)
    theirs["head.weight"][...] = 0  # the model has copies
    assert model.params["affine1.w"].any()
    X = RNG.standard_normal((2, 2, 5, 5))
    assert model.predict(X).shape == (2, 3)


def test_weights_in_order():
    assert in_order(small(), state_dict()) == NAMES
    short = {name: array for name, array in state_dict().items() if "head" not in name}
    with pytest.raises(ValueError, match=r"3 modules with parameters \(conv1, batch_norm1, affine1\), source 2"):
        in_order(small(), short)


def test_names_of_modules_inside_modules_and_of_single_arrays():
    assert their_name("block1.body.conv1.w", {}) == "block1.body.conv1.weight"
    names = {"block1": "layer1.0", "block1.body": "layer1", "block1.body.conv1.b": "other"}
    assert their_name("block1.body.conv1.w", names) == "layer1.conv1.weight"
    assert their_name("block1.body.conv1.b", names) == "other"
    assert their_name("block1.shortcut.running_mean", names) == "layer1.0.shortcut.running_mean"
    assert their_name("w", {}) == "weight"
    assert their_name("conv1.w", {"": "net"}) == "net.conv1.weight"


def test_squeeze_excite_of_1x1_convolutions():
    model = Classifier(Sequential(SqueezeExcite(2), Affine(2)), (4, 3, 3))
    theirs = {
        "fc1.weight": RNG.standard_normal((2, 4, 1, 1)),
        "fc1.bias": RNG.standard_normal(2),
        "fc2.weight": RNG.standard_normal((4, 2, 1, 1)),
        "fc2.bias": RNG.standard_normal(4),
        "affine1.weight": RNG.standard_normal((2, 36)),
        "affine1.bias": RNG.standard_normal(2),
    }
    names = {
        f"squeeze_excite1.{ours}{k}": f"fc{k}.{word}" for k in (1, 2) for ours, word in (("w", "weight"), ("b", "bias"))
    }
    load_weights(model, theirs, names)
    np.testing.assert_allclose(model.params["squeeze_excite1.w1"], theirs["fc1.weight"][..., 0, 0].T, rtol=1e-6)


def test_all_that_does_not_fit_is_named_and_nothing_is_changed():
    model, theirs = small(), state_dict()
    before = {name: array.copy() for name, array in model.params.items()}
    del theirs["features.0.bias"]
    theirs |= {"head.weight": np.ones((36, 3)), "extra.weight": np.ones((1, 2)), "head.bias": np.array([1, np.nan, 1])}
    with pytest.raises(ValueError) as error:
        load_weights(model, theirs, NAMES)
    assert str(error.value) == (
        "the weights do not fit the network; nothing was changed:\n"
        "  missing: features.0.bias of shape (4,), for conv1.b\n"
        "  wrong shape: head.weight for affine1.w must be (3, 36), got (36, 3)\n"
        "  not finite: head.bias for affine1.b has NaN or infinity in it\n"
        "  left over: extra.weight of shape (1, 2)"
    )
    for name, array in model.params.items():
        np.testing.assert_array_equal(array, before[name])
    load_weights(model, state_dict() | {"extra.weight": np.ones(2)}, NAMES, strict=False)
    with pytest.raises(ValueError, match="names has 'conv9', which the network has not; it has conv1"):
        load_weights(model, state_dict(), {"conv9": "features.0"})
    with pytest.raises(TypeError, match="names must be a dict"):
        load_weights(model, state_dict(), ["features.0"])
    with pytest.raises(TypeError, match="got Sequential"):
        load_weights(Sequential(Affine(2)), {})


def test_the_network_written_out_by_hand():
    model = ThreeLayerConvNet((3, 8, 8), num_filters=4, filter_size=3, hidden_dim=6)
    theirs = {
        "c.weight": np.ones((4, 3, 3, 3)),
        "c.bias": np.ones(4),
        "f.weight": RNG.standard_normal((6, 64)),
        "f.bias": np.ones(6),
        "g.weight": np.ones((10, 6)),
        "g.bias": np.ones(10),
    }
    load_weights(model, theirs, in_order(model, theirs))
    np.testing.assert_allclose(model.params["W2"], theirs["f.weight"].T, rtol=1e-6)
    assert list(model.params) == ["W1", "b1", "W2", "b2", "W3", "b3"]
    assert model.params["W1"].dtype == np.float32


def test_a_fully_connected_network_written_out_by_hand():
    model = FullyConnectedNet([6], 8, 3, normalization="batchnorm")
    shapes = {"a.weight": (6, 8), "a.bias": (6,), "n.weight": (6,), "n.bias": (6,), "b.weight": (3, 6), "b.bias": (3,)}
    theirs = {name: RNG.standard_normal(shape) for name, shape in shapes.items()}
    theirs |= {"n.running_mean": RNG.standard_normal(6), "n.running_var": RNG.uniform(1, 2, 6)}
    load_weights(model, theirs, {"affine1": "a", "batch_norm1": "n", "affine2": "b"})
    np.testing.assert_allclose(model.params["W1"], theirs["a.weight"].T, rtol=1e-6)
    np.testing.assert_allclose(model.params["gamma1"], theirs["n.weight"], rtol=1e-6)
    np.testing.assert_allclose(model.get_state()["running_var1"], theirs["n.running_var"], rtol=1e-6)
    X = RNG.standard_normal((4, 8)).astype(np.float32)
    net, params = model.as_module()
    np.testing.assert_allclose(net.apply(params, X), model.loss(X), rtol=1e-5, atol=1e-6)


def test_files_without_pytorch(tmp_path):
    theirs = {name: array for name, array in state_dict().items() if array.ndim}
    np.savez(tmp_path / "w.npz", **theirs)
    for name, array in read_tensors(tmp_path / "w.npz").items():
        np.testing.assert_array_equal(array, theirs[name])
    assert read_tensors({"a": np.ones(2, np.float16)})["a"].dtype == np.float32
    with pytest.raises(ValueError, match=r"ends in \.safetensors, \.pt, \.pth, \.npz, got"):
        read_tensors("weights.bin")
    with pytest.raises(FileNotFoundError):
        read_tensors(str(tmp_path / "none.pt"))
    with pytest.raises(ValueError, match="'a' must be an array or tensor"):
        read_tensors({"a": "text"})
    with pytest.raises(TypeError, match="source must be a dict of arrays by name"):
        read_tensors([np.ones(2)])


def test_safetensors_files(tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy", reason="needs the package safetensors")
    theirs = {name: array for name, array in state_dict().items() if array.ndim}
    safetensors.save_file(theirs, tmp_path / "w.safetensors")
    model = small()
    load_weights(model, tmp_path / "w.safetensors", NAMES)
    np.testing.assert_array_equal(model.params["affine1.w"], theirs["head.weight"].T)
    (tmp_path / "bad.safetensors").write_bytes((tmp_path / "w.safetensors").read_bytes()[:50])
    with pytest.raises(ValueError, match=r"bad\.safetensors is not a whole safetensors file"):
        read_tensors(tmp_path / "bad.safetensors")


class Code:
    """What a hostile file would do."""

    def __reduce__(self):
        return print, ("this must not run",)


@pytest.mark.torch
def test_pt_files_run_no_code(tmp_path, capsys):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in state_dict().items()}
    tensors["features.0.bias"] = tensors["features.0.bias"].to(torch.bfloat16)
    for content in (tensors, {"state_dict": tensors, "epoch": 3}):
        torch.save(content, tmp_path / "w.pt")
        model = small()
        load_weights(model, tmp_path / "w.pt", NAMES)
        np.testing.assert_allclose(model.params["conv1.b"], tensors["features.0.bias"].float().numpy())
    (tmp_path / "bad.pt").write_bytes(pickle.dumps({"a": Code()}))
    with pytest.raises(ValueError, match=r"bad\.pt is not a file of weights alone"):
        read_tensors(tmp_path / "bad.pt")
    assert "must not run" not in capsys.readouterr().out
    torch.save([torch.ones(2)], tmp_path / "list.pt")
    with pytest.raises(ValueError, match="it holds list"):
        read_tensors(tmp_path / "list.pt")


@pytest.mark.torch
def test_the_same_weights_give_the_same_scores_as_pytorch():
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    torch.manual_seed(0)

    class Block(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.body = torch.nn.Sequential(
                torch.nn.Conv2d(6, 6, 3, padding=1, bias=False), torch.nn.BatchNorm2d(6), torch.nn.ReLU()
            )

        def forward(self, x):
            return x + self.body(x)

    theirs = torch.nn.Sequential(
        torch.nn.Conv2d(3, 6, 3, padding=1), torch.nn.ReLU(), torch.nn.MaxPool2d(2), Block(),
        torch.nn.Flatten(), torch.nn.Linear(6 * 4 * 4, 5),
    )  # fmt: skip
    X = RNG.standard_normal((4, 3, 8, 8)).astype(np.float32)
    with torch.no_grad():
        theirs(torch.from_numpy(X))  # in training mode: the running averages leave their first values
        expected = theirs.eval()(torch.from_numpy(X)).numpy()
    body = Sequential(Conv(6, 3, pad=1, bias=False), BatchNorm(), ReLU())
    model = Classifier(Sequential(Conv(6, 3, pad=1), ReLU(), MaxPool(2), Residual(body), Affine(5)), (3, 8, 8))
    names = in_order(model, theirs.state_dict())
    assert names["residual1.body.batch_norm1"] == "3.body.1"
    load_weights(model, theirs.state_dict(), names)
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-4, atol=1e-5)


def test_packages_that_are_missing_are_named(monkeypatch, tmp_path):
    for module in ("onnx", "torch", "safetensors"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r"pip install 'convkit\[onnx\]'"):
        export_onnx(small())
    for suffix, extra in (("pt", "torch"), ("safetensors", "safetensors")):
        (tmp_path / f"w.{suffix}").write_bytes(b"")
        with pytest.raises(ImportError, match=rf"pip install 'convkit\[{extra}\]'"):
            read_tensors(tmp_path / f"w.{suffix}")
