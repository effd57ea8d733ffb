"""How every command of the trainer speaks: answers on stdout, all else on stderr, errors in one line."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from ostwald.errors import OstwaldError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from trainer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

FAILED = 1
WRONG_USE = 2


@contextmanager
def errors_in_one_line() -> Iterator[None]:
    """Turn an error into one line on stderr and the exit code that belongs to it."""
    try:
        yield
    except OstwaldError as problem:
        _print_error(str(problem))
        raise typer.Exit(WRONG_USE if isinstance(problem, UsageError) else FAILED) from problem
    except OSError as problem:
        # Libraries raise it with a text of their own and no name.
        told = f"{problem.filename}: {problem.strerror}" if problem.filename is not None else str(problem)
        _print_error(told)
        raise typer.Exit(FAILED) from problem


def _print_error(text: str) -> None:
    typer.echo(f"error: {' '.join(text.split())}", err=True)


def print_json(document: dict[str, Any]) -> None:
    typer.echo(json.dumps(document, allow_nan=False))


def print_notes(notes: Iterable[str]) -> None:
    for note in notes:
        typer.echo(f"note: {note}", err=True)


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function to be told `done, total`; it draws only where stderr is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(label, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
