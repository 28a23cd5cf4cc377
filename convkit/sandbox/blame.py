"""Where in somebody's file a process stood when it was stopped, or died, from the dump of Python's faulthandler."""

from __future__ import annotations

import ast
import os
import re
import signal
from typing import NamedTuple

FRAME = re.compile(r'^  File "(?P<file>.*)", line (?P<line>\d+) in (?P<function>.*)$', re.MULTILINE)


class Place(NamedTuple):
    """A line of somebody's file."""

    file: str
    line: int
    function: str
    source: str


def place_in(dump: str, path: str) -> Place | None:
    """The innermost line of somebody's code in a dump, of the file itself or of one beside it; None if there is none.

    - dump: what faulthandler wrote
    - path: the file that was checked
    """
    frames = [(m["file"], int(m["line"]), m["function"]) for m in FRAME.finditer(dump)]
    path = os.path.abspath(path)
    own = [f for f in frames if os.path.abspath(f[0]) == path]
    beside = [f for f in frames if os.path.dirname(os.path.abspath(f[0])) == os.path.dirname(path)]
    for file, line, function in own or beside:
        return Place(file, line, function, _source(file, line))
    return None


def loop_around(place: Place) -> Place:
    """The loop that a line stands in: the outermost `while` of its function, else the outermost `for`, else the line.

    A process that loops for ever is stopped at any line of the loop; the loop itself is the same each time.
    """
    try:
        with open(place.file, encoding="utf-8", errors="replace") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return place
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.While, ast.For, ast.FunctionDef))
        and node.lineno <= place.line <= (node.end_lineno or node.lineno)
    ]
    functions = [node for node in around if isinstance(node, ast.FunctionDef)]
    begin = functions[-1].lineno if functions else 0
    loops = [node for node in around if not isinstance(node, ast.FunctionDef) and node.lineno >= begin]
    loops.sort(key=lambda node: (isinstance(node, ast.For), node.lineno))
    if not loops:
        return place
    return place._replace(line=loops[0].lineno, source=_source(place.file, loops[0].lineno))


def in_words(place: Place) -> str:
    """'my_layers.py, line 12, in conv_forward:' and the line itself below."""
    where = "" if place.function == "<module>" else f", in {place.function}"
    return f"{place.file}, line {place.line}{where}" + (f"\n    {place.source}" if place.source else "")


def how_it_died(code: int | None) -> str:
    """An exit code in words."""
    if code is not None and code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        kind = {"SIGSEGV": "a segmentation fault", "SIGKILL": "it was killed, often for want of memory"}.get(name, name)
        return f"it made Python crash ({kind})"
    return f"it ended Python itself (exit code {code}), as os._exit does"


def _source(file: str, line: int) -> str:
    # not by linecache: the file may have been changed and run again
    try:
        with open(file, encoding="utf-8", errors="replace") as stream:
            for number, text in enumerate(stream, 1):
                if number == line:
                    return text.strip()[:200]
    except OSError:
        pass
    return ""
