"""convkit check: the verdict on a file of layers, and its exit code."""

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
