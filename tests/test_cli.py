"""The command line as a whole: its grammar, its errors, its exit codes."""

import os
import re
import subprocess
import sys

import pytest

import convkit
from convkit.cli import main
from convkit.commands import images, results
from convkit.commands import settings as run_settings

# a run that takes a moment
TINY = [
    *("--overfit", "20", "--batch-size", "10", "--epochs", "4"),
    *("--num-filters", "2", "--filter-size", "3", "--hidden-dim", "4"),
]


def convkit_process(*words, **arguments):
    """`convkit` in a process of its own, its output in pipes."""
    command = [sys.executable, "-W", "error", "-m", "convkit.cli", *map(str, words)]
    defaults = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, **{**defaults, **arguments})


def run(capsys, *words):
    """The exit code of a command, what it printed, and what it complained about."""
    try:
        code = main([str(word) for word in words])
    except SystemExit as end:
        code = end.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def no_pictures(monkeypatch):
    """Nothing is drawn at the end of a run."""
    draw_nothing(monkeypatch)


def draw_nothing(monkeypatch):
    """Leave the drawing out, which takes longer than all else in a tiny run."""
    for name in ("plot_curves", "plot_filters", "plot_predictions"):
        monkeypatch.setattr(results.vis_utils, name, lambda *_: None)
    monkeypatch.setattr(results, "_save", lambda *_: None)


@pytest.fixture
def quick(monkeypatch, no_pictures):
    """As little data as is worth splitting."""
    read = images._read

    def read_little(*arguments):
        title, classes, data = read(*arguments)
        limits = {"train": 60, "val": 20, "test": 20}
        return title, classes, {f"{a}_{part}": data[f"{a}_{part}"][:n] for a in "Xy" for part, n in limits.items()}

    monkeypatch.setattr(images, "_read", read_little)


def test_version(capsys):
    assert run(capsys, "--version") == (0, f"convkit {convkit.__version__}\n", "")


def test_without_a_command_it_shows_what_there_is(capsys):
    code, out, err = run(capsys)
    assert code == 0
    assert not err
    for command in ("train", "predict", "data", "check", "doctor"):
        assert f"    {command} " in out


@pytest.mark.parametrize(
    "words", [(), ("train",), ("predict",), ("data",), ("data", "list"), ("data", "fetch"), ("check",), ("doctor",)]
)
def test_help_fits_into_80_columns(capsys, words):
    code, out, _ = run(capsys, *words, "--help")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    if words not in (("data", "list"), ("doctor",), ("data",)):
        assert "examples:\n  convkit " in out


def test_every_setting_has_an_option(capsys):
    out = run(capsys, "train", "--help")[1]
    for name in run_settings.PARSERS:
        assert f"  {run_settings.option(name)} " in out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("trian",), "invalid choice: 'trian'"),
        (("train", "--epoch", "3"), "unrecognized arguments: --epoch"),
        (("train", "--epochs", "0"), "--epochs: must be a whole number, 1 or more; got '0'"),
        (("train", "--epochs", "2.5"), "--epochs: must be a whole number, 1 or more; got '2.5'"),
        (("train", "--learning-rate", "nan"), "must be a number above 0; got 'nan'"),
        (("train", "--learning-rate", "0"), "must be a number above 0; got '0'"),
        (("train", "--reg", "-1"), "must be a number of 0 or more; got '-1'"),
        (("train", "--reg", "inf"), "got 'inf'"),
        (("train", "--filter-size", "4"), "must be odd, so that padding keeps the image's size; got '4'"),
        (("train", "--seed", str(2**32)), "from 0 to 4294967295"),
        (("train", "--data", "cifar11"), "must be one of fashion-mini, fashion-mnist, mnist, cifar10; got 'cifar11'"),
        (("train", "--model", "vgg"), "must be one of three-layer, two-layer, fully-connected; got 'vgg'"),
        (("train", "--update-rule", "admm"), "adagrad, adadelta, adam, adamw; got 'admm'"),
        (("train", "--hidden-dim", "10,x"), "must be a whole number, 1 or more; got 'x'"),
        (("train", "--model", "two-layer", "--num-filters", "3"), "--num-filters goes with --model three-layer"),
        (("train", "--hidden-dim", "3,4"), "--hidden-dim 3,4: three-layer has one hidden layer"),
        (("train", "--model", "two-layer", "--dtype", "float32"), "two-layer computes in float64"),
        (("train", "--data-dir", "x"), "fashion-mini comes with convkit"),
        (("train", "--layers", "no.py"), "there is no file 'no.py'"),
        (("train", "--overfit", "5", "--batch-size", "6"), "--batch-size 6 is more than the 5 images"),
        (("train", "--overfit", "5000"), "--overfit 5000: fashion-mini has 4500 training images"),
        (("train", "--batch-size", "5000"), "--batch-size 5000: fashion-mini has 4500 training images"),
        (("train", "--resume", "x", "--out", "y"), "--out and --resume do not go together"),
        (("predict", "run"), "required: IMAGE"),
        (("data",), "required: COMMAND"),
        (("data", "fetch", "imagenet"), "got 'imagenet'"),
        (("check", "no.py"), "there is no file no.py"),
        (("check", __file__, "--layer", "cnov"), "invalid choice: 'cnov'"),
    ],
)
def test_wrong_usage_is_said_in_one_line_and_does_nothing(capsys, in_folder, words, complaint):
    code, out, err = run(capsys, *words)
    assert code == 2
    assert complaint in err.splitlines()[-1]
    assert re.match(rf"convkit( {words[0]}.*)?: error: ", err.splitlines()[-1])
    assert "Traceback" not in err
    assert not out
    assert not list(in_folder.iterdir())


def test_a_full_disk_is_no_traceback(capsys, in_folder):
    (in_folder / "runs").write_text("a file where the folder should be")
    code, _, err = run(capsys, "train", *TINY)
    assert code == 1
    assert err.startswith("convkit train: error: ")
    assert "runs" in err


@pytest.mark.skipif(os.name != "posix", reason="closes a pipe as a shell does")
def test_a_reader_that_goes_away_is_no_error():
    reader, writer = os.pipe()
    os.close(reader)
    process = convkit_process("data", "list", stdout=writer)
    os.close(writer)
    assert process.communicate(timeout=60)[1] == ""
    assert process.returncode == 141


def test_names_that_the_terminal_cannot_show(tmp_path):
    process = convkit_process(
        "check", tmp_path / "ünsinn\udcff.py", env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "1"}
    )
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "nsinn" in err
    assert "Traceback" not in err


def test_the_command_is_installed():
    found = subprocess.run([os.path.join(os.path.dirname(sys.executable), "convkit"), "--version"], capture_output=True)
    assert found.stdout.decode().startswith("convkit ")


def test_looking_at_the_command_line_is_quick():
    # matplotlib, pooch, tqdm and PIL are loaded only where they are used
    code = """
import sys
from convkit.commands import parser
parser.build()
print(*{"matplotlib", "pooch", "tqdm", "PIL"} & set(sys.modules))
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"
