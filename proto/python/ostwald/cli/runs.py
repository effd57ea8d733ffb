"""`ostwald run`: check, start, follow, hold, resume, abort."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from ostwald.cli.console import FAILED, Json, console, device, pairs, print_json
from ostwald.cli.files import read_text

if TYPE_CHECKING:
    from ostwald.client import Ostwald
    from ostwald.values import Run

app = typer.Typer(no_args_is_help=True, help="Run recipes.")
Parameters = Annotated[
    list[str] | None, typer.Option("--set", "-s", help="Parameter: NAME=VALUE with its unit.")
]
Reason = Annotated[str, typer.Option(help="Kept in the run's journal.")]


@app.command()
def validate(recipe: Path, values: Parameters = None, as_json: Json = False) -> None:
    """Check a recipe against the rig; every fault at once."""
    text = read_text(recipe)
    with device() as opened:
        faults = opened.runs.validate(text, pairs(values or [], "--set"))
    if as_json:
        print_json({"ok": not faults, "violations": faults})
    else:
        console.print("\n".join(faults) or "good", markup=False, soft_wrap=True)
    if faults:
        raise typer.Exit(FAILED)


@app.command()
def start(
    recipe: Path,
    values: Parameters = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow it to its end.")] = False,
    as_json: Json = False,
) -> None:
    """Run a recipe."""
    text = read_text(recipe)
    with device() as opened:
        started = opened.runs.start(text, pairs(values or [], "--set"))
        if wait:
            started = _follow(opened, started.run_id, quiet=as_json)
    _finish(started, as_json=as_json)


@app.command()
def watch(run_id: str, as_json: Json = False) -> None:
    """Follow a run to its end."""
    with device() as opened:
        ended = _follow(opened, run_id, quiet=as_json)
    _finish(ended, as_json=as_json)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the newest runs."""
    with device() as opened:
        found = opened.runs.list()
    if as_json:
        print_json(found)
        return
    for each in found:
        _say(f"{each.run_id}  {each.recipe}  {each.state}  {each.detail}")


@app.command()
def show(run_id: str, as_json: Json = False) -> None:
    """Show a run."""
    with device() as opened:
        found = opened.runs.get(run_id)
    if as_json:
        print_json(found)
        return
    _say(f"run {found.run_id} of {found.recipe} is {found.state}")
    for line in _about(found):
        _say(f"  {line}")
    if found.parameters:
        console.print(_parameters(found))
    for name, value in sorted(found.properties.items()):
        _say(f"  {name}: {value:.4g}")


@app.command()
def hold(run_id: str, reason: Reason = "", as_json: Json = False) -> None:
    """Hold a run at once: pumps and lamps stop, temperatures stay. 'run resume' goes on."""
    with device() as opened:
        found = opened.runs.hold(run_id, reason)
    _finish(found, as_json=as_json)
    if found.state != "held":
        raise typer.Exit(FAILED)


@app.command()
def resume(run_id: str, as_json: Json = False) -> None:
    """Let a held run go on, with the step that was cut off."""
    with device() as opened:
        found = opened.runs.resume(run_id)
    _finish(found, as_json=as_json)


@app.command()
def abort(run_id: str, reason: Reason = "asked for by a person", as_json: Json = False) -> None:
    """Stop a run; what it drove goes safe."""
    with device() as opened:
        found = opened.runs.abort(run_id, reason)
    print_json(found) if as_json else _say(f"run {found.run_id} is {found.state}")


def _follow(opened: Ostwald, run_id: str, *, quiet: bool) -> Run:
    """Say what a run does until it ends; return how it did."""
    for message, now in opened.runs.watch(run_id):
        if not quiet:
            _say(f"{now.step}/{now.steps} {message}")
    return opened.runs.get(run_id)


def _finish(run: Run, *, as_json: bool) -> None:
    """Say how a run stands; an aborted one is a failure of what was asked."""
    why = f": {run.detail}" if run.state in ("held", "aborted") else ""
    print_json(run) if as_json else _say(f"run {run.run_id} is {run.state}{why}")
    if run.state == "aborted":
        raise typer.Exit(FAILED)


def _about(run: Run) -> list[str]:
    """Return what there is to say of a run besides its numbers, a line each."""
    until = f" to {run.ended_s:.1f}" if run.ended_s is not None else ""
    lines = [f"step {run.step} of {run.steps}: {run.detail}", f"reactor time: {run.started_s:.1f}{until} s"]
    if run.actor:
        lines.append(f"asked for by {run.actor}" + (", under a lease" if run.leased else ""))
    if run.campaign_id:
        lines.append(f"trial of campaign {run.campaign_id}")
    if run.spectrum_id:
        lines.append(f"spectrum {run.spectrum_id}")
    if run.emission_id:
        lines.append(f"emission spectrum {run.emission_id}")
    return lines


def _parameters(run: Run) -> Table:
    table = Table(box=None, padding=(0, 2))
    table.add_column("parameter")
    table.add_column("asked", justify="right")
    table.add_column("achieved", justify="right")
    for name, asked in sorted(run.parameters.items()):
        achieved = run.achieved.get(name)
        table.add_row(name, f"{asked:.4g}", "" if achieved is None else f"{achieved:.4g}")
    return table


def _say(text: str) -> None:
    """Print a line as it is: what devices and people wrote is no markup, and is not wrapped."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)
