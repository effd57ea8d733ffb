"""`ostwald lease`: the exclusive right to actuate, for scripts and for people."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ostwald.cli import durations
from ostwald.cli.console import WRONG_USE, Json, device, fail, print_json, say, state
from ostwald.cli.quantities import duration_s
from ostwald.values import Lease

app = typer.Typer(invoke_without_command=True, help="Hold the exclusive right to actuate.")
For = Annotated[
    float | None,
    typer.Option(
        "--for",
        parser=duration_s,
        metavar="DURATION",
        help='For how long: "90 s", "5min"; none: as long as the rig allows.',
    ),
]


@app.callback()
def main(context: typer.Context, as_json: Json = False) -> None:
    if context.invoked_subcommand is None:
        show(as_json)
    elif as_json:
        fail(f"put --json behind '{context.invoked_subcommand}', not before it", WRONG_USE)


@app.command()
def show(as_json: Json = False) -> None:
    """Show who holds the lease."""
    with device() as opened:
        found = opened.lease.get()
    if as_json:
        print_json(found)
    else:
        say(describe(found))


@app.command()
def acquire(duration: For = None, as_json: Json = False) -> None:
    """Take the lease and print its token: export OSTWALD_LEASE=$(ostwald lease acquire)."""
    # A token that is still in the environment is of another lease.
    state["lease"] = ""
    with device() as opened:
        held = opened.lease.acquire(duration)
    if as_json:
        print_json(held)
        return
    sys.stderr.write(f"{held.holder} holds the lease for {durations.say(held.left_s)}\n")
    sys.stdout.write(f"{held.token}\n")


@app.command()
def renew(duration: For = None, as_json: Json = False) -> None:
    """Let the lease of --lease or OSTWALD_LEASE run for longer."""
    with device() as opened:
        left_s = opened.lease.renew(duration)
    if as_json:
        print_json({"left_s": left_s})
    else:
        say(f"the lease runs for {durations.say(left_s)}")


@app.command()
def release(as_json: Json = False) -> None:
    """Give the lease of --lease or OSTWALD_LEASE back."""
    with device() as opened:
        opened.lease.release()
    if as_json:
        print_json({"released": True})
    else:
        say("released")


def describe(lease: Lease) -> str:
    """Say in one line who holds it."""
    if lease.holder:
        return f"{lease.holder} holds the lease for another {durations.say(lease.left_s)}"
    return "nobody holds the lease" + ("; the last one ran out without being released" if lease.lost else "")
