"""Files of layers to fill in: nothing of the solutions is in them, and nothing of somebody's file is lost."""

import ast
import importlib.util
import inspect
import re
import subprocess
import sys

import numpy as np
import pytest
import test_cli
from test_cli import run

import convkit
from convkit import fast_layers, layers
from convkit.checks import check_layers
from convkit.commands import which_layers
from convkit.commands.errors import CommandError
from convkit.layers import LAYERS
from convkit.load_layers import load_layers
from convkit.stubs import StubError, strip, stub_text, write_stub

in_folder = test_cli.in_folder


def reference_functions(names=LAYERS):
    for name in names:
        layer = LAYERS[name]
        yield from (f for f in (layer.forward, layer.backward, *layer.alternatives.values()) if f is not None)


def split(function):
    """The lines of code of a reference function: those of its solutions, and the others."""
    inside, solution, rest = False, [], []
    for line in inspect.getsource(function).splitlines():
        text = line.strip().split("  #")[0]
        if text in ("# BEGIN SOLUTION", "# END SOLUTION"):
            inside = text == "# BEGIN SOLUTION"
        elif text and not text.startswith("#"):
            (solution if inside else rest).append(text)
    return solution, rest


def solution_lines(function):
    return split(function)[0]


def load(path, text=None):
    if text is not None:
        path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", LAYERS)
def test_every_reference_marks_its_solution(name):
    for function in reference_functions([name]):
        assert solution_lines(function), f"{function.__name__} has no solution between markers"


@pytest.mark.parametrize("names", [*([name] for name in LAYERS), list(LAYERS)], ids=[*LAYERS, "all"])
def test_no_solution_is_left(names):
    text = stub_text(names)
    assert "SOLUTION" not in text
    sources = {node.name: ast.get_source_segment(text, node) for node in ast.parse(text).body if hasattr(node, "name")}
    assert set(sources) == {function.__name__ for function in reference_functions(names)}
    for function in reference_functions(names):
        solution, rest = split(function)
        found = [line.strip() for line in sources[function.__name__].splitlines()]
        for line in set(solution) - set(rest):
            assert line not in found, f"{function.__name__}: {line}"
        for line in rest:
            assert line in [each.split("  #")[0] for each in found]
        ours = [line for line in found if line and line not in rest and not line.startswith("#")]
        assert "NotImplementedError" in "".join(ours)
        assert len(ours) <= 4 * inspect.getsource(function).count("BEGIN SOLUTION") + 1, ours


@pytest.mark.parametrize("name", LAYERS)
def test_every_function_says_what_is_missing(name, tmp_path):
    module = load(tmp_path / "mine.py", stub_text([name]))
    layer = LAYERS[name]
    args = layer.draw(layer.cases[0], np.random.default_rng(0))
    with pytest.raises(NotImplementedError, match=f"{layer.forward.__name__} is not written yet: compute "):
        getattr(module, layer.forward.__name__)(*args.values())
    for function in reference_functions([name]):
        stub = getattr(module, function.__name__)
        assert stub.__doc__ == function.__doc__
        assert str(inspect.signature(stub)) == str(inspect.signature(function))
        if function is not layer.forward:
            out, cache = layer.forward(*layer.draw(layer.cases[0], np.random.default_rng(0)).values())
            with pytest.raises(NotImplementedError, match=f"{function.__name__} is not written yet: compute "):
                stub(np.ones_like(out), cache)


@pytest.mark.parametrize("name", LAYERS)
def test_a_stub_that_is_filled_in_is_right(name, tmp_path):
    """With our solutions put back in the place of the errors, every stub passes all checks: it lacks nothing else."""
    text = stub_text([name])
    for function in reference_functions([name]):
        solution = re.findall(r"# BEGIN SOLUTION\n(.*?) *# END SOLUTION", inspect.getsource(function), re.DOTALL)
        for block in solution:
            pattern = rf' *raise NotImplementedError\(\s*"{function.__name__} is not written yet: (.|\n)*?"\s*\)\n'
            text, count = re.subn(pattern, lambda _, block=block: block, text, count=1)
            assert count == 1
    helpers = [  # what a solution calls that stands beside it in the reference's file
        f"from {function.__module__} import {helper}\n"
        for function in reference_functions([name])
        for helper in re.findall(r"\b[a-z_]+\b(?=\()", " ".join(solution_lines(function)))
        if helper not in text.split("def ")[0] and hasattr(sys.modules[function.__module__], helper)
        and helper not in {f.__name__ for f in reference_functions([name])}
    ]  # fmt: skip
    header, rest = text.split("import numpy as np\n")
    path = tmp_path / "mine.py"
    path.write_text(header + "import numpy as np\n" + "".join(dict.fromkeys(helpers)) + rest)
    report = check_layers(path, [name], full=True)
    assert report.ok, str(report)


def test_solutions_without_markers_and_with_broken_ones():
    source = 'def f(x):\n    """Doc."""\n    y = x + 1\n    return y\n'
    stripped = strip.Stripped(source, ast.parse(source).body[0]).text
    assert "Doc." in stripped
    assert "x + 1" not in stripped
    assert "return y" not in stripped
    source = "def f(x):\n    # BEGIN SOLUTION\n    y = x + 1\n    return y\n"
    with pytest.raises(ValueError, match="BEGIN SOLUTION' in line 2 has no counterpart"):
        strip.Stripped(source, ast.parse(source).body[0])


def test_several_solutions_in_one_function():
    source = (
        "def f(x):\n    # BEGIN SOLUTION\n    y = x + 1\n    # END SOLUTION\n    for i in range(3):\n"
        "        # BEGIN SOLUTION\n        y[i, 0].t += 2\n        # END SOLUTION\n    return y\n"
    )
    text = strip.Stripped(source, ast.parse(source).body[0]).text
    assert text.count("raise NotImplementedError") == text.count("compute y. You have") == 2
    assert "+" not in text


def test_check_lists_what_is_not_written_yet(tmp_path):
    write_stub(tmp_path / "mine.py", ["conv", "softmax_loss"])
    report = check_layers(tmp_path / "mine.py")
    assert not report.ok
    assert {result.status for result in report.results} == {"not written"}
    assert "conv_forward_naive is not written yet: compute out" in str(report)


def test_use_takes_only_what_is_written(tmp_path):
    path = tmp_path / "mine.py"
    write_stub(path, ["relu", "affine"])
    with pytest.raises(ValueError, match=r"mine has no layer that is written: \w+ is not, yet"):
        convkit.use(load_layers(path))
    text = path.read_text()
    text = text.replace(
        'raise NotImplementedError("relu_forward is not written yet: compute out")', "out = x * (x > 0)"
    )
    path.write_text(text)
    half = load_layers(path)
    with pytest.raises(ValueError, match=r"relu_backward is not, yet|affine_forward is not, yet"):
        convkit.use(half)
    backward = 'raise NotImplementedError("relu_backward is not written yet: compute dx")'
    assert backward in text
    path.write_text(text.replace(backward, "dx = dout * (x > 0)"))
    whole = load_layers(path)
    with convkit.use(whole, fast_layers):
        assert convkit.current("relu").module == "mine"
        assert convkit.current("affine").module.startswith("convkit.")


def test_train_says_what_is_not_written(tmp_path):
    write_stub(tmp_path / "mine.py", ["conv", "softmax_loss"])
    with pytest.raises(CommandError, match="conv_forward_naive and conv_backward_naive are not written yet"):
        which_layers.choose(str(tmp_path / "mine.py"))
    write_stub(tmp_path / "loss.py", ["softmax_loss"])
    with pytest.raises(CommandError, match="softmax_loss is not written yet"):
        which_layers.choose(str(tmp_path / "loss.py"))


def test_an_error_of_their_own_does_not_make_a_layer_unwritten(tmp_path):
    source = "def relu_forward(x):\n    if x.ndim > 9:\n        raise NotImplementedError('9 axes')\n    return x, x\n"
    module = load(tmp_path / "mine.py", source + "def relu_backward(dout, cache):\n    return dout\n")
    with convkit.use(module):
        assert convkit.current("relu").module == "mine"


def test_layers_are_added_at_the_end(tmp_path):
    path = tmp_path / "mine.py"
    theirs = "import numpy as np\n\n\ndef relu_forward(x):\n    return np.maximum(x, 0), x"
    path.write_text(theirs)
    assert write_stub(path, ["affine"]) == "added"
    text = path.read_text()
    assert text.startswith(theirs + "\n")
    assert text.count("import numpy as np") == 1
    assert write_stub(path, ["max_pool"]) == "added"
    module = load_layers(path)
    for name in ("relu_forward", "affine_forward", "affine_backward", "max_pool_backward_naive"):
        assert callable(getattr(module, name))
    assert path.read_text().startswith(text)


def test_line_ends_stay_theirs(tmp_path):
    path = tmp_path / "mine.py"
    path.write_bytes(b"x = 1\r\n")
    write_stub(path, ["relu"])
    assert path.read_bytes().count(b"\n") == path.read_bytes().count(b"\r\n")


@pytest.mark.parametrize(
    ("text", "names", "says"),
    [
        ("def relu_forward(x):\n    return x, x\n", ["relu"], "has relu_forward already"),
        ("def f(:\n", ["relu"], "line 1: .*mend that first"),
        ("common_dtype = 3\n", ["relu"], "uses the name common_dtype for something else"),
        ("import numpy.linalg as np\n", ["relu"], "uses the name np for something else"),
        ("from mine import *\nx = check_dout\n", ["relu"], "star-import"),
        (b"\xff\xfe\x00", ["relu"], "not text in UTF-8"),
    ],
)
def test_what_is_in_the_way(tmp_path, text, names, says):
    path = tmp_path / "mine.py"
    content = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(content)
    with pytest.raises(StubError, match=says):
        write_stub(path, names)
    assert path.read_bytes() == content


@pytest.mark.parametrize("name", ["my-layers.py", "layers.txt", "class", "1.py"])
def test_names_that_cannot_be_imported(tmp_path, name):
    with pytest.raises(StubError, match="name that Python can import"):
        write_stub(tmp_path / name, ["relu"])
    assert not list(tmp_path.iterdir())


def test_unknown_layers():
    with pytest.raises(ValueError, match="'convolution'"):
        stub_text(["convolution"])
    with pytest.raises(ValueError, match="layers must be among"):
        stub_text([])


def test_command(capsys, in_folder):
    code, out, err = run(capsys, "new", "my_layers.py", "conv", "max_pool")
    assert (code, err) == (0, "")
    assert "wrote my_layers.py: conv, max_pool" in out
    before = (in_folder / "my_layers.py").read_bytes()
    code, out, err = run(capsys, "new", "my_layers.py", "conv")
    assert (code, out) == (2, "")
    assert "nothing is overwritten" in err
    assert (in_folder / "my_layers.py").read_bytes() == before
    code, out, err = run(capsys, "new", "my_layers.py", "relu")
    assert (code, err) == (0, "")
    assert "added to my_layers.py: relu" in out
    code, out, err = run(capsys, "check", "my_layers.py")
    assert (code, err) == (1, "")
    assert "max_pool_forward_naive is not written yet" in out
    assert run(capsys, "new", "every.py", "all")[0] == 0
    assert set(layers.__all__) <= set(dir(load_layers(in_folder / "every.py")))
    assert run(capsys, "new", "other.py", "nonsense")[0] == 2
    assert run(capsys, "new", "no/such/folder.py", "conv")[0] == 1


def test_a_stub_is_imported_without_a_warning(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(stub_text(LAYERS))
    done = subprocess.run([sys.executable, "-W", "error", "-c", "import mine"], cwd=tmp_path, check=False)
    assert done.returncode == 0


def test_the_words_in_a_stub_name_what_is_there():
    """Of nested assignments and comprehensions too: (first, _), dtype = ...; a.shape for a in ..."""
    text = stub_text(["separable_conv", "conv"])
    assert "# geometry has x_shape, w_shape, kernel," in text
    assert "# first has x_shape, w_shape, kernel," in text
    assert "# second has x_shape," in text
    assert "dtype has" not in text
    assert "dw_depth, dw_point and db.\n" in text
    assert "and a.\n" not in text
