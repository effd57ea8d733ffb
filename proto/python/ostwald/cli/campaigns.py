"""`ostwald campaign`: start, follow, export."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.live import Live

from ostwald.cli import trials as shown
from ostwald.cli.campaign_files import read_campaign
from ostwald.cli.console import FAILED, WRONG_USE, Json, console, device, fail, pairs, print_json
from ostwald.cli.export import table_of, usable_trials
from ostwald.cli.plot import plot

if TYPE_CHECKING:
    from ostwald.client import Ostwald
    from ostwald.values import Campaign, Trial

app = typer.Typer(no_args_is_help=True, help="Let a strategy choose the experiments.")
Wait = Annotated[bool, typer.Option("--wait", help="Follow it to its end.")]


@app.command()
def start(
    document: Annotated[Path, typer.Argument(help="Campaign file (TOML).")],
    values: Annotated[
        list[str] | None,
        typer.Option("--set", help='Replace a value: objectives.peak_wavelength.target="520 nm".'),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed instead of the document's.")] = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Create a campaign from a file and start it."""
    overrides = pairs(values or [], "--set")
    if seed is not None:
        overrides["campaign.seed"] = str(seed)
    text, recipe, files = read_campaign(document, overrides)
    with device() as opened:
        campaign = opened.campaigns.create(text, recipe, overrides, files)
        campaign = opened.campaigns.start(campaign.campaign_id)
        _finish(opened, campaign, wait=wait, as_json=as_json)


@app.command()
def hold(
    campaign: str,
    reason: str = "asked for by a person",
    after_trial: Annotated[
        bool, typer.Option("--after-trial", help="Let the trial under way end first.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Hold a campaign within its trial: pumps and lamps stop; 'resume' goes on with that trial."""
    with device() as opened:
        found = opened.campaigns.hold(campaign, reason, after_trial=after_trial)
    if as_json:
        print_json(found)
        return
    so = "will be held after this trial" if found.state == "running" else f"is {found.state}"
    console.print(f"{found.name} {so}: {found.reason}", soft_wrap=True, markup=False, highlight=False)


@app.command()
def resume(campaign: str, wait: Wait = False, as_json: Json = False) -> None:
    """Go on with a campaign that is held, within a trial or between two."""
    with device() as opened:
        _finish(opened, opened.campaigns.resume(campaign), wait=wait, as_json=as_json)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the newest campaigns."""
    with device() as opened:
        found = opened.campaigns.list()
    if as_json:
        print_json(found)
        return
    for each in found:
        console.print(f"{each.campaign_id}  {each.name}  {each.state}  {each.reason}", soft_wrap=True)


@app.command()
def show(campaign: str, as_json: Json = False) -> None:
    """Show a campaign and its trials."""
    with device() as opened:
        found, trials = opened.campaigns.get(campaign), opened.campaigns.trials(campaign)
    if as_json:
        print_json({"campaign": found, "trials": trials})
        return
    console.print(f"{found.name} ({found.campaign_id}) is {found.state}: {found.reason}", soft_wrap=True)
    console.print(shown.table(found, trials))


@app.command()
def watch(campaign: str, as_json: Json = False) -> None:
    """Follow a campaign to its end."""
    with device() as opened:
        _finish(opened, opened.campaigns.get(campaign), wait=True, as_json=as_json)


@app.command()
def abort(campaign: str, reason: str = "asked for by a person", as_json: Json = False) -> None:
    """End a campaign; finished trials are kept."""
    with device() as opened:
        found = opened.campaigns.abort(campaign, reason)
    print_json(found) if as_json else console.print(f"{found.name} is {found.state}")


@app.command()
def export(
    campaign: str,
    out: Annotated[Path, typer.Option(help="CSV file to write.")],
    step_nm: Annotated[
        float,
        typer.Option(
            "--spectrum-step", min=0.5, help="Columns of spectra stand at whole multiples of it, in nm."
        ),
    ] = 10.0,
    window: Annotated[
        str, typer.Option("--spectrum-range", help="LOW:HIGH in nm; none: all that every spectrum covers.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Write the trials as a tidy CSV: what was achieved, what it yielded, the spectrum on a grid."""
    window_nm = _window_nm(window) if window else None
    with device() as opened:
        found, trials = opened.campaigns.get(campaign), opened.campaigns.trials(campaign, with_spectra=True)
        usable = usable_trials(found, trials)
        table = table_of(found, usable, step_nm, window_nm)
    with out.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(table)
    left_out = len(trials) - len(usable)
    if as_json:
        print_json({"rows": len(usable), "left_out": left_out, "file": str(out)})
    else:
        console.print(f"{len(usable)} trials in {out}; {left_out} without a usable result left out")


def _window_nm(text: str) -> tuple[float, float]:
    low, _, high = text.partition(":")
    try:
        window_nm = float(low), float(high)
    except ValueError:
        fail(f"--spectrum-range {text}: write LOW:HIGH in nm", WRONG_USE)
    if not window_nm[0] <= window_nm[1]:
        fail(f"--spectrum-range {text}: LOW is above HIGH", WRONG_USE)
    return window_nm


def _finish(opened: Ostwald, campaign: Campaign, *, wait: bool, as_json: bool) -> None:
    if wait:
        campaign = _follow(opened, campaign, quiet=as_json)
    if as_json:
        print_json({"campaign": campaign, "trials": opened.campaigns.trials(campaign.campaign_id)})
    elif wait:
        _conclude(opened, campaign)
    else:
        console.print(f"campaign {campaign.campaign_id} ({campaign.name}) is {campaign.state}")
    if campaign.state in ("held", "aborted"):
        raise typer.Exit(FAILED)


def _follow(opened: Ostwald, campaign: Campaign, *, quiet: bool) -> Campaign:
    trials: dict[int, Trial] = {}
    live = Live(console=console, auto_refresh=False) if console.is_terminal and not quiet else None
    if live is not None:
        live.start()
    try:
        for event in opened.campaigns.watch(campaign.campaign_id):
            campaign = event.campaign
            if event.trial is None:
                continue
            trials[event.trial.number] = event.trial
            said = event.message.removeprefix(f"trial {event.trial.number} ")
            if live is not None:
                live.update(shown.table(campaign, list(trials.values())[-24:]), refresh=True)
            if quiet or said == "started":
                continue
            if said not in ("complete", "failed"):
                # Held, or going on: what a person who waits has to know.
                console.print(event.message, soft_wrap=True, markup=False, highlight=False)
            elif live is None:
                console.print(shown.line(campaign, event.trial), soft_wrap=True)
    finally:
        if live is not None:
            live.stop()
    return opened.campaigns.get(campaign.campaign_id)


def _conclude(opened: Ostwald, campaign: Campaign) -> None:
    trials = opened.campaigns.trials(campaign.campaign_id, with_spectra=True)
    best = next((each for each in trials if each.number == campaign.best_trial), None)
    if best is not None and campaign.objectives:
        units = {each.name: each.unit for each in campaign.conditions}
        values = ", ".join(
            f"{name} {best.achieved.get(name, value):.4g} {units[name]}" for name, value in best.asked.items()
        )
        console.print(f"best: trial {best.number}: {values}", soft_wrap=True, highlight=False)
        for drawn, ends in shown.curves(best):
            console.print(plot(drawn, *ends), soft_wrap=True, highlight=False)
    console.print(campaign.reason, soft_wrap=True, highlight=False)
