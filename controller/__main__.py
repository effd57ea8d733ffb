"""The command `ostwaldd`."""

from __future__ import annotations

import fcntl
import json
import os
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from controller.config.rig import load_rig
from controller.domain.errors import ControllerError, Kind
from controller.domain.plan import RigPlan, TwinPlan
from controller.equipment.drivers import known_instruments
from controller.processes import devices
from controller.processes import replay as replays
from controller.processes.job import Job
from controller.processes.simulation import simulate
from controller.processes.supervisor import Supervisor
from controller.processes.twin import run_twin
from firmware_bridge.devices.registry import DRIVERS
from firmware_bridge.errors import BridgeError
from firmware_bridge.simulator.boards import TWIN
from firmware_bridge.simulator.twins.listing import describe
from firmware_bridge.simulator.twins.pages import write_page
from firmware_bridge.simulator.twins.registry import TWINS, find_twin

if TYPE_CHECKING:
    from controller.domain.events import LoggedEvent

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Ostwald's daemon: runs a reactor, or its twin.",
)
app.add_typer(devices.app, name="devices")

_RigFile = Annotated[Path, typer.Option("--rig", help="Rig file (TOML).", show_default=False)]
_RigOrNone = Annotated[Path | None, typer.Option("--rig", help="Rig file (TOML).", show_default=False)]
_Twin = Annotated[
    str | None, typer.Option("--twin", help="A simulated synthesis in place of a rig file: see 'twins'.")
]
_Links = Annotated[list[str], typer.Option("--link", help="Put another URL behind a link: NAME=URL.")]
_Board = Annotated[
    str | None,
    typer.Option(help="Simulated board instead of the rig file's: twin, or simavr:mega2560."),
]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command()
def run(
    rig: _RigOrNone = None,
    twin: _Twin = None,
    listen: Annotated[str, typer.Option(help="Address to serve, on loopback.")] = "127.0.0.1:50051",
    state: Annotated[Path | None, typer.Option(help="Folder of journal and models.")] = None,
    clock: Annotated[str, typer.Option(help="realtime, scaled:N or lockstep.")] = "realtime",
    seed: Annotated[int | None, typer.Option(help="Seed of the twin instead of the rig file's.")] = None,
    board: _Board = None,
    link: _Links = [],  # noqa: B006 - typer copies it
) -> None:
    """Run a rig, or a twin, until stopped."""
    try:
        code = _run(_load(_rig_file(rig, twin), link, seed, board), listen, state, clock)
    except (ControllerError, BridgeError, OSError) as error:
        _fail(error)
    raise typer.Exit(code)


@app.command()
def check(rig: _RigFile, as_json: _Json = False, link: _Links = []) -> None:  # noqa: B006
    """Check a rig file; every fault at once."""
    try:
        plan = _load(rig, link)
    except (ControllerError, OSError) as error:
        if as_json and isinstance(error, ControllerError):
            faults = [
                {"line": v.line, "place": v.place, "description": v.description} for v in error.violations
            ]
            typer.echo(json.dumps({"ok": False, "violations": faults}))
            raise typer.Exit(1) from None
        _fail(error)
    if as_json:
        typer.echo(json.dumps({"ok": True, "rig": json.loads(plan.to_json())}))
    else:
        typer.echo(
            f"{rig}: {plan.name}: {len(plan.channels)} channels, {len(plan.interlocks)} interlocks; good"
        )


@app.command()
def twins(
    as_json: _Json = False,
    docs: Annotated[
        Path | None, typer.Option(help="Write a page for each into this folder.", show_default=False)
    ] = None,
) -> None:
    """List the syntheses that can be simulated, with their inputs and properties."""
    if docs is not None:
        _write_pages(docs, as_json=as_json)
    elif as_json:
        typer.echo(json.dumps([describe(each) for each in TWINS.values()]))
    else:
        for each in TWINS.values():
            typer.echo(f"{each.name}: {each.title}\n  after {each.paper}")
            for given in each.inputs:
                typer.echo(f"  {given.name}: {given.low:g} to {given.high:g} {given.unit}, {given.meaning}")
            typer.echo(f"  yields {', '.join(f'{out.name} ({out.unit})' for out in each.properties)}")


def _write_pages(folder: Path, *, as_json: bool) -> None:
    written = []
    try:
        with Console(stderr=True).status("") as progress:
            for each in TWINS.values():
                progress.update(each.name)
                written += write_page(each, folder)
    except OSError as error:
        _fail(error)
    names = [str(path) for path in written]
    typer.echo(json.dumps({"written": names}) if as_json else "\n".join(names))


@app.command()
def twin(
    synthesis: Annotated[str, typer.Argument(help="One of 'ostwaldd twins'.")] = "silver",
    ports: Annotated[
        Path, typer.Option("--pty", help="Folder for the links to its pseudo-terminals.")
    ] = Path("ports"),
    seed: int = 0,
    board: Annotated[str, typer.Option(help="twin, or simavr:mega2560 to run its firmware.")] = TWIN,
    rig: Annotated[
        Path | None, typer.Option(help="Simulate all that hangs on this rig file's twin: links instead.")
    ] = None,
    speed: Annotated[float, typer.Option(min=0.1, max=1000.0, help="Simulated seconds a second.")] = 1.0,
) -> None:
    """Simulate a synthesis behind real pseudo-terminals until stopped; the board's events go to stderr."""

    def announce(paths: dict[str, str]) -> None:
        for name, path in paths.items():
            typer.echo(f"{name} {path}")
        sys.stdout.flush()

    try:
        plan = None if rig is None else _load(rig, [], None)
        twin = TwinPlan(synthesis, seed, board) if plan is None or plan.twin is None else plan.twin
        run_twin(simulate(twin, plan), ports.resolve(), speed, announce)
    except (ControllerError, BridgeError, OSError) as error:
        _fail(error)


@app.command()
def replay(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="Recordings, or folders of them: STATE/recordings.", show_default=False
        ),
    ],
    as_json: _Json = False,
    events: Annotated[bool, typer.Option("--events", help="Print the events that it raised again.")] = False,
    cut: Annotated[
        str, typer.Option(metavar="FIRST:LAST", help="Write these ticks of one recording as a new one.")
    ] = "",
    to: Annotated[Path | None, typer.Option(help="The new recording, with --cut.")] = None,
) -> None:
    """Replay recordings through control's arithmetic: equal bit for bit, or where they differ."""
    if cut or to is not None:
        _cut(paths, cut, to, as_json=as_json)
        return
    found: list[dict[str, object]] = []
    with Console(stderr=True).status("") as progress:
        for path in paths:
            try:
                files = replays.find_recordings(path)
            except ControllerError as error:
                found.append(_unreadable(path, error, as_json=as_json))
                continue
            for file in files:
                progress.update(str(file))
                found.append(_replay(file, as_json=as_json, events=events))
    equal = all(each["equal"] for each in found)
    if as_json:
        typer.echo(json.dumps({"equal": equal, "recordings": found}))
    raise typer.Exit(0 if equal else 1)


def _cut(paths: list[Path], ticks: str, to: Path | None, *, as_json: bool) -> None:
    first, _, last = ticks.partition(":")
    if len(paths) != 1 or to is None or not (first.isdecimal() and last.isdecimal()):
        raise typer.BadParameter("write FILE --cut FIRST:LAST --to NEW, with two tick numbers")
    try:
        count = replays.cut(paths[0], int(first), int(last), to)
    except (ControllerError, OSError) as error:
        _fail(error)
    typer.echo(json.dumps({"path": str(to), "ticks": count}) if as_json else f"{to}: {count} ticks")


def _replay(path: Path, *, as_json: bool, events: bool) -> dict[str, object]:
    """Replay one file and say what came of it, at once or as what JSON will say."""
    told: list[LoggedEvent] = []
    try:
        done = replays.replay(path, told.append if events else None)
    except ControllerError as error:
        return _unreadable(path, error, as_json=as_json)
    if not as_json:
        typer.echo(done.describe())
        for each in told:
            by = f" by {each.event.actor}" if each.event.actor else ""
            typer.echo(f"  {each.time_s:.3f} s {each.event.kind} {each.event.subject}: {each.event.text}{by}")
    log = {"log": [{"time_s": each.time_s, **asdict(each.event)} for each in told]} if events else {}
    return {**asdict(done), "equal": done.equal, **log}


def _unreadable(path: Path, error: ControllerError, *, as_json: bool) -> dict[str, object]:
    if not as_json:
        typer.echo(f"error: {error}", err=True)
    return {"path": str(path), "equal": False, "error": str(error), "reason": error.reason}


def _rig_file(rig: Path | None, twin: str | None) -> Path:
    match rig, twin:
        case Path(), None:
            return rig
        case None, str():
            return find_twin(twin).rig_file
    raise typer.BadParameter("give either --rig FILE or --twin NAME")


def _load(rig: Path, links: list[str], seed: int | None = None, board: str | None = None) -> RigPlan:
    overrides = {}
    for item in links:
        name, separator, url = item.partition("=")
        if not separator:
            raise typer.BadParameter(f"--link {item}: write NAME=URL")
        overrides[name] = url
    kinds = {name: driver.kind.value for name, driver in DRIVERS.items()}
    plan = load_rig(rig, known_drivers=kinds, instruments=known_instruments(), link_overrides=overrides)
    if plan.twin is None:
        return plan
    twin = replace(
        plan.twin,
        seed=plan.twin.seed if seed is None else seed,
        board=plan.twin.board if board is None else board,
    )
    return replace(plan, twin=twin)


def _run(plan: RigPlan, listen: str, state: Path | None, clock: str) -> int:
    mode, speed = _clock(clock, plan)
    state_dir = (state or _default_state(plan.name)).resolve()
    state_dir.mkdir(parents=True, exist_ok=True)
    with (state_dir / "lock").open("w") as lock, tempfile.TemporaryDirectory(prefix="ostwald-") as run_dir:
        _claim(lock, state_dir)
        (state_dir / "run").unlink(missing_ok=True)
        (state_dir / "run").symlink_to(run_dir)
        job = Job(plan, Path(run_dir), state_dir, mode, speed, listen)
        return Supervisor(job, lambda text: typer.echo(f"ostwaldd: {text}", err=True)).run()


def _clock(text: str, plan: RigPlan) -> tuple[str, float]:
    mode, _, factor = text.partition(":")
    simulated = all(link.url.startswith("twin:") for link in plan.links)
    try:
        speed = float(factor or 1.0)
    except ValueError:
        speed = 0.0
    known = (mode in ("realtime", "lockstep") and not factor) or mode == "scaled"
    if not known or not 0.1 <= speed <= 1000.0:
        raise ControllerError(
            f"--clock {text} is not a clock",
            reason="CLOCK_UNKNOWN",
            remedy="use realtime, scaled:N or lockstep",
        )
    if mode != "realtime" and not simulated:
        raise ControllerError(
            f"--clock {text}: hardware keeps its own time",
            reason="CLOCK_NEEDS_TWIN",
            kind=Kind.REFUSED,
            remedy="use realtime, or put every link on the twin",
        )
    return mode, speed


def _default_state(name: str) -> Path:
    base = os.environ.get("STATE_DIRECTORY") or os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "ostwald" / name


def _claim(lock: IO[str], state_dir: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ControllerError(
            f"another daemon uses {state_dir}",
            reason="STATE_IN_USE",
            kind=Kind.EXISTS,
            remedy="stop it, or name another folder with --state",
        ) from None


def _fail(error: Exception) -> None:
    typer.echo(f"error: {error}", err=True)
    raise typer.Exit(1) from None


if __name__ == "__main__":
    app()
