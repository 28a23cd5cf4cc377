"""python -m convkit.mistakes [EXERCISE...]: print which mistake is caught by which check, as Markdown."""

import sys

from convkit.mistakes.table import exercises, markdown


def main() -> int:
    """Print the table; returns the exit code."""
    names = sys.argv[1:]
    known = exercises()
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"no exercise is called {unknown[0]!r}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    print(markdown(names or None), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
