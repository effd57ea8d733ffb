"""Quantities among the arguments of a command: what can't be read is wrong use."""

from __future__ import annotations

from math import inf

import typer

from ostwald.cli.durations import read_s
from ostwald.errors import OstwaldError
from ostwald.quantities import microlitres, microlitres_per_minute, split


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


def above_zero_ul(value: str | float) -> float:
    """Read "200 uL", more than nothing."""
    return _above_zero(volume_ul(value), value)


def flow_ul_min(value: str | float) -> float:
    """Read "100 uL/min", forwards; a number is a default that is in uL/min already."""
    if not isinstance(value, str):
        return value
    try:
        return _above_zero(microlitres_per_minute(value), value)
    except OstwaldError as error:
        raise typer.BadParameter(str(error)) from error


def _above_zero(number: float, value: str | float) -> float:
    if not 0.0 < number < inf:
        raise typer.BadParameter(f"'{value}' must be more than 0")
    return number
