"""One function of the reference without its solution."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator

from convkit.ops import UNWRITTEN

BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"
WIDTH = 118


class Stripped:
    """A function of a reference file, and what is left of it when its solution is taken out.

    - source: text of the file
    - node: the function's syntax tree in it
    - notes: further comments on a variable by its name, such as what geometry has
    - keep: leave the solution in, and take out its markers only

    Without markers, all but the docstring counts as the solution.
    """

    def __init__(self, source: str, node: ast.FunctionDef, notes: dict[str, str] | None = None, keep: bool = False):
        self.node, self.notes, self.keep = node, notes or {}, keep
        self.lines = source.split("\n")
        self.first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        self.last = node.end_lineno or node.lineno
        if self.lines[self.last : self.last + 1] and self.lines[self.last].strip() == END:
            self.last += 1  # a comment behind the last statement is not in the tree
        self.blocks = list(self._blocks())
        self.text = "\n".join(self._rest())
        self.tree = ast.parse(textwrap.dedent(self.text))

    @property
    def has_markers(self) -> bool:
        """Whether the function has a solution to take out."""
        return any(BEGIN in line for line in self.lines[self.first - 1 : self.last])

    def _blocks(self) -> Iterator[tuple[int, int]]:
        """First and last line of each solution, markers included."""
        if not self.has_markers:
            body = self.node.body[1:] if ast.get_docstring(self.node) is not None else self.node.body
            yield (body[0].lineno, self.last) if body else (self.last + 1, self.last)
            return
        begin = 0
        for number in range(self.first, self.last + 1):
            text = self.lines[number - 1].strip()
            if text in (BEGIN, END) and (text == BEGIN) == bool(begin):
                raise ValueError(f"{self.node.name}: {text!r} in line {number} has no counterpart")
            if text == BEGIN:
                begin = number
            elif text == END:
                yield begin, number
                begin = 0
        if begin:
            raise ValueError(f"{self.node.name}: {BEGIN!r} in line {begin} has no counterpart")

    def _rest(self) -> Iterator[str]:
        number = self.first
        if self.keep:
            yield from (line for line in self.lines[number - 1 : self.last] if line.strip() not in (BEGIN, END))
            return
        for begin, end in self.blocks:
            yield from self.lines[number - 1 : begin - 1]
            indent = self.lines[begin - 1][: len(self.lines[begin - 1]) - len(self.lines[begin - 1].lstrip())]
            yield from self._todo(begin, end, indent or "    ")
            number = end + 1
        yield from self.lines[number - 1 : self.last]

    def _todo(self, begin: int, end: int, indent: str) -> Iterator[str]:
        """The lines that take the place of a solution: what there is, what is wanted, and an error until it is done."""
        # what runs through a comprehension is gone after it
        gone = {n.id for c in ast.walk(self.node) if isinstance(c, ast.comprehension) for n in ast.walk(c.target)
                if isinstance(n, ast.Name)}  # fmt: skip
        given = [name for name in self._bound(self.first, begin) if name not in gone]
        wanted = self._wanted(begin, end)
        goal = f"compute {_list(wanted)}" if wanted else "compute what it returns"
        yield from _comment(f"Your code here: {goal}. You have {_list(given)}.", indent)
        for name in given:
            if name in self.notes:
                yield from _comment(self.notes[name], indent)
        raised = f'{indent}raise NotImplementedError("{self.node.name} {UNWRITTEN}: {goal}")'
        if len(raised) <= WIDTH:
            yield raised
        else:
            yield f"{indent}raise NotImplementedError("
            yield f'{indent}    "{self.node.name} {UNWRITTEN}: "'
            yield f'{indent}    "{goal}"'
            yield f"{indent})"

    def _bound(self, begin: int, end: int) -> list[str]:
        """Names that have a value before a line: arguments, and what was assigned since."""
        names = [a.arg for a in (*self.node.args.posonlyargs, *self.node.args.args, *self.node.args.kwonlyargs)]
        stored = [n for n in ast.walk(self.node) if isinstance(n, ast.Name) and begin <= n.lineno < end]
        stored.sort(key=lambda n: (n.lineno, n.col_offset))
        return list(dict.fromkeys([*names, *(n.id for n in stored if isinstance(n.ctx, ast.Store) and n.id != "_")]))

    def _wanted(self, begin: int, end: int) -> list[str]:
        """Names that the solution sets or fills in and that are used after it."""
        changed = set()
        for node in ast.walk(self.node):
            if not hasattr(node, "lineno") or not begin <= node.lineno <= end:
                continue
            while isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, ast.Store):
                node = node.value  # out[n, c] = ... fills in out
                while isinstance(node, (ast.Subscript, ast.Attribute)):
                    node = node.value
                if isinstance(node, ast.Name):
                    changed.add(node.id)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                changed.add(node.id)
        after = [n for n in ast.walk(self.node) if isinstance(n, ast.Name) and n.lineno > end and n.id in changed]
        after.sort(key=lambda n: (n.lineno, n.col_offset))
        return list(dict.fromkeys(n.id for n in after if isinstance(n.ctx, ast.Load)))

    def solution_names(self) -> set[str]:
        """Names that the solution uses."""
        return {
            node.id
            for node in ast.walk(self.node)
            if isinstance(node, ast.Name) and any(begin <= node.lineno <= end for begin, end in self.blocks)
        }


def _comment(text: str, indent: str) -> Iterator[str]:
    yield from textwrap.wrap(text, WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")


def _list(names: list[str]) -> str:
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)
