"""Tiny ImageNet's folders: what comes out, and that names in its lists cannot lead out of them."""

import numpy as np
import pytest
from PIL import Image

from convkit.data_utils import load_tiny_imagenet

WNIDS = ["n02", "n01", "n03"]  # labels follow this order, not the alphabet


def colour(i):
    return (10 * i, 255 - 10 * i, 7)


@pytest.fixture
def folder(tmp_path):
    """Three classes of two training images, two validation images, three test images, each of one colour."""
    (tmp_path / "wnids.txt").write_text("\n".join(WNIDS) + "\n")
    words = ["n00\tentity", "n01\tgoldfish, Carassius auratus", "n02\tEgyptian cat", "n03\tbus, coach , bus"]
    (tmp_path / "words.txt").write_text("\n".join(words) + "\n")

    def image(path, i, grey=False):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L" if grey else "RGB", (64, 64), 77 if grey else colour(i)).save(path)

    for i, wnid in enumerate(WNIDS):
        boxes = ""
        for j in range(2):
            name = f"{wnid}_{j}.png"
            image(tmp_path / "train" / wnid / "images" / name, 2 * i + j, grey=(i, j) == (2, 1))
            boxes += f"{name}\t0\t0\t62\t62\n"
        (tmp_path / "train" / wnid / f"{wnid}_boxes.txt").write_text(boxes)
    for j in range(2):
        image(tmp_path / "val" / "images" / f"val_{j}.png", 10 + j)
    (tmp_path / "val" / "val_annotations.txt").write_text("val_1.png\tn03\t0\t0\t1\t1\nval_0.png\tn02\t0\t0\t1\t1\n")
    for j in range(3):
        image(tmp_path / "test" / "images" / f"test_{j}.png", 13 + j)
    return tmp_path


def test_what_comes_out(folder):
    data = load_tiny_imagenet(folder, subtract_mean=False)
    assert data["class_names"] == [["Egyptian cat"], ["goldfish", "Carassius auratus"], ["bus", "coach", "bus"]]
    assert (data["X_train"].shape, data["X_train"].dtype) == ((6, 3, 64, 64), np.float32)
    assert data["y_train"].tolist() == [0, 0, 1, 1, 2, 2]
    assert data["X_train"][3, :, 5, 5].tolist() == list(colour(3))
    assert data["X_train"][5, :, 5, 5].tolist() == [77, 77, 77], "grey images get three channels"
    assert data["y_val"].tolist() == [2, 0]
    assert data["X_val"][0, :, 0, 0].tolist() == list(colour(11)), "in the order of the annotations"
    assert data["X_test"][:, :, 0, 0].tolist() == [list(colour(13 + j)) for j in range(3)]
    assert data["y_test"] is None
    assert np.allclose(data["mean_image"], data["X_train"].mean(axis=0))


def test_mean_and_dtype(folder):
    plain = load_tiny_imagenet(str(folder), np.float64, subtract_mean=False)
    data = load_tiny_imagenet(folder, np.float64)
    for part in ("X_train", "X_val", "X_test"):
        assert data[part].dtype == np.float64
        assert np.allclose(data[part], plain[part] - plain["X_train"].mean(axis=0))


def test_test_labels_where_they_are_there(folder):
    lines = [f"test_{j}.png\t{WNIDS[j]}" for j in (2, 0, 1)]
    (folder / "test" / "test_annotations.txt").write_text("\n".join(lines))
    assert load_tiny_imagenet(folder)["y_test"].tolist() == [0, 1, 2]
    (folder / "test" / "test_annotations.txt").write_text(lines[0])
    with pytest.raises(ValueError, match=r"test_annotations\.txt: has no label for 'test_0\.png'"):
        load_tiny_imagenet(folder)


@pytest.mark.parametrize("name", ["../../../secret.png", "/etc/passwd", "..", "a\\b.png", "C:x.png", "", "a\0b"])
def test_names_cannot_leave_the_folder(folder, name):
    Image.new("RGB", (64, 64)).save(folder / "secret.png")
    (folder / "val" / "val_annotations.txt").write_text(f"{name}\tn01\n")
    with pytest.raises(ValueError, match=r"val_annotations\.txt: .* is not a plain file name"):
        load_tiny_imagenet(folder)
    (folder / "train" / "n02" / "n02_boxes.txt").write_text(f"{name}\t0\n")
    with pytest.raises(ValueError, match=r"n02_boxes\.txt: .* is not a plain file name"):
        load_tiny_imagenet(folder)
    if name:
        (folder / "wnids.txt").write_text(f"{name}\nn01\n")
        with pytest.raises(ValueError, match=r"wnids\.txt: .* is not a plain file name"):
            load_tiny_imagenet(folder)


def break_it(folder, what):
    if what == "class twice":
        (folder / "wnids.txt").write_text("n01\nn01\n")
    elif what == "no classes":
        (folder / "wnids.txt").write_text("\n\n")
    elif what == "not UTF-8":
        (folder / "words.txt").write_bytes(b"n01\t\xff\n")
    elif what == "class without name":
        (folder / "words.txt").write_text("n01\tgoldfish\n")
    elif what == "unknown class":
        (folder / "val" / "val_annotations.txt").write_text("val_0.png\tn99\n")
    elif what == "line without class":
        (folder / "val" / "val_annotations.txt").write_text("val_0.png\n")
    elif what == "other size":
        Image.new("RGB", (64, 63)).save(folder / "val" / "images" / "val_0.png")
    elif what == "damaged image":
        file = folder / "val" / "images" / "val_0.png"
        file.write_bytes(file.read_bytes()[:60])
    elif what == "something among the test images":
        (folder / "test" / "images" / "notes.txt").write_text("hello")
    elif what == "no training images":
        for wnid in WNIDS:
            (folder / "train" / wnid / f"{wnid}_boxes.txt").write_text("\n")


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("class twice", r"wnids\.txt: expected one class id per line"),
        ("no classes", r"wnids\.txt: expected one class id per line"),
        ("not UTF-8", r"words\.txt: not a text file"),
        ("class without name", r"words\.txt: has no names for class 'n02'"),
        ("unknown class", r"val_annotations\.txt, line 1: 'n99' is not one of the classes"),
        ("line without class", r"val_annotations\.txt, line 1: '' is not one of the classes"),
        ("other size", r"val_0\.png: expected an image of 64 x 64 pixels: it has 64 x 63"),
        ("damaged image", r"val_0\.png: expected an image"),
        ("something among the test images", r"notes\.txt: expected an image"),
        ("no training images", r"train: lists no images"),
    ],
)
def test_damaged_folders(folder, what, message):
    break_it(folder, what)
    with pytest.raises(ValueError, match=message):
        load_tiny_imagenet(folder)


@pytest.mark.parametrize(
    "name",
    ["wnids.txt", "words.txt", "train/n01/n01_boxes.txt", "train/n01/images/n01_0.png", "val/val_annotations.txt"],
)
def test_missing_files(folder, name):
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=name.rpartition("/")[2]):
        load_tiny_imagenet(folder)


def test_wrong_arguments(folder):
    with pytest.raises(FileNotFoundError, match=r"wnids\.txt"):
        load_tiny_imagenet(folder / "nowhere")
    with pytest.raises(TypeError, match="dtype must be"):
        load_tiny_imagenet(folder, np.uint8)
    with pytest.raises(TypeError, match="subtract_mean must be"):
        load_tiny_imagenet(folder, np.float32, "yes")
    with pytest.raises(TypeError, match="path must be"):
        load_tiny_imagenet(None)
