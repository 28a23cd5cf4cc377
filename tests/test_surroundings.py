"""A notebook is where a kernel runs, and nowhere else; what shows a progress bar or a slider asks the same function."""

import sys
from types import SimpleNamespace

import pytest

from convkit.data import download
from convkit.diagnosis.progress import with_progress
from convkit.surroundings import in_notebook


def pretend(monkeypatch, shell):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))


@pytest.mark.parametrize(
    ("shell", "expected"),
    [
        (None, False),  # IPython is imported, and does not run
        (SimpleNamespace(), False),  # it runs in a terminal
        (SimpleNamespace(kernel=None), False),  # the shell of a kernel that does not run
        (SimpleNamespace(kernel=object()), True),
    ],
)
def test_only_the_shell_of_a_kernel_is_a_notebook(monkeypatch, shell, expected):
    pretend(monkeypatch, shell)
    assert in_notebook() is expected


@pytest.mark.parametrize("module", [SimpleNamespace(), None])
def test_without_ipython_there_is_no_notebook(monkeypatch, module):
    monkeypatch.setitem(sys.modules, "IPython", module)  # half imported, or forbidden
    assert in_notebook() is False


def test_importing_ipykernel_makes_no_notebook(monkeypatch, capsys):
    pytest.importorskip("ipykernel", reason="needs the extra: pip install -e '.[notebooks]'")
    assert "ipykernel" in sys.modules
    assert in_notebook() is False
    items = [1, 2, 3]
    assert with_progress(items, "item") is items
    with download._progress_bar(SimpleNamespace(size=1, name="file"), progress=True) as bar:
        assert bar is None


def test_in_a_kernel_a_download_has_its_bar(monkeypatch, capsys):
    pretend(monkeypatch, SimpleNamespace(kernel=object()))
    with download._progress_bar(SimpleNamespace(size=1, name="file"), progress=True) as bar:
        assert bar is not None
    with download._progress_bar(SimpleNamespace(size=1, name="file"), progress=False) as bar:
        assert bar is None


def test_a_real_kernel_is_a_notebook():
    client = pytest.importorskip("nbclient", reason="needs the extra: pip install -e '.[notebooks]'")
    nbformat = pytest.importorskip("nbformat", reason="needs the extra: pip install -e '.[notebooks]'")
    pytest.importorskip("ipykernel", reason="needs the extra: pip install -e '.[notebooks]'")
    cell = nbformat.v4.new_code_cell("from convkit.surroundings import in_notebook\nprint(in_notebook())")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    client.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    assert notebook.cells[0].outputs[0].text == "True\n"
