"""Where data is looked for: the order, and what is said when it is nowhere."""

import dataclasses
from pathlib import Path

import pytest
from data_helpers import write_cifar, write_idx_folder

from convkit import data
from convkit.data import where
from convkit.data.catalog import DATASETS, canonical_name


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Empty places to look in, none of them this machine's: name -> folder."""
    found = {name: tmp_path / name for name in ("named", "working", "package", "system", "cache", "explicit")}
    for folder in found.values():
        folder.mkdir()
    monkeypatch.chdir(found["working"])
    monkeypatch.setenv("CONVKIT_DATA", str(found["named"]))
    monkeypatch.setattr(where, "_PACKAGE_FOLDER", found["package"])
    monkeypatch.setattr(where, "cache_folder", lambda: found["cache"])
    fashion = dataclasses.replace(DATASETS["fashion-mnist"], system_folders=(str(found["system"]),))
    monkeypatch.setitem(DATASETS, "fashion-mnist", fashion)
    return found


def test_order(places):
    """Each place, from the last to the first, takes over from those after it."""
    for folder in (
        places["cache"] / "fashion-mnist",
        places["system"],
        places["package"] / "fashion-mnist",
        places["working"] / "convkit" / "datasets" / "fashion-mnist",
        places["named"] / "fashion-mnist",
    ):
        write_idx_folder(folder, 2, 2)
        assert data.find("fashion-mnist") == folder
        assert data.locate("fashion-mnist") == folder
    write_idx_folder(places["explicit"], 2, 2)
    assert data.find("fashion-mnist", places["explicit"]) == places["explicit"]


def test_incomplete_folders_are_passed_over(places):
    write_cifar(places["named"] / "cifar-10-batches-py", 1)
    (places["named"] / "cifar-10-batches-py" / "test_batch").unlink()
    write_cifar(places["cache"] / "cifar-10-batches-py", 1)
    assert data.find("cifar10") == places["cache"] / "cifar-10-batches-py"
    (places["cache"] / "cifar-10-batches-py" / "data_batch_1").unlink()
    with pytest.raises(FileNotFoundError) as caught:
        data.find("cifar10")
    assert "incomplete, without test_batch" in str(caught.value)
    assert "incomplete, without data_batch_1" in str(caught.value)


def test_message_lists_every_place_and_says_what_to_do(places):
    with pytest.raises(FileNotFoundError) as caught:
        data.find("fashion-mnist")
    text = str(caught.value)
    for place in ("named", "package", "cache"):
        assert str(places[place] / "fashion-mnist") + " (no such folder)" in text
    assert str(Path("convkit", "datasets", "fashion-mnist")) in text
    assert str(places["system"]) + " (none of its files)" in text
    assert "convkit data fetch fashion-mnist" in text
    assert data.locate("fashion-mnist") is None


def test_message_without_CONVKIT_DATA(places, monkeypatch):
    for value in ("", "  "):
        monkeypatch.setenv("CONVKIT_DATA", value)
        with pytest.raises(FileNotFoundError, match="CONVKIT_DATA: not set"):
            data.find("mnist")
    monkeypatch.delenv("CONVKIT_DATA")
    with pytest.raises(FileNotFoundError, match="CONVKIT_DATA: not set"):
        data.find("mnist")
    assert data.download_folder() == places["cache"]
    monkeypatch.setenv("CONVKIT_DATA", "~/somewhere")
    assert data.download_folder() == Path.home() / "somewhere"


def test_explicit_path(places):
    """An explicit path is the folder or the one around it, and nothing else is looked at."""
    write_cifar(places["cache"] / "cifar-10-batches-py", 1)
    folder = places["explicit"] / "cifar-10-batches-bin"
    with pytest.raises(FileNotFoundError, match=r"explicit \(none of its files\)"):
        data.find("cifar10", places["explicit"])
    write_cifar(folder, 1, binary=True)
    assert data.find("cifar10", folder) == folder
    assert data.find("cifar10", str(places["explicit"])) == folder
    with pytest.raises(FileNotFoundError, match="no such folder"):
        data.find("cifar10", places["explicit"] / "elsewhere")
    (places["explicit"] / "file").touch()
    with pytest.raises(FileNotFoundError, match="not a folder"):
        data.find("cifar10", places["explicit"] / "file")


def test_path_as_it_stands_in_notebooks(places):
    """'convkit/datasets/...' is where notebooks expect the data; it may as well be elsewhere."""
    stated = "convkit/datasets/cifar-10-batches-py"
    with pytest.raises(FileNotFoundError, match="convkit data fetch cifar10"):
        data.find("cifar10", stated)
    write_cifar(places["cache"] / "cifar-10-batches-py", 1)
    assert data.find("cifar10", stated) == places["cache"] / "cifar-10-batches-py"
    write_cifar(places["working"] / stated, 1)
    assert data.find("cifar10", stated).resolve() == places["working"] / stated


def test_CONVKIT_DATA_may_name_the_folder_itself(places, monkeypatch):
    folder = places["named"] / "cifar-10-batches-py"
    write_cifar(folder, 1)
    monkeypatch.setenv("CONVKIT_DATA", str(folder))
    assert data.find("cifar10") == folder


def test_MNIST_is_not_taken_for_Fashion_MNIST(places):
    """Their files have the same names: only the folder's name tells them apart."""
    write_idx_folder(places["named"], 2, 2)
    write_idx_folder(places["named"] / "mnist", 2, 2)
    assert data.find("mnist") == places["named"] / "mnist"
    assert data.locate("fashion-mnist") is None


def test_folders_of_torchvision(places):
    write_idx_folder(places["named"] / "MNIST" / "raw", 2, 2, compress=False)
    assert data.find("mnist") == places["named"] / "MNIST" / "raw"


def test_list_datasets(places):
    rows = {row.name: row for row in data.list_datasets()}
    assert list(rows) == ["fashion-mnist-mini", "cifar10", "mnist", "fashion-mnist"]
    assert rows["fashion-mnist-mini"].where.is_file()
    assert rows["cifar10"].where is None
    assert rows["cifar10"].how == "convkit data fetch cifar10"
    assert all(text for row in rows.values() for text in (row.what, row.size, row.licence, row.how))
    write_cifar(places["cache"] / "cifar-10-batches-py", 1)
    assert data.list_datasets()[1].where == places["cache"] / "cifar-10-batches-py"


def test_names():
    for spelling in ("cifar10", "CIFAR-10", "cifar_10"):
        assert canonical_name(spelling) == "cifar10"
    assert canonical_name("Fashion_MNIST") == "fashion-mnist"
    assert canonical_name("fashion-mnist-mini") == "fashion-mnist-mini"
    with pytest.raises(
        ValueError, match="name must be one of fashion-mnist-mini, cifar10, mnist, fashion-mnist; got 'x'"
    ):
        canonical_name("x")
    with pytest.raises(TypeError, match="name must be a str"):
        canonical_name(None)
