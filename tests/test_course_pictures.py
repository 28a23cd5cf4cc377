"""Each exercise of the course has a picture of its idea: it comes before the heading, and after the last check."""

import ast
import re
from types import SimpleNamespace

import pytest

from convkit import vis_utils
from convkit.course import contents, figures, source

pytest.importorskip("jupytext", reason="needs the extra: pip install -e '.[notebooks]'")

# They show how a training went, not how something is computed.
RESULTS = {"plot_curves", "plot_filters", "plot_predictions", "plot_runs", "plot_weight_histograms"}
IDEAS = ({name for name in vis_utils.__all__ if name.startswith("plot_")} | set(figures.__all__)) - RESULTS
HEADING = re.compile(r"^### (Exercise \d+)\b", re.MULTILINE)


def drawn(cell):
    """Names of the figures that a code cell draws, itself or in a function that it makes."""
    if cell.startswith("%%"):  # another language
        return set()
    python = re.sub(r"^[%!].*$", "", cell, flags=re.MULTILINE)
    return {node.id for node in ast.walk(ast.parse(python)) if isinstance(node, ast.Name)} & IDEAS


def pictures(cells):
    """For each exercise of a notebook the figures between the last check, or heading, and its own heading."""
    found, since = {}, set()
    for cell in cells:
        if cell.cell_type == "code":
            since = set() if source.is_check(cell.source) else since | drawn(cell.source)
            continue
        for exercise in HEADING.findall(cell.source):
            assert exercise not in found, f"{exercise} is there twice"
            found[exercise], since = since, set()
    return found


@pytest.mark.parametrize("name", contents.names())
def test_each_exercise_has_a_picture(name):
    without = [exercise for exercise, drawings in pictures(source.learner(name).cells).items() if not drawings]
    assert not without, f"{name}: no picture before {', '.join(without)}"


def test_what_counts_as_a_picture():
    cells = [
        ("code", "from convkit.course.figures import plot_flow\n%load_ext autoreload"),  # an import draws nothing
        ("code", "plot_runs(runs)"),  # nor is this the picture of an idea
        ("markdown", "### Exercise 1: `first`"),
        ("code", "def shown(row=0):\n    return plot_flow(row)\n\n\nplay(shown, row=(0, 2))"),
        ("markdown", "words\n\n### Exercise 2: `second`"),
        ("code", "%%cython\ncimport cython"),
        ("markdown", "### Exercise 3: `third`"),
        ("code", "plot_flow(3)"),  # too late for the third
        ("code", "check(third)"),
        ("markdown", "### Exercise 4: `fourth`"),
    ]
    found = pictures([SimpleNamespace(cell_type=kind, source=text) for kind, text in cells])
    assert found == {"Exercise 1": set(), "Exercise 2": {"plot_flow"}, "Exercise 3": set(), "Exercise 4": set()}
