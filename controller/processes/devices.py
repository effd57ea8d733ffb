"""`ostwaldd devices`: what hangs on this machine's serial ports, and what drivers there are."""

from __future__ import annotations

import json
from dataclasses import asdict
from math import inf, isfinite
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.config.units import parse_quantity
from controller.domain.errors import ControllerError
from controller.equipment.discovery import ask_ports, serial_ports
from firmware_bridge.devices.instruments.calibration import (
    Calibration,
    WeighedCalibration,
    WeighedRun,
    fit_calibration,
    fit_steps,
)
from firmware_bridge.devices.interfaces import DeviceError
from firmware_bridge.devices.registry import DRIVERS, DescribedSpectrometerDriver, InstrumentDriver
from firmware_bridge.devices.scan import Port

if TYPE_CHECKING:
    from controller.domain.devices import ScannedPort

app = typer.Typer(no_args_is_help=True, help="Find devices, and see what there are drivers for.")

_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command("scan")
def scan_command(
    urls: Annotated[
        list[str] | None, typer.Argument(metavar="[PORT...]", help="Ports or URLs instead of all there are.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Ask on every serial port who is there. Nothing is changed, but strangers hear bytes they don't know.

    A port that the daemon uses is left alone.
    """
    ports = serial_ports() if not urls else [Port(url) for url in urls]
    rows = [_row(each) for each in ask_ports(ports, used={}, limit_s=inf)]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        _tell(row)
    if not rows:
        typer.echo("no serial ports; name one, or a URL like socket://HOST:PORT", err=True)


@app.command()
def drivers(as_json: _Json = False) -> None:
    """List the drivers, and the options of each."""
    rows: list[dict[str, Any]] = [
        {
            "driver": name,
            "kind": driver.kind.value,
            "options": dict(driver.load().OPTIONS)
            if isinstance(driver, InstrumentDriver | DescribedSpectrometerDriver)
            else {},
        }
        for name, driver in sorted(DRIVERS.items())
    ]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        typer.echo(f"{row['driver']} ({row['kind']})")
        for key, meaning in row["options"].items():
            typer.echo(f"  {key}: {meaning}")


@app.command()
def calibrate(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...", help='Weighed runs: "300 uL/min, 10 min, 2.9573 g", one an argument.'
        ),
    ],
    density: Annotated[
        str, typer.Option(help="Of the liquid at its temperature; water at 20 degC unless given.")
    ] = "0.9982 g/mL",
    steps_per_ul: Annotated[
        float | None,
        typer.Option(help="For a pump on a board: what the rig file says now; the new figure is printed."),
    ] = None,
    as_json: _Json = False,
) -> None:
    """Fit a pump's calibration to runs onto a balance: what to write into the rig file, how sure it is."""
    try:
        weighed = [_weighed(text, density) for text in runs]
        found = fit_calibration(weighed) if steps_per_ul is None else fit_steps(weighed, steps_per_ul)
    except (ControllerError, DeviceError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
    written = _written(found.calibration, steps_per_ul)
    if as_json:
        typer.echo(json.dumps(written | _figures(found)))
        return
    ((key, value),) = written.items()
    typer.echo(f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}")
    typer.echo(_sureness(found))


def _written(calibration: Calibration, steps_per_ul: float | None) -> dict[str, str | float]:
    """Give what the rig file is to say."""
    if steps_per_ul is None:
        return {"calibration": str(calibration)}
    return {"steps_per_ul": round(steps_per_ul / calibration.factor, 4)}


def _figures(found: WeighedCalibration) -> dict[str, float | None]:
    """Give the fit as numbers; None where there were too few runs to tell."""
    errors = (found.factor_error, found.intercept_error_ul_min)
    factor_error, intercept_error = (error if isfinite(error) else None for error in errors)
    return {
        "factor": found.calibration.factor,
        "factor_error": factor_error,
        "intercept_ul_min": found.calibration.intercept_ul_min,
        "intercept_error_ul_min": intercept_error,
        "worst_residual": found.worst,
    }


def _sureness(found: WeighedCalibration) -> str:
    worst = f"the worst run is {100.0 * found.worst:.2f} % off"
    if not isfinite(found.factor_error):
        return "too few runs to say how sure it is: weigh three or more, at different flows"
    sure = f"factor +- {found.factor_error:.5f}"
    if not isfinite(found.intercept_error_ul_min):
        return f"{sure}; {worst}"
    return f"{sure}, intercept +- {found.intercept_error_ul_min:.5f} uL/min; {worst} the line"


def _weighed(text: str, density: str) -> WeighedRun:
    """Read one run; ControllerError names what is no quantity."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 3:
        raise ControllerError(
            f"{text[:64]!r} is no weighed run",
            reason="RUN_INVALID",
            remedy='write rate, time and mass: "300 uL/min, 10 min, 2.9573 g"',
        )
    rate, time_s, mass = (
        parse_quantity(part, unit) for part, unit in zip(parts, ("uL/min", "s", "g"), strict=True)
    )
    return WeighedRun(rate, time_s, mass, parse_quantity(density, "g/mL"))


def _row(port: ScannedPort) -> dict[str, Any]:
    row = asdict(port)
    return {**row, "devices": list(row["devices"])}


def _tell(row: dict[str, Any]) -> None:
    usb = f", USB serial number {row['usb_serial_number']}" if row["usb_serial_number"] else ""
    typer.echo(f"{row['port']}: {row['description'] or 'a serial port'}{usb}")
    for each in row["devices"]:
        told = " ".join(part for part in (each["model"], each["serial_number"], each["firmware"]) if part)
        where = f" at address {each['address']}" if each["address"] else ""
        typer.echo(f"  {told}{where}: driver {each['driver']}, {each['baud']} baud {each['framing']}")
        typer.echo(f'  in the rig file: url = "{row["url"]}"')
    if row["problem"]:
        typer.echo(f"  {row['problem']}")
    elif not row["devices"]:
        typer.echo("  nobody answers in a protocol that is asked for by default")
