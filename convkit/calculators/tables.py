"""Tables for the terminal and for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]], footer: Sequence[str] = (), left: int = 1) -> str:
    """Columns side by side, the first `left` of them to the left, the others to the right, and lines of text below."""
    widths = [max(len(row[k]) for row in (header, *rows)) for k in range(len(header))]

    def line(row: Sequence[str]) -> str:
        cells = [cell.ljust(w) if k < left else cell.rjust(w) for k, (cell, w) in enumerate(zip(row, widths))]
        return "  ".join(cells).rstrip()

    rule = "-" * (sum(widths) + 2 * len(widths) - 2)
    return "\n".join([line(header), rule, *map(line, rows), *([rule, *footer] if footer else [])])


def html_table(header: Sequence[str], rows: Sequence[Sequence[str]], footer: Sequence[str] = (), left: int = 1) -> str:
    """The same as an HTML table; the notebook's own style sheet gives the colours."""

    def line(row: Sequence[str], tag: str) -> str:
        sides = ["left" if k < left else "right" for k in range(len(row))]
        return "".join(f'<{tag} style="text-align:{side}">{escape(cell)}</{tag}>' for side, cell in zip(sides, row))

    body = "\n".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    below = f"\n<p>{'<br>'.join(map(escape, footer))}</p>" if footer else ""
    return f"<table>\n<thead><tr>{line(header, 'th')}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>{below}"
