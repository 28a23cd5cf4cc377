"""The images of the notebooks: the whole data set where it is there, else the bundled one, and which it is is said."""

import gzip

import numpy as np
import pytest
from data_helpers import IDX_NAMES, idx_bytes

from convkit.course import images
from convkit.data_utils import get_mnist_data
from convkit.solver_checks import check_data


@pytest.fixture
def fetched(tmp_path, monkeypatch):
    """An empty folder in which data sets are looked for, and in no other place."""
    monkeypatch.setenv("CONVKIT_DATA", str(tmp_path))
    monkeypatch.setattr(images, "locate", lambda name: tmp_path / name if (tmp_path / name).is_dir() else None)
    return tmp_path


def put_mnist(folder, n_train=60_000, n_test=10_000):
    """Files of the full size: image k has the grey value k % 251 all over, and the label k % 10."""
    folder.mkdir()
    for n, names in ((n_train, IDX_NAMES[:2]), (n_test, IDX_NAMES[2:])):
        k = np.arange(n)
        pixels = np.broadcast_to((k % 251).astype(np.uint8)[:, None, None], (n, 28, 28))
        for name, array in zip(names, (pixels, (k % 10).astype(np.uint8)), strict=True):
            (folder / (name + ".gz")).write_bytes(gzip.compress(idx_bytes(array), 1))


@pytest.mark.parametrize("name", ["cifar10", "mnist", "fashion-mnist"])
def test_bundled_images_where_nothing_was_fetched(name, fetched):
    data, words = images.load(name, most=300)
    assert data["X_train"].shape == (300, 1, 28, 28)
    assert len(data["class_names"]) == 10
    assert "comes with convkit" in words
    assert f"convkit data fetch {name}" in words
    check_data(data, "accuracy")
    assert images.load(name, most=10**9)[0]["X_train"].shape[0] == images.load(name)[0]["X_train"].shape[0] == 4500


def test_the_whole_data_set_where_it_was_fetched(fetched):
    put_mnist(fetched / "mnist")
    data, words = images.load("mnist", most=2_000)
    expected = get_mnist_data(2_000, 1_000, 1_000, dtype=np.float32, with_mean=True)
    assert words == ("MNIST: 2,000 of its 59,000 training, 1,000 validation and 1,000 test images, 28 x 28, grey.")
    assert data["class_names"] == tuple("0123456789")
    for part in ("X_train", "X_val", "X_test", "mean_image"):
        np.testing.assert_allclose(data[part], expected[part] / 255, rtol=1e-6)
        assert data[part].dtype == np.float32
    for part in ("y_train", "y_val", "y_test"):
        np.testing.assert_array_equal(data[part], expected[part])
    check_data(data, "accuracy")
    plain, words = images.load("mnist", subtract_mean=False)
    assert len(plain["X_train"]) == 59_000
    assert len(plain["X_test"]) == 10_000
    assert "59,000 training" in words
    assert "of its" not in words
    assert not plain["mean_image"].any()
    np.testing.assert_allclose(plain["X_train"][:500, 0, 3, 4], np.arange(500) % 251 / 255, rtol=1e-6)
    assert "convkit data fetch cifar10" in images.load("cifar10", most=10)[1]  # the one does not stand for the other


def test_bundled_and_whole_are_prepared_alike(fetched):
    """Whatever runs on the one runs on the other: the same keys, dtypes and scale."""
    bundled, _ = images.load("fashion-mnist", most=100)
    put_mnist(fetched / "fashion-mnist")
    whole, _ = images.load("fashion-mnist", most=100)
    assert bundled.keys() == whole.keys()
    for key in bundled:
        if key != "class_names":
            assert bundled[key].dtype == whole[key].dtype
            assert bundled[key].shape[1:] == whole[key].shape[1:]
    assert np.abs(whole["X_train"]).max() <= 1


def test_wrong_arguments_are_refused(fetched):
    with pytest.raises(ValueError, match="name must be one of"):
        images.load("imagenet")
    with pytest.raises(ValueError, match="cifar10, mnist, fashion-mnist; got 'fashion-mnist-mini'"):
        images.load("fashion-mnist-mini")
    with pytest.raises(TypeError, match="name must be a str"):
        images.load(3)
    with pytest.raises(ValueError, match="most must be from 1"):
        images.load("mnist", most=0)
    with pytest.raises(TypeError, match="most must be an integer"):
        images.load("mnist", most=2.5)


def test_damaged_files_are_an_error_not_other_images(fetched):
    (fetched / "mnist").mkdir()
    for name in IDX_NAMES:
        (fetched / "mnist" / name).write_bytes(b"damaged")
    with pytest.raises(ValueError, match="train-images-idx3-ubyte"):
        images.load("mnist")
