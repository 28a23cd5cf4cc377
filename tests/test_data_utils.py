"""The names of CS231n's data_utils: signatures, shapes, types, and what is done with wrong files."""

import inspect
import os
import pickle

import numpy as np
import pytest
from data_helpers import pickled, python2_batch, random_batch, write_cifar, write_idx_folder

from convkit import checkpoint, data_utils
from convkit.data import where
from convkit.data_utils import (
    get_CIFAR10_data,
    get_fashion_mnist_data,
    get_mnist_data,
    load_CIFAR10,
    load_CIFAR_batch,
    load_fashion_mnist,
    load_imagenet_val,
    load_mnist,
    load_models,
    load_pickle,
)

REAL = os.environ.get("CONVKIT_TEST_DATA")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """No data of this machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONVKIT_DATA", raising=False)
    monkeypatch.setattr(where, "_PACKAGE_FOLDER", tmp_path / "package")
    monkeypatch.setattr(where, "cache_folder", lambda: tmp_path / "cache")


def test_signatures_of_cs231n():
    assert list(inspect.signature(get_CIFAR10_data).parameters)[:4] == [
        "num_training", "num_validation", "num_test", "subtract_mean",
    ]  # fmt: skip
    defaults = [p.default for p in inspect.signature(get_CIFAR10_data).parameters.values()][:4]
    assert defaults == [49000, 1000, 1000, True]
    tiny = inspect.signature(data_utils.load_tiny_imagenet).parameters
    assert [(n, p.default) for n, p in tiny.items()][1:] == [("dtype", np.float32), ("subtract_mean", True)]
    for name in data_utils.__all__:
        assert callable(getattr(data_utils, name))


def cs231n_arrays(batches):
    """What CS231n computes from the batches: pictures (N, 32, 32, 3) in float64."""
    xs = [x.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1).astype("float") for x, _ in batches]
    return np.concatenate(xs[:5]), np.concatenate([y for _, y in batches[:5]]), xs[5], batches[5][1]


def test_load_CIFAR10(tmp_path):
    batches = write_cifar(tmp_path / "cifar-10-batches-py", 6)
    for root in (tmp_path, str(tmp_path / "cifar-10-batches-py")):
        found = load_CIFAR10(root)
        for array, expected in zip(found, cs231n_arrays(batches)):
            assert array.dtype == expected.dtype
            assert array.flags.c_contiguous
            assert np.array_equal(array, expected)
    X, y = load_CIFAR_batch(tmp_path / "cifar-10-batches-py" / "data_batch_2")
    assert (X.shape, X.dtype, y.dtype) == ((6, 32, 32, 3), np.float64, np.int64)
    assert np.array_equal(X, found[0][6:12])


def test_get_CIFAR10_data(tmp_path, monkeypatch):
    batches = write_cifar(tmp_path / "convkit" / "datasets" / "cifar-10-batches-py", 20)
    X, y, X_test, y_test = cs231n_arrays(batches)
    mean = np.mean(X[:70], axis=0)
    data = get_CIFAR10_data(70, 25, 10)
    assert list(data) == ["X_train", "y_train", "X_val", "y_val", "X_test", "y_test"]
    expected = ((X[:70], y[:70]), (X[70:95], y[70:95]), (X_test[:10], y_test[:10]))
    for part, (images, labels) in zip(("train", "val", "test"), expected):
        found = data[f"X_{part}"]
        assert np.array_equal(found, (images - mean).transpose(0, 3, 1, 2)), "to the last bit"
        assert found.dtype == np.float64
        assert found.flags.c_contiguous
        assert np.array_equal(data[f"y_{part}"], labels)
    plain = get_CIFAR10_data(70, 25, 10, subtract_mean=False, dtype=np.float32, with_mean=True)
    assert plain["X_val"].dtype == np.float32
    assert np.array_equal(plain["X_val"], X[70:95].transpose(0, 3, 1, 2))
    assert np.allclose(plain["mean_image"], mean.transpose(2, 0, 1))
    monkeypatch.setenv("CONVKIT_DATA", str(tmp_path / "named"))
    write_cifar(tmp_path / "named" / "cifar-10-batches-py", 4)
    assert len(get_CIFAR10_data(9, 1, 0)["X_test"]) == 0
    assert len(get_CIFAR10_data(np.int64(19), 1, 4)["X_test"]) == 4


def test_more_than_there_is(tmp_path):
    write_cifar(tmp_path / "cifar-10-batches-py", 4)
    with pytest.raises(ValueError, match=r"must be at most 20, the images there are; got 49000 \+ 1000 = 50000"):
        get_CIFAR10_data(path=tmp_path)
    with pytest.raises(ValueError, match="num_test must be from 0 to 4, got 5"):
        get_CIFAR10_data(10, 2, 5, path=tmp_path)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (ValueError, {"num_training": 0}),
        (ValueError, {"num_validation": -1}),
        (TypeError, {"num_test": 3.0}),
        (TypeError, {"num_training": "all"}),
        (TypeError, {"num_training": True}),
        (TypeError, {"subtract_mean": None}),
        (TypeError, {"dtype": int}),
        (TypeError, {"with_mean": 1}),
        (TypeError, {"path": 3}),
    ],
)
def test_wrong_arguments(kind, wrong):
    with pytest.raises(kind, match=f"^{next(iter(wrong))} must be"):
        get_CIFAR10_data(**wrong)


def test_not_found():
    for load in (load_CIFAR10, get_CIFAR10_data, lambda: load_CIFAR10("convkit/datasets/cifar-10-batches-py")):
        with pytest.raises(FileNotFoundError, match="convkit data fetch cifar10"):
            load()
    with pytest.raises(FileNotFoundError, match="convkit data fetch mnist"):
        load_mnist()


@pytest.mark.parametrize(
    ("name", "load", "get"),
    [("mnist", load_mnist, get_mnist_data), ("fashion-mnist", load_fashion_mnist, get_fashion_mnist_data)],
)
def test_mnist_and_fashion_mnist(tmp_path, name, load, get):
    arrays = write_idx_folder(tmp_path / name)
    X, y, X_test, y_test = load(tmp_path)
    assert (X.shape, X.dtype, X_test.shape) == ((40, 28, 28, 1), np.uint8, (15, 28, 28, 1))
    assert np.array_equal(X[..., 0], arrays[0])
    assert np.array_equal(y_test, arrays[3])
    data = get(30, 10, 15, path=tmp_path / name)
    assert (data["X_train"].shape, data["X_train"].dtype) == ((30, 1, 28, 28), np.float64)
    mean = arrays[0][:30].astype(float).mean(axis=0)
    assert np.array_equal(data["X_val"][:, 0], arrays[0][30:] - mean)
    assert np.array_equal(data["y_val"], y[30:])
    assert inspect.signature(get).parameters["num_training"].default == 59000


def test_load_pickle(tmp_path):
    file = tmp_path / "batches.meta"
    file.write_bytes(pickled({"label_names": ["airplane", "automobile"], "num_vis": 3072}))
    with open(file, "rb") as f:
        assert load_pickle(f) == {"label_names": ["airplane", "automobile"], "num_vis": 3072}
    for wrong in (file, str(file), None):
        with pytest.raises(TypeError, match="f must be a file opened with 'rb'"):
            load_pickle(wrong)
    with open(file, encoding="latin1") as f, pytest.raises(TypeError, match="f must be a file opened with 'rb'"):
        load_pickle(f)
    file.write_bytes(pickled(os.system))
    with open(file, "rb") as f, pytest.raises(ValueError, match=r"batches\.meta: .* could run code"):
        load_pickle(f)


class Model:
    """A model as CS231n pickled it."""


def test_load_models(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    params = {"W1": np.arange(6.0).reshape(2, 3), "b1": np.zeros(3)}
    np.savez(folder / "plain.npz", **params)
    checkpoint.write(folder / "run_epoch_1.npz", {"params": params, "progress": {"epoch": 1}})
    (folder / "arrays.pkl").write_bytes(pickled(params))
    (folder / ".hidden").write_bytes(b"nothing")
    (folder / "subfolder").mkdir()
    models = load_models(folder)
    assert list(models) == ["arrays.pkl", "plain.npz", "run_epoch_1.npz"]
    for found in models.values():
        assert found.keys() == params.keys()
        assert np.array_equal(found["W1"], params["W1"])
    (folder / "of_cs231n.pkl").write_bytes(pickle.dumps({"model": Model()}))
    with pytest.raises(ValueError, match=r"of_cs231n\.pkl: not a saved model that is safe to read: .*Model"):
        load_models(folder)
    (folder / "of_cs231n.pkl").unlink()
    whole = (folder / "run_epoch_1.npz").read_bytes()
    for cut in (b"", whole[:100], whole[:-1]):
        (folder / "run_epoch_1.npz").write_bytes(cut)
        with pytest.raises(ValueError, match=r"run_epoch_1\.npz"):
            load_models(folder)
    with pytest.raises(FileNotFoundError, match="models_dir: no folder"):
        load_models(tmp_path / "nowhere")


def test_load_imagenet_val(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"imagenet_val_25\.npz is not in .*cs231n\.stanford\.edu"):
        load_imagenet_val()
    monkeypatch.setenv("CONVKIT_DATA", str(tmp_path))
    names = {281: "tabby", 207: "golden retriever"}
    X, y = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8), np.array([281, 207, 281])
    np.savez(tmp_path / "imagenet_val_25.npz", X=X, y=y, label_map=np.array(names, dtype=object))
    found = load_imagenet_val()
    assert np.array_equal(found[0], X)
    assert found[1].tolist() == y.tolist()
    assert found[2] == names
    assert len(load_imagenet_val(num=2)[0]) == len(load_imagenet_val(2)[1]) == 2
    with pytest.raises(ValueError, match="num must be from 0 to 3, got 4"):
        load_imagenet_val(4)
    np.savez(tmp_path / "imagenet_val_25.npz", X=X, y=y[:2], label_map=np.array(names, dtype=object))
    with pytest.raises(ValueError, match=r"imagenet_val_25\.npz: expected X"):
        load_imagenet_val()
    np.savez(tmp_path / "imagenet_val_25.npz", X=X, y=y)
    with pytest.raises(ValueError, match="expected arrays X, y and label_map"):
        load_imagenet_val()


def test_damaged_batch_is_named(tmp_path):
    folder = tmp_path / "cifar-10-batches-py"
    write_cifar(folder, 4)
    (folder / "data_batch_4").write_bytes(python2_batch(*random_batch(4, 1))[:-9])
    for load in (load_CIFAR10, lambda path: get_CIFAR10_data(10, 2, 2, path=path)):
        with pytest.raises(ValueError, match="data_batch_4: not a CIFAR-10 batch"):
            load(tmp_path)


@pytest.mark.skipif(not REAL, reason="CONVKIT_TEST_DATA does not name a folder with CIFAR-10")
def test_real_CIFAR10():
    """Sums of all pixels, and the mean image, of the published data."""
    data = get_CIFAR10_data(path=REAL, dtype=np.float32, with_mean=True)
    assert {k: v.shape for k, v in data.items() if k.startswith("X")} == {
        "X_train": (49000, 3, 32, 32), "X_val": (1000, 3, 32, 32), "X_test": (1000, 3, 32, 32),
    }  # fmt: skip
    assert np.allclose(data["mean_image"][:, 0, 0], [130.64, 135.98, 132.47], atol=0.01)
    assert data["y_train"][:5].tolist() == [6, 9, 9, 4, 1]
