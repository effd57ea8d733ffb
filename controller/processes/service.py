"""The service process: gRPC, runs, campaigns, models, journal. Started by the supervisor with a job file."""

from __future__ import annotations

import asyncio
import signal
import sys
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from controller.campaign.engine import CampaignEngine
from controller.campaign.runner import RunEngine
from controller.domain.errors import ControllerError
from controller.equipment.discovery import Discovery
from controller.equipment.reactor import RemoteReactor, StatusBoard
from controller.equipment.spectrometry import Spectrometry
from controller.inference.registry import ModelRegistry
from controller.processes.job import FINAL, Job
from controller.processes.lifeline import die_with_parent
from controller.processes.notify import notify
from controller.processes.planner import start_planner
from controller.processes.upkeep import Upkeep
from controller.rpc.server import Services, serve
from controller.runtime.clock import FollowedClock, LockstepClock
from controller.runtime.mailbox_client import MailboxClient
from controller.runtime.snapshots import SnapshotReader
from controller.storage.journal import Journal
from controller.storage.recordings import RecordingKeeper
from firmware_bridge.devices.instruments.base import InstrumentSettings
from firmware_bridge.devices.registry import DescribedSpectrometerDriver, find_spectrometer_driver
from firmware_bridge.link.opening import OpenedWithin, is_network
from firmware_bridge.link.serial_link import open_serial

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from controller.domain.events import LoggedEvent
    from controller.domain.ports import Clock
    from firmware_bridge.devices.interfaces import Spectrometer
    from firmware_bridge.link.interfaces import Link

log = structlog.get_logger()

_CONTROL_WITHIN_S = 20.0
_OPEN_WITHIN_S = 5.0
"""As long as pyserial waits for a host whose address is known; to look up a name may take far longer."""


async def run_service(job: Job) -> None:
    """Serve until SIGTERM."""
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    journal = Journal(job.state_dir / "journal.sqlite")
    status = StatusBoard(lambda events: _log_events(journal, events))
    mailbox = MailboxClient(job.mailbox_path, status.take)
    reactor = _reactor(job, journal, mailbox, status)
    recordings = RecordingKeeper(job.recorder_path, job.state_dir / "recordings", job.plan.to_json())
    upkeep = Upkeep(reactor, mailbox, journal, recordings)
    reactor.on_done = upkeep.remember
    planner = start_planner()
    models = ModelRegistry(job.state_dir / "models", journal.models, job.plan.trusted_keys)
    runs = RunEngine(reactor, journal)
    campaigns = CampaignEngine(reactor, runs, journal, models, planner)
    services = Services(
        reactor=reactor,
        runs=runs,
        campaigns=campaigns,
        models=models,
        journal=journal,
        discovery=Discovery(job.plan),
        version=version("ostwald"),
        clock_name=job.clock,
    )
    server = await serve(services, job.listen)
    keeper = asyncio.create_task(upkeep.run())
    tasks: list[asyncio.Task[None]] = []
    keeper.add_done_callback(lambda _: stopping.set())
    try:
        await _await_control(reactor)
        await upkeep.restore()
        await runs.recover()
        tasks.append(asyncio.create_task(runs.guard()))
        if reactor.spectrometry is not None:
            # Here, where nothing else acts: in lockstep, what is told to control takes a tick.
            await reactor.spectrometry.look()
            await _put_out(reactor.spectrometry)
            tasks.append(asyncio.create_task(reactor.spectrometry.watch()))
        await campaigns.resume_all()
        notify("READY=1")
        sys.stdout.write(f"ostwald: {job.plan.name} ready on {server.address} ({job.clock})\n")
        sys.stdout.flush()
        await stopping.wait()
        if keeper.done():
            # Nothing is recorded or told to control any more: say why, end, and be started anew.
            await keeper
    finally:
        for task in tasks:
            task.cancel()
        await campaigns.stop()
        await runs.stop()
        await server.stop()
        keeper.cancel()
        await mailbox.close()
        recordings.close()
        if reactor.spectrometry is not None:
            reactor.spectrometry.close()
        planner.shutdown(wait=False, cancel_futures=True)
        journal.close()


def _reactor(job: Job, journal: Journal, mailbox: MailboxClient, status: StatusBoard) -> RemoteReactor:
    snapshots = SnapshotReader(job.snapshots_path)

    async def advance(seconds: float) -> None:
        await mailbox.request({"op": "advance", "seconds": seconds}, timeout_s=None)

    read_s = snapshots.time_s
    clock: Clock = (
        LockstepClock(read_s, advance) if job.clock == "lockstep" else FollowedClock(read_s, job.speed)
    )
    reactor = RemoteReactor(job.plan, clock, snapshots, mailbox, status)
    if job.plan.spectrometer is not None:
        reactor.spectrometry = Spectrometry(reactor, job.plan.spectrometer, _spectrometer(job))
        reactor.spectrometry.dark = journal.spectra.newest("dark")
        reactor.spectrometry.reference = journal.spectra.newest("reference")
    return reactor


def _spectrometer(job: Job) -> Callable[[], Spectrometer]:
    """Return what makes the spectrometer's driver, again after each loss."""
    assert job.plan.spectrometer is not None
    name = job.plan.spectrometer.device
    device = next(device for device in job.plan.devices if device.name == name)
    link = next(link for link in job.plan.links if link.name == device.link)
    # In lockstep the twin's spectrometer is served by control itself, behind this terminal.
    url = str(job.ports_dir / "spectrometer") if link.url.startswith("twin:") else link.url
    driver = find_spectrometer_driver(device.driver)

    def open_now() -> Link:
        return open_serial(url, baud_rate=link.baud, framing=link.framing, handshake=link.handshake)

    # One for all drivers to come: what is slow to open is not asked for twice at a time.
    open_link = OpenedWithin(open_now, url, _OPEN_WITHIN_S) if is_network(url) else open_now
    if isinstance(driver, DescribedSpectrometerDriver):
        settings = InstrumentSettings(options=device.options, serial_number=device.serial_number)
        return partial(driver.make, open_link, settings)
    return partial(driver.make, open_link)


def _log_events(journal: Journal, events: Sequence[LoggedEvent]) -> None:
    journal.events.add(events)
    for each in events:
        event = each.event
        log.warning("control", kind=event.kind, subject=event.subject, text=event.text, actor=event.actor)


async def _put_out(spectrometry: Spectrometry) -> None:
    try:
        await spectrometry.put_out()
    except ControllerError as error:
        log.warning("the diode of emission was left on", error=str(error))


async def _await_control(reactor: RemoteReactor) -> None:
    """Wait until control ticks; in lockstep, give it the ticks that it needs to greet its board."""
    async with asyncio.timeout(_CONTROL_WITHIN_S):
        while True:
            try:
                async with reactor.clock.participate():
                    await reactor.clock.sleep(1.0 / reactor.plan.rate_hz)
                if reactor.snapshot().state.name != "STARTING":
                    return
            except ControllerError:
                log.debug("control does not tick yet")
            await asyncio.sleep(0.01)


def main(job_path: Path) -> int:
    """Run the service; return the exit code."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(30),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        asyncio.run(run_service(Job.read(job_path)))
    except ControllerError as error:
        sys.stderr.write(f"error: {error}\n")
        return FINAL
    except TimeoutError:
        sys.stderr.write("error: the control process did not start; see its messages above\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
