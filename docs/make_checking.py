"""Writes checking.md: runs the checker on each file of wrong_layers/ and puts what it prints into the page.

python docs/make_checking.py            writes the page anew
python docs/make_checking.py --check    says whether it is as it would be written; the tests ask the same
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from convkit.diagnosis.finding import labelled
from convkit.sandbox.check_file import check_file

HERE = Path(__file__).parent
PAGE = HERE / "checking.md"
TEMPLATE = HERE / "checking.template.md"
MODULE = "my_layers.py"


def render() -> str:
    """The page: the template with every {{...}} run."""
    return re.sub(r"^\{\{(\w+) (.*)\}\}$", _fill, TEMPLATE.read_text(encoding="utf-8"), flags=re.MULTILINE)


def _fill(match: re.Match) -> str:
    kind, words = match[1], match[2].split()
    return {"code": _code, "check": _check, "hints": _hints, "pytest": _pytest}[kind](*words)


def _code(name: str, function: str) -> str:
    """The source of one function of a wrong file."""
    source = (HERE / "wrong_layers" / f"{name}.py").read_text(encoding="utf-8")
    node = next(n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef) and n.name == function)
    return _block("python", ast.get_source_segment(source, node) or "")


def _check(name: str, *options: str) -> str:
    """What `convkit check` prints."""
    words = ["check", MODULE, *options]
    return _block("", f"$ convkit {' '.join(words)}\n{_run(name, 'convkit', *words)}")


def _hints(name: str) -> str:
    """The second and third hint, each behind a click."""
    report, _ = check_file(HERE / "wrong_layers" / f"{name}.py")
    folds = []
    for level in (2, 3):
        hints = [finding.lines(level)[-1] for finding in report.findings]
        body = _block("", "\n".join(labelled(hints)))
        folds.append(f"<details><summary><code>--hint {level}</code>: {hints[0][0]}</summary>\n\n{body}\n\n</details>")
    return "\n".join(folds)


def _pytest(name: str) -> str:
    """The first failure that pytest shows, and the end of its output."""
    options = ["--layers", MODULE, "-q"]
    lines = _run(name, "pytest", "-p", "no:cacheprovider", *options).splitlines()
    heads = [i for i, line in enumerate(lines) if re.fullmatch(r"_+ .+ _+", line)]
    end = heads[1] if len(heads) > 1 else next(i for i, line in enumerate(lines) if "short test summary" in line)
    first = [line.rstrip() for line in lines[heads[0] : end]]
    total = re.sub(r" in [\d.]+s.*", "", lines[-1])
    return _block("", "\n".join([f"$ pytest {' '.join(options)}", "...", *first, "...", total]))


def _run(name: str, *words: str) -> str:
    """Run a command in a folder that holds one wrong file as my_layers.py; returns what it prints."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / MODULE).write_bytes((HERE / "wrong_layers" / f"{name}.py").read_bytes())
        environment = os.environ | {"COLUMNS": "100", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
        for variable in ("FORCE_COLOR", "PY_COLORS", "PYTEST_ADDOPTS"):
            environment.pop(variable, None)
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=folder,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    if done.returncode != 1 or done.stderr:
        raise RuntimeError(f"{' '.join(words)} on {name}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout.rstrip()


def _block(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


def main() -> int:
    """Write the page, or say whether it is stale; returns the exit code."""
    page = render()
    if "--check" in sys.argv[1:]:
        fresh = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page
        print("checking.md is " + ("up to date" if fresh else "stale: run python docs/make_checking.py"))
        return 0 if fresh else 1
    PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
