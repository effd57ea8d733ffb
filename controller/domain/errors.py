"""What can be wrong, as data: a stable reason, a place, a remedy. `rpc.status` maps kinds to status codes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """How a caller should take an error."""

    INVALID = "invalid"  # the request itself is wrong
    NOT_FOUND = "not found"
    REFUSED = "refused"  # right, but not in this state
    EXISTS = "exists"
    EXHAUSTED = "exhausted"
    UNAVAILABLE = "unavailable"  # try again later
    ABORTED = "aborted"  # cut off: look at what came of it before asking anew


@dataclass(frozen=True, slots=True)
class Violation:
    """One fault of a document or a request. `line` counts from 1; 0 where none applies."""

    place: str
    description: str
    line: int = 0

    def __str__(self) -> str:
        where = f"line {self.line}, {self.place}" if self.line else self.place
        return f"{where}: {self.description}"


class ControllerError(Exception):
    """Base of every error of the daemon.

    `reason` is stable and upper case ("CHANNEL_UNKNOWN"); `remedy` says what to do next.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: str,
        kind: Kind = Kind.INVALID,
        remedy: str = "",
        violations: tuple[Violation, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.kind = kind
        self.remedy = remedy
        self.violations = violations

    def __str__(self) -> str:
        parts = [self.message, *(str(violation) for violation in self.violations)]
        text = "; ".join(parts)
        return f"{text}; {self.remedy}" if self.remedy else text


class DocumentError(ControllerError):
    """A TOML document with one or more faults, all of them reported."""

    def __init__(self, document: str, violations: tuple[Violation, ...]) -> None:
        super().__init__(document, reason="DOCUMENT_INVALID", kind=Kind.INVALID, violations=violations)
