"""%load_ext convkit.course.cython_cells: what it says where something is missing, and that cells then do no harm."""

import sys

import pytest

from convkit.course import cython_cells


class Shell:
    """What the extension uses of IPython."""

    def __init__(self):
        self.magics, self.loaded = {}, []

    def run_line_magic(self, name, line):
        self.loaded.append((name, line))
        self.magics["cython"] = lambda line, cell: f"compiled {cell}"

    def register_magic_function(self, function, kind, name):
        assert kind == "cell"
        self.magics[name] = function

    def find_cell_magic(self, name):
        return self.magics[name]


def test_without_cython_the_cells_say_so(monkeypatch, capsys):
    monkeypatch.setattr(cython_cells, "find_spec", lambda name: None)
    shell = Shell()
    cython_cells.load_ipython_extension(shell)
    assert "pip install Cython" in capsys.readouterr().out
    assert shell.magics["cython"]("-a", "def f(): pass") is None
    assert "Not compiled. Cython is missing" in capsys.readouterr().out
    assert shell.loaded == []


@pytest.mark.skipif(sys.platform == "win32", reason="there setuptools looks for the compiler")
def test_without_a_compiler_the_cells_say_how_to_get_one(monkeypatch):
    monkeypatch.setattr(cython_cells, "find_spec", lambda name: object())
    monkeypatch.setenv("CC", "no-such-compiler -O2")
    missing = cython_cells.what_is_missing()
    assert "no C compiler (no-such-compiler)" in missing
    assert "build-essential" in missing


def test_with_both_cells_are_compiled(monkeypatch, capsys):
    pytest.importorskip("setuptools")
    monkeypatch.setattr(cython_cells, "what_is_missing", lambda: None)
    shell = Shell()
    cython_cells.load_ipython_extension(shell)
    assert shell.loaded == [("load_ext", "Cython")]
    assert shell.magics["cython"]("", "x = 1") == "compiled x = 1"
    assert capsys.readouterr().out == ""


def test_a_compiler_that_setuptools_does_not_find(monkeypatch, capsys):
    errors = pytest.importorskip("setuptools.errors")
    monkeypatch.setattr(cython_cells, "what_is_missing", lambda: None)
    shell = Shell()

    def run_line_magic(name, line):
        def fail(line, cell):
            raise errors.PlatformError("Microsoft Visual C++ 14.0 or greater is required")

        shell.magics["cython"] = fail

    shell.run_line_magic = run_line_magic
    cython_cells.load_ipython_extension(shell)
    assert shell.magics["cython"]("", "x = 1") is None
    assert "Not compiled: Microsoft Visual C++" in capsys.readouterr().out


def test_yellow_lines_are_yellow_in_jupyterlab(monkeypatch):
    """JupyterLab paints each <pre> white with two classes and a tag, which beats the two classes of Cython's rules."""
    pytest.importorskip("setuptools")
    monkeypatch.setattr(cython_cells, "what_is_missing", lambda: None)
    page = "<style>.cython.score-3 {background-color: #FFFFc4;}</style><pre class='cython score-3'>a.cython.b {</pre>"
    shell = Shell()

    class Html:
        data = page

    def run_line_magic(name, line):
        shell.magics["cython"] = lambda line, cell: Html()

    shell.run_line_magic = run_line_magic
    cython_cells.load_ipython_extension(shell)
    shown = shell.magics["cython"]("-a", "x = 1")
    assert shown.data == page.replace(".cython.score-3", ".cython.cython.score-3")
