"""What somebody's code prints while it is checked: the beginning is kept, with the line it came from."""

from __future__ import annotations

import io
import os
import sys
from types import FrameType

KEPT = 300


def printable(text: str) -> str:
    """A text in which characters that move the cursor, or that no file can hold, are shown as escapes."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)


class Prints(io.TextIOBase):
    """Takes the place of sys.stdout; however much is printed, only the first characters are kept.

    - path: the file whose lines count as theirs
    """

    def __init__(self, path: str):
        self.path = os.path.abspath(path)
        self.clear()

    def clear(self) -> None:
        """Forget what was printed."""
        self.text, self.line = "", 0

    def writable(self) -> bool:
        """True: print asks."""
        return True

    def write(self, text: str) -> int:
        """Keep the beginning."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if not self.line:
            self.line = self._line()
        if len(self.text) <= KEPT:
            self.text += text[: KEPT + 1 - len(self.text)]
        return len(text)

    def _line(self) -> int:
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            if os.path.abspath(frame.f_code.co_filename) == self.path:
                return frame.f_lineno
            frame = frame.f_back
        return -1

    def note(self) -> str:
        """In one line: what was printed first, and where; '' if nothing."""
        words = " ".join(printable(self.text).split())
        if not words:
            return ""
        shown = words if len(words) <= 80 else words[:77] + "..."
        where = f"line {self.line} of {os.path.basename(self.path)} prints" if self.line > 0 else "it prints"
        return f"{where}: {shown}"
