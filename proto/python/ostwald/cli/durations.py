"""Durations as people write and read them: "90", "90 s", "5min", "1.5 h"."""

from __future__ import annotations

import re
from math import isfinite
from typing import Final

from ostwald.errors import OstwaldError

_UNITS_S: Final = {"": 1.0, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_DURATION: Final = re.compile(r"\s*(\d+\.?\d*|\.\d+)\s*([a-z]*)\s*")


def read_s(text: str) -> float:
    """Return seconds; a number alone is in seconds. OstwaldError for what is no positive duration."""
    found = _DURATION.fullmatch(text)
    duration_s = float(found[1]) * _UNITS_S.get(found[2], 0.0) if found else 0.0
    if duration_s == 0.0 or not isfinite(duration_s):
        raise OstwaldError(f"'{text}' is no duration", remedy='write it like "90 s", "5min" or "2 h"')
    return duration_s


def say(duration_s: float) -> str:
    """Return a duration in its two greatest units: "42 s", "4 min 30 s", "1 h 5 min"."""
    total = round(duration_s)
    if total < 60:
        return f"{total} s"
    great, small, per = ("h", "min", 3600) if total >= 3600 else ("min", "s", 60)
    rest = total % per // (per // 60)
    return f"{total // per} {great}" + (f" {rest} {small}" if rest else "")
