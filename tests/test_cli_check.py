"""convkit check: the verdict on a file of layers, and its exit code."""

import json

import pytest
import test_cli
from test_cli import run

in_folder = test_cli.in_folder

RIGHT = """
import numpy as np

def relu_forward(x):
    return np.maximum(x, 0), x

def relu_backward(dout, cache):
    return dout * (cache > 0)
"""


@pytest.mark.parametrize(
    ("text", "words", "code", "expected"),
    [
        (RIGHT, (), 0, "mine: all is right"),
        (RIGHT, ("--layer", "relu"), 0, "mine: all is right"),
        (RIGHT, ("--layer", "relu", "--layer", "conv"), 1, "conv"),
        (RIGHT.replace("> 0", "> 0.1"), (), 1, "mine: something is wrong"),
        (RIGHT.replace("return dout", "raise NotImplementedError  #"), (), 1, "not written"),
        ("from convkit.layers import *", (), 1, "nothing to check"),
    ],
)
def test_verdicts(capsys, in_folder, text, words, code, expected):
    (in_folder / "mine.py").write_text(text)
    found, out, err = run(capsys, "check", "mine.py", *words)
    assert (found, err) == (code, "")
    assert expected in out


@pytest.mark.parametrize("text", ["def f(:\n", "1 / 0\n", "import nonsense_module\n"])
def test_a_file_that_cannot_be_loaded(capsys, in_folder, text):
    (in_folder / "mine.py").write_text(text)
    code, out, err = run(capsys, "check", "mine.py")
    assert (code, out) == (1, "")
    assert "mine.py, line 1" in err
    assert "Traceback" not in err


def test_json(capsys, in_folder):
    (in_folder / "mine.py").write_text(RIGHT.replace("> 0", "> 0.1"))
    code, out, err = run(capsys, "check", "mine.py", "--json")
    assert (code, err) == (1, "")
    report = json.loads(out)
    assert (report["ok"], report["verdict"], report["file"]) == (False, "wrong", "mine.py")
    wrong = [result for result in report["results"] if result["status"] == "wrong"]
    assert {(result["layer"], result["part"]) for result in wrong} == {("relu", "dx")}
    (in_folder / "mine.py").write_text("1 / 0")
    code, out, err = run(capsys, "check", "mine.py", "--json")
    assert (code, err) == (1, "")
    assert "mine.py, line 1" in json.loads(out)["error"]


def test_prints_are_shown_with_their_line(capsys, in_folder):
    (in_folder / "mine.py").write_text(RIGHT.replace("return np", "print(x.shape)\n    return np"))
    code, out, _ = run(capsys, "check", "mine.py")
    assert code == 0
    assert "note: line 5 of mine.py prints: (4, 5)" in out
    assert out.count("note:") == 4
    assert "prints more" in out


def test_limits(capsys, in_folder):
    (in_folder / "mine.py").write_text(RIGHT.replace("return dout", "while True: pass\n    return dout"))
    code, out, err = run(capsys, "check", "mine.py", "--time-limit", "0.5")
    assert (code, err) == (1, "")
    assert "it had not ended after 0.5 s, and was stopped: mine.py, line 8, in relu_backward" in out
    assert "    while True: pass" in out
    code, out, _ = run(capsys, "check", "mine.py", "--time-limit", "0.5", "--json")
    assert json.loads(out)["verdict"] == "wrong"


@pytest.mark.parametrize(
    "words",
    [
        ("missing.py",),
        ("mine.py", "--layer", "convolution"),
        ("mine.py", "--hint", "4"),
        ("mine.py", "--time-limit", "x"),
    ],
)
def test_usage(capsys, in_folder, words):
    (in_folder / "mine.py").write_text(RIGHT)
    code, out, err = run(capsys, "check", *words)
    assert (code, out) == (2, "")
    assert "error: " in err


def test_full_asks_for_what_goes_beyond(capsys, in_folder):
    source = RIGHT.replace("return np.maximum", "x = x.astype(float)\n    return np.maximum")
    (in_folder / "mine.py").write_text(source)
    assert run(capsys, "check", "mine.py")[0] == 0
    code, out, _ = run(capsys, "check", "mine.py", "--full")
    assert code == 1
    assert "relu  dtype    WRONG" in out
