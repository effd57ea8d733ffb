"""The command `ostwald`: a device in a person's hand."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.live import Live
from rich.table import Table

from ostwald.cli import alarms, campaigns, devices, lease, loops, models, reagents, runs
from ostwald.cli.console import WRONG_USE, Json, console, device, fail, print_json, state
from ostwald.cli.events import events
from ostwald.cli.plot import plot
from ostwald.cli.status import status
from ostwald.client import Ostwald
from ostwald.values import Reading, Sample

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
app.command()(status)
app.command()(events)
app.add_typer(alarms.app, name="alarms")
app.add_typer(devices.app, name="devices")
app.add_typer(lease.app, name="lease")
app.add_typer(runs.app, name="run")
app.add_typer(campaigns.app, name="campaign")
app.add_typer(models.app, name="model")
app.add_typer(loops.app, name="loop")
app.add_typer(reagents.app, name="reagent")


@app.callback()
def main(
    address: Annotated[
        str, typer.Option("--device", envvar="OSTWALD_DEVICE", help="HOST:PORT of the daemon.")
    ] = "127.0.0.1:50051",
    token: Annotated[
        str,
        typer.Option("--lease", envvar="OSTWALD_LEASE", help="Token of the lease under which to act."),
    ] = "",
) -> None:
    """Talk to an Ostwald daemon."""
    state["device"] = address
    state["lease"] = token


@app.command()
def read(
    channels: Annotated[list[str] | None, typer.Argument(help="Channels; none: all.")] = None,
    as_json: Json = False,
) -> None:
    """Read channels."""
    with device() as opened:
        readings = opened.read_all(channels or [])
    if as_json:
        print_json(readings)
    else:
        console.print(_table(readings))


@app.command("set")
def set_(
    what: Annotated[
        list[str], typer.Argument(help='CHANNEL VALUE ..., for instance reactor.temperature "45 degC".')
    ],
    as_json: Json = False,
) -> None:
    """Ask for values: all of them or none."""
    if len(what) % 2:
        fail("set takes pairs of CHANNEL and VALUE", WRONG_USE)
    with device() as opened:
        taken = opened.set(dict(zip(what[::2], what[1::2], strict=True)))
    if as_json:
        print_json({name: {"value": value, "unit": unit} for name, (value, unit) in taken.items()})
        return
    for name, (value, unit) in taken.items():
        console.print(f"{name} -> {value:g} {unit}")


@app.command()
def watch(
    channels: Annotated[list[str] | None, typer.Argument(help="Channels; none: all.")] = None,
    interval: Annotated[
        float, typer.Option(min=0.001, help="Seconds of reactor time between samples.")
    ] = 1.0,
    count: Annotated[int, typer.Option(min=0, help="Samples to show; 0: until stopped.")] = 0,
    as_json: Json = False,
) -> None:
    """Follow the channels; with --json, one document a line."""
    with device() as opened:
        try:
            _follow(opened, channels or [], interval, count, as_json=as_json)
        except KeyboardInterrupt:
            return


def _follow(opened: Ostwald, channels: list[str], interval: float, count: int, *, as_json: bool) -> None:
    samples = opened.telemetry(channels, interval)
    live = Live(console=console, auto_refresh=False) if console.is_terminal and not as_json else None
    if live is not None:
        live.start()
    try:
        for number, sample in enumerate(samples, start=1):
            if as_json:
                print_json(sample)
            elif live is not None:
                live.update(
                    _table(sample.readings, f"t = {sample.time_s:.1f} s, {sample.state}"), refresh=True
                )
            else:
                console.print(_line(sample))
            if number == count:
                return
    finally:
        if live is not None:
            live.stop()


def _line(sample: Sample) -> str:
    values = "  ".join(f"{each.channel}={each.value:.4g}" for each in sample.readings)
    lost = f"  ({sample.lost} lost)" if sample.lost else ""
    return f"{sample.time_s:9.1f} s  {sample.state}  {values}{lost}"


def _table(readings: list[Reading] | tuple[Reading, ...], title: str | None = None) -> Table:
    table = Table(title=title, box=None)
    for name, justify in (("channel", "left"), ("value", "right"), ("unit", "left"), ("asked", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    table.add_column("")
    for each in readings:
        asked = "" if each.setpoint is None else f"{each.setpoint:.2f}"
        doubt = "" if each.quality == "good" else each.quality
        table.add_row(each.channel, f"{each.value:.2f}", each.unit, asked, doubt)
    return table


@app.command()
def spectrum(
    kind: Annotated[str, typer.Argument(help="sample, dark, reference or emission.")] = "sample",
    as_json: Json = False,
) -> None:
    """Take a spectrum."""
    if kind not in ("sample", "dark", "reference", "emission"):
        fail(f"'{kind}' is no kind of spectrum: use sample, dark, reference or emission", WRONG_USE)
    with device() as opened:
        taken = opened.spectrum(kind)
    if as_json:
        print_json(taken)
        return
    shown = {"absorbance": taken.absorbance, "emission, counts/s": taken.emission, "counts": taken.counts}
    name, values = next((name, values) for name, values in shown.items() if values or name == "counts")
    nm = taken.wavelengths_nm
    console.print(plot([(name, "*", nm, values)], nm[0], nm[-1]))
    for name, value in taken.features.items():
        console.print(f"{name}: {value:.3f}")
    for warning in taken.warnings:
        console.print(f"warning: {warning}")


@app.command()
def estop(reason: str = "asked for by a person", as_json: Json = False) -> None:
    """Drive all outputs safe, now; latched until reset."""
    with device() as opened:
        opened.emergency_stop(reason)
    print_json({"stopped": True}) if as_json else console.print("stopped: all outputs are safe")


@app.command()
def reset(as_json: Json = False) -> None:
    """Release a trip or an emergency stop."""
    with device() as opened:
        opened.reset()
    print_json({"reset": True}) if as_json else console.print("reset")
