"""What comes with convkit: the small Fashion-MNIST and the photos."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from data_helpers import unless_refused
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import convkit
from convkit.data import (
    CIFAR10_CLASSES,
    FASHION_MNIST_CLASSES,
    load_fashion_mnist_mini,
    load_photo,
    read_fashion_mnist_mini,
    read_mnist_like,
)
from convkit.data.images import read_rgb

REAL = os.environ.get("CONVKIT_TEST_DATA")
DEBIAN = "/usr/share/datasets/fashion-mnist"
PACKAGE = pathlib.Path(convkit.__file__).parent


def test_default_is_ready_to_train_on():
    data = load_fashion_mnist_mini()
    shapes = {name: (array.shape, array.dtype) for name, array in data.items()}
    assert shapes == {
        "mean_image": ((1, 28, 28), np.float32),
        "X_train": ((4500, 1, 28, 28), np.float32),
        "y_train": ((4500,), np.int64),
        "X_val": ((500, 1, 28, 28), np.float32),
        "y_val": ((500,), np.int64),
        "X_test": ((1000, 1, 28, 28), np.float32),
        "y_test": ((1000,), np.int64),
    }
    for part, each in (("train", 450), ("val", 50), ("test", 100)):
        assert np.bincount(data[f"y_{part}"]).tolist() == [each] * 10
    assert np.abs(data["X_train"].mean(axis=0)).max() < 1e-6
    assert data["X_train"].max() <= 1
    assert data["X_train"].min() >= -1
    assert len(FASHION_MNIST_CLASSES) == len(CIFAR10_CLASSES) == 10


def test_classes_are_mixed():
    """A minibatch cut from the front holds nearly all classes, wherever it is cut."""
    for array in load_fashion_mnist_mini(), load_fashion_mnist_mini(num_validation=0):
        y = array["y_train"]
        assert min(len(set(y[i : i + 100])) for i in range(0, 4001, 100)) == 10


def test_same_on_every_call_and_independent():
    first, second = load_fashion_mnist_mini(), load_fashion_mnist_mini()
    for name in first:
        assert np.array_equal(first[name], second[name])
        assert first[name].flags.writeable
    first["X_train"][:] = 0
    assert second["X_train"].any()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 4999), st.data())
def test_every_split_is_balanced_and_without_overlap(num_validation, more):
    num_training = more.draw(st.none() | st.integers(1, 5000 - num_validation))
    num_test = more.draw(st.integers(0, 1000))
    data = load_fashion_mnist_mini(
        num_validation=num_validation, num_training=num_training, num_test=num_test, subtract_mean=False, scale=False
    )
    sizes = {"train": 5000 - num_validation if num_training is None else num_training}
    for part, size in (sizes | {"val": num_validation, "test": num_test}).items():
        counts = np.bincount(data[f"y_{part}"], minlength=10)
        assert counts.sum() == len(data[f"X_{part}"]) == size
        assert counts.max() - counts.min() <= 1
    # Every picture is there once: none is bundled twice (see below), so none of both parts is the same.
    assert len({image.tobytes() for part in ("train", "val") for image in data[f"X_{part}"]}) == sum(
        len(data[f"X_{part}"]) for part in ("train", "val")
    )


def test_no_picture_is_bundled_twice():
    X, _, X_test, _ = read_fashion_mnist_mini()
    assert len({image.tobytes() for image in np.concatenate([X, X_test])}) == 6000


def test_python_without_lzma_is_told_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "lzma", None)
    with pytest.raises(ImportError, match=r"fashion_mnist_mini\.npz is packed with LZMA, .* install liblzma"):
        load_fashion_mnist_mini()


def test_preparation_of_the_pixels():
    X, y, X_test, y_test = read_fashion_mnist_mini()
    assert (X.dtype, X_test.shape) == (np.uint8, (1000, 1, 28, 28))
    plain = load_fashion_mnist_mini(num_validation=0, subtract_mean=False, scale=False, dtype=np.float64)
    assert np.array_equal(plain["X_train"], X)
    assert np.array_equal(plain["y_train"], y)
    assert np.array_equal(plain["y_test"], y_test)
    assert not plain["mean_image"].any()
    data = load_fashion_mnist_mini(num_validation=0, dtype=np.float64)
    assert np.allclose(data["mean_image"], X.mean(axis=0) / 255, atol=1e-15)
    assert np.allclose(data["X_test"], X_test / 255 - data["mean_image"], atol=1e-15)
    unscaled = load_fashion_mnist_mini(scale=False)
    assert np.allclose(unscaled["X_val"] / 255, load_fashion_mnist_mini()["X_val"], atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (ValueError, {"num_validation": 5000}),
        (ValueError, {"num_validation": -1}),
        (ValueError, {"num_training": 0}),
        (ValueError, {"num_training": 4501}),
        (ValueError, {"num_test": 1001}),
        (TypeError, {"num_test": None}),
        (TypeError, {"num_test": True}),
        (TypeError, {"num_validation": 500.0}),
        (TypeError, {"num_training": "100"}),
        (TypeError, {"dtype": np.uint8}),
        (TypeError, {"dtype": None}),
        (TypeError, {"dtype": "no dtype"}),
        (TypeError, {"subtract_mean": "no"}),
        (TypeError, {"scale": 1}),
    ],
)
def test_wrong_arguments(kind, wrong):
    with pytest.raises(kind, match=f"^{next(iter(wrong))} must be"):
        load_fashion_mnist_mini(**wrong)


@pytest.mark.skipif(not (REAL or os.path.isdir(DEBIAN)), reason="no complete Fashion-MNIST to compare with")
def test_bundled_images_are_the_first_of_each_class():
    folder = os.path.join(REAL, "fashion-mnist") if REAL else DEBIAN
    whole, bundled = read_mnist_like(folder, "fashion-mnist"), read_fashion_mnist_mini()
    for X, y, found, labels, count in ((*whole[:2], *bundled[:2], 500), (*whole[2:], *bundled[2:], 100)):
        seen = np.zeros(10, int)
        chosen = []
        for i, label in enumerate(y):
            if seen[label] < count:
                seen[label] += 1
                chosen.append(i)
        assert np.array_equal(X[chosen], found)
        assert np.array_equal(y[chosen], labels)


def test_notices_stand_beside_the_data():
    licence = (PACKAGE / "data" / "FASHION-MNIST-LICENSE.txt").read_text(encoding="utf-8")
    assert "Copyright © 2017 Zalando SE" in licence
    assert "THE SOFTWARE IS PROVIDED" in licence
    for notice, photo in (("data/PHOTOS.txt", "chelsea"), ("notebook_images/README.txt", "puppy")):
        text = (PACKAGE / notice).read_text(encoding="utf-8")
        assert photo in text
        assert "CC0" in text


def test_photos():
    cat, coffee = load_photo("cat"), load_photo("coffee")
    assert (cat.shape, cat.dtype, coffee.shape) == ((300, 451, 3), np.uint8, (400, 400, 3))
    assert cat.std() > 20
    assert np.array_equal(load_photo(), cat)
    for wrong in ("dog", "../cat", None, ["cat"]):
        with pytest.raises(ValueError, match="name must be one of cat, coffee"):
            load_photo(wrong)


def test_notebook_images_are_as_cs231n_notebooks_expect_them():
    with Image.open(PACKAGE / "notebook_images" / "kitten.jpg") as kitten:
        assert kitten.size[0] > kitten.size[1]
        assert kitten.mode == "RGB"
    with Image.open(PACKAGE / "notebook_images" / "puppy.jpg") as puppy:
        assert puppy.size[0] == puppy.size[1]
        assert puppy.mode == "RGB"


def test_import_is_light():
    code = "import sys, convkit.data, convkit.data_utils; print(*[m for m in sys.argv[1:] if m in sys.modules])"
    heavy = ["pooch", "requests", "tqdm", "PIL", "matplotlib"]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    found = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True, env=env)
    assert found.stdout.strip() == ""


@pytest.mark.parametrize(
    ("end", "modes"),
    [
        ("png", "RGB L P RGBA 1 I;16"),
        ("jpg", "RGB L CMYK 1"),
        ("bmp", "RGB L P 1"),
        ("gif", "RGB L P RGBA 1"),
        ("tiff", "RGB L P RGBA 1 CMYK"),
        ("webp", "RGB RGBA"),
    ],
)
def test_image_files(tmp_path, end, modes):
    for mode in modes.split():
        Image.fromarray(load_photo()[:40, :60]).convert("L" if mode == "I;16" else "RGB").convert(mode).save(
            tmp_path / f"image.{end}"
        )
        assert read_rgb(tmp_path / f"image.{end}").shape == (40, 60, 3)


def test_deep_pixels(tmp_path):
    for end in ("png", "tiff"):
        Image.fromarray(np.array([[0, 0x80FF, 0xFFFF]], np.uint16)).save(tmp_path / f"deep.{end}")
        assert read_rgb(tmp_path / f"deep.{end}")[0, :, 1].tolist() == [0, 128, 255]
    Image.fromarray(np.ones((4, 4), np.float32)).save(tmp_path / "float.tiff")
    with pytest.raises(ValueError, match="whose white is not known"):
        read_rgb(tmp_path / "float.tiff")


def test_channels(tmp_path):
    Image.fromarray(load_photo()).save(tmp_path / "image.png")
    assert np.array_equal(read_rgb(tmp_path / "image.png"), load_photo())
    Image.fromarray(load_photo()[..., 0]).save(tmp_path / "image.png")
    assert np.array_equal(read_rgb(tmp_path / "image.png"), np.repeat(load_photo()[..., :1], 3, axis=2))


def test_image_files_that_are_none(tmp_path):
    file = tmp_path / "image.png"
    for content in (b"", b"no image", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", bytes(1000)):
        file.write_bytes(content)
        with pytest.raises(ValueError, match=r"image\.png: expected an image: "):
            read_rgb(file)
    Image.new("1", (10_000, 10_000)).save(file)  # 100 million pixels in 12 kB
    with pytest.raises(ValueError, match=r"image\.png: expected an image of at most 64000000 pixels"):
        read_rgb(file)
    Image.new("L", (30, 20)).save(file)
    with pytest.raises(ValueError, match="expected an image of 64 x 64 pixels: it has 30 x 20 pixels"):
        read_rgb(file, size=(64, 64))
    with pytest.raises(FileNotFoundError):
        read_rgb(tmp_path / "nowhere.png")


@pytest.mark.parametrize("end", ["png", "jpg", "gif", "tiff", "webp", "bmp"])
def test_damaged_image_files(tmp_path, end):
    file = tmp_path / f"image.{end}"
    Image.fromarray(load_photo()[:40, :60]).save(file)
    whole = file.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(60):
        data = bytearray(whole)
        data[rng.integers(len(data))] ^= 1 << rng.integers(8)
        file.write_bytes(data[: rng.integers(len(data))] if rng.random() < 0.4 else data)
        found = unless_refused(read_rgb, file, naming=str(file))
        assert found is None or (found.dtype == np.uint8 and found.ndim == 3)
