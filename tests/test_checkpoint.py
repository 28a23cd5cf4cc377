"""Checkpoint files: whole or not at all, and never trusted."""

import io
import json
import os
import pickle
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from convkit import checkpoint

TREE = {
    "numbers": {
        "int": 3,
        "big": 2**70,
        "float": 0.1,
        "nan": float("nan"),
        "inf": float("inf"),
        "none": None,
        "yes": True,
    },
    "text": "é ∞",
    "list": [1, 2.5, [np.arange(3)]],
    "tuple": (1, (2,), np.zeros(0)),
    "scalars": {"f": np.float32(0.1), "i": np.uint8(7)},
    "arrays": {
        "W": np.arange(6, dtype=np.float32).reshape(2, 3),
        "F": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "strided": np.arange(10.0)[::-3],
        "no axes": np.array(1.5),
        "empty": np.zeros((3, 0, 2)),
        "other order": np.arange(3, dtype=">i2"),
        "complex": np.array([1j]),
        "bool": np.array([True, False]),
    },
    "block1.conv1/w": np.ones(2),
    "empty": {},
}


def same(a, b):
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert list(a) == list(b)
        for key in a:
            same(a[key], b[key])
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y)
    elif isinstance(a, np.ndarray):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        if a.flags.f_contiguous:
            assert b.flags.f_contiguous
        assert a.tobytes() == b.tobytes()
    else:
        assert repr(a) == repr(b)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run_epoch_1.npz"


def test_what_is_written_comes_back(path):
    checkpoint.write(path, TREE)
    tree = checkpoint.read(path)
    same(TREE, tree)
    for array in tree["arrays"].values():
        assert array.flags.owndata
        assert array.flags.writeable
        assert array.flags.aligned
    assert os.listdir(path.parent) == [path.name]
    whole = path.read_bytes()
    checkpoint.write(path, TREE)
    assert path.read_bytes() == whole


numbers = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
arrays = hnp.arrays(
    st.sampled_from([np.float32, np.float64, np.int64, np.uint8]), hnp.array_shapes(min_dims=0, min_side=0)
)
names = st.text(
    st.characters(blacklist_categories=("C", "Z"), blacklist_characters="/"), min_size=1, max_size=5
).filter(lambda s: s[0] != "$")
trees = st.recursive(
    numbers | arrays,
    lambda t: st.lists(t, max_size=3) | st.dictionaries(names, t, max_size=3) | st.tuples(t),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(names, trees, max_size=3))
def test_any_tree_comes_back(tmp_path_factory, tree):
    path = tmp_path_factory.mktemp("tree") / "x.npz"
    # names without slashes at the top, so that no two arrays come to share one
    checkpoint.write(path, tree)
    same(tree, checkpoint.read(path))


def test_numpy_can_open_it_without_pickles(path):
    checkpoint.write(path, TREE)
    with np.load(path, allow_pickle=False) as file:
        np.testing.assert_array_equal(file["arrays/W"], TREE["arrays"]["W"])
        assert json.loads(file["meta.json"])["format"] == "convkit checkpoint"


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ({"a": {"b": object()}}, "a/b has no place"),
        ({"a": np.array([None])}, "a has no place"),
        ({"a": np.array(["text"])}, "a has no place"),
        ({"a": {1, 2}}, "a has no place"),
        ({"a": {3: 1}}, "names.*3 in 'a'"),
        ({"a": {"$array": 1}}, r"names.*\$array"),
        ({"a\0b": 1}, "names"),
        ({"a": {"b": np.ones(1)}, "a/b": np.ones(1)}, "two arrays under the name 'a/b'"),
    ],
)
def test_what_has_no_place_is_refused_and_leaves_no_file(path, tree, words):
    with pytest.raises(TypeError, match=words):
        checkpoint.write(path, tree)
    assert os.listdir(path.parent) == []


# Atomic writing


def test_a_failing_writer_leaves_the_old_file_and_no_other(path):
    checkpoint.write(path, {"a": 1})

    for error in (OSError(28, "No space left on device"), KeyboardInterrupt()):

        def fill(file, error=error):
            file.write(b"half")
            raise error

        with pytest.raises(type(error)):
            checkpoint.write_atomically(path, fill)
        assert os.listdir(path.parent) == [path.name]
        assert checkpoint.read(path) == {"a": 1}


def test_leftovers_of_a_killed_writer_go_with_the_next_write(tmp_path):
    path, other = tmp_path / "a[1]*.npz", tmp_path / ".b.npz.1234abcd.tmp"
    other.write_bytes(b"another writer's")
    (tmp_path / ".a[1]*.npz.0badcafe.tmp").write_bytes(b"half")
    checkpoint.write(path, {"a": 1})
    assert sorted(os.listdir(tmp_path)) == [other.name, path.name]


def test_the_file_has_the_usual_permissions(path):
    checkpoint.write(path, {})
    plain = path.with_name("plain")
    plain.write_bytes(b"")
    assert path.stat().st_mode == plain.stat().st_mode


def test_folders_are_made_and_relative_paths_work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    checkpoint.write("runs/today/x", {"a": 1})
    assert checkpoint.read("runs/today/x") == {"a": 1}
    checkpoint.write("x", {"a": 2})
    assert checkpoint.read(tmp_path / "x") == {"a": 2}


def test_the_write_reaches_the_disk_before_the_name_changes(path, monkeypatch):
    done = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (done.append("fsync"), fsync(fd))[1])
    monkeypatch.setattr(os, "replace", lambda a, b: (done.append("replace"), replace(a, b))[1])
    checkpoint.write(path, {})
    assert done == ["fsync", "replace", "fsync"]


# Files that are not what they should be


def refuses(path, words=None):
    with pytest.raises(ValueError, match=words) as caught:
        checkpoint.read(path)
    assert str(path) in str(caught.value)


def test_every_truncation_is_refused(path):
    checkpoint.write(path, TREE)
    whole = path.read_bytes()
    for length in {*range(0, len(whole), 37), *range(len(whole) - 60, len(whole))}:
        path.write_bytes(whole[:length])
        refuses(path)


def test_a_damaged_byte_is_refused_or_harmless(path):
    tree = {"W": np.arange(40.0), "n": 3, "more": {"b": np.arange(5, dtype=np.uint8)}}
    checkpoint.write(path, tree)
    whole, harmless = path.read_bytes(), 0
    rng = np.random.default_rng(0)
    for at in range(len(whole)):
        damaged = bytearray(whole)
        damaged[at] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        try:
            same(tree, checkpoint.read(path))
            harmless += 1  # dates, permissions and the like
        except ValueError as error:
            assert str(path) in str(error)  # noqa: PT017
    assert harmless < len(whole) / 5


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("bytes") / "x.npz"
    path.write_bytes(content)
    refuses(path)


def archive(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)


def meta(tree, **more):
    return json.dumps({"format": "convkit checkpoint", "version": 1, "tree": tree} | more)


def npy(header, data=b"", version=b"\x01\x00"):
    text = header.encode() + b"\n"
    return b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text + data


def test_foreign_files_are_refused(path):
    np.savez(path, W=np.ones(3))
    refuses(path, "it has no meta.json")
    np.save(path.with_suffix(".npy"), np.ones(3))
    refuses(path.with_suffix(".npy"), "not a whole convkit checkpoint")
    archive(path, {"meta.json": "{}"})
    refuses(path, "does not say")
    archive(path, {"meta.json": "[1]"})
    refuses(path, "does not say")
    archive(path, {"meta.json": "no json"})
    refuses(path)
    archive(path, {"meta.json": "[" * 100_000})
    refuses(path)
    archive(path, {"meta.json": meta({}, version=2)})
    refuses(path, "format version 2; this convkit reads version 1")
    archive(path, {"meta.json": meta([])})
    refuses(path)
    archive(path, {"meta.json": meta({"W": {"$array": "W"}})})
    refuses(path, "W.npy")
    archive(path, {"meta.json": meta({"W": {"$run": "W"}})})
    refuses(path)


def test_missing_files_and_folders_are_os_errors(tmp_path):
    with pytest.raises(FileNotFoundError):
        checkpoint.read(tmp_path / "nothing.npz")
    with pytest.raises(OSError):
        checkpoint.read(tmp_path)


class Payload:
    ran = False

    def __reduce__(self):
        return (setattr, (Payload, "ran", True))


def test_pickles_are_not_run(path):
    buffer = io.BytesIO()
    np.save(buffer, np.array([Payload()], dtype=object), allow_pickle=True)
    archive(path, {"meta.json": meta({"W": {"$array": "W"}}), "W.npy": buffer.getvalue()})
    refuses(path, "shape .1,. of object")
    path.write_bytes(pickle.dumps(Payload()))
    refuses(path)
    assert not Payload.ran


@pytest.mark.parametrize("header", [
    "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000, 1000)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (3,)}",
    "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (2,)}",
    "{'descr': '<U4', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '|V16', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '|O', 'fortran_order': False, 'shape': (2,)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': 2}",
    "{'descr': '<f8', 'fortran_order': 7}",
    "__import__('os').system('exit 1')",
    "(" * 5000,
    "",
])  # fmt: skip
def test_headers_are_looked_at_before_they_are_believed(path, header):
    archive(path, {"meta.json": meta({"W": {"$array": "W"}}), "W.npy": npy(header, bytes(16))})
    refuses(path)


def test_bombs_are_refused(path):
    # a gigabyte of zeros in a megabyte of zip; and two members that are the same bytes
    archive(path, {"meta.json": meta({}), "W.npy": bytes(10**7)}, zipfile.ZIP_DEFLATED)
    refuses(path, "compressed")
    archive(path, {"W.npy": npy("{}", bytes(64)), "meta.json": meta({})}, zipfile.ZIP_DEFLATED)
    refuses(path, "compressed")
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(path, "w") as file:
        file.writestr("meta.json", meta({"n": 1}))
        file.writestr("meta.json", meta({"n": 2}))
    refuses(path, "doubled")
    archive(path, {"meta.json": meta({}), "a.npy": bytes(5000), "b.npy": bytes(5000)})
    content = bytearray(path.read_bytes())
    second = content.rfind(b"PK\x01\x02")
    content[second + 20 : second + 28] = (50_000).to_bytes(4, "little") * 2
    path.write_bytes(content)
    refuses(path, "claim more than")


# Finding the latest


def test_latest_is_the_one_that_got_furthest(tmp_path):
    prefix = tmp_path / "run"
    assert checkpoint.latest(prefix) is None
    assert checkpoint.latest(tmp_path / "no" / "folder") is None
    for name, iteration in (("epoch_9", 90), ("epoch_10", 100), ("interrupted", 95), ("best", 500)):
        checkpoint.write(f"{prefix}_{name}.npz", {"progress": {"iteration": iteration}})
    checkpoint.write(tmp_path / "run2_epoch_99.npz", {"progress": {"iteration": 990}})
    assert checkpoint.latest(prefix) == f"{prefix}_epoch_10.npz"
    checkpoint.write(f"{prefix}_interrupted.npz", {"progress": {"iteration": 105}})
    assert checkpoint.latest(str(prefix)) == f"{prefix}_interrupted.npz"


def test_latest_warns_of_damaged_files(tmp_path):
    checkpoint.write(tmp_path / "run_epoch_1.npz", {"progress": {"iteration": 10}})
    (tmp_path / "run_epoch_2.npz").write_bytes((tmp_path / "run_epoch_1.npz").read_bytes()[:200])
    checkpoint.write(tmp_path / "run_epoch_3.npz", {"progress": {"iteration": "x"}})
    with pytest.warns(UserWarning, match=r"run_epoch_[23]\.npz is passed over"):
        assert checkpoint.latest(tmp_path / "run") == str(tmp_path / "run_epoch_1.npz")
