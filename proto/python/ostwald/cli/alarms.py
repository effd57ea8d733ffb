"""`ostwald alarms`: what stands, and what a person does about it."""

from __future__ import annotations

from typing import Annotated

import typer

from ostwald.cli import durations
from ostwald.cli.console import WRONG_USE, Json, device, fail, print_json, say
from ostwald.cli.quantities import duration_s
from ostwald.values import Alarm

app = typer.Typer(invoke_without_command=True, help="Show, acknowledge and shelve alarms.")
All = Annotated[bool, typer.Option("--all", help="Also those that are normal.")]
Name = Annotated[str, typer.Argument(help="The alarm; an interlock's alarm has its name.")]
Reason = Annotated[str, typer.Option(help="Kept in the event log.")]


@app.callback()
def main(context: typer.Context, every: All = False, as_json: Json = False) -> None:
    if context.invoked_subcommand is None:
        list_(every, as_json)
    elif every or as_json:
        fail(f"put options behind '{context.invoked_subcommand}', not before it", WRONG_USE)


@app.command("list")
def list_(every: All = False, as_json: Json = False) -> None:
    """List the alarms that are not normal, the gravest first."""
    with device() as opened:
        found = opened.alarms.list(only_standing=not every)
    if as_json:
        print_json(found)
        return
    for each in found:
        say("\n    ".join(_lines(each)))
    if not found:
        say("no alarm stands")


@app.command()
def ack(
    name: Annotated[str, typer.Argument(help="The alarm; none: all that wait for it.")] = "",
    as_json: Json = False,
) -> None:
    """Acknowledge an alarm: I have seen it."""
    with device() as opened:
        opened.alarms.acknowledge(name)
    _done("acknowledged", name, as_json=as_json)


@app.command()
def shelve(
    name: Name,
    duration: Annotated[
        float,
        typer.Argument(parser=duration_s, metavar="DURATION", help='For how long: "10 min"; at most a day.'),
    ],
    reason: Reason,
    as_json: Json = False,
) -> None:
    """Keep an alarm quiet for a while."""
    with device() as opened:
        opened.alarms.shelve(name, duration, reason)
    _done("shelved", name, as_json=as_json)


@app.command()
def unshelve(name: Name, as_json: Json = False) -> None:
    """Bring a shelved alarm back before its time."""
    with device() as opened:
        opened.alarms.unshelve(name)
    _done("unshelved", name, as_json=as_json)


@app.command("out-of-service")
def out_of_service(name: Name, reason: Reason, as_json: Json = False) -> None:
    """Take an alarm out of service, until it is put back."""
    with device() as opened:
        opened.alarms.out_of_service(name, reason)
    _done("taken out of service", name, as_json=as_json)


@app.command("in-service")
def in_service(name: Name, as_json: Json = False) -> None:
    """Put an alarm back into service."""
    with device() as opened:
        opened.alarms.in_service(name)
    _done("put back into service", name, as_json=as_json)


def _lines(alarm: Alarm) -> list[str]:
    """Say how an alarm stands, what it watches for, what it read, and what to do."""
    head = f"{alarm.name}  {alarm.state.replace('_', ' ')}, {alarm.priority} priority"
    if alarm.state == "normal":
        return [f"{head}: {alarm.condition}"]
    head += f", since t = {alarm.since_s:.1f} s"
    if alarm.by:
        head += f", by {alarm.by}"
    if alarm.shelved_left_s is not None:
        head += f", for another {durations.say(alarm.shelved_left_s)}"
    read = "" if alarm.value is None else f"; it read {alarm.value:g} {alarm.unit}"
    now = "" if alarm.standing or not alarm.active else "; its condition stands"
    lines = [head, f"{alarm.condition}{read}{now}"]
    return [*lines, f"to do: {alarm.response}"] if alarm.response else lines


def _done(what: str, name: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"alarm": name or None, "done": what})
    else:
        say(f"{name or 'all that waited'}: {what}")
