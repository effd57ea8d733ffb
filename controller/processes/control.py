"""The control process: its composition and its two loops, paced and lockstep."""

from __future__ import annotations

import select
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from controller.domain.errors import ControllerError
from controller.equipment.hardware import assemble
from controller.equipment.pins import Pins, open_chip
from controller.processes.job import FINAL, Job, new_boot_id
from controller.processes.lifeline import die_with_parent
from controller.processes.tick import ControlProcess
from controller.runtime.mailbox import MailboxServer
from controller.runtime.pacer import Pacer
from controller.runtime.realtime import freeze_collector, prepare
from controller.runtime.recorder import Recorder
from controller.runtime.snapshots import SnapshotWriter
from controller.runtime.watchdog import HardwareWatchdog
from firmware_bridge.devices.registry import find_board_driver
from firmware_bridge.errors import BridgeError
from firmware_bridge.link.opening import OpenedAside, is_network
from firmware_bridge.link.serial_link import open_serial

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from controller.domain.plan import DevicePlan, LinkPlan
    from controller.processes.lockstep import TwinWithin
    from firmware_bridge.devices.interfaces import BoardConfiguration, ControlBoard
    from firmware_bridge.link.interfaces import Link


def run_paced(
    process: ControlProcess,
    mailbox: MailboxServer,
    pacer: Pacer,
    watchdog: HardwareWatchdog | None,
    stopping: list[int],
) -> None:
    """Tick on the wall clock until told to stop; each tick feeds the watchdog."""
    while not stopping:
        dt_s = pacer.wait()
        if dt_s == 0.0:
            continue
        process.overruns = pacer.overruns
        process.tick(dt_s, mailbox.receive())
        if watchdog is not None:
            watchdog.feed(time.monotonic())


def run_lockstep(
    process: ControlProcess, mailbox: MailboxServer, twin: TwinWithin, period_s: float, stopping: list[int]
) -> None:
    """Tick only when asked to: by a request, one tick; by `advance`, as many as the seconds hold."""
    while not stopping:
        select.select([*(each.fileno() for each in mailbox.sockets), twin.spectrometer.fileno()], [], [], 0.5)
        twin.serve_spectrometer()
        for client, message in mailbox.receive():
            match message:
                case {"op": "advance", "seconds": int() | float() as seconds}:
                    until_s = process.time_s + seconds
                    while process.time_s < until_s - 1e-9 and not stopping:
                        twin.advance(period_s)
                        process.tick(period_s, [])
                    mailbox.send(client, {"id": message.get("id"), "refused": "", "detail": ""})
                case {"op": "request"}:
                    twin.advance(period_s)
                    process.tick(period_s, [(client, message)])
                case _:
                    process.serve(client, message)


def main(job_path: Path, make_pacer: Callable[[float, float], Pacer] = Pacer) -> int:
    """Run control until a signal; return the exit code. `make_pacer` gets the period in s and the speed."""
    stopping: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        stopping.append(number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent()
    with ExitStack() as owned:
        _run(Job.read(job_path), make_pacer, stopping, owned)
    return 0


def _run(
    job: Job, make_pacer: Callable[[float, float], Pacer], stopping: list[int], owned: ExitStack
) -> None:
    plan, period_s, boot_id = job.plan, 1.0 / job.plan.rate_hz, new_boot_id()
    warnings: list[str] = []

    def warn(text: str) -> None:
        warnings.append(text)
        sys.stderr.write(f"control: {text}\n")

    twin = _twin_within(job) if job.clock == "lockstep" else None
    pins = None if plan.pins is None else Pins(plan.pins, open_chip(plan.pins, job.chip_path))
    hardware = assemble(
        plan,
        lambda device, configuration: _connect(job, twin, device, configuration),
        lambda link: _opener(twin, link),
        time.sleep if twin is None else twin.advance,
    )
    mailbox = MailboxServer(job.mailbox_path)
    owned.callback(mailbox.close)
    writer = SnapshotWriter(job.snapshots_path, len(plan.channels), boot_id)
    owned.callback(writer.close)
    recorder = Recorder(job.recorder_path, len(plan.channels), hardware.count, boot_id)
    owned.callback(recorder.close)
    watchdog = None
    if job.clock == "realtime":
        if plan.watchdog is not None:
            watchdog = HardwareWatchdog(plan.watchdog, warn)
            owned.callback(watchdog.close)
        held = prepare(plan.realtime)
        owned.callback(held.close)
        for text in held.warnings:
            warn(text)
    process = ControlProcess(
        plan, hardware, mailbox, writer, boot_id, pins=pins, recorder=recorder, warnings=tuple(warnings)
    )
    # Before all else is closed.
    owned.callback(process.go_safe)
    freeze_collector()
    if twin is not None:
        run_lockstep(process, mailbox, twin, period_s, stopping)
    else:
        # Not at a real-time priority: scaled time may leave no pause, and would take a core for itself.
        run_paced(process, mailbox, make_pacer(period_s, job.speed), watchdog, stopping)


def _connect(
    job: Job, twin: TwinWithin | None, device: DevicePlan, configuration: BoardConfiguration
) -> ControlBoard:
    link = next(link for link in job.plan.links if link.name == device.link)
    return find_board_driver(device.driver).make(lambda: _open(twin, link), configuration)


def _opener(twin: TwinWithin | None, link: LinkPlan) -> Callable[[], Link | None]:
    """Return what opens an instruments' link, one over the network without holding up the tick."""
    if is_network(link.url):
        return OpenedAside(lambda: _open(twin, link))
    return lambda: _open(twin, link)


def _open(twin: TwinWithin | None, link: LinkPlan) -> Link:
    if twin is not None and link.url.startswith("twin:"):
        return twin.open_port(link.url)
    return open_serial(link.url, baud_rate=link.baud, framing=link.framing, handshake=link.handshake)


def _twin_within(job: Job) -> TwinWithin:
    # Only lockstep may hold numpy in this process.
    from controller.processes.lockstep import TwinWithin  # noqa: PLC0415

    return TwinWithin(job)


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1])))
    except (ControllerError, BridgeError, OSError) as error:
        sys.stderr.write(f"error: control: {error}\n")
        sys.exit(FINAL)
