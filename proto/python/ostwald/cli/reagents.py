"""`ostwald reagent`: what is left in the bottles."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ostwald.cli.console import Json, console, device, print_json, say
from ostwald.cli.quantities import volume_ul
from ostwald.quantities import volume_text

app = typer.Typer(no_args_is_help=True, help="See what is left of the reagents; note refills.")


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the reagents and what is left of them."""
    with device() as opened:
        found = opened.reagents.list()
    if as_json:
        print_json(found)
        return
    table = Table(box=None)
    for heading in ("reagent", "left", "of", "stock", "pump"):
        table.add_column(heading, justify="right" if heading in ("left", "of") else "left")
    for each in found:
        texts = (each.name, _volume(each.left_ul), _volume(each.full_ul), each.stock, each.pump)
        table.add_row(*map(escape, texts))
    console.print(table if found else "this rig has no reagents")


@app.command()
def refill(
    name: Annotated[str, typer.Argument(help="A reagent of the rig file.")],
    volume: Annotated[
        float | None,
        typer.Argument(
            parser=volume_ul, metavar="VOLUME", help='What is there now, "200 mL"; without it: a full one.'
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say how much of a reagent is there."""
    with device() as opened:
        found = opened.reagents.refill(name, volume)
    print_json(found) if as_json else say(f"{found.name}: {_volume(found.left_ul)} there")


def _volume(volume_ul: float | None) -> str:
    return "not kept" if volume_ul is None else volume_text(volume_ul)
