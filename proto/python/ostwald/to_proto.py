"""Values -> messages of the contract."""

from __future__ import annotations

from typing import Final

from google.protobuf.duration_pb2 import Duration

from ostwald.errors import OstwaldError

_LONGEST_S: Final = 1e9
"""Some thirty years; a Duration holds three hundred times as much."""


def duration(duration_s: float) -> Duration:
    """Return a duration in whole milliseconds; OstwaldError for one that is not finite."""
    if not -_LONGEST_S <= duration_s <= _LONGEST_S:
        raise OstwaldError(f"{duration_s:g} s is no duration", remedy="give one of less than thirty years")
    made = Duration()
    made.FromMilliseconds(round(duration_s * 1000.0))
    return made
