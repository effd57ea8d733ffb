"""`ostwald reagent`: what is left in the bottles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ostwald.cli import priming
from ostwald.cli.console import FAILED, Json, console, device, fail, print_json, say
from ostwald.cli.quantities import above_zero_ul, flow_ul_min, volume_ul
from ostwald.errors import OstwaldError
from ostwald.quantities import volume_text

if TYPE_CHECKING:
    from ostwald.client import Ostwald

app = typer.Typer(no_args_is_help=True, help="See what is left of the reagents; note refills; prime lines.")


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


@app.command()
def prime(
    name: Annotated[str, typer.Argument(help="A reagent of the rig file.")],
    volume: Annotated[
        float, typer.Option(parser=above_zero_ul, metavar="VOLUME", help='How much to deliver: "200 uL".')
    ],
    flow: Annotated[float, typer.Option(parser=flow_ul_min, metavar="FLOW", help='How fast: "100 uL/min".')],
    as_json: Json = False,
) -> None:
    """Fill a line: run a reagent's pump until so much came, then set it to 0; Ctrl-C does that at once."""
    with device() as opened:
        delivered_ul = _prime(opened, name, volume, flow, quiet=as_json)
    if as_json:
        print_json({"reagent": name, "delivered_ul": delivered_ul})
    else:
        say(f"{name}: {_volume(delivered_ul)} came, its pump is at 0")


def _prime(opened: Ostwald, name: str, volume_ul: float, flow: float, *, quiet: bool) -> float:
    known = {each.name: each for each in opened.reagents.list()}
    if name not in known:
        raise OstwaldError(f"there is no reagent '{name}'", remedy=f"known: {', '.join(known) or 'none'}")
    with console.status(escape(f"priming {name}")) as status:

        def tell(delivered_ul: float) -> None:
            status.update(escape(f"priming {name}: {delivered_ul:.0f} of {volume_ul:g} uL"))

        if quiet:
            status.stop()
        try:
            return priming.prime(opened, known[name], volume_ul, flow, tell)
        except KeyboardInterrupt:
            fail(f"interrupted: {known[name].pump} is at 0", FAILED)


def _volume(volume_ul: float | None) -> str:
    return "not kept" if volume_ul is None else volume_text(volume_ul)
