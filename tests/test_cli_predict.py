"""convkit predict: image files of every kind, as the network saw its images in training."""

import contextlib
import io
import re

import numpy as np
import pytest
import test_cli
from PIL import Image, ImageOps
from test_cli import run

from convkit.cli import main
from convkit.commands import models, pictures, run_folder
from convkit.commands.images import Preparation, prepare
from convkit.data import FASHION_MNIST_CLASSES, read_fashion_mnist_mini

in_folder = test_cli.in_folder
COLOUR = Preparation((3, 4, 6), ("a", "b"), (0.1, 0.2, 0.3), (0.5, 0.6, 0.7), False)
GREY = Preparation((1, 8, 8), ("a", "b"), (0.25,), (0.5,), True)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A network that knows something of clothes."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    words = ("--epochs", "1", "--num-filters", "4", "--filter-size", "3", "--hidden-dim", "32", "--quiet")
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(["train", *words, "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def network(trained):
    settings, preparation, _ = run_folder.read_settings(trained)
    model = models.build(settings, preparation.shape, 10)
    run_folder.install(run_folder.learned_params(trained, settings), model, trained)
    return model, preparation


def rows(out):
    """The table: file -> (label, probability, next best, its probability)."""
    found = re.findall(r"^(\S+) +(\S.*?) +(\d+\.\d) % +(\S.*) (\d+\.\d) %$", out, re.M)
    return {
        file: (label, float(share), following, float(next_share)) for file, label, share, following, next_share in found
    }


def test_images_of_the_test_are_classified_as_in_the_test(trained, network, capsys, in_folder):
    _, _, X, _ = read_fashion_mnist_mini()
    names = [f"{n}.png" for n in range(12)]
    for name, pixels in zip(names, X[:, 0]):
        Image.fromarray(pixels).save(name)
    code, out, err = run(capsys, "predict", trained, *names)
    assert (code, err) == (0, "")
    assert "Light and dark" not in out
    model, preparation = network
    scores = model.loss(prepare(X[:12].astype(np.float32), preparation)).astype(float)
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    found = rows(out)
    assert list(found) == names
    for name, share in zip(names, shares):
        label, probability, following, next_probability = found[name]
        first, second = np.argsort(-share)[:2]
        assert (label, following) == (FASHION_MNIST_CLASSES[first], FASHION_MNIST_CLASSES[second])
        assert probability == pytest.approx(100 * share[first], abs=0.06)
        assert next_probability == pytest.approx(100 * share[second], abs=0.06)


def big(image):
    return image.resize((200, 200), Image.Resampling.BICUBIC)


def transparent(image):
    out = ImageOps.invert(image).convert("RGBA")
    out.putalpha(image.point(lambda value: 255 if value > 0 else 0))
    return out


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("a.png", ImageOps.invert),
        ("a.jpg", lambda image: big(ImageOps.invert(image)).convert("RGB")),
        ("a.png", lambda image: transparent(image)),
        ("a.png", lambda image: image.convert("P")),
        ("a.tiff", lambda image: Image.fromarray(np.asarray(image).astype(np.uint16) * 257)),
        ("a.tiff", lambda image: Image.fromarray(np.asarray(image).astype(np.float32) / 255)),
        ("a.bmp", lambda image: big(image)),
        ("a.webp", lambda image: big(image).convert("RGB")),
        ("a.gif", lambda image: image),
    ],
)
def test_the_same_thing_in_other_files(trained, network, tmp_path, name, change):
    model, preparation = network
    _, _, X, _ = read_fashion_mnist_mini()
    same = 0
    for pixels in X[:20, 0]:
        change(Image.fromarray(pixels)).save(tmp_path / name)
        picture = pictures.read(tmp_path / name, preparation, "float32")
        expected = prepare(pixels[None, None].astype(np.float32), preparation)
        assert picture.x.shape == expected.shape
        assert picture.x.dtype == np.float32
        assert np.abs(picture.x - expected).mean() < 0.15
        same += model.loss(picture.x).argmax() == model.loss(expected).argmax()
    assert same >= 18


def save(tmp_path, pixels, name="a.png", **options):
    Image.fromarray(np.asarray(pixels, np.uint8)).save(tmp_path / name, **options)
    return tmp_path / name


def test_normalisation_is_that_of_training(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6, 3))
    picture = pictures.read(save(tmp_path, pixels), COLOUR, "float64")
    expected = (pixels / 255 - [0.1, 0.2, 0.3]) / [0.5, 0.6, 0.7]
    np.testing.assert_allclose(picture.x[0], expected.transpose(2, 0, 1), rtol=1e-12)
    assert not picture.inverted


def test_other_proportions_are_padded_with_the_background(tmp_path):
    pixels = np.full((4, 16), 10)
    pixels[1:3, 4:12] = 210
    x = pictures.read(save(tmp_path, pixels), GREY, "float64").x * 0.5 + 0.25
    assert x.shape == (1, 1, 8, 8)
    np.testing.assert_allclose(x[0, 0, [0, 1, 6, 7]], 10 / 255, atol=0.02)  # above and below: the colour of the corners
    assert x[0, 0, 3:5, 3:5].min() > 0.4


@pytest.mark.parametrize(("background", "thing"), [(250, 5), (5, 250)])
@pytest.mark.parametrize("choice", [None, True, False])
def test_light_and_dark(tmp_path, background, thing, choice):
    pixels = np.full((8, 8), background)
    pixels[2:6, 2:6] = thing
    picture = pictures.read(save(tmp_path, pixels), GREY, "float64", choice)
    assert picture.inverted == (background > thing if choice is None else choice)
    expected = 255 - pixels if picture.inverted else pixels
    np.testing.assert_allclose((picture.x[0, 0] * 0.5 + 0.25) * 255, expected, atol=1e-9)


def test_colour_photos_are_never_inverted_by_themselves(tmp_path):
    assert not pictures.read(save(tmp_path, np.full((4, 6, 3), 255)), COLOUR, "float32").inverted


def test_a_photo_lies_as_the_camera_was_held(tmp_path):
    pixels = np.zeros((8, 8))
    pixels[0, 1:] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    path = save(tmp_path, pixels, exif=exif)
    x = pictures.read(path, GREY, "float64", invert=False).x[0, 0]
    np.testing.assert_allclose((x * 0.5 + 0.25) * 255, np.rot90(pixels, -1), atol=1e-9)


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (3000, 2000)])
def test_any_size(tmp_path, size):
    for preparation in (GREY, COLOUR):
        x = pictures.read(save(tmp_path, np.full(size, 77)), preparation, "float64", False).x
        assert x.shape == (1, *preparation.shape)
        mean, std = (np.array(each)[:, None, None] for each in (preparation.mean, preparation.std))
        np.testing.assert_allclose((x[0] * std + mean) * 255, 77, atol=1)


# What is no image


def test_the_others_are_classified_where_some_cannot_be(trained, capsys, in_folder):
    _, _, X, _ = read_fashion_mnist_mini()
    for name in ("good.png", "cut.png", "also good.png"):
        Image.fromarray(X[0, 0]).save(name)
    (in_folder / "cut.png").write_bytes((in_folder / "cut.png").read_bytes()[:200])
    (in_folder / "text.jpg").write_text("no image")
    (in_folder / "empty.png").touch()
    (in_folder / "folder.png").mkdir()
    names = ["good.png", "missing.png", "cut.png", "text.jpg", "empty.png", "folder.png", "also good.png"]
    code, out, err = run(capsys, "predict", trained, *names)
    assert code == 1
    assert [line.split("  ")[0] for line in out.splitlines()[1:]] == ["good.png", "also good.png"]
    complaints = err.splitlines()
    assert len(complaints) == 5
    for name, complaint in zip(names[1:6], complaints):
        assert complaint.startswith("convkit predict: error: ")
        assert name in complaint
        assert "Traceback" not in complaint


def test_nothing_but_bad_files(trained, capsys, in_folder):
    code, out, err = run(capsys, "predict", trained, "missing.png")
    assert (code, out) == (1, "")
    assert "missing.png" in err


def test_images_that_would_fill_the_memory_are_refused(tmp_path, trained, capsys):
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    data = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )
    (tmp_path / "bomb.png").write_bytes(data)
    code, _, err = run(capsys, "predict", trained, tmp_path / "bomb.png")
    assert code == 1
    assert "bomb.png: not a whole image" in err


def test_what_is_no_run(trained, capsys, in_folder):
    for folder, reason in (("nowhere", "there is no such folder"), (".", "it has no settings.json")):
        code, _, err = run(capsys, "predict", folder, "a.png")
        assert code == 1
        assert reason in err


def test_a_run_that_has_not_begun(trained, capsys, in_folder):
    (in_folder / "settings.json").write_bytes((trained / "settings.json").read_bytes())
    code, _, err = run(capsys, "predict", ".", "a.png")
    assert code == 1
    assert "convkit train --resume . goes on with it" in err
