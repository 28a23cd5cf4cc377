"""The notebooks as people use them: solved ones run through, learners' ones stop where something is to be written."""

from __future__ import annotations

import csv
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat", reason="needs the extra: pip install -e '.[notebooks]'")
nbclient = pytest.importorskip("nbclient", reason="needs the extra: pip install -e '.[notebooks]'")
pytest.importorskip("jupytext", reason="needs the extra: pip install -e '.[notebooks]'")
pytest.importorskip("ipykernel", reason="needs the extra: pip install -e '.[notebooks]'")

from convkit.course import contents, folder, source  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
NAMES = contents.names()


def execute(notebook, folder_: Path, monkeypatch, layers: str, allow_errors: bool = False):
    """Run a notebook in a folder with a my_layers.py, as JupyterLab would."""
    (folder_ / "my_layers.py").write_text(layers, encoding="utf-8")
    monkeypatch.setenv("PYTHONWARNINGS", "default")  # so that a notebook shows what it would show to anyone
    monkeypatch.setenv("CONVKIT_DATA", str(folder_ / "none"))  # the bundled images, whatever this machine has
    client = nbclient.NotebookClient(
        notebook,
        timeout=90,  # of a cell; a wake-up that the client misses (it happens) costs as long
        kernel_name="python3",
        resources={"metadata": {"path": str(folder_)}},
        allow_errors=allow_errors,
    )
    client.execute()
    return notebook


def outputs(notebook, kind: str) -> list[tuple[str, dict]]:
    return [(c.source, o) for c in notebook.cells if c.cell_type == "code" for o in c.outputs if o.output_type == kind]


def warnings_in(notebook) -> list[str]:
    said = [o.text for _, o in outputs(notebook, "stream") if o.name == "stderr"]
    return [text for text in said if "Warning" in text or "Traceback" in text]


@pytest.mark.parametrize("name", NAMES)
def test_solved_notebook_runs_through(name, tmp_path, monkeypatch):
    notebook = execute(source.solved(name), tmp_path, monkeypatch, folder.solved_layers())
    assert not warnings_in(notebook)
    assert any(source.is_check(c.source) for c in notebook.cells) or name.startswith("13")


@pytest.mark.parametrize("name", NAMES)
def test_learners_notebook_stops_where_something_is_to_be_written(name, tmp_path, monkeypatch):
    notebook = execute(source.learner(name), tmp_path, monkeypatch, folder.unsolved_layers(), allow_errors=True)
    errors = outputs(notebook, "error")
    assert errors, "a learner's notebook must stop somewhere"
    cell, first = errors[0]
    assert first.ename == "NotImplementedError", f"{first.ename}: {first.evalue} in\n{cell}"
    assert "is not written yet: " in first.evalue
    failed = {cell for cell, _ in errors}
    for cell in notebook.cells:
        if cell.cell_type == "code" and source.is_check(cell.source):
            assert cell.source in failed, f"this check passes with nothing written:\n{cell.source}"


def test_committed_notebooks_are_what_their_sources_give():
    done = subprocess.run(
        [sys.executable, ROOT / "notebooks" / "build.py", "--check"], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_all_fourteen_are_there():
    assert [name[:2] for name in NAMES] == [f"{i:02}" for i in range(14)]


@pytest.mark.parametrize("name", NAMES)
def test_nbgrader_accepts_the_source_of_an_assignment(name):
    if importlib.util.find_spec("nbgrader") is None:
        pytest.skip("needs nbgrader: pip install nbgrader")
    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")
    from nbgrader.preprocessors import CheckCellMetadata, ClearSolutions

    notebook = source.nbgrader(name)
    cells = [c for c in notebook.cells if "nbgrader" in c.metadata]
    assert cells
    CheckCellMetadata().preprocess(notebook, {})
    released, _ = ClearSolutions().preprocess(notebook, {})
    assert "SOLUTION" not in nbformat.writes(released)


def test_nbgrader_grades_the_layers_that_were_handed_in(tmp_path):
    """The way that docs/instructors.md describes: an empty submission gets nothing, a solved one all points."""
    pytest.importorskip("nbgrader", reason="needs nbgrader: pip install nbgrader")
    beside = str(Path(sys.executable).parent)  # nbgrader calls alembic by its name
    environment = os.environ | {"PATH": beside + os.pathsep + os.environ["PATH"]}

    def run(*command: object) -> None:
        done = subprocess.run(
            [sys.executable, *map(str, command)], capture_output=True, text=True, cwd=tmp_path, env=environment
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]

    name = "03_convolution"
    run(ROOT / "notebooks" / "build.py", "--nbgrader", tmp_path / "source")
    run("-m", "nbgrader", "generate_assignment", name, "--create")
    for student in ("anna", "bob"):
        shutil.copytree(tmp_path / "release" / name, tmp_path / "submitted" / student / name)
    (tmp_path / "submitted" / "bob" / name / "my_layers.py").write_text(folder.solved_layers(), encoding="utf-8")
    run("-m", "nbgrader", "autograde", name, "--create")
    run("-m", "nbgrader", "export")
    with (tmp_path / "grades.csv").open(encoding="utf-8") as file:
        scores = {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in csv.DictReader(file)}
    assert scores == {"anna": (0, 2), "bob": (2, 2)}
