"""The learner's folder: what is new comes in, and nothing that the learner changed is ever written over."""

import json

import pytest

from convkit.course import contents, folder
from convkit.course.folder import LAYERS_FILE, RECORD, fill


def files(where):
    return {path.name: path.read_text() for path in where.iterdir() if path.name != RECORD}


@pytest.fixture
def course(monkeypatch):
    """Let the course consist of these texts: course({'name': 'text'})."""

    def become(texts):
        monkeypatch.setattr(folder, "_learner_texts", lambda: dict(texts))

    become({"01_a.ipynb": "one", "02_b.ipynb": "two"})
    return become


def test_an_empty_folder_gets_everything(tmp_path, course):
    where = tmp_path / "deep" / "folder"
    copied = fill(where)
    assert files(where) == {"01_a.ipynb": "one", "02_b.ipynb": "two"}
    assert (copied.new, copied.updated, copied.kept) == (["01_a.ipynb", "02_b.ipynb"], [], [])


def test_a_second_time_nothing_happens(tmp_path, course):
    fill(tmp_path)
    copied = fill(tmp_path)
    assert (copied.new, copied.updated, copied.kept) == ([], [], [])


def test_a_newer_version_replaces_what_nobody_has_changed(tmp_path, course):
    fill(tmp_path)
    course({"01_a.ipynb": "one, better", "02_b.ipynb": "two", "03_c.ipynb": "three"})
    copied = fill(tmp_path)
    assert files(tmp_path) == {"01_a.ipynb": "one, better", "02_b.ipynb": "two", "03_c.ipynb": "three"}
    assert (copied.new, copied.updated, copied.kept) == (["03_c.ipynb"], ["01_a.ipynb"], [])
    course({"01_a.ipynb": "one, best", "02_b.ipynb": "two", "03_c.ipynb": "three"})
    assert fill(tmp_path).updated == ["01_a.ipynb"]


def test_what_the_learner_changed_stays_whatever_comes(tmp_path, course):
    fill(tmp_path)
    (tmp_path / "01_a.ipynb").write_text("one, and my work")
    for version in ("one, better", "one, best", "one"):
        course({"01_a.ipynb": version, "02_b.ipynb": "two"})
        assert fill(tmp_path).kept == ["01_a.ipynb"]
        assert files(tmp_path)["01_a.ipynb"] == "one, and my work"


def test_a_file_that_was_there_before_stays(tmp_path, course):
    (tmp_path / "01_a.ipynb").write_text("mine")
    copied = fill(tmp_path)
    assert (copied.new, copied.kept) == (["02_b.ipynb"], ["01_a.ipynb"])
    assert files(tmp_path)["01_a.ipynb"] == "mine"


def test_a_file_that_was_deleted_comes_back(tmp_path, course):
    fill(tmp_path)
    (tmp_path / "02_b.ipynb").unlink()
    assert fill(tmp_path).new == ["02_b.ipynb"]


@pytest.mark.parametrize("record", ["", "{", "[]", '{"files": 3}', '{"files": ["01_a.ipynb"]}', "\x00"])
def test_without_a_good_record_what_differs_counts_as_the_learners(tmp_path, course, record):
    fill(tmp_path)
    (tmp_path / RECORD).write_text(record)
    course({"01_a.ipynb": "one, better", "02_b.ipynb": "two"})
    copied = fill(tmp_path)
    assert (copied.updated, copied.kept) == ([], ["01_a.ipynb"])
    assert json.loads((tmp_path / RECORD).read_text())["files"].keys() == {"02_b.ipynb"}


def test_a_file_in_the_place_of_the_folder_is_an_error(tmp_path, course):
    (tmp_path / "course").write_text("")
    with pytest.raises(FileExistsError):
        fill(tmp_path / "course")


# my_layers.py


def layers_file(monkeypatch, names):
    """Let the course have only these layers."""
    monkeypatch.setattr(contents, "all_layers", lambda: list(names))


@pytest.fixture
def with_layers(monkeypatch, tmp_path):
    """A folder with a my_layers.py of two layers, one of which the learner has written."""
    monkeypatch.setattr(folder, "_learner_texts", lambda: {LAYERS_FILE: folder.unsolved_layers()})
    layers_file(monkeypatch, ["affine", "relu"])
    fill(tmp_path)
    path = tmp_path / LAYERS_FILE
    path.write_text(path.read_text().replace("def relu_forward(", "# MY WORK\ndef relu_forward("))
    return path


def test_layers_that_are_new_in_the_course_are_added_to_the_learners_file(with_layers, monkeypatch):
    before = with_layers.read_text()
    layers_file(monkeypatch, ["affine", "relu", "max_pool"])
    copied = fill(with_layers.parent)
    text = with_layers.read_text()
    assert copied.kept == [LAYERS_FILE]
    assert copied.updated == [f"{LAYERS_FILE} (added: max_pool)"]
    assert "# MY WORK" in text
    assert text.count("def max_pool_forward_naive(") == 1
    body = before.split("\ndef affine_forward(")[1]  # its imports may become more
    assert body.strip() in text
    compile(text, LAYERS_FILE, "exec")
    assert fill(with_layers.parent).updated == []
    assert with_layers.read_text() == text


@pytest.mark.parametrize("text", ["", "def relu_forward(", "import numpy as np\n", "\x00"])
def test_a_my_layers_that_is_something_else_is_left_alone(with_layers, monkeypatch, text):
    with_layers.write_text(text)
    layers_file(monkeypatch, ["affine", "relu", "max_pool"])
    copied = fill(with_layers.parent)
    assert (copied.kept, copied.updated) == ([LAYERS_FILE], [])
    assert with_layers.read_text() == text


def test_a_my_layers_that_does_not_parse_right_now_is_left_alone(with_layers, monkeypatch):
    text = with_layers.read_text() + "\ndef half_written(:\n"
    with_layers.write_text(text)
    layers_file(monkeypatch, ["affine", "relu", "max_pool"])
    assert fill(with_layers.parent).updated == []
    assert with_layers.read_text() == text


# The course itself


def test_the_course_to_fill_in(tmp_path):
    fill(tmp_path)
    assert set(files(tmp_path)) == {LAYERS_FILE, *(f"{name}.ipynb" for name in contents.names())}
    assert (tmp_path / LAYERS_FILE).read_text().count("raise NotImplementedError") >= len(contents.all_layers())


def test_the_solved_course(tmp_path):
    pytest.importorskip("jupytext", reason="solved notebooks are made by jupytext: pip install 'convkit[notebooks]'")
    fill(tmp_path, solutions=True)
    texts = files(tmp_path)
    assert "is not written yet: compute" not in "".join(texts.values())
    assert "SOLUTION" not in "".join(texts.values())


def test_an_unknown_notebook_is_refused():
    with pytest.raises(KeyError, match="there is no notebook '98_none'"):
        contents.source("98_none")
