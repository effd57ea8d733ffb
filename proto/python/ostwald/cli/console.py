"""What the commands share: the device, JSON, errors in one line, exit codes."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console

from ostwald.calls import DeviceError
from ostwald.client import Ostwald
from ostwald.errors import OstwaldError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FAILED, WRONG_USE, REFUSED = 1, 2, 3
console = Console()
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
state: dict[str, str] = {"device": "127.0.0.1:50051", "lease": ""}


@contextmanager
def device() -> Iterator[Ostwald]:
    """Connect to the device that the command line names; every error becomes one line and an exit code."""
    try:
        with Ostwald(state["device"], lease=state["lease"]) as opened:
            yield opened
    except DeviceError as error:
        fail(str(error), REFUSED)
    except (OstwaldError, OSError) as error:
        fail(str(error), FAILED)


def fail(message: str, code: int) -> NoReturn:
    """Say what is wrong on stderr and leave."""
    sys.stderr.write(f"error: {message}\n")
    raise typer.Exit(code)


def say(text: str) -> None:
    """Print text of a device as it is: its brackets are no markup, its lines are the terminal's to break."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print one document on one line; dataclasses become objects, NaN becomes null."""
    sys.stdout.write(json.dumps(_plain(value)) + "\n")
    sys.stdout.flush()


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and value - value != 0.0:
        return None
    return value


def pairs(items: Sequence[str], what: str) -> dict[str, str]:
    """Read KEY=VALUE arguments."""
    found = {}
    for item in items:
        key, separator, value = item.partition("=")
        if not separator or not key:
            fail(f"{what} '{item}': write NAME=VALUE", WRONG_USE)
        found[key] = value
    return found
