"""`ostwald devices`: what the rig is made of and how it answers, and what else hangs on its machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ostwald.cli.console import WRONG_USE, Json, console, device, fail, print_json, say

if TYPE_CHECKING:
    from ostwald.devices import FoundDevice, LinkStatistics, ScannedPort

app = typer.Typer(invoke_without_command=True, help="See the devices of the rig; find others.")
_HEADINGS = ("device", "driver", "on", "state", "sent", "received", "damaged", "again", "what it is")


@app.callback()
def main(context: typer.Context, as_json: Json = False) -> None:
    if context.invoked_subcommand is None:
        list_(as_json)
    elif as_json:
        fail(f"put --json behind '{context.invoked_subcommand}', not before it", WRONG_USE)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the devices of the rig: what they are, whether they answer, and how well."""
    with device() as opened:
        found = opened.devices.list()
    if as_json:
        print_json(found)
        return
    table = Table(box=None)
    for heading in _HEADINGS:
        table.add_column(heading, justify="right" if heading in _HEADINGS[4:8] else "left")
    for each in found.devices:
        where = f"{each.link} {each.address}".rstrip()
        table.add_row(*map(escape, (each.name, each.driver, where, *_counts(each.statistics), each.identity)))
    for line in found.lines:
        table.add_row(*map(escape, (line.name, "", "", *_counts(line), "")))
    console.print(table)
    for known in (*(each.statistics for each in found.devices), *found.lines):
        if known.problem:
            say(f"{known.name}: {known.problem}")


@app.command()
def scan(
    ports: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PORT...]", help="Ports of the device's machine; none: all there are."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask on every serial port of the device's machine who is there; takes up to a minute.

    Ports that the rig uses are left alone. Nothing is changed, but strangers hear bytes they don't know.
    """
    with device() as opened, Console(stderr=True).status("asking on the serial ports"):
        found = opened.devices.scan(ports or [])
    if as_json:
        print_json(found)
        return
    for each in found:
        _tell(each)
    if not found:
        say("the device's machine has no serial ports")


def _counts(known: LinkStatistics) -> tuple[str, ...]:
    counts = (known.frames_sent, known.frames_received, known.frames_damaged, known.retries)
    return (known.state, *map(str, counts))


def _tell(port: ScannedPort) -> None:
    usb = f", USB serial number {port.usb_serial_number}" if port.usb_serial_number else ""
    say(f"{port.port}: {port.description or 'a serial port'}{usb}")
    for each in port.devices:
        say(f"  {_told(each)}")
        say(f'  in the rig file: url = "{port.url}"')
    if port.problem:
        say(f"  {port.problem}")
    elif not port.devices:
        say("  nobody answers in a protocol that is asked for by default")


def _told(found: FoundDevice) -> str:
    what = " ".join(part for part in (found.model, found.serial_number, found.firmware) if part)
    where = f" at address {found.address}" if found.address else ""
    return f"{what}{where}: driver {found.driver}, {found.baud} baud {found.framing}"
