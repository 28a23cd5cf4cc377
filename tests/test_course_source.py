"""Notebooks from their source: a learner gets no solution, no output and no marker; cells keep their ids."""

import ast
import re
import runpy
from itertools import pairwise
from pathlib import Path

import pytest

from convkit.course import contents, source
from convkit.course.exercise import EXERCISES, load_all
from convkit.stubs.strip import BEGIN, END

NEEDS = "jupytext makes notebooks from their sources: pip install 'convkit[notebooks]'"
SMALL = f'''# %% [markdown]
# # 99 Small

# %%
# %load_ext autoreload
import numpy as np

# %% [markdown]
# Double it.


# %%
def double(x):
    """Twice x."""
    # {BEGIN[2:]}
    secret = 2 * x
    # {END[2:]}
    return secret


# %%
check(double)
'''


@pytest.fixture
def small(monkeypatch):
    """Make notebooks from a text: small(text) is the course's only source from then on."""
    pytest.importorskip("jupytext", reason=NEEDS)
    monkeypatch.setattr(contents, "source", lambda name: SMALL)
    return lambda text: monkeypatch.setattr(contents, "source", lambda name: text)


def test_a_function_without_its_solution(small):
    cell = source.learner("99").cells[3].source
    assert "secret = " not in cell
    assert "raise NotImplementedError" in cell
    assert cell.endswith("return secret")
    with pytest.raises(NotImplementedError, match="double is not written yet: compute secret"):
        exec(f"{cell}\ndouble(1)")


def test_the_solved_notebook_runs_and_shows_no_marker(small):
    cell = source.solved("99").cells[3].source
    found = {}
    exec(cell, found)
    assert found["double"](4) == 8
    assert "SOLUTION" not in cell


def test_for_nbgrader_markers_are_its_own_and_checks_are_points(small):
    cells = source.nbgrader("99").cells
    assert f"##{BEGIN}" in cells[3].source
    assert "secret = 2 * x" in cells[3].source
    assert cells[3].metadata["nbgrader"]["solution"]
    assert cells[4].metadata["nbgrader"]["grade"]
    assert cells[4].metadata["nbgrader"]["points"] == 1
    assert "nbgrader" not in cells[1].metadata


def test_cells_keep_their_ids_when_another_is_put_before_them(small):
    before = {cell.source: cell.id for cell in source.learner("99").cells}
    small(SMALL.replace("# Double it.", "# Double it, please.").replace("# %%\ncheck", "# %%\nprint(1)\n\n# %%\ncheck"))
    after = {cell.source: cell.id for cell in source.learner("99").cells}
    assert len(after) == len(before) + 1
    assert {text for text in before if text not in after} == {"Double it."}
    assert all(after[text] == before[text] for text in before if text in after)


def test_ids_are_the_same_in_all_forms_and_no_two_are_equal(small):
    small(SMALL + "\n# %%\ncheck(double)\n")  # two cells with the same text
    ids = [[cell.id for cell in form("99").cells] for form in (source.learner, source.solved, source.nbgrader)]
    assert ids[0] == ids[1] == ids[2]
    assert len(set(ids[0])) == len(ids[0])


def test_the_text_of_a_notebook_is_the_same_each_time(small):
    assert source.text_of(source.learner("99")) == source.text_of(source.learner("99"))


@pytest.mark.parametrize(
    "cell",
    [
        f"x = 1\n{BEGIN}\ny = 2\n{END}",
        "def f():\n    #BEGIN SOLUTION\n    return 1\n    #END SOLUTION",
        "def f():\n    # begin solution\n    return 1\n    # end solution",
        "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION",
        f"def f():\n    {BEGIN}\n    return 1",
        f"def f():\n    x = 1\n    {END}\n    return 1",
        f"def f(:\n    {BEGIN}\n    return 1\n    {END}",
    ],
    ids=["no function", "no space", "small letters", "of nbgrader", "no end", "no begin", "not Python"],
)
def test_a_marker_that_would_not_be_taken_out_is_refused(cell):
    with pytest.raises(ValueError, match="SOLUTION"):
        source.without_solutions(cell)


def test_a_marker_in_a_text_cell_is_refused(small):
    small(SMALL.replace("# Double it.", f"# Write it between {BEGIN} and {END}."))
    with pytest.raises(ValueError, match="in a code cell"):
        source.learner("99")


@pytest.mark.parametrize(
    ("before", "after"),
    [("%matplotlib inline\n!ls\n", ""), ("", "\n\nafter = 1"), ("class Net:\n    size = 3\n\n", "")],
    ids=["magics", "code behind it", "a method"],
)
def test_what_stands_around_a_solution_stays(before, after):
    function = f"def f(self):\n    {BEGIN}\n    return 42\n    {END}"
    if "class" in before:
        function = "    " + function.replace("\n", "\n    ")
    text = source.without_solutions(before + function + after)
    assert text.startswith(before)
    assert text.endswith(after)
    assert "42" not in text


def test_a_function_in_a_function():
    inner = f"    def inner(y):\n        {BEGIN}\n        z = y\n        q = 3\n        {END}\n        return z\n"
    cell = f"def outer(x):\n    {BEGIN}\n    a = 1\n    b = 2\n    {END}\n{inner}    return inner(a)\n\nafter = 1"
    text = source.without_solutions(cell)
    assert text.endswith("    return inner(a)\n\nafter = 1")
    assert text.count("NotImplementedError") == 2
    assert not [line for line in ("a = 1", "b = 2", "z = y", "q = 3") if line in text]
    ast.parse(text)


# The notebooks of the course


def solutions(text):
    """Each solution in a source, as its lines without indentation."""
    blocks = re.findall(rf"{BEGIN}\n(.*?){END}", text, re.DOTALL)
    return [[line.strip() for line in block.split("\n") if line.strip()] for block in blocks]


@pytest.mark.parametrize("name", contents.names())
def test_a_learner_gets_no_solution_no_output_no_marker(name):
    pytest.importorskip("jupytext", reason=NEEDS)
    notebook = source.learner(name)
    for cell in notebook.cells:
        assert not source.ANY_MARKER.search(cell.source)
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
    stripped = "\n".join(line.strip() for cell in notebook.cells for line in cell.source.split("\n"))
    for block in solutions(contents.source(name)):
        assert "\n".join(block) not in stripped, "a solution is spelled out elsewhere in the notebook"


@pytest.mark.parametrize("name", contents.names())
def test_solved_code_is_python(name):
    pytest.importorskip("jupytext", reason=NEEDS)
    for cell in source.solved(name).cells:
        if cell.cell_type == "code" and not re.match(r"%%", cell.source):
            ast.parse(re.sub(r"^[%!].*$", "", cell.source, flags=re.MULTILINE))


def test_committed_notebooks_are_what_their_sources_give():
    pytest.importorskip("jupytext", reason=NEEDS)
    build = Path(__file__).parents[1] / "notebooks" / "build.py"
    assert runpy.run_path(str(build))["stale"]() == [], "run: python notebooks/build.py"


@pytest.mark.parametrize("name", contents.names())
def test_every_check_has_its_exercise_and_every_layer_its_check(name):
    load_all()
    text = contents.source(name)
    functions = re.findall(r"^check\((\w+)\)", text, re.MULTILINE)
    assert [f for f in functions if f not in EXERCISES and f"{f} = " not in text] == []
    layers = set(re.findall(r'^check\(my_layers, "(\w+)"', text, re.MULTILINE))
    assert layers == set(contents.LAYERS.get(name, ()))


def test_every_exercise_is_checked_in_one_notebook():
    load_all()
    all_text = "\n".join(map(contents.source, contents.names()))
    assert [name for name in EXERCISES if not re.search(rf"^check\({name}\)", all_text, re.MULTILINE)] == []


@pytest.mark.parametrize("name", contents.names())
def test_what_follows_a_fold_is_not_drawn_into_it(name):
    lines = contents.source(name).split("\n")
    for line, after in pairwise(lines):
        assert line != "# </details>" or after in ("", "#"), f"an empty line must follow the fold before {after!r}"
