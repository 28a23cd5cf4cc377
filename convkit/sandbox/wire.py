"""Checks and their results as text that travels between two processes."""

from __future__ import annotations

import json
from typing import Any

from convkit.check_report import CheckResult


def key(check: Any) -> str:
    """What names a check in every process: layer, part, case, feature."""
    return json.dumps([check.layer, check.part, check.case, check.beyond])


def parts_of(key: str) -> tuple[str, str, str, str]:
    """(layer, part, case, beyond) of a key."""
    layer, part, case, beyond = json.loads(key)
    return layer, part, case, beyond


def failed(key: str, message: str, status: str = "wrong") -> CheckResult:
    """The result of a check that could not be run to its end."""
    return CheckResult(*parts_of(key), status, message)
