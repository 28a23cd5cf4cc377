"""The text of a file of layers to fill in."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import sys
import textwrap
from collections.abc import Collection, Iterable, Iterator
from types import ModuleType
from typing import Any

from convkit.layers import LAYERS
from convkit.stubs.strip import Stripped

HEADER = '''{title}

Each function says what is missing; put your code in the place of the line that raises NotImplementedError.

convkit check {file}             which of them are right, and what is wrong with the others
convkit check {file} --hint 2    the same with more of a hint
"""
'''


class Stub:
    """Functions to fill in, and the imports that they need; with `solved`, the same functions filled in."""

    def __init__(self, layers: Iterable[str], solved: bool = False):
        self.solved = solved
        self.layers = list(dict.fromkeys(layers))
        unknown = [name for name in self.layers if name not in LAYERS]
        if unknown or not self.layers:
            raise ValueError(f"layers must be among {', '.join(LAYERS)}; got {unknown[0] if unknown else 'none'!r}")
        self.functions: dict[str, str] = {}
        self.imports: dict[str, tuple[str, str]] = {}  # name here -> (module, name there), a name '' for the module
        for name in self.layers:
            layer = LAYERS[name]
            for function in (layer.forward, layer.backward, *layer.alternatives.values()):
                if function is not None:
                    self._add(sys.modules[function.__module__], function.__name__)
        for name in self.functions:
            self.imports.pop(name, None)
        self.imports.setdefault("np", ("numpy", ""))

    def import_lines(self, there: Collection[str] = ()) -> list[str]:
        """The imports, sorted as is usual, without those of names that are there already."""
        imports = {name: origin for name, origin in self.imports.items() if name not in there}
        whole = [f"import {module}" + (f" as {name}" if name != module else "")
                 for name, (module, inside) in imports.items() if not inside]  # fmt: skip
        modules: dict[str, list[str]] = {}
        for name, (module, inside) in imports.items():
            if inside:
                modules.setdefault(module, []).append(inside if name == inside else f"{inside} as {name}")
        first = [m for m in modules if m.split(".")[0] in sys.stdlib_module_names]
        other = [m for m in modules if m not in first]
        groups = (
            [_import_from(m, modules[m]) for m in sorted(first)],
            sorted(whole),
            [_import_from(m, modules[m]) for m in sorted(other)],
        )
        return "\n\n".join("\n".join(group) for group in groups if group).split("\n")

    def body(self) -> str:
        """The functions."""
        return "\n\n\n".join(self.functions.values()) + "\n"

    def _add(self, module: ModuleType, name: str) -> None:
        """A function without its solution, and whatever it cannot do without."""
        if name in self.functions:
            return
        source = inspect.getsource(module)
        top = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
        if name not in top:
            raise ValueError(f"{module.__name__} does not define {name} as a function: there is no stub of it")
        stripped = Stripped(source, top[name], _notes(module, top[name]), keep=self.solved)
        self.functions[name] = stripped.text
        local = set(stripped._bound(stripped.first, stripped.last + 1))
        for used in _used(stripped.tree):
            if used in local or hasattr(builtins, used):
                continue
            if used in top and Stripped(source, top[used]).has_markers and used not in _layer_functions():
                self._add(module, used)
            else:
                self.imports.setdefault(used, _origin(module, used))
        for used in sorted(stripped.solution_names() - local):
            if self._is_given(module, used):
                self.imports.setdefault(used, _origin(module, used))

    def _is_given(self, module: ModuleType, name: str) -> bool:
        """Whether a name that a solution uses is there for whoever writes it anew: constants, functions of other
        packages, and layers that it builds on, but not our own helpers, which are part of the solution."""
        if hasattr(builtins, name) or not hasattr(module, name):
            return False
        if name in _layer_functions():
            return name not in self._own_functions()
        return name.isupper() or not _origin(module, name)[0].startswith("convkit")

    def _own_functions(self) -> set[str]:
        return {f for name in self.layers for f in _functions_of(name)}


def stub_text(layers: Iterable[str], file: str = "my_layers.py", solved: bool = False) -> str:
    """A whole file to fill in.

    - layers: names of layers, keys of convkit.layers.LAYERS
    - file: its name, for the hint on how to check it
    - solved: the same file with the solutions, for instructors and tests

    Raises ValueError for a name that is no layer's.
    """
    stub = Stub(layers, solved)
    title = textwrap.fill(f'"""Layers of my own: {", ".join(stub.layers)}.', 118)
    header = HEADER.format(title=title, file=file)
    return "\n".join([header, "from __future__ import annotations", "", *stub.import_lines(), "", "", stub.body()])


def _functions_of(name: str) -> set[str]:
    layer = LAYERS[name]
    functions = (layer.forward, layer.backward, *layer.alternatives.values())
    return {function.__name__ for function in functions if function is not None}


def _layer_functions() -> set[str]:
    return {function for name in LAYERS for function in _functions_of(name)}


def _used(tree: ast.AST) -> list[str]:
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    quoted = [
        word
        for node in ast.walk(tree)
        if isinstance(node, ast.arg) and isinstance(node.annotation, ast.Constant)
        for word in re.findall(r"[A-Za-z_]\w*", str(node.annotation.value))
    ]
    return list(dict.fromkeys([*names, *quoted]))


def _origin(module: ModuleType, name: str) -> tuple[str, str]:
    """Where a name of a reference file comes from: (module, name there), or (module, '') for a module itself."""
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return str(node.module), alias.name
        if isinstance(node, ast.Import):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return alias.name, ""
    if not hasattr(module, name):
        raise ValueError(f"{module.__name__} uses {name}, which is nowhere defined")
    return module.__name__, name


def _notes(module: ModuleType, node: ast.FunctionDef) -> dict[str, str]:
    """What the named tuples that a function begins with (its geometry) offer, by the variable's name."""
    notes = {}
    for statement in ast.walk(node):
        if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Call):
            continue
        called = statement.value.func
        function = getattr(module, called.id, None) if isinstance(called, ast.Name) else None
        returned = str(getattr(function, "__annotations__", {}).get("return", ""))
        kinds = [kind for kind in re.findall(r"[\w.]+", returned) if kind != "tuple"]
        # targets may be nested as the annotation is: (first, _), dtype = ... of tuple[tuple[A, A], np.dtype]
        targets = [n for n in ast.walk(statement.targets[0]) if isinstance(n, ast.Name)]
        targets.sort(key=lambda n: (n.lineno, n.col_offset))
        for variable, kind in zip((n.id for n in targets), kinds, strict=False):
            offered = getattr(module, kind, None)
            if variable != "_" and hasattr(offered, "_fields"):
                notes[variable] = f"{variable} has {', '.join(_members(offered))}: see help({kind})"
    return notes


def _members(kind: Any) -> Iterator[str]:
    yield from kind._fields
    for name, member in vars(kind).items():
        if isinstance(member, property) and not name.startswith("_"):
            yield name
        elif inspect.isfunction(member) and not name.startswith("_"):
            yield f"{name}({','.join(list(inspect.signature(member).parameters)[1:])})"


def _import_from(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(sorted(names))}"
    if len(line) <= 120:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in sorted(names)) + ")"
