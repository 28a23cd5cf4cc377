"""check_layers in a notebook: a module that was edited is read anew, and the report shows itself."""

import importlib
import sys
from pathlib import Path

import pytest

from convkit.checks import check_layers
from convkit.load_layers import LayersError

RIGHT = """import numpy as np

COUNT = []


def relu_forward(x):
    return np.maximum(x, 0), x


def relu_backward(dout, cache):
    return dout * (cache > 0)
"""


@pytest.fixture
def layers(tmp_path, monkeypatch):
    """A module as a notebook imports it; and a function that edits its file."""
    monkeypatch.syspath_prepend(str(tmp_path))
    path = tmp_path / "edited_layers.py"
    path.write_text(RIGHT)
    importlib.invalidate_caches()
    module = importlib.import_module("edited_layers")

    def edit(old, new):
        path.write_text(path.read_text().replace(old, new))

    yield module, edit
    del sys.modules["edited_layers"]


def test_an_edit_is_seen_at_once(layers):
    module, edit = layers
    assert check_layers(module).ok
    edit("cache > 0", "cache < 0")  # as long as before, within the same second
    assert not check_layers(module).ok
    edit("cache < 0", "cache > 0")
    assert check_layers(module).ok
    assert module is sys.modules["edited_layers"]


def test_without_an_edit_nothing_is_run_again(layers):
    module, _ = layers
    module.COUNT.append(1)
    check_layers(module)
    check_layers(module)
    assert module.COUNT == [1]


def test_autoreload_and_new_functions(layers):
    module, edit = layers
    edit("cache > 0", "cache < 0")
    source = Path(module.__file__).read_text()
    exec(compile(source, module.__file__, "exec"), vars(module))  # what autoreload does
    assert not check_layers(module).ok
    edit("import numpy as np", "import numpy as np\n\ndef affine_forward(x, w, b):\n    return x @ w + b, (x, w, b)\n")
    assert {result.layer for result in check_layers(module).results} == {"relu", "affine"}


def test_a_function_that_was_replaced_by_hand_is_the_one_that_counts(layers):
    module, _ = layers

    def relu_backward(dout, cache):
        return dout

    relu_backward.__module__ = module.__name__
    module.relu_backward = relu_backward
    assert not check_layers(module).ok


def test_an_edit_with_a_mistake_is_shown_with_its_line(layers):
    module, edit = layers
    edit("return dout * (cache > 0)", "return dout * (cache > 0")
    with pytest.raises(LayersError, match=r"edited_layers.py, line 11: SyntaxError"):
        check_layers(module)
    edit("return dout * (cache > 0", "return dout * (casche > 0)")
    message = next(r.message for r in check_layers(module).results if r.part == "dx")
    assert "edited_layers.py, line 11, in relu_backward: NameError" in message
    assert "    return dout * (casche > 0)" in message


def test_the_report_shows_itself(layers):
    module, edit = layers
    edit("cache > 0", "cache < 0")
    html = check_layers(module)._repr_html_()
    assert "<table>" in html
    assert "WRONG" in html
    assert "<script" not in html
