"""Files of layers to fill in: a new one, or more layers in one that is there."""

from __future__ import annotations

import ast
import builtins
import os
from collections.abc import Iterable
from pathlib import Path

from convkit.stubs.text import Stub, stub_text


class StubError(Exception):
    """A file of layers cannot be made; the message says why, and what could be done."""


def write_stub(path: str | os.PathLike, layers: Iterable[str]) -> str:
    """Write layers to fill in; what is in a file stays in it.

    - path: a new file, or one to whose end the layers are added if nothing in it gets in their way
    - layers: names of layers, keys of convkit.layers.LAYERS

    Returns what was done, 'written' or 'added'. Raises StubError where that is not possible, ValueError for a name
    that is no layer's, OSError where the disk says no.
    """
    path = Path(path)
    if path.suffix != ".py" or not path.stem.isidentifier():
        raise StubError(f"{path}: the file must have a name that Python can import, such as my_layers.py")
    stub = Stub(layers)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(stub_text(stub.layers, path.name))
        return "written"
    except FileExistsError:
        pass
    if not path.is_file():
        raise StubError(f"{path} is there, and is no file")
    before = path.read_bytes()
    text = _text_of(path, before)
    if not text.strip():
        text = ""
    imports = stub.import_lines(_refuse_conflicts(path, text, stub))
    added = "\n".join(["", "", *imports, *(["", ""] if any(imports) else []), stub.body()])
    if text and not text.endswith("\n"):
        added = "\n" + added
    with path.open("ab") as file:  # at the end: nothing that stands in it is touched
        file.write(added.replace("\n", "\r\n" if b"\r\n" in before else "\n").encode())
    return "added"


def _text_of(path: Path, content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise StubError(f"{path} is there, and is not text in UTF-8; give another file") from None
    return text


def _refuse_conflicts(path: Path, text: str, stub: Stub) -> set[str]:
    """StubError if a function is there already, or an import would give a name of theirs another meaning.

    Returns the names that the file imports at its top already, as the stub would.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        what = error.msg if isinstance(error, SyntaxError) else error
        raise StubError(f"{path}{line}: {what}; mend that first, or give another file") from None
    taken = _names(tree)
    there = [name for name in stub.functions if name in taken]
    if there:
        more = f" and {len(there) - 4} more" if len(there) > 4 else ""
        raise StubError(
            f"{path} has {', '.join(there[:4])}{more} already, and nothing is overwritten; take the names "
            "of layers that are not in it, or give another file"
        )
    for name, origin in stub.imports.items():
        if name in taken and taken[name] != origin:
            raise StubError(f"{path} uses the name {name} for something else than the stub does; give another file")
    free = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} - set(taken) - set(dir(builtins))
    star = next((name for name, origin in taken.items() if origin == ("*", "*")), None)
    if star and free & set(stub.imports):
        raise StubError(f"{path} takes names from a star-import that the stub takes from elsewhere; give another file")
    top = _names(ast.Module([node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))], []))
    return {name for name, origin in stub.imports.items() if top.get(name) == origin}


def _names(tree: ast.Module) -> dict[str, tuple[str, str]]:
    """Names that a module gives a meaning to: the module and name they are imported from, or ('', '')."""
    names: dict[str, tuple[str, str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                star = alias.name == "*"
                names[alias.asname or alias.name] = ("*", "*") if star else (str(node.module), alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.split(".")[0]] = (alias.name, "")
    for node in tree.body:
        for inner in ast.walk(node) if not isinstance(node, (ast.FunctionDef, ast.ClassDef)) else ():
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                names[inner.id] = ("", "")
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names[node.name] = ("", "")
    return names
