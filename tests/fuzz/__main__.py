"""`make fuzz`: ten million bytes, damaged and noise, through every decoder; none may crash or grow.

Every decoder has a process of its own. The last line is JSON; equal seeds feed equal bytes.
"""

from __future__ import annotations

import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Annotated, Final

import typer

from benchmarks.verdict import progress_bar
from tests.fuzz.targets import TARGETS, fuzz_named

if TYPE_CHECKING:
    from tests.fuzz.measure import Outcome

_WRONG_USE: Final = 2


def main(
    size_bytes: Annotated[int, typer.Option("--bytes", min=1000, help="Through every decoder.")] = 10_000_000,
    seed: Annotated[int, typer.Option(help="Of the material.")] = 0,
    only: Annotated[str, typer.Option(help="The decoders whose name holds this.")] = "",
    jobs: Annotated[int, typer.Option(min=1, help="Processes at a time.")] = os.cpu_count() or 1,
) -> None:
    """Feed them all; the exit code is 1 when one crashes or grows."""
    names = [name for name in TARGETS if only in name]
    if not names:
        typer.echo(f"error: no decoder's name holds {only!r}; there are: {', '.join(TARGETS)}", err=True)
        raise typer.Exit(_WRONG_USE)
    outcomes = _feed_all(names, size_bytes, seed, jobs)
    failed = sorted(each.name for each in outcomes if not each.holds)
    lost = sorted({*names} - {each.name for each in outcomes})
    figures = {
        "decoders": len(names),
        "bytes": sum(each.size_bytes for each in outcomes),
        "pieces": sum(each.pieces for each in outcomes),
        "refused": sum(each.refused for each in outcomes),
        "growth_max_kb": max((each.growth_kb for each in outcomes), default=0),
        "growth_max_blocks": max((each.growth_blocks for each in outcomes), default=0),
        "failed": failed,
        "died": lost,
    }
    holds = not failed and not lost
    typer.echo(json.dumps({"fuzz": "decoders", "holds": holds, "figures": figures}))
    raise typer.Exit(0 if holds else 1)


def _feed_all(names: list[str], size_bytes: int, seed: int, jobs: int) -> list[Outcome]:
    """Feed them, so many at a time; those whose process died are told and left out."""
    outcomes = []
    with ThreadPoolExecutor(jobs) as pool, progress_bar() as bar:
        task = bar.add_task("decoders", total=len(names))
        feeding = {pool.submit(_feed, name, size_bytes, seed): name for name in names}
        for done in as_completed(feeding):
            try:
                outcomes.append(done.result())
                typer.echo(outcomes[-1])
            except BrokenProcessPool as error:
                typer.echo(f"{feeding[done]}: its process died: {error}", err=True)
            bar.advance(task)
    return outcomes


def _feed(name: str, size_bytes: int, seed: int) -> Outcome:
    """Feed one decoder in a process of its own: its memory is its own, and it dies alone."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(fuzz_named, name, size_bytes, seed).result()


if __name__ == "__main__":
    typer.run(main)
