"""CIFAR-10 files: both versions give the same images, and anything but a whole batch is refused by name."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from data_helpers import CIFAR_TRAIN, memory_below, pickled, python2_batch, random_batch, unless_refused, write_cifar
from hypothesis import given, settings
from hypothesis import strategies as st

from convkit.data.cifar import read_batch, read_cifar10

REAL = os.environ.get("CONVKIT_TEST_DATA")
needs_real_data = pytest.mark.skipif(not REAL, reason="CONVKIT_TEST_DATA does not name a folder with CIFAR-10")


@pytest.fixture
def batch(tmp_path):
    """A path to write a batch to."""
    return tmp_path / "data_batch_1"


def test_published_pickle(batch):
    x, y = random_batch(30, 0)
    batch.write_bytes(python2_batch(x, y))
    images, labels = read_batch(batch)
    assert (images.shape, images.dtype, labels.dtype) == ((30, 3, 32, 32), np.uint8, np.int64)
    assert np.array_equal(images.reshape(30, 3072), x)
    assert np.array_equal(labels, y)


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("keys", [("data", "labels"), (b"data", b"labels")])
def test_pickles_written_again_by_python3(batch, protocol, keys):
    x, y = random_batch(5, 1)
    for labels in (y.tolist(), y, y.astype(np.uint8)):
        batch.write_bytes(pickled(dict(zip(keys, (x, labels))), protocol))
        assert np.array_equal(read_batch(batch)[0].reshape(5, 3072), x)
        assert np.array_equal(read_batch(batch)[1], y)


def test_fortran_order(batch):
    x, y = random_batch(5, 1)
    batch.write_bytes(pickled({"data": np.asfortranarray(x), "labels": y.tolist()}))
    images, _ = read_batch(batch)
    assert np.array_equal(images.reshape(5, 3072), x)
    assert images.flags.c_contiguous


@pytest.mark.parametrize("binary", [False, True])
def test_folder(tmp_path, binary):
    batches = write_cifar(tmp_path, 7, binary)
    X, y, X_test, y_test = read_cifar10(tmp_path, num_images=7)
    assert np.array_equal(X.reshape(-1, 3072), np.concatenate([x for x, _ in batches[:5]]))
    assert np.array_equal(y, np.concatenate([y for _, y in batches[:5]]))
    assert np.array_equal(X_test.reshape(-1, 3072), batches[5][0])
    assert np.array_equal(y_test, batches[5][1])


def test_folder_of_batches_of_several_sizes(tmp_path):
    for seed, name in enumerate([*CIFAR_TRAIN, "test_batch"]):
        (tmp_path / name).write_bytes(python2_batch(*random_batch(seed + 1, seed)))
    X, y, X_test, _ = read_cifar10(tmp_path)
    assert (len(X), len(y), len(X_test)) == (15, 15, 6)
    assert np.array_equal(X[1:3].reshape(2, 3072), random_batch(2, 1)[0])


def test_incomplete_folder(tmp_path):
    write_cifar(tmp_path, 2)
    (tmp_path / "data_batch_3").unlink()
    with pytest.raises(FileNotFoundError, match=r"without data_batch_3$"):
        read_cifar10(tmp_path)
    (tmp_path / "data_batch_3").mkdir()
    with pytest.raises(FileNotFoundError, match="data_batch_3"):
        read_cifar10(tmp_path)


X, Y = random_batch(4, 2)
WRONG = {
    "a list": [X, Y.tolist()],
    "no data": {"labels": Y.tolist()},
    "no labels": {"data": X},
    "fine labels of CIFAR-100": {"data": X, "fine_labels": Y.tolist()},
    "data as a list": {"data": X.tolist(), "labels": Y.tolist()},
    "data in float": {"data": X.astype(np.float32), "labels": Y.tolist()},
    "data in int8": {"data": X.astype(np.int8), "labels": Y.tolist()},
    "data of objects": {"data": X.astype(object), "labels": Y.tolist()},
    "data in four dimensions": {"data": X.reshape(4, 3, 32, 32), "labels": Y.tolist()},
    "data of another width": {"data": X[:, :-1], "labels": Y.tolist()},
    "flat data": {"data": X[0], "labels": [1]},
    "no images": {"data": X[:0], "labels": []},
    "too few labels": {"data": X, "labels": Y.tolist()[:-1]},
    "label 10": {"data": X, "labels": [1, 2, 10, 3]},
    "label -1": {"data": X, "labels": [1, 2, -1, 3]},
    "label of 64 bits": {"data": X, "labels": [1, 2, 2**63, 3]},
    "label in float": {"data": X, "labels": [1, 2, 3.0, 3]},
    "label in text": {"data": X, "labels": [1, 2, "3", 3]},
    "label True": {"data": X, "labels": [1, 2, True, 3]},
    "label of None": {"data": X, "labels": [1, 2, None, 3]},
    "labels nested": {"data": X, "labels": [[1], [2], [3], [4]]},
    "labels in float": {"data": X, "labels": Y.astype(float)},
    "labels one-hot": {"data": X, "labels": np.eye(4, dtype=int)},
    "labels None": {"data": X, "labels": None},
    "None": None,
}


@pytest.mark.parametrize("case", WRONG)
def test_other_content_is_refused(batch, case):
    batch.write_bytes(pickled(WRONG[case], 3))
    with pytest.raises(ValueError, match="data_batch_1") as caught:
        read_batch(batch)
    assert "0..9" in str(caught.value) or "per image" in str(caught.value) or "1 to 10000" in str(caught.value)


def test_label_out_of_range_is_shown(batch):
    batch.write_bytes(pickled(WRONG["label 10"]))
    with pytest.raises(ValueError, match=r"label 2 is 10; the labels of CIFAR-10 are 0\.\.9"):
        read_batch(batch)


def test_more_images_than_a_batch_has(batch):
    # 10,001 images of one byte each would be found by their width; these have the right one, and too many labels
    x = np.zeros((10_001, 3072), np.uint8)
    batch.write_bytes(pickled({"data": x, "labels": [0] * 10_001}, 3))
    with pytest.raises(ValueError, match="10001 images; a CIFAR-10 batch holds 1 to 10000"):
        read_batch(batch)


def test_size_is_looked_at_before_reading(tmp_path):
    for name in ("data_batch_1", "data_batch_1.bin"):
        with open(tmp_path / name, "wb") as file:
            file.truncate(2**40)  # takes no space on disk
        with memory_below(2**20), pytest.raises(ValueError, match=f"{name}: 1099511627776 bytes are too many"):
            read_batch(tmp_path / name)


@pytest.mark.parametrize("size", [0, 1, 3072, 3073, 30_730_000 - 3073, 30_730_000 - 1, 30_730_001, 30_733_073])
def test_binary_file_of_another_size(tmp_path, size):
    file = tmp_path / "data_batch_1.bin"
    with open(file, "wb") as out:
        out.truncate(size)
    with pytest.raises(ValueError, match=r"data_batch_1\.bin: .* expected a binary CIFAR-10 batch: 10000 records"):
        read_batch(file)


def test_binary_labels(tmp_path):
    file = tmp_path / "test_batch.bin"
    data = bytearray(3073 * 3)
    file.write_bytes(data)
    assert read_batch(file, 3)[1].tolist() == [0, 0, 0]
    data[3073] = 10
    file.write_bytes(data)
    with pytest.raises(ValueError, match=r"test_batch\.bin: label 1 is 10"):
        read_batch(file, 3)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_batch(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="not a regular file"):
        read_batch(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices are files on POSIX only")
def test_pipes_and_devices(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero"):  # opening the one would wait for a writer, the other never ends
        with pytest.raises(ValueError, match="not a regular file"):
            read_batch(path)


@pytest.mark.parametrize("path", [None, 3, b"data_batch_1", ["data_batch_1"]])
def test_what_is_no_path(path):
    with pytest.raises(TypeError, match="path must be"):
        read_batch(path)


def test_paths_that_name_nothing():
    for path in ("", "a\0b"):
        with pytest.raises(ValueError, match="path must name a file"):
            read_batch(path)


WHOLE = python2_batch(X, Y)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255), st.booleans())
def test_damaged_batches(tmp_path_factory, position, byte, cut):
    path = tmp_path_factory.mktemp("cifar") / "data_batch_1"
    data = bytearray(WHOLE)
    data[position] = byte
    path.write_bytes(data[:position] if cut else data)
    found = unless_refused(read_batch, path, naming=str(path))
    if found is not None:
        assert not cut
        images, labels = found
        # A pickle has no checksum: a changed pixel or label cannot be seen. No more than one may have changed.
        changed = (images.reshape(4, 3072) != X).sum() + (labels != Y).sum()
        assert changed <= 1
        assert 0 <= labels.min() <= labels.max() <= 9


@needs_real_data
@pytest.mark.parametrize("folder", ["cifar-10-batches-py", "cifar-10-batches-bin"])
def test_real_batch(folder):
    path = Path(REAL, folder, "data_batch_1" if folder.endswith("py") else "data_batch_1.bin")
    images, labels = read_batch(path)
    assert labels[:10].tolist() == [6, 9, 9, 4, 1, 1, 2, 7, 8, 3]
    assert images[0, :, 0, 0].tolist() == [59, 62, 63]
    assert np.bincount(labels).tolist() == [1005, 974, 1032, 1016, 999, 937, 1030, 1001, 1025, 981]


@needs_real_data
def test_real_batch_equals_what_pickle_gives():
    path = Path(REAL, "cifar-10-batches-py", "test_batch")
    expected = pickle.loads(path.read_bytes(), encoding="latin1")
    images, labels = read_batch(path)
    assert np.array_equal(images.reshape(-1, 3072), expected["data"])
    assert labels.tolist() == expected["labels"]
