"""How a benchmark ends: one line of JSON, and an exit code that says whether it could be made."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.children import BenchmarkError

CANNOT: Final = 2
"""The exit code of a measurement that could not be made."""


def conclude(bench: str, *, holds: bool, figures: Mapping[str, float | int | bool]) -> int:
    """Print the verdict; return the exit code: 0, or 1 when a limit was not held."""
    print(json.dumps({"bench": bench, "holds": holds, "figures": dict(figures)}))
    return 0 if holds else 1


def give_up(error: BenchmarkError) -> int:
    sys.stderr.write(f"error: {error}\n")
    return CANNOT


def progress_bar() -> Progress:
    """Make a bar on stderr; where that is no terminal, nothing is drawn."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )


def percentile(ordered: Sequence[int], percent: float) -> int:
    """Return the smallest of `ordered` that so many percent of it do not exceed."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100.0))]
