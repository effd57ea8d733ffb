"""What every error of Ostwald has in common."""

from __future__ import annotations


class OstwaldError(Exception):
    """A failure told in one line: what is wrong and where, then, if known, what to do next."""

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message if remedy is None else f"{message}; {remedy}")
        self.message = message
        self.remedy = remedy


class BundleError(OstwaldError):
    """A bundle that is incomplete, malformed, too large, not signed, or changed after signing."""


class AutotuneError(OstwaldError):
    """An experiment that ended without a tuning to propose."""


class LeaseLostError(OstwaldError):
    """The lease that calls were to be made under ran out, or could not be renewed."""
