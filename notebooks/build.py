"""Makes the notebooks from src/NN_name.py.

    python notebooks/build.py                   writes the notebooks to fill in, beside this file
    python notebooks/build.py --check           fails if one of them is not what its source gives
    python notebooks/build.py --solved DIR      writes the solved ones, and a solved my_layers.py, into DIR
    python notebooks/build.py --nbgrader DIR    writes sources of nbgrader assignments into DIR/NN_name, and beside DIR
                                                an nbgrader_config.py, if there is none: it keeps nbgrader from putting
                                                our my_layers.py in the place of what was handed in

Needs convkit[notebooks].
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from convkit.course import contents, source
from convkit.course.folder import solved_layers, unsolved_layers

HERE = Path(__file__).resolve().parent


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    print(f"wrote {path}")


def write_nbgrader_config(folder: Path) -> None:
    """What nbgrader must be told: a student's my_layers.py is graded, not the one that was handed out."""
    kept = {name: ["my_layers.py"] for name in contents.names()}
    text = f"c = get_config()  # noqa: F821\nc.Autograde.exclude_overwriting = {kept}\n"
    path = folder.resolve().parent / "nbgrader_config.py"
    if path.exists():
        print(f"{path} is there already, and is left alone. It must have this line:\n{text.splitlines()[1]}")
    else:
        write(path, text)


def stale() -> list[str]:
    """What is wrong with the notebooks beside this file, a line for each."""
    wanted = {f"{name}.ipynb": source.text_of(source.learner(name)) for name in contents.names()}
    there = {path.name: path.read_text(encoding="utf-8") for path in HERE.glob("*.ipynb")}
    problems = [f"{name} is missing" for name in wanted if name not in there]
    problems += [f"{name} has no source" for name in there if name not in wanted]
    return problems + [
        f"{name} is not what its source gives" for name in wanted if there.get(name, wanted[name]) != wanted[name]
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--check", action="store_true")
    action.add_argument("--solved", metavar="DIR", type=Path)
    action.add_argument("--nbgrader", metavar="DIR", type=Path)
    args = parser.parse_args()
    if args.check:
        problems = stale()
        print("\n".join(problems) or "all notebooks are what their sources give")
        if problems:
            print("run: python notebooks/build.py")
        return 1 if problems else 0
    for name in contents.names():
        if args.solved:
            write(args.solved / f"{name}.ipynb", source.text_of(source.solved(name)))
        elif args.nbgrader:
            write(args.nbgrader / name / f"{name}.ipynb", source.text_of(source.nbgrader(name)))
            write(args.nbgrader / name / "my_layers.py", unsolved_layers())
        else:
            write(HERE / f"{name}.ipynb", source.text_of(source.learner(name)))
    if args.solved:
        write(args.solved / "my_layers.py", solved_layers())
    if args.nbgrader:
        write_nbgrader_config(args.nbgrader)
    return 0


if __name__ == "__main__":
    sys.exit(main())
