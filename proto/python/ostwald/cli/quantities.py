"""Quantities among the arguments of a command: what can't be read is wrong use."""

from __future__ import annotations

import typer

from ostwald.cli.durations import read_s
from ostwald.errors import OstwaldError
from ostwald.quantities import microlitres, split


def duration_s(value: str | float) -> float:
    """Read "5 min", or a zero of any unit; a number is a default that is in seconds already."""
    if not isinstance(value, str):
        return value
    try:
        return 0.0 if split(value)[0] == 0.0 else read_s(value)
    except OstwaldError as error:
        raise typer.BadParameter(str(error)) from error


def volume_ul(value: str | float) -> float:
    """Read "200 mL"; a number is a default that is in uL already."""
    if not isinstance(value, str):
        return value
    try:
        return microlitres(value)
    except OstwaldError as error:
        raise typer.BadParameter(str(error)) from error
