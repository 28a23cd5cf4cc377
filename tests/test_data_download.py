"""Downloads against a server on loopback: whole and verified, or nothing that could pass for the data set."""

import dataclasses
import gzip
import hashlib
import io
import os
import pickle
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time

import pytest
from data_helpers import (
    IDX_NAMES,
    files_below,
    memory_below,
    pickled,
    send,
    serve,
    tar_gz,
    unless_refused,
    write_cifar,
    write_idx_folder,
)

from convkit import data
from convkit.data import download, where
from convkit.data.catalog import DATASETS, Download
from convkit.data.cifar import read_cifar10
from convkit.data.unpack import extract
from convkit.data.verify import differing

FOLDER = "cifar-10-batches-py"


def md5(content):
    return hashlib.md5(content).hexdigest()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """No data of this machine, no proxy; downloads go to tmp_path/cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONVKIT_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(where, "_PACKAGE_FOLDER", tmp_path / "package")
    monkeypatch.setattr(where, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setitem(DATASETS, "fashion-mnist", dataclasses.replace(DATASETS["fashion-mnist"], system_folders=()))


@pytest.fixture
def cifar(tmp_path, monkeypatch):
    """A small CIFAR-10 published as the real one is: its archive's bytes."""
    source = tmp_path / "publisher" / FOLDER
    write_cifar(source, 3)
    contents = {file.name: file.read_bytes() for file in sorted(source.iterdir())}
    archive = tar_gz([(f"{FOLDER}/{name}", c) for name, c in contents.items()] + [(f"{FOLDER}/readme.html", b"hello")])
    publish(monkeypatch, archive, {name: md5(c) for name, c in contents.items()})
    return archive


def publish(monkeypatch, archive, contents=None):
    wanted = Download("cifar-10-python.tar.gz", len(archive), md5(archive))
    changes = {"downloads": (wanted,)} | ({"contents": contents} if contents else {})
    monkeypatch.setitem(DATASETS, "cifar10", dataclasses.replace(DATASETS["cifar10"], **changes))


@pytest.fixture
def mnist(tmp_path, monkeypatch):
    """A small MNIST: name -> bytes of its four files."""
    write_idx_folder(tmp_path / "publisher" / "mnist")
    files = {f"{name}.gz": (tmp_path / "publisher" / "mnist" / f"{name}.gz").read_bytes() for name in IDX_NAMES}
    small = dataclasses.replace(
        DATASETS["mnist"],
        downloads=tuple(Download(name, len(c), md5(c)) for name, c in files.items()),
        contents={name.removesuffix(".gz"): md5(gzip.decompress(c)) for name, c in files.items()},
    )
    monkeypatch.setitem(DATASETS, "mnist", small)
    return files


def answer(**files):
    return lambda handler, name: send(handler, files[name])


def test_good_archive(tmp_path, cifar):
    with serve(lambda handler, name: send(handler, cifar)) as (url, asked):
        folder = data.fetch("cifar10", tmp_path / "data", progress=False, base_url=url)
        assert folder == tmp_path / "data" / FOLDER
        assert files_below(tmp_path / "data") == sorted([FOLDER, *(f"{FOLDER}/{name}" for name in contents_of(folder))])
        assert read_cifar10(folder)[0].shape == (15, 3, 32, 32)
        assert asked == ["cifar-10-python.tar.gz"]
        assert data.fetch("CIFAR-10", tmp_path / "data", base_url=url) == folder
        assert len(asked) == 1, "what is there already is not downloaded again"


def contents_of(folder):
    names = sorted(file.name for file in folder.iterdir())
    assert names == sorted(DATASETS["cifar10"].layouts[0])
    return names


def test_good_files(tmp_path, mnist):
    with serve(lambda handler, name: send(handler, mnist[name])) as (url, asked):
        folder = data.fetch("mnist", progress=False, base_url=url)
        assert folder == tmp_path / "cache" / "mnist"
        assert {name: (folder / name).read_bytes() for name in mnist} == mnist
        assert sorted(asked) == sorted(mnist)
        assert data.find("mnist") == folder
        (folder / "t10k-labels-idx1-ubyte.gz").unlink()
        assert data.fetch("mnist", progress=False, base_url=url) == folder
        assert (folder / "t10k-labels-idx1-ubyte.gz").exists()


def test_where_it_goes(tmp_path, monkeypatch, cifar):
    with serve(lambda handler, name: send(handler, cifar)) as (url, asked):
        monkeypatch.setenv("CONVKIT_DATA", str(tmp_path / "named"))
        assert data.fetch("cifar10", base_url=url) == tmp_path / "named" / FOLDER
        monkeypatch.setenv("CONVKIT_DATA", str(tmp_path / "other"))
        monkeypatch.setattr(where, "cache_folder", lambda: tmp_path / "named")
        assert data.fetch("cifar10", base_url=url) == tmp_path / "named" / FOLDER, "found there: not downloaded again"
        assert len(asked) == 1


def broken(how, content):
    def respond(handler, name):
        if how == "cut off":
            send(handler, content[: len(content) // 2], len(content))
        elif how == "cut off, length not announced":
            send(handler, content[: len(content) // 2], False)
        elif how == "wrong content":
            send(handler, content[:-1] + bytes([content[-1] ^ 1]))
        elif how == "too long":
            send(handler, content + b"more")
        elif how == "much too long":
            send(handler, content, False)
            for _ in range(200):
                handler.wfile.write(bytes(2**20))
        elif how == "not found":
            send(handler, b"<html>404</html>", status=404)
        elif how == "error page":
            send(handler, b"<html>please log in</html>")
        elif how == "server error":
            send(handler, content, status=500)
        elif how == "empty":
            send(handler, b"")
        elif how == "redirected for ever":
            handler.send_response(302)
            handler.send_header("Location", "/" + name)
            handler.end_headers()
        elif how == "no answer":
            handler.connection.shutdown(socket.SHUT_RDWR)
        elif how == "nonsense":
            handler.wfile.write(b"\x00\x01\x02 nonsense\r\n\r\n")
        elif how == "length is no number":
            handler.send_response(200)
            handler.send_header("Content-Length", "many")
            handler.end_headers()

    return respond


BROKEN = {
    "cut off": ConnectionError,
    "cut off, length not announced": ValueError,
    "wrong content": ValueError,
    "too long": ValueError,
    "much too long": ValueError,
    "not found": ConnectionError,
    "error page": ValueError,
    "server error": ConnectionError,
    "empty": ValueError,
    "redirected for ever": ConnectionError,
    "no answer": ConnectionError,
    "nonsense": ConnectionError,
    "length is no number": (ConnectionError, ValueError),
}


@pytest.mark.parametrize("how", BROKEN)
def test_broken_downloads_leave_nothing(tmp_path, cifar, how):
    with (
        serve(broken(how, cifar)) as (url, _),
        pytest.raises(BROKEN[how], match=r"cifar-10-python\.tar\.gz could not be downloaded") as caught,
    ):
        data.fetch("cifar10", tmp_path / "data", progress=False, base_url=url)
        assert url in str(caught.value)
    assert files_below(tmp_path / "data") == []
    if "too long" in how:
        assert "longer than the published" in str(caught.value), "stopped as soon as it was"


def test_one_broken_file_of_four_leaves_nothing(tmp_path, mnist):
    def respond(handler, name):
        send(handler, mnist[name][: -1 if name.startswith("t10k-labels") else None])

    with serve(respond) as (url, _), pytest.raises(ValueError, match=r"cut off: .* of the published"):
        data.fetch("mnist", tmp_path / "data", progress=False, base_url=url)
    assert files_below(tmp_path / "data") == []


def unused_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/"


def test_connection_refused(tmp_path, cifar):
    with pytest.raises(ConnectionError, match=r"Connection refused|could not be downloaded") as caught:
        data.fetch("cifar10", tmp_path / "data", base_url=unused_address())
    assert "Connection refused" in str(caught.value)
    assert "object at 0x" not in str(caught.value)
    assert files_below(tmp_path / "data") == []


def test_second_address_helps_when_the_first_fails(tmp_path, monkeypatch, mnist):
    with serve(broken("wrong content", b"abc")) as (bad, _), serve(lambda h, name: send(h, mnist[name])) as (good, _):
        monkeypatch.setitem(
            DATASETS, "mnist", dataclasses.replace(DATASETS["mnist"], base_urls=(unused_address(), bad, good))
        )
        assert data.fetch("mnist", progress=False) == tmp_path / "cache" / "mnist"


def test_content_with_the_right_archive_sum_but_other_files(tmp_path, monkeypatch, cifar):
    """Both sums are compared: a catalogue whose archive holds something else is noticed before it is put in place."""
    publish(monkeypatch, cifar, dict.fromkeys(DATASETS["cifar10"].layouts[0], md5(b"other")))
    with (
        serve(lambda handler, name: send(handler, cifar)) as (url, _),
        pytest.raises(ValueError, match=r"data_batch_1, .* of the download differ"),
    ):
        data.fetch("cifar10", tmp_path / "data", progress=False, base_url=url)
    assert files_below(tmp_path / "data") == []


def test_files_that_differ_are_not_overwritten(tmp_path, cifar):
    mine = tmp_path / "data" / FOLDER / "data_batch_2"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"my own work")
    with pytest.raises(ValueError, match="data_batch_2 differ from what was published, and are not overwritten"):
        data.fetch("cifar10", tmp_path / "data", base_url=unused_address())
    assert mine.read_bytes() == b"my own work"


def test_a_changed_copy_that_is_found_first_is_pointed_at(tmp_path, monkeypatch, mnist):
    first = tmp_path / "convkit" / "datasets" / "mnist"
    write_idx_folder(first, seed=1)
    with (
        serve(lambda handler, name: send(handler, mnist[name])) as (url, _),
        pytest.warns(UserWarning, match="differs from what was published, is looked in first"),
    ):
        assert data.fetch("mnist", progress=False, base_url=url) == tmp_path / "cache" / "mnist"
    (first / "train-images-idx3-ubyte.gz").write_bytes(b"\x1f\x8bdamaged")
    assert differing(DATASETS["mnist"], first)[0] == "train-images-idx3-ubyte.gz"


def test_batches_pickled_anew_are_recognised(tmp_path, monkeypatch, cifar):
    """By their images and labels, whose sums are those of the binary version."""
    write_cifar(tmp_path / "binary", 3, binary=True)
    sums = {file.name: md5(file.read_bytes()) for file in (tmp_path / "binary").iterdir()}
    publish(monkeypatch, cifar, DATASETS["cifar10"].contents | sums)
    folder = tmp_path / "data" / FOLDER
    write_cifar(folder, 3)
    for file in folder.iterdir():
        batch = pickle.loads(file.read_bytes(), encoding="latin1")
        file.write_bytes(pickled(batch, 4))
    assert data.fetch("cifar10", tmp_path / "data", base_url=unused_address()) == folder
    batch["data"][1, 5] ^= 1
    file.write_bytes(pickled(batch, 4))
    with pytest.raises(ValueError, match=f"{file.name} differ from what was published"):
        data.fetch("cifar10", tmp_path / "data", base_url=unused_address())


def test_verifying_a_bomb_ends(tmp_path):
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(bytes(70 * 2**20), 6))
    with memory_below(8 * 2**20):
        assert differing(DATASETS["mnist"], tmp_path) == ["train-labels-idx1-ubyte.gz"]


def member(name, kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


@pytest.fixture
def good_members(tmp_path):
    write_cifar(tmp_path / "publisher" / FOLDER, 1)
    return [
        (f"{FOLDER}/{file.name}", file.read_bytes()) for file in sorted((tmp_path / "publisher" / FOLDER).iterdir())
    ]


OUTSIDE = [
    ("../evil", b"x"),
    (f"{FOLDER}/../../evil", b"x"),
    (f"{FOLDER}/../data_batch_1", b"x"),
    ("/tmp/convkit-evil", b"x"),
    (member("evil", tarfile.SYMTYPE, "/etc/passwd"), b""),
    (member(FOLDER, tarfile.SYMTYPE, "../outside"), b""),
    (member(f"{FOLDER}/link", tarfile.SYMTYPE, "../../outside"), b""),
    (f"{FOLDER}/link/evil", b"x"),
    (member("evil", tarfile.LNKTYPE, "../outside/victim"), b""),
    (member("evil", tarfile.CHRTYPE), b""),
    (member("evil", tarfile.FIFOTYPE), b""),
]


def test_archive_cannot_leave_its_folder(tmp_path, monkeypatch, good_members):
    """Members that are not expected are not even looked at; the six files come out, and nothing else."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "victim").write_bytes(b"untouched")
    archive = tar_gz(OUTSIDE + good_members + [(good_members[0][0], b"a second one of this name")])
    publish(monkeypatch, archive, {name.rpartition("/")[2]: md5(content) for name, content in good_members})
    before = files_below(tmp_path)
    with serve(lambda handler, name: send(handler, archive)) as (url, _):
        folder = data.fetch("cifar10", tmp_path / "data", progress=False, base_url=url)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {
        name.rpartition("/")[2]: content for name, content in good_members
    }
    assert all(file.is_file() and not file.is_symlink() for file in folder.iterdir())
    assert [name for name in files_below(tmp_path) if not name.startswith("data")] == before
    assert (tmp_path / "outside" / "victim").read_bytes() == b"untouched"
    assert not os.path.exists("/tmp/convkit-evil")


@pytest.mark.parametrize(
    "bad",
    [
        member(f"{FOLDER}/data_batch_1", tarfile.SYMTYPE, "/etc/passwd"),
        member(f"{FOLDER}/data_batch_1", tarfile.LNKTYPE, f"{FOLDER}/test_batch"),
        member(f"{FOLDER}/data_batch_1", tarfile.DIRTYPE),
        member(f"{FOLDER}/data_batch_1", tarfile.FIFOTYPE),
    ],
    ids=["symlink", "hard link", "folder", "pipe"],
)
def test_expected_file_that_is_no_file(tmp_path, monkeypatch, good_members, bad):
    archive = tar_gz([*good_members[1:], (bad, b"")])
    publish(monkeypatch, archive)
    with (
        serve(lambda handler, name: send(handler, archive)) as (url, _),
        pytest.raises(ValueError, match="'cifar-10-batches-py/data_batch_1' is not a regular file"),
    ):
        data.fetch("cifar10", tmp_path / "data", progress=False, base_url=url)
    assert files_below(tmp_path / "data") == []


def huge_member():
    """An archive whose first expected member announces 10 GB."""
    info = member(f"{FOLDER}/data_batch_1")
    info.size = 10**10
    return gzip.compress(info.tobuf() + bytes(2**16))


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (b"not an archive", "not a whole .tar.gz"),
        (gzip.compress(b"not a tar" * 200), "not a whole .tar.gz"),
        (tar_gz([(f"{FOLDER}/data_batch_1", b"x")])[:-20], "not a whole .tar.gz|lacks"),
        (tar_gz([(f"{FOLDER}/data_batch_1", b"x")]), "lacks cifar-10-batches-py/data_batch_2"),
        (tar_gz([]), "lacks cifar-10-batches-py/data_batch_1"),
        (huge_member(), "not a regular file of a credible size"),
    ],
    ids=["no archive", "no tar", "cut off", "one of six", "empty", "huge"],
)
def test_archives_that_are_not_right(tmp_path, monkeypatch, archive, message):
    publish(monkeypatch, archive)
    with serve(lambda handler, name: send(handler, archive)) as (url, _), pytest.raises(ValueError, match=message):
        data.fetch("cifar10", tmp_path / "data", progress=False, base_url=url)
    assert files_below(tmp_path / "data") == []


def test_damaged_archives_never_give_files(tmp_path, cifar):
    """The md5 sum is compared before: this is what stands behind it."""
    for seed in range(40):
        damaged = bytearray(cifar)
        damaged[seed * 7919 % len(cifar)] ^= 1 + seed
        (tmp_path / "archive.tar.gz").write_bytes(damaged)
        into = tmp_path / f"into{seed}"
        into.mkdir()
        args = (tmp_path / "archive.tar.gz", DATASETS["cifar10"], into)
        unless_refused(extract, *args, naming="archive.tar.gz")


KILLED = """
import dataclasses, sys
from convkit import data
from convkit.data.catalog import DATASETS, Download
size, md5, folder, url = sys.argv[1:]
wanted = Download("cifar-10-python.tar.gz", int(size), md5)
DATASETS["cifar10"] = dataclasses.replace(DATASETS["cifar10"], downloads=(wanted,))
data.fetch("cifar10", folder, progress=False, base_url=url)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT] if os.name == "posix" else [])
def test_killed_while_downloading(tmp_path, cifar, how):
    started, release = threading.Event(), threading.Event()

    def respond(handler, name):
        if started.is_set():
            return send(handler, cifar)
        send(handler, cifar[:-100], len(cifar))
        started.set()
        release.wait(20)
        return None

    with serve(respond) as (url, _):
        args = [str(len(cifar)), md5(cifar), str(tmp_path / "data"), url]
        with subprocess.Popen([sys.executable, "-c", KILLED, *args], stderr=subprocess.PIPE, cwd=os.getcwd(),
                              env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}) as child:  # fmt: skip
            assert started.wait(20)
            time.sleep(0.2)
            child.send_signal(how)
            child.communicate(timeout=20)
        release.set()
        left = files_below(tmp_path / "data")
        assert not any(FOLDER in name for name in left)
        assert not left or how == signal.SIGKILL, "Ctrl-C cleans up"
        with pytest.raises(FileNotFoundError):
            data.find("cifar10", tmp_path / "data")
        folder = data.fetch("cifar10", tmp_path / "data", progress=False, base_url=url)
        assert read_cifar10(folder)[0].shape == (15, 3, 32, 32)


def test_leftovers_of_killed_downloads_go_after_a_day(tmp_path, cifar):
    old, recent = (tmp_path / "data" / f"{download._TEMPORARY}{name}" for name in ("old", "recent"))
    for folder in (old, recent):
        folder.mkdir(parents=True)
        (folder / "part").touch()
    os.utime(old, (time.time() - 2 * 24 * 3600,) * 2)
    with serve(lambda handler, name: send(handler, cifar)) as (url, _):
        data.fetch("cifar10", tmp_path / "data", progress=False, base_url=url)
    assert not old.exists()
    assert recent.exists(), "another process may still be working in it"


def test_two_at_once(tmp_path, cifar):
    both = threading.Barrier(2)

    def respond(handler, name):
        both.wait(20)
        send(handler, cifar)

    found = []
    with serve(respond) as (url, _):
        threads = [
            threading.Thread(
                target=lambda: found.append(data.fetch("cifar10", tmp_path / "data", progress=False, base_url=url))
            )
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [tmp_path / "data" / FOLDER] * 2
    assert files_below(tmp_path / "data") == sorted([FOLDER, *(f"{FOLDER}/{name}" for name in contents_of(found[0]))])


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("announced", [None, False])
def test_progress_bar(tmp_path, monkeypatch, cifar, announced):
    with serve(lambda handler, name: send(handler, cifar, announced)) as (url, _):
        monkeypatch.setattr(sys, "stderr", Terminal())
        data.fetch("cifar10", tmp_path / "a", progress=True, base_url=url)
        assert "cifar-10-python.tar.gz: 100%" in sys.stderr.getvalue()
        monkeypatch.setattr(sys, "stderr", Terminal())
        data.fetch("cifar10", tmp_path / "b", progress=False, base_url=url)
        assert sys.stderr.getvalue() == ""
        monkeypatch.setattr(sys, "stderr", io.StringIO())
        data.fetch("cifar10", tmp_path / "c", base_url=url)
        assert sys.stderr.getvalue() == "", "no bar where standard error is a file"


def test_server_that_compresses_on_the_way(tmp_path, mnist):
    """Asked for files as they are, a server does not wrap them in another gzip, which would be taken off again."""
    headers = []

    def respond(handler, name):
        headers.append(handler.headers["Accept-Encoding"])
        send(handler, mnist[name])

    with serve(respond) as (url, _):
        data.fetch("mnist", tmp_path, progress=False, base_url=url)
    assert headers == ["identity"] * 4


def test_folder_that_cannot_be_made(tmp_path, cifar):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        data.fetch("cifar10", tmp_path / "file", base_url=unused_address())


def test_wrong_arguments(tmp_path):
    assert data.fetch("fashion-mnist-mini").name == "fashion_mnist_mini.npz"
    with pytest.raises(ValueError, match=r"name must be one of .*cifar10.*; got 'cifar'"):
        data.fetch("cifar")
    with pytest.raises(ValueError, match="base_url must start with http"):
        data.fetch("cifar10", tmp_path, base_url="file:///etc/")
    with pytest.raises(TypeError, match="path must be"):
        data.fetch("cifar10", 3)


def test_catalogue_is_consistent():
    for dataset in DATASETS.values():
        assert all(url.startswith("http") and url.endswith("/") for url in dataset.base_urls)
        assert set(dataset.contents) == {name for layout in dataset.layouts for name in layout}
        assert all(len(sum_) == 32 for sum_ in dataset.contents.values())
        if not dataset.archived:
            assert {d.name for d in dataset.downloads} == {name + ".gz" for name in dataset.layouts[0]}
