"""pytest --layers as an instructor uses it: each check a test, its report the failure message, its limits its own."""

import subprocess
import sys
from pathlib import Path

import pytest

STUDENT = (Path(__file__).parent / "planted_bugs" / "student.py").read_text()
RELU = "import numpy as np\ndef relu_forward(x):\n    return np.maximum(0, x), x\n"
BACKWARD = "def relu_backward(dout, cache):\n    return dout * (cache > 0)\n"


@pytest.fixture
def run(tmp_path):
    """pytest in a folder that holds nothing but somebody's file."""

    def run(source, *words, name="my_layers.py"):
        (tmp_path / name).write_text(source)
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--layers", name, *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)

    return run


def test_the_message_is_the_report(run):
    done = run(STUDENT.replace("dw += np", "dw = np"), "-q", "--layers-hint", "2")
    assert done.returncode == 1
    assert "conv dw: 3x3 filters, stride 1, pad 1" in done.stdout
    assert "it should be" in done.stdout
    assert "checks.py" not in done.stdout  # no traceback of convkit's own code


def test_an_endless_loop_fails_alone(run):
    loop = "def relu_backward(dout, cache):\n    while True:\n        dout = dout + 0\n"
    done = run(STUDENT + loop, "-q", "--layers-time-limit", "1")
    assert done.returncode == 1
    assert "it had not ended after 1 s, and was stopped: my_layers.py, line" in done.stdout
    assert "    while True:" in done.stdout
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    assert failed
    assert all("relu" in line and "relu forward" not in line for line in failed)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is limited on Linux only")
def test_a_huge_allocation_fails_alone(run):
    huge = "def relu_backward(dout, cache):\n    return np.ones((10**5, 10**5))\n"
    done = run(STUDENT + huge, "-q", "--layers-memory-limit", "200")
    assert done.returncode == 1
    assert "MemoryError, beyond the limit of 200 MB" in done.stdout
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    assert all("relu" in line and "relu forward" not in line for line in failed)


def test_ending_python_fails_alone(run):
    done = run(RELU + "import os\ndef relu_backward(dout, cache):\n    os._exit(0)\n", "-q", "-rf")
    assert done.returncode == 1
    assert "it ended Python itself (exit code 0), as os._exit does" in done.stdout
    assert "4 passed" in done.stdout


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("def f(:\n", "my_layers.py, line 1: SyntaxError"),
        ("import sys\nsys.exit()\n", "my_layers.py, line 2, in <module>: it ends the program"),
        ("while True: pass\n", "it had not ended after 0.5 s while the file was imported"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_one_failing_test(run, source, says):
    run(RELU + BACKWARD, "-q", name="other.py")
    done = run(source, "-q", "--layers", "other.py", "--layers-time-limit", "0.5")
    assert done.returncode == 1
    assert "your layers cannot be loaded: " in done.stdout
    assert says in done.stdout
    assert "1 failed" in done.stdout
    assert "passed" in done.stdout


def test_prints_are_shown_with_a_failure(run):
    done = run(RELU + "def relu_backward(dout, cache):\n    print('here', dout.shape)\n    return dout\n", "-q")
    assert "line 5 of my_layers.py prints: here (4, 5)" in done.stdout


def test_selection_and_names(run):
    done = run(RELU + BACKWARD, "-v", "-k", "relu and dx")
    assert done.returncode == 0
    assert "relu dx: vectors PASSED" in done.stdout
    assert "forward" not in done.stdout
    done = run(RELU + BACKWARD, "--collect-only", "-q")
    assert "relu dx: vectors" in done.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--layers-time-limit", "soon"), "--layers-time-limit soon"),
        (("--layers-time-limit", "0"), "seconds must lie in 0.1..1000000"),
        (("--layers-memory-limit", "1"), "memory must lie in 16..1000000 megabytes"),
        (("--layers-hint", "4"), "invalid choice: 4"),
    ],
)
def test_usage(run, words, says):
    done = run(RELU + BACKWARD, *words)
    assert done.returncode == 4
    assert says in done.stderr


def test_no_limits(run):
    done = run(RELU + BACKWARD, "-q", "--layers-time-limit", "none", "--layers-memory-limit", "none")
    assert done.returncode == 0
