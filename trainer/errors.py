"""What can go wrong while a model is fitted, exported and packed."""

from __future__ import annotations

from ostwald.errors import OstwaldError


class TrainerError(OstwaldError):
    """The data or the model does not allow what was asked: exit code 1."""


class UsageError(TrainerError):
    """What was asked does not make sense for this file, whatever its cells say: exit code 2."""
