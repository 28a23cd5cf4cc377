"""Showing something: as a notebook draws it, or in words where there is none."""

from __future__ import annotations

from typing import Any

from convkit.surroundings import in_notebook


def show(*things: Any, words: str = "") -> None:
    """Display things in a notebook's cell; elsewhere print words, if there are any."""
    if in_notebook():
        from IPython.display import display

        display(*things)
    elif words:
        print(words)
