"""Notebooks from their source: notebooks/src/NN_name.py, in jupytext's percent format, with the solutions in it.

A solution stands in a function of a code cell, between `# BEGIN SOLUTION` and `# END SOLUTION`. What a learner gets in
its place is what `convkit new` writes for a layer: what there is, what is wanted, and an error until it is done.

    learner(name)     to fill in: no solutions, no outputs
    solved(name)      with the solutions, without their markers
    nbgrader(name)    for `nbgrader generate_assignment`: markers and cell metadata as it wants them

Needs jupytext (pip install "convkit[notebooks]").
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Callable
from typing import Any

from convkit.course import contents
from convkit.stubs.strip import BEGIN, END, Stripped

# A marker, and whatever somebody may have meant for one: it must not reach a learner.
ANY_MARKER = re.compile(r"#\s*(BEGIN|END)[\s_-]*SOLUTION", re.IGNORECASE)
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def learner(name: str) -> Any:
    """The notebook to fill in, as nbformat has it."""
    return _notebook(name, without_solutions)


def solved(name: str) -> Any:
    """The notebook with its solutions."""
    return _notebook(name, without_markers)


def nbgrader(name: str) -> Any:
    """The notebook as the source of an assignment of nbgrader: it takes the solutions out, and a check is a point."""
    notebook = _notebook(name, lambda text: re.sub(rf"({BEGIN}|{END})", r"##\1", text))
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        solution, graded = BEGIN in cell.source, is_check(cell.source)
        if solution or graded:
            cell.metadata["nbgrader"] = {
                "schema_version": 3,
                "grade_id": f"{'check' if graded else 'solution'}-{cell.id}",
                "grade": graded,
                "solution": solution,
                "locked": graded,
                "task": False,
            } | ({"points": 1} if graded else {})
    return notebook


def text_of(notebook: Any) -> str:
    """A notebook as the text of its file, the same for the same notebook."""
    import nbformat

    return nbformat.writes(notebook, version=4, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def is_check(cell: str) -> bool:
    """Whether a code cell checks an exercise."""
    return re.search(r"^check\(", cell, re.MULTILINE) is not None


def without_solutions(cell: str) -> str:
    """A code cell in which each function is as `convkit new` writes it.

    Raises ValueError for a marker outside a function, without a counterpart, or written in another way.
    """
    if not ANY_MARKER.search(cell):
        return cell
    lines = cell.split("\n")
    for node in reversed(_outermost_functions(cell)):
        stripped = Stripped(cell, node)
        if stripped.has_markers:
            lines[stripped.first - 1 : stripped.last] = stripped.text.split("\n")
    text = "\n".join(lines)
    if ANY_MARKER.search(text):
        raise ValueError(f"a solution must stand in a function, between {BEGIN!r} and {END!r}:\n{cell}")
    return text


def _outermost_functions(cell: str) -> list[ast.FunctionDef]:
    """Functions and methods that are in no other function, in their order."""
    python = re.sub(r"^(\s*)[%!].*$", r"\1pass", cell, flags=re.MULTILINE)  # magics and shell commands
    try:
        found: list[ast.AST] = [ast.parse(python)]
    except SyntaxError as error:
        raise ValueError(f"a cell with a solution is not Python: {error}:\n{cell}") from None
    functions = []
    while found:
        node = found.pop(0)
        if isinstance(node, ast.FunctionDef):
            functions.append(node)
        else:
            found += ast.iter_child_nodes(node)
    return sorted(functions, key=lambda node: node.lineno)


def without_markers(cell: str) -> str:
    """A code cell with its solutions."""
    return "\n".join(line for line in cell.split("\n") if line.strip() not in (BEGIN, END))


def _notebook(name: str, change: Callable[[str], str]) -> Any:
    import jupytext

    notebook = jupytext.reads(contents.source(name), fmt="py:percent")
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        # An id that stays the same when cells are added elsewhere, and the same in all forms of the notebook.
        key = hashlib.sha1(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:10]
        seen[key] = seen.get(key, 0) + 1
        cell.id = key if seen[key] == 1 else f"{key}-{seen[key]}"
        if cell.cell_type != "code" and ANY_MARKER.search(cell.source):
            raise ValueError(f"{name}: a solution must stand in a code cell:\n{cell.source}")
        if cell.cell_type == "code":
            cell.source = change(re.sub(r"  # fmt: skip$", "", cell.source, flags=re.MULTILINE))
            cell.execution_count, cell.outputs = None, []
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook
