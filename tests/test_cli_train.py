"""convkit train: what it prints, what it leaves, and with whose layers."""

import csv
import json
import os
import re
import shutil

import numpy as np
import pytest
import test_cli
from data_helpers import IDX_NAMES, idx_bytes
from PIL import Image
from test_cli import TINY, run

from convkit import checkpoint
from convkit.commands import estimate, images, models, run_folder
from convkit.commands import settings as run_settings
from convkit.kernels import threads

in_folder, no_pictures, quick = test_cli.in_folder, test_cli.no_pictures, test_cli.quick

FILES = {
    "history.csv",
    "checkpoint.npz",
    "settings.json",
    "results.json",
    "curves.png",
    "filters.png",
    "predictions.png",
}


def accuracies(out):
    """The table at the end: part -> (accuracy, images)."""
    rows = re.findall(r"^(training|validation|test) +(\d\.\d{3}) +([\d,]+)$", out, re.M)
    return {part: (float(value), int(count.replace(",", ""))) for part, value, count in rows}


def params_of(folder, which="params"):
    return checkpoint.read(folder / "checkpoint.npz")[which]


def assert_same_params(a, b):
    assert a.keys() == b.keys()
    for name, w in a.items():
        np.testing.assert_array_equal(w, b[name], err_msg=name)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A tiny run, and what it printed."""
    import contextlib
    import io

    from convkit.cli import main

    folder, out = tmp_path_factory.mktemp("tiny") / "run", io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main(["train", *TINY, "--out", str(folder)]) == 0
    return folder, out.getvalue()


def test_it_leaves_a_folder_with_everything(tiny):
    folder, out = tiny
    assert {path.name for path in folder.iterdir()} == FILES
    for name in FILES - {"results.json"}:
        assert name in out
    for name in ("curves", "filters", "predictions"):
        with Image.open(folder / f"{name}.png") as picture:
            assert picture.width > 300
            assert len(picture.convert("RGB").getcolors(2**24)) > 20


def test_its_output_can_be_read_where_it_is_redirected(tiny):
    _, out = tiny
    assert max(map(len, (line for line in out.splitlines() if "/" not in line))) <= 80
    assert out.isascii()
    assert "\r" not in out
    assert "\x1b" not in out
    assert len(re.findall(r"^ +[1-4] +\d\.\d{4} +\d\.\d{3} +\d\.\d{3} +\d+\.\d$", out, re.M)) == 4
    assert "on purpose" in out
    assert "take about" in out
    assert out.index("take about") < out.index("epoch      loss")


def test_the_table_is_what_the_saved_network_does(tiny):
    folder, out = tiny
    settings, preparation, _ = run_folder.read_settings(folder)
    loaded = images.load(settings)
    assert loaded.preparation == preparation
    model = models.build(settings, preparation.shape, 10)
    run_folder.install(run_folder.learned_params(folder, settings), model, folder)
    found = accuracies(out)
    stored = json.loads((folder / "results.json").read_text())
    for part, name in (("train", "training"), ("val", "validation"), ("test", "test")):
        predicted = model.loss(loaded.data[f"X_{part}"]).argmax(axis=1)
        accuracy = np.mean(predicted == loaded.data[f"y_{part}"])
        assert found[name] == (pytest.approx(accuracy, abs=5e-4), len(predicted))
        assert stored[f"{part}_accuracy"] == accuracy


def test_the_history_has_a_row_for_each_epoch(tiny):
    with open(tiny[0] / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["0", "1", "2", "3", "4"]
    assert float(rows[-1]["learning_rate"]) < float(rows[1]["learning_rate"])  # cosine


def test_the_same_seed_gives_the_same_run_whatever_else(no_pictures, tiny, capsys, in_folder, monkeypatch):
    monkeypatch.setattr(threads, "_num_threads", 0)  # undone at the end
    assert run(capsys, "train", *TINY, "--quiet", "--threads", 1, "--out", "again")[0] == 0
    assert threads.get_num_threads() == 1
    assert_same_params(params_of(in_folder / "again"), params_of(tiny[0]))
    assert run(capsys, "train", *TINY, "--quiet", "--seed", 1, "--out", "other")[0] == 0
    assert not np.array_equal(params_of(in_folder / "other")["W1"], params_of(tiny[0])["W1"])


def test_a_run_is_never_overwritten(tiny, capsys):
    folder = tiny[0]
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    code, _, err = run(capsys, "train", *TINY, "--out", folder)
    assert code == 2
    assert f"convkit train --resume {folder} goes on with it" in err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_runs_of_one_second_get_folders_of_their_own(in_folder):
    folders = {run_folder.create(None) for _ in range(3)}
    assert len(folders) == 3
    assert all(re.fullmatch(r"\d{8}-\d{6}(-\d)?", folder.name) and folder.parent.name == "runs" for folder in folders)


def test_quiet_prints_the_results_only(quick, capsys, in_folder):
    code, out, err = run(capsys, "train", *TINY, "--model", "two-layer", "--quiet", "--out", "q")
    assert code == 2  # two-layer has no filters
    words = [word for word in TINY if word not in ("--num-filters", "2", "--filter-size", "3")]
    code, out, err = run(capsys, "train", *words, "--model", "two-layer", "--quiet", "--out", "q")
    assert code == 0
    assert not err
    assert accuracies(out)["training"][1] == 20
    assert out.startswith("\n            accuracy")
    assert len(out.splitlines()) == 8


def test_learning_by_heart(quick, capsys, in_folder):
    code, out, _ = run(capsys, "train", "--overfit", 30, "--num-filters", 4, "--filter-size", 3)
    assert code == 0
    assert accuracies(out)["training"] == (1.0, 30)
    assert len(re.findall(r"^ +\d+ +\d\.\d{4} ", out, re.M)) <= 20


def test_it_really_learns(no_pictures, capsys, in_folder):
    words = ("--epochs", 2, "--num-filters", 8, "--filter-size", 3, "--hidden-dim", 32, "--learning-rate", 0.05)
    code, out, _ = run(capsys, "train", *words)
    assert code == 0
    assert accuracies(out)["test"][0] > 0.7
    assert accuracies(out)["training"][1] == 4500


@pytest.mark.parametrize(
    "words",
    [
        ("--model", "two-layer"),
        ("--model", "fully-connected", "--hidden-dim", "8,6", "--update-rule", "adamw", "--lr-schedule", "step"),
        ("--model", "fully-connected", "--dtype", "float64", "--grad-clip", "1", "--lr-schedule", "constant"),
    ],
)
def test_other_networks(quick, capsys, in_folder, words):
    code, out, _ = run(capsys, "train", "--overfit", 10, "--epochs", 2, *words, "--out", "r")
    assert code == 0
    assert "affine" in out
    settings, *_ = run_folder.read_settings(in_folder / "r")
    dtype = np.float64 if "two-layer" in words or "float64" in words else np.float32
    assert all(w.dtype == dtype for w in params_of(in_folder / "r").values())
    assert settings["model"] in words
    assert run(capsys, "train", "--resume", "r")[0] == 0  # a run that has ended can be shown once more


def test_data_in_a_folder(no_pictures, capsys, in_folder):
    rng = np.random.default_rng(0)
    for name, count in zip(IDX_NAMES, (60_000, 60_000, 10_000, 10_000)):
        array = rng.integers(0, 10, count) if "labels" in name else np.zeros((count, 28, 28))
        if "images" in name:
            array[:, 3:9, 3:9] = 200
        (in_folder / name).write_bytes(idx_bytes(array.astype(np.uint8)))
    code, out, _ = run(capsys, "train", "--data", "mnist", "--data-dir", ".", *TINY[:-6], "--model", "two-layer")
    assert code == 0
    assert accuracies(out)["test"][1] == 10_000
    assert "MNIST" in out


def test_data_that_is_not_here(capsys, in_folder):
    code, _, err = run(capsys, "train", "--data", "cifar10", "--data-dir", "nowhere")
    assert code == 1
    assert "convkit data fetch cifar10" in err
    assert "nowhere" in err
    assert not list(in_folder.iterdir())


# Layers


def test_the_rungs_agree(quick, capsys, in_folder):
    for layers in ("numpy", "naive"):
        code, out, _ = run(
            capsys, "train", *TINY, "--epochs", 1, "--layers", layers, "--dtype", "float64", "--out", layers
        )
        assert code == 0
        assert {"numpy": "NumPy: conv, max_pool", "naive": "reference: conv, relu, max_pool"}[layers] in out
        assert out.index("take about") < out.index("epoch   ")
    ours, theirs = (params_of(in_folder / name) for name in ("numpy", "naive"))
    for name, w in ours.items():
        np.testing.assert_allclose(w, theirs[name], rtol=1e-7, atol=1e-10, err_msg=name)


MINE = """
import numpy as np
from convkit.layers import *

calls = 0

def relu_forward(x):
    global calls
    calls += 1
    {body}
    return np.maximum(x, 0), x

def relu_backward(dout, cache):
    return dout * (cache > 0)

def batchnorm_forward(x, gamma, beta, bn_param):
    return x, None

def batchnorm_backward(dout, cache):
    return dout, dout, dout

def conv_forward(x, w, b, conv_param):
    pass
"""


def write_layers(folder, body="", text=MINE):
    (folder / "my_layers.py").write_text(text.replace("{body}", body))


def test_layers_of_ones_own(quick, capsys, in_folder):
    write_layers(in_folder, 'open("called", "a").close()')
    code, out, _ = run(capsys, "train", *TINY, "--layers", "my_layers.py", "--out", "r")
    assert code == 0
    assert (in_folder / "called").exists()
    assert "my_layers.py: relu\n" in out
    assert re.search("^Layers .*: conv, max_pool", out, re.M)
    assert "not used by this network, though my_layers.py has them: batchnorm" in out
    assert "conv_forward is not used: a layer counts only whole, and there is no conv_backward" in out


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return 1 / 0", r"my_layers\.py, line 10, in relu_forward: ZeroDivisionError.*\n +return 1 / 0\n"),
        ("if calls > 9: x[10**9]", r"my_layers\.py, line 10, in relu_forward: IndexError"),
        ("return None, x", r"what my_layers\.py returned cannot be used: TypeError: x must be a NumPy array"),
        ("return x * np.nan, x", r"the loss became nan|NaN scores"),
        ("raise NotImplementedError", r"line 10, in relu_forward: NotImplementedError"),
    ],
)
def test_errors_in_ones_own_layers_are_shown_as_such(quick, capsys, in_folder, body, expected):
    write_layers(in_folder, body)
    code, _, err = run(capsys, "train", *TINY, "--layers", "my_layers.py", "--out", "r")
    assert code == 1
    assert re.search(expected, err), err
    assert "Traceback" not in err
    if "nan" not in body:
        assert err.endswith("convkit check my_layers.py says which of its results are wrong\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def relu_forward(x)\n    pass", r"my_layers\.py, line 1: SyntaxError: expected ':'\n +def relu_forward\(x\)"),
        ("\nimport nonsense_module", r"line 2.*No module named 'nonsense_module'"),
        ("from convkit.layers import *", r"it defines no layer\. A layer is a pair of functions"),
        ("def conv_forward(x, w, b, p): pass", r"no whole layer: conv_forward is not used.*there is no conv_backward"),
    ],
)
def test_files_that_are_no_layers(quick, capsys, in_folder, text, expected):
    write_layers(in_folder, text=text)
    code, _, err = run(capsys, "train", "--layers", "my_layers.py")
    assert code == 1
    assert re.search(expected, err, re.S), err
    assert "Traceback" not in err
    assert [path.name for path in in_folder.iterdir() if path.is_dir() and path.name != "__pycache__"] == []


# Resuming


def test_a_run_goes_on_with_its_settings(no_pictures, tiny, capsys, in_folder):
    shutil.copytree(tiny[0], "r")
    for contradiction in (("--epochs", 5), ("--seed", 3), ("--layers", "naive"), ("--model", "two-layer")):
        code, _, err = run(capsys, "train", "--resume", "r", *contradiction)
        assert code == 2
        assert f"{contradiction[0]} {contradiction[1]} contradicts the run, which has " in err
    before = (in_folder / "r" / "results.json").read_bytes()
    code, out, _ = run(capsys, "train", "--resume", "r", "--epochs", 4, "--hidden-dim", 4)
    assert code == 0
    assert "Going on after iteration 8 of 8" in out
    assert (in_folder / "r" / "results.json").read_bytes() == before


def test_layers_that_changed_meanwhile_are_noticed(quick, capsys, in_folder):
    write_layers(in_folder)
    assert run(capsys, "train", *TINY, "--layers", "my_layers.py", "--out", "r", "--quiet")[2] == ""
    assert run(capsys, "train", "--resume", "r", "--quiet")[2] == ""
    write_layers(in_folder, "x = x + 0")
    assert "my_layers.py has changed since the run began" in run(capsys, "train", "--resume", "r", "--quiet")[2]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("settings.json", None, "it has no settings.json"),
        ("settings.json", b"{", "settings.json is not what convkit train writes"),
        ("settings.json", b"[]", "settings.json is not what convkit train writes"),
        ("settings.json", b"[" * 100_000, "settings.json is not what convkit train writes"),
        ("settings.json", "x", "its setting 'x' is unknown to this version"),
        ("settings.json", -1, "its setting epochs must be a whole number, 1 or more; got '-1'"),
        ("checkpoint.npz", b"", "checkpoint.npz is not a whole convkit checkpoint"),
        ("checkpoint.npz", 1000, "checkpoint.npz is not a whole convkit checkpoint"),
    ],
)
def test_damaged_runs(tiny, capsys, in_folder, name, content, expected):
    shutil.copytree(tiny[0], "r")
    path = in_folder / "r" / name
    if content is None:
        path.unlink()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    elif name == "settings.json":
        stored = json.loads(path.read_text())
        stored["settings"]["x" if content == "x" else "epochs"] = content
        path.write_text(json.dumps(stored))
    else:
        path.write_bytes(path.read_bytes()[:content])
    for words in (("train", "--resume", "r"), ("predict", "r", "r/curves.png")):
        code, _, err = run(capsys, *words)
        assert code == 1
        assert expected in err
        assert "Traceback" not in err


def test_every_setting_survives_the_file(tmp_path):
    given = {"model": "fully-connected", "hidden_dim": [3, 4], "learning_rate": 1 / 3, "overfit": 7, "dtype": "float64"}
    for settings in (run_settings.complete({}), run_settings.complete(given)):
        preparation = images.Preparation((3, 4, 5), ("a", "ü"), (0.1, 0.2, 1 / 3), (1.0, 2.0, 3.0), False)
        run_folder.write_settings(tmp_path, settings, preparation, None)
        assert run_folder.read_settings(tmp_path) == (settings, preparation, None)


# How long it takes


def test_the_estimate_is_of_the_right_size(tiny, capsys):
    seconds = float(json.loads((tiny[0] / "results.json").read_text())["seconds"])
    text = re.search(r"about (.*), measured", tiny[1])[1]
    assert text.endswith(("second", "seconds"))
    assert int(text.split()[0]) - estimate.AT_THE_END <= 10 * seconds + 10


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 second"),
        (20.4, "20 seconds"),
        (400, "7 minutes"),
        (7 * 3600, "7 hours"),
        (30 * 3600, "30 hours"),
        (9e5, "10.4 days"),
    ],
)
def test_spans_of_time(seconds, words):
    assert estimate.in_words(seconds) == words


@pytest.mark.parametrize("slow", [1e-5, 0.02])
def test_a_batch_is_extrapolated_where_it_would_take_long(slow):
    import time

    asked = []

    def run_batch(n):
        asked.append(n)
        time.sleep(slow * n)

    assert estimate._time_for(run_batch, 200) == pytest.approx(200 * slow, rel=0.5, abs=0.05)
    assert max(asked) == (200 if slow < 1e-3 else 3)


def test_files_appear_whole_or_not_at_all(tiny, capsys, in_folder, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    code, _, err = run(capsys, "train", *TINY, "--out", "r", "--quiet")
    assert code == 1
    assert "No space left on device" in err
    assert not list((in_folder / "r").iterdir())


def test_the_preparation_makes_mean_0_and_deviation_1_of_each_channel():
    X = np.random.default_rng(0).integers(0, 256, (2300, 3, 4, 4)).astype(np.float32)
    X[:, 1] /= 8
    X[:, 1] = np.floor(X[:, 1])
    X[:, 2] = 7  # of one value: there is nothing to scale
    preparation = images._preparation(X, ("a",))
    np.testing.assert_allclose(preparation.mean, X.mean(axis=(0, 2, 3), dtype=np.float64) / 255, rtol=1e-12)
    prepared = images.prepare(X, preparation)
    np.testing.assert_allclose(prepared.mean(axis=(0, 2, 3)), 0, atol=1e-6)
    np.testing.assert_allclose(prepared.std(axis=(0, 2, 3)), [1, 1, 0], atol=1e-6)
    assert not preparation.dark_background


def test_more_than_any_memory(capsys, in_folder):
    code, _, err = run(capsys, "train", "--num-filters", 2**31 - 1, "--hidden-dim", 2**31 - 1)
    assert code == 1
    assert "a network of this size cannot be made" in err
    assert not list(in_folder.iterdir())


def test_a_wrong_environment(capsys, in_folder, monkeypatch):
    monkeypatch.setattr(threads, "_num_threads", 0)
    monkeypatch.setenv("CONVKIT_NUM_THREADS", "all")
    code, _, err = run(capsys, "train")
    assert code == 2
    assert "CONVKIT_NUM_THREADS='all'" in err
    assert len(err.splitlines()) == 1
