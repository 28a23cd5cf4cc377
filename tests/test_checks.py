"""The three fronts of the checks, on right, wrong, unfinished and broken modules."""

import json
import re
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from convkit import fast_layers, layers, numpy_layers
from convkit.check_report import CheckResult
from convkit.checks import check_layers, checks_of, run_check
from convkit.layers import LAYERS
from convkit.load_layers import LayersError, load_layers

STUDENT = Path(__file__).parent / "planted_bugs" / "student.py"
RELU = "import numpy as np\ndef relu_forward(x):\n    return np.maximum(0, x), x\n"


def write(folder, source, name="my_layers.py"):
    path = folder / name
    path.write_text(source)
    return path


@pytest.mark.parametrize("module", [numpy_layers, fast_layers], ids=["numpy", "fast"])
def test_our_twins_pass_everything(module):
    report = check_layers(module, full=True)
    assert report.ok, str(report)


def functions_of_the_reference():
    for layer in LAYERS.values():
        yield from filter(None, (layer.forward, layer.backward, *layer.alternatives.values()))


def test_our_reference_passes_everything():
    reference = types.ModuleType("reference")
    for function in functions_of_the_reference():
        name = function.__name__
        reference.__dict__[name] = types.FunctionType(
            function.__code__, function.__globals__, name, function.__defaults__
        )
        reference.__dict__[name].__module__ = "reference"
    report = check_layers(reference, full=True)
    assert report.ok, str(report)
    assert {r.layer for r in report.results} == set(LAYERS)


def test_beyond_the_assignment_is_not_supported_instead_of_wrong():
    report = check_layers(STUDENT)
    assert report.ok, str(report)
    assert "dilation" in report.unsupported()["conv"]
    assert "groups" in report.unsupported()["conv"]
    assert not check_layers(STUDENT, full=True).ok


def test_unwritten_is_said_so(tmp_path):
    path = write(
        tmp_path, RELU + "def relu_backward(dout, cache):\n    raise NotImplementedError('write relu_backward')\n"
    )
    report = check_layers(path)
    assert not report.ok
    assert {r.status for r in report.results if r.part == "forward"} == {"right"}
    assert {r.status for r in report.results if r.part == "dx"} == {"not written"}
    assert "write relu_backward" in str(report)


def test_half_a_pair_is_checked_and_the_other_half_is_missing(tmp_path):
    report = check_layers(write(tmp_path, RELU))
    assert "does not define relu_backward" in str(report)
    assert any(r.status == "right" for r in report.results)


def test_nothing_to_check_fails(tmp_path):
    report = check_layers(write(tmp_path, "from convkit.layers import *\nfrom convkit.fast_layers import *\n"))
    assert not report.ok
    assert "nothing to check" in str(report)


def test_a_layer_that_was_asked_for_and_is_not_there(tmp_path):
    report = check_layers(write(tmp_path, RELU), layers=["conv"])
    assert not report.ok
    assert "defines neither conv_forward nor conv_backward" in str(report)
    with pytest.raises(ValueError, match="'convolution'"):
        check_layers(fast_layers, layers=["convolution"])


def test_an_error_is_shown_as_theirs_with_its_line(tmp_path):
    path = write(tmp_path, RELU + "def relu_backward(dout, cache):\n    return dout * maske\n")
    message = next(r.message for r in check_layers(path).results if r.part == "dx")
    assert "my_layers.py, line 5" in message
    assert "maske" in message


def test_prints_are_swallowed(tmp_path, capsys):
    source = RELU.replace("return", "print('noise'); return")
    check_layers(write(tmp_path, source + "def relu_backward(dout, cache):\n    return dout * (cache > 0)\n"))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("def relu_forward(x:\n    pass\n", r"my_layers.py, line 1: SyntaxError"),
        ("import numpyy\n", r"my_layers.py, line 1.*No module named 'numpyy'"),
        ("x = 1\nprint(1 / 0)\n", r"my_layers.py, line 2.*ZeroDivisionError"),
    ],
)
def test_a_module_that_cannot_be_loaded(tmp_path, source, says):
    with pytest.raises(LayersError, match=says):
        load_layers(write(tmp_path, source))


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(LayersError, match="there is no file"):
        load_layers(tmp_path / "missing.py")
    with pytest.raises(LayersError, match="no module 'no_such_layers'"):
        load_layers("no_such_layers")


def test_a_central_difference_backs_the_reference(tmp_path):
    source = STUDENT.read_text().replace("dw += np.tensordot", "dw = np.tensordot")
    report = check_layers(write(tmp_path, source), layers=["conv"])
    message = next(r.message for r in report.results if r.part == "dw" and r.status == "wrong")
    found = re.search(r"is (\S+), it should be (\S+) \(a central difference .* gives (\S+)\)", message)
    mine, expected, difference = map(float, found.groups())
    assert difference == pytest.approx(expected, rel=1e-4)
    assert mine != pytest.approx(expected, rel=1e-2)


def test_html_shows_every_row():
    report = check_layers(STUDENT, layers=["relu"])
    assert report._repr_html_().count("<tr>") == len(report.rows()) + 1


def test_cases_are_the_same_at_every_run():
    first = [run_check(check) for check in checks_of(fast_layers, ["max_pool"])]
    second = [run_check(check) for check in checks_of(fast_layers, ["max_pool"])]
    assert first == second


def pytest_run(folder, *args):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *args]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def test_pytest_front_right(tmp_path):
    write(tmp_path, STUDENT.read_text())
    write(tmp_path, "def test_other():\n    assert False\n", "test_other.py")
    result = pytest_run(tmp_path, "--layers", "my_layers")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "passed" in result.stdout
    assert "failed" not in result.stdout


def test_pytest_front_wrong_beside_tests_of_their_own(tmp_path):
    write(tmp_path, STUDENT.read_text().replace("dx = dout * (cache > 0)", "dx = dout * (cache >= 0)"))
    write(tmp_path, "def test_other():\n    pass\n", "test_other.py")
    result = pytest_run(tmp_path, "-vv", "--layers", "my_layers.py", "test_other.py")
    assert result.returncode == 1
    assert "relu dx: zeros among the values" in result.stdout
    assert "1 failed" in result.stdout
    assert "test_other.py::test_other PASSED" in result.stdout


def test_pytest_front_nothing_to_check_and_nothing_there(tmp_path):
    write(tmp_path, "import numpy\n")
    nothing = pytest_run(tmp_path, "--layers", "my_layers")
    assert nothing.returncode == 4
    assert "nothing to check" in nothing.stderr + nothing.stdout
    missing = pytest_run(tmp_path, "--layers", "your_layers")
    assert missing.returncode == 4
    assert "no module 'your_layers'" in missing.stderr + missing.stdout


def test_gradcheck_fixture(tmp_path):
    write(
        tmp_path,
        "import numpy as np\n"
        "def test_right(gradcheck):\n"
        "    gradcheck(lambda x: (x**2, x), lambda dout, x: 2 * x * dout, np.ones((2, 3)))\n"
        "def test_wrong(gradcheck):\n"
        "    gradcheck(lambda x: (x**2, x), lambda dout, x: x * dout, np.ones((2, 3)))\n",
        "test_mine.py",
    )
    result = pytest_run(tmp_path)
    assert "1 failed, 1 passed" in result.stdout
    assert "backward does not fit forward" in result.stdout


def test_gradcheck_fixture_here(gradcheck):
    report = gradcheck(layers.affine_forward, layers.affine_backward, np.ones((2, 3)), np.eye(3, 4), np.zeros(4))
    assert report.ok


HOSTILE = [
    "def relu_forward(x): return [1, 2], 3\ndef relu_backward(d, c): return d",
    "def relu_forward(x): return 'a', x\ndef relu_backward(d, c): return d",
    "def relu_forward(x): return None, None\ndef relu_backward(d, c): return None",
    "def relu_forward(x): return np.maximum(0, x) * 1j, x\ndef relu_backward(d, c): return d * 1j",
    "def relu_forward(x): return np.maximum(0, x), x\ndef relu_backward(d, c): return (d * (c > 0)).astype(object)",
    "def relu_forward(x): return np.maximum(0, x), x\ndef relu_backward(d, c): return list(d * (c > 0))",
    "def relu_forward(x): return np.maximum(0, x), x\ndef relu_backward(d, c): raise KeyError('<b>bold</b>')",
    "def relu_forward(x): return np.full_like(x, np.inf), x\ndef relu_backward(d, c): return d * np.inf",
    "def relu_forward(x):\n    x.resize((0,))\n    return x, x\ndef relu_backward(d, c): return d",
    "def softmax_loss(x, y): return 'a', None",
    "def conv_forward(x, w, b, p): return np.zeros((2, 2)), None\ndef conv_backward(d, c): return 1, 2, 3",
    "def batchnorm_forward(x, g, b, p):\n    p.clear()\n    return x, 0\ndef batchnorm_backward(d, c): return d, d, d",
    "def max_pool_forward(x, p): return x, None\ndef max_pool_backward(d, c): return d",
]


@pytest.mark.parametrize("source", HOSTILE)
def test_whatever_they_return_there_is_a_report(source):
    module = types.ModuleType("student")
    exec("import numpy as np\n" + source, module.__dict__)
    report = check_layers(module)
    assert report.verdict == "wrong"
    assert not {finding.kind for finding in report.findings} - {"shape", "nan", "wrong_return"}
    assert report.text(hint=3)
    again = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert [CheckResult.from_json(values).to_json() for values in again["results"]] == again["results"]
    page = report._repr_html_()
    assert "<b>bold" not in page
    assert "<script" not in page


def test_a_wrong_forward_pass_is_blamed_alone(tmp_path):
    report = check_layers(write(tmp_path, STUDENT.read_text().replace(".dot(w) + b", ".dot(w)")), layers=["affine"])
    assert {r.part for r in report.results if r.status == "wrong"} == {"forward"}
    assert {r.status for r in report.results if r.part == "dx"} == {"cannot tell", "not supported"}
    assert [finding.title for finding in report.findings] == ["affine forward: the bias is not added"]
    text = report.text(hint=0)
    assert "evidence" in text
    assert "question" not in text
    assert "nearly the code" in report.text(hint=3)


def test_a_function_with_other_arguments_is_told_how_it_is_called(tmp_path):
    path = tmp_path / "short.py"
    path.write_text(
        "def affine_forward(x, w):\n    return x @ w, (x, w)\ndef affine_backward(dout, cache):\n    return dout\n"
    )
    report = check_layers(path)
    first = next(r for r in report.results if r.part == "forward")
    assert "it is called as affine_forward(x, w, b)" in first.message
    assert "checks.py" not in report.text()


def test_numbers_that_differ_late_are_printed_with_more_digits(tmp_path):
    path = tmp_path / "rounded.py"
    path.write_text(
        "import numpy as np\n"
        "def relu_forward(x):\n    return np.maximum(x, 0).astype(np.float32), x\n"
        "def relu_backward(dout, cache):\n    return dout * (cache > 0)\n"
    )
    report = check_layers(path, ["relu"], parts=["forward"])
    found, wanted = re.search(r"is (\S+), it should be (\S+);", report.results[0].message).groups()
    assert found != wanted


def test_parts_restrict_what_is_checked():
    report = check_layers("convkit.numpy_layers", ["conv"], parts=["forward", "db"])
    assert {r.part for r in report.results} == {"forward", "db"}
    assert report.ok
    with pytest.raises(ValueError, match=r"parts must be among forward, dx.*got 'dz'"):
        check_layers("convkit.numpy_layers", ["conv"], parts=["dz"])
