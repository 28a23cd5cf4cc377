"""Checks by name, as text that travels between two processes."""

from __future__ import annotations

import json
from typing import Any


def key(check: Any) -> str:
    """What names a check in every process: layer, part, case, feature."""
    return json.dumps([check.layer, check.part, check.case, check.beyond])


def parts_of(key: str) -> tuple[str, str, str, str]:
    """(layer, part, case, beyond) of a key."""
    layer, part, case, beyond = json.loads(key)
    return layer, part, case, beyond
