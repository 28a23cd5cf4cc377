"""convkit data: what there is, and getting it."""

import test_cli
from data_helpers import write_cifar
from test_cli import run

from convkit.commands import data as data_command
from convkit.data import DATASETS

in_folder = test_cli.in_folder


def test_list_says_what_is_here_and_what_is_not(capsys, in_folder, monkeypatch):
    monkeypatch.setenv("CONVKIT_DATA", str(in_folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(in_folder / "cache"))
    write_cifar(in_folder / "cifar-10-batches-py")
    code, out, err = run(capsys, "data", "list")
    assert (code, err) == (0, "")
    for name in ("fashion-mnist-mini", *DATASETS):
        assert f"\n{name}\n" in f"\n{out}"
    assert f"here: {in_folder / 'cifar-10-batches-py'}" in out
    assert "not here: convkit data fetch mnist" in out
    assert f"Downloads go to {in_folder}." in out
    assert max(len(line) for line in out.splitlines() if str(in_folder) not in line) <= 80


def test_fetch_of_what_comes_with_convkit(capsys):
    code, out, _ = run(capsys, "data", "fetch", "fashion-mini")
    assert code == 0
    assert "fashion_mnist_mini.npz" in out


def test_fetch_says_where_it_is_and_how_to_use_it(capsys, in_folder, monkeypatch):
    calls = []

    def fetch(name, path, progress):
        calls.append((name, path))
        return in_folder / "elsewhere" / name

    monkeypatch.setattr(data_command, "fetch", fetch)
    monkeypatch.delenv("CONVKIT_DATA", raising=False)
    code, out, _ = run(capsys, "data", "fetch", "MNIST", "--to", "elsewhere")
    assert code == 0
    assert calls == [("mnist", "elsewhere")]
    assert f"mnist is in {in_folder / 'elsewhere' / 'mnist'}" in out
    assert f"convkit train --data mnist --data-dir {in_folder / 'elsewhere' / 'mnist'}" in out


def test_a_download_that_fails_is_one_clear_error(capsys, in_folder, monkeypatch):
    from convkit.data import download

    # nobody listens on this port of loopback
    for name, dataset in DATASETS.items():
        closed = dataset.__class__(**{**dataset.__dict__, "base_urls": ("http://127.0.0.1:1/",), "system_folders": ()})
        monkeypatch.setitem(download.DATASETS, name, closed)
    code, out, err = run(capsys, "data", "fetch", "mnist", "--to", in_folder / "new")
    assert (code, out) == (1, "")
    assert err.startswith("convkit data: error: train-images-idx3-ubyte.gz could not be downloaded, nothing was kept")
    assert "127.0.0.1:1" in err
    assert "Traceback" not in err
    assert not list((in_folder / "new").iterdir())
