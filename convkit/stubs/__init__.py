"""Files of layers to fill in, made from the reference layers by taking their solutions out.

strip.py    one function without what stands between its markers
text.py     the text of a file: functions, and the imports that they need
files.py    a new file, or layers added to one that is there
"""

from convkit.stubs.files import StubError, write_stub
from convkit.stubs.text import stub_text

__all__ = ["StubError", "stub_text", "write_stub"]
