"""convkit train, stopped in every way there is: what was learned is there, and the run goes on bit for bit."""

import contextlib
import csv
import io
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import test_cli
from test_cli import convkit_process, run

from convkit import checkpoint
from convkit.cli import main
from convkit.commands import estimate

no_pictures = test_cli.no_pictures
pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends signals")

# some hundred epochs of some milliseconds
LONG = [
    *("--overfit", "40", "--batch-size", "20", "--epochs", "120", "--seed", "5"),
    *("--num-filters", "2", "--filter-size", "3", "--hidden-dim", "4"),
]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder, out = tmp_path_factory.mktemp("whole") / "run", io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out):
        test_cli.draw_nothing(patch)
        assert main(["train", *LONG, "--out", str(folder)]) == 0
    return folder, out.getvalue()


# convkit, but slow enough to be stopped in the middle, and saving after every epoch, however short
SLOWLY = """
import sys, time
from convkit.cli import main
from convkit.commands.run_folder import Keeper
save = Keeper.on_epoch
def save_slowly(self, solver):
    self._saved = 0
    save(self, solver)
    time.sleep(0.02)
Keeper.on_epoch = save_slowly
sys.exit(main())
"""


def start(folder):
    command = [sys.executable, "-c", SLOWLY, "train", *LONG, "--out", str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(process, pattern):
    for line in process.stdout:
        if re.search(pattern, line):
            return
    raise AssertionError(process.stderr.read())


@pytest.fixture
def resume(capsys, no_pictures):
    """Go on with a run, in this process, which is another than the one that was stopped."""

    def resume(folder):
        code, out, err = run(capsys, "train", "--resume", folder)
        assert (code, err) == (0, "")
        return out

    return resume


def table(out):
    return re.findall(r"^(?:training|validation|test) .*", out, re.M)


def rows(folder):
    """The history without its seconds, the only thing that may differ."""
    with open(folder / "history.csv", newline="") as file:
        return [row[:-1] for row in csv.reader(file)]


def assert_same_run(folder, out, whole):
    assert table(out) == table(whole[1])
    assert rows(folder) == rows(whole[0])
    ours, theirs = (checkpoint.read(each / "checkpoint.npz") for each in (folder, whole[0]))
    assert ours["histories"]["loss_history"].tolist() == theirs["histories"]["loss_history"].tolist()
    for which in ("params", "best_params"):
        for name, w in theirs[which].items():
            np.testing.assert_array_equal(ours[which][name], w, err_msg=name)


def test_ctrl_c_saves_and_says_how_to_go_on(uninterrupted, resume, tmp_path):
    folder = tmp_path / "a run"
    process = start(folder)
    wait_for(process, r"^ +\d+ +\d\.\d{4}")
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert time.monotonic() - began < 10
    assert "Traceback" not in err
    stopped_after = int(re.search(r"Interrupted after iteration (\d+)", out)[1])
    assert checkpoint.read(folder / "checkpoint.npz")["progress"]["iteration"] == stopped_after < 240
    assert f"convkit train --resume '{folder}'" in err
    out = resume(folder)
    assert f"Going on after iteration {stopped_after} of 240" in out
    assert_same_run(folder, out, uninterrupted)


@pytest.mark.parametrize("moment", [0, 1])
def test_killed_and_resumed_it_ends_as_if_nothing_had_happened(uninterrupted, resume, tmp_path, moment):
    folder = tmp_path / "run"
    process = start(folder)
    wait_for(process, r"^Run folder" if moment == 0 else r"^ +\d+ +\d\.\d{4}")
    time.sleep(np.random.default_rng().uniform(0, 0.2))
    process.kill()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert_same_run(folder, resume(folder), uninterrupted)
    assert not list(folder.glob(".*"))  # no leftovers of what was being written


def test_killed_before_the_first_checkpoint(uninterrupted, resume, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "settings.json").write_bytes((uninterrupted[0] / "settings.json").read_bytes())
    assert_same_run(folder, resume(folder), uninterrupted)


def test_ctrl_c_before_training_leaves_nothing(tmp_path):
    # with the naive layers, measuring how long it will take takes a while itself
    process = convkit_process("train", "--layers", "naive", cwd=tmp_path)
    wait_for(process, "^Training")
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert err == "convkit train: interrupted\n"
    assert not list(tmp_path.iterdir())


def test_a_second_ctrl_c_does_not_spoil_what_the_first_saves(tmp_path):
    process = start(tmp_path / "run")
    wait_for(process, r"^ +\d+ +\d\.\d{4}")
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(np.random.default_rng().uniform(0, 0.05))
    err = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "Traceback" not in err
    assert checkpoint.read(tmp_path / "run" / "checkpoint.npz")["progress"]["iteration"] > 0


def test_ctrl_c_while_the_pictures_are_drawn(resume, tmp_path, monkeypatch, capsys):
    def interrupt(*_):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(test_cli.results.vis_utils, "plot_curves", interrupt)
    code, out, err = run(capsys, "train", *LONG, "--epochs", 1, "--out", tmp_path / "r")
    assert code == 130
    assert "training" in out
    assert "convkit train --resume" in err
    test_cli.draw_nothing(monkeypatch)
    assert table(resume(tmp_path / "r")) == table(out)


def test_a_loss_of_nan_ends_the_run_with_advice(tmp_path, capsys):
    code, _, err = run(capsys, "train", *LONG, "--learning-rate", 1e9, "--update-rule", "sgd", "--out", tmp_path / "r")
    assert code == 1
    assert "nan" in err.lower()
    assert "lower --learning-rate" in err
    assert "Traceback" not in err
    assert "warning" not in err
    assert (tmp_path / "r" / "checkpoint.npz").exists()


def test_a_progress_bar_on_a_terminal_and_lines_above_it(tmp_path):
    import fcntl
    import pty
    import struct
    import termios

    ours, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = convkit_process("train", *LONG, "--epochs", 3, "--out", tmp_path / "r", stdout=other, stderr=other)
    os.close(other)
    shown = b""
    while b"6/6" not in shown:  # the bar at its end; at the end of the output this raises OSError
        shown += os.read(ours, 4096)
    process.kill()
    process.wait(60)
    os.close(ours)
    assert re.search(rb" \d+%\|", shown)
    assert re.search(rb"epoch +loss +training", shown)


def test_the_estimate_disturbs_nothing(no_pictures, monkeypatch, tmp_path, capsys):
    words = ("train", "--overfit", 40, "--epochs", 2, "--model", "fully-connected", "--hidden-dim", 4)
    assert run(capsys, *words, "--out", tmp_path / "a")[0] == 0
    monkeypatch.setattr(estimate, "seconds_of", lambda *_: 1.0)
    assert run(capsys, *words, "--out", tmp_path / "b")[0] == 0
    ours, theirs = (checkpoint.read(tmp_path / name / "checkpoint.npz")["params"] for name in "ab")
    for name, w in ours.items():
        np.testing.assert_array_equal(w, theirs[name])
