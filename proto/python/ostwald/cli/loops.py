"""`ostwald loop`: modes, tunings, auto-tune."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ostwald.cli.console import FAILED, Json, console, device, fail, print_json, say
from ostwald.cli.quantities import duration_s
from ostwald.client import Ostwald
from ostwald.values import Loop, Reading, Tuning

app = typer.Typer(no_args_is_help=True, help="Look at loops, switch and tune them.")

Name = Annotated[str, typer.Argument(help="A loop of the rig file.")]


class Mode(StrEnum):
    OFF = "off"
    MANUAL = "manual"
    AUTO = "auto"


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the loops and how they stand."""
    with device() as opened:
        found = opened.loops.list()
        seen = _sensors(opened, *found)
    if as_json:
        print_json(found)
        return
    # Nine columns in the eighty characters of a terminal.
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("loop")
    table.add_column("mode")
    for heading in ("reads", "setpoint", "output", "gain", "Ti", "Td"):
        table.add_column(heading, justify="right")
    table.add_column("tuning")
    for each in found:
        table.add_row(*map(escape, _row(each, seen[each.sensor])))
    console.print(table if found else "this rig has no loops")


@app.command()
def show(name: Name, as_json: Json = False) -> None:
    """Show a loop: what it does, its tuning, what auto-tune proposes."""
    with device() as opened:
        found = opened.loops.get(name)
        reading = _sensors(opened, found)[found.sensor]
    if as_json:
        print_json(found)
    else:
        _show(found, reading)


@app.command()
def mode(
    name: Name,
    to: Annotated[Mode, typer.Argument(metavar="off|manual|auto", help="The mode to switch to.")],
    output: Annotated[
        str | None, typer.Option(help='What a manual loop holds, "30 %"; without it: what it gives now.')
    ] = None,
    as_json: Json = False,
) -> None:
    """Switch a loop, without a bump."""
    with device() as opened:
        opened.loops.set_mode(name, to.value, output)
    print_json({"loop": name, "mode": to.value}) if as_json else say(f"{name} is {to.value}")


@app.command()
def retune(
    name: Name,
    gain: Annotated[float, typer.Option(help="In the output's unit per unit of the sensor.")],
    integral: Annotated[
        float, typer.Option(parser=duration_s, metavar="DURATION", help='"60 s"; 0: no integral part.')
    ],
    derivative: Annotated[
        float, typer.Option(parser=duration_s, metavar="DURATION", help='"5 s"; 0: no derivative part.')
    ] = 0.0,
    as_json: Json = False,
) -> None:
    """Put other parameters into a loop, without a bump."""
    with device() as opened:
        opened.loops.retune(name, gain, integral, derivative)
    tuning = Tuning(gain, integral, derivative)
    print_json({"loop": name, "tuning": tuning}) if as_json else say(f"{name}: {_tuning(tuning)}")


@app.command()
def autotune(
    name: Name,
    target: Annotated[str, typer.Argument(help='The value to swing around: "45 degC".')],
    amplitude: Annotated[str, typer.Argument(help='How far the output may swing: "20 %".')],
    wait: Annotated[bool, typer.Option("--wait", help="Follow the experiment to its proposal.")] = False,
    as_json: Json = False,
) -> None:
    """Swing a loop until its plant is known; a tuning is then proposed, and nothing changed."""
    with device() as opened:
        opened.loops.autotune(name, target, amplitude)
        found = _follow(opened, name, quiet=as_json) if wait else None
    if as_json:
        print_json(found or {"loop": name, "autotune": "running"})
    elif found is None:
        say(f"the experiment in {name} has begun: see 'ostwald loop show {name}'")
    else:
        _show_proposal(found)


@app.command()
def accept(name: Name, as_json: Json = False) -> None:
    """Put the proposed tuning into a loop."""
    with device() as opened:
        opened.loops.accept(name)
    document = {"loop": name, "accepted": True}
    print_json(document) if as_json else say(f"{name} has the tuning that was proposed")


@app.command()
def dismiss(name: Name, as_json: Json = False) -> None:
    """Drop what is proposed for a loop, or end its experiment."""
    with device() as opened:
        opened.loops.dismiss(name)
    document = {"loop": name, "accepted": False}
    print_json(document) if as_json else say(f"{name} keeps the tuning that it has")


def _follow(opened: Ostwald, name: str, *, quiet: bool) -> Loop:
    with console.status(escape(f"swinging {name}")) as status:

        def tell(loop: Loop, reading: Reading) -> None:
            swing = _quantity(loop.output, loop.output_unit)
            status.update(escape(f"swinging {name}: {_quantity(reading.value, reading.unit)} at {swing}"))

        if quiet:
            status.stop()
        try:
            return opened.loops.wait_for_proposal(name, tell)
        except KeyboardInterrupt:
            fail(f"the experiment goes on; 'ostwald loop dismiss {name}' ends it", FAILED)


def _sensors(opened: Ostwald, *loops: Loop) -> dict[str, Reading]:
    readings = opened.read_all([each.sensor for each in loops]) if loops else []
    return {each.channel: each for each in readings}


def _row(loop: Loop, reading: Reading) -> tuple[str, ...]:
    tuning = loop.tuning
    return (
        loop.name,
        loop.mode,
        _quantity(reading.value, reading.unit),
        _quantity(loop.setpoint, reading.unit),
        _quantity(loop.output, loop.output_unit),
        f"{tuning.gain:.4g}",
        _quantity(tuning.integral_s, "s"),
        _quantity(tuning.derivative_s, "s"),
        "" if loop.autotune == "none" else loop.autotune,
    )


def _show(loop: Loop, reading: Reading) -> None:
    doubt = "" if reading.quality == "good" else f" ({reading.quality})"
    say(f"{loop.name} is {loop.mode}")
    say(f"  sensor    {loop.sensor}: {_quantity(reading.value, reading.unit)}{doubt}")
    if loop.setpoint is not None or loop.target is not None:
        asked, now = _quantity(loop.target, reading.unit), _quantity(loop.setpoint, reading.unit)
        say(f"  asked     {asked or 'nothing'}" + (f", now {now}" if now and now != asked else ""))
    console.print(
        f"  drives    {loop.actuator}: {_quantity(loop.output, loop.output_unit) or 'nothing asked'}"
    )
    scheduled = " (follows its schedule)" if loop.scheduled else ""
    say(f"  tuning    {_tuning(loop.tuning)}{scheduled}")
    if loop.autotune == "running":
        say(f"  auto-tune runs; 'ostwald loop dismiss {loop.name}' ends it")
    elif loop.autotune == "failed":
        say(f"  auto-tune failed: {loop.problem}")
    elif loop.proposal is not None:
        _show_proposal(loop)


def _show_proposal(loop: Loop) -> None:
    assert loop.proposal is not None
    say(f"proposed for {loop.name}: {_tuning(loop.proposal)}")
    say(f"  {loop.proposal_summary}")
    say(f"  'ostwald loop accept {loop.name}' puts it there, 'dismiss' drops it")


def _tuning(tuning: Tuning) -> str:
    return (
        f"gain {tuning.gain:.4g}, integral {tuning.integral_s:.4g} s, derivative {tuning.derivative_s:.4g} s"
    )


def _quantity(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:.4g} {unit}"
