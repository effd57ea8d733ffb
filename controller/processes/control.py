"""The control process: its composition and its two loops, paced and lockstep."""

from __future__ import annotations

import select
import signal
import sys
from dataclasses import asdict
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING

from controller.control.model import compile_plan
from controller.control.step import initial_state, step
from controller.domain.errors import ControllerError
from controller.domain.readings import ReactorState, Snapshot
from controller.equipment.boards import Boards
from controller.processes.job import FINAL, Job, new_boot_id
from controller.processes.lifeline import die_with_parent
from controller.runtime.mailbox import MailboxServer, Message, command_from
from controller.runtime.pacer import Pacer
from controller.runtime.realtime import freeze_collector, prepare
from controller.runtime.snapshots import SnapshotWriter
from firmware_bridge.devices.registry import find_board_driver
from firmware_bridge.errors import BridgeError
from firmware_bridge.link.serial_link import open_serial

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from types import FrameType

    from controller.control.step import ControlState
    from controller.domain.plan import DevicePlan, RigPlan
    from controller.processes.lockstep import TwinWithin
    from firmware_bridge.devices.interfaces import BoardConfiguration, ControlBoard
    from firmware_bridge.link.interfaces import Link

_STATUS_EVERY_S = 1.0


class ControlProcess:
    """One tick after another: inputs, commands, `step`, outputs, snapshot."""

    def __init__(
        self, plan: RigPlan, boards: Boards, mailbox: MailboxServer, writer: SnapshotWriter, boot_id: int
    ) -> None:
        self._model = compile_plan(plan)
        self._state = initial_state(self._model)
        self._boards = boards
        self._mailbox = mailbox
        self._writer = writer
        self._boot_id = boot_id
        self._tick = 0
        self._status_due_s = 0.0
        self.time_s = 0.0
        self.overruns = 0

    def tick(self, dt_s: float, mail: list[tuple[socket.socket, Message]]) -> None:
        """Advance by `dt_s` of reactor time with what came in the mail."""
        self.time_s += dt_s
        self._tick += 1
        asked = [(client, message, command_from(message)) for client, message in mail]
        commands = [command for _, _, command in asked if command is not None]
        inputs = self._boards.read(self.time_s, service_alive=self._mailbox.connected)
        outcome = step(self._model, self._state, inputs, commands, dt_s)
        self._state = state = outcome.state
        stopped = state.state is ReactorState.STOPPED
        self._boards.write(state.outputs, self.time_s, stopped=stopped, clearing=state.clearing)
        self._writer.publish(self._snapshot(inputs.values, inputs.qualities))
        replies = iter(outcome.replies)
        for client, message, command in asked:
            if command is not None:
                self._mailbox.send(client, {"id": message.get("id"), **asdict(next(replies))})
            else:
                refusal = {
                    "refused": "MESSAGE_UNKNOWN",
                    "detail": f"control does not know {message.get('op')}",
                }
                self._mailbox.send(client, {"id": message.get("id"), **refusal})
        self._report(outcome.events)

    def go_safe(self) -> None:
        """Leave every output safe before the process ends."""
        safe = initial_state(self._model).outputs
        self._boards.write(safe, self.time_s, stopped=False, clearing=False)
        self._boards.close()

    def _report(self, events: tuple[str, ...]) -> None:
        if not events and self.time_s < self._status_due_s:
            return
        self._status_due_s = self.time_s + _STATUS_EVERY_S
        links = [asdict(link) for link in self._boards.health()]
        message: Message = {"reason": self._state.reason, "links": links, "events": list(events)}
        self._mailbox.broadcast(message)

    def _snapshot(self, values: tuple[float, ...], qualities: tuple[int, ...]) -> Snapshot:
        return Snapshot(
            boot_id=self._boot_id,
            tick=self._tick,
            time_s=self.time_s,
            state=self._state.state,
            trips=self._state.interlocks.latched,
            first_out=self._state.interlocks.first_out,
            overruns=self.overruns,
            values=values,
            qualities=qualities,
            setpoints=_setpoints(self._state, tuple(loop.sensor for loop in self._model.loops)),
        )


def _setpoints(state: ControlState, sensors: tuple[int, ...]) -> tuple[float, ...]:
    setpoints = list(state.outputs)
    for sensor, loop in zip(sensors, state.loops, strict=True):
        setpoints[sensor] = loop.setpoint if loop.memory is not None else nan
    return tuple(setpoints)


def run_paced(process: ControlProcess, mailbox: MailboxServer, pacer: Pacer, stopping: list[int]) -> None:
    """Tick on the wall clock until told to stop."""
    while not stopping:
        dt_s = pacer.wait()
        if dt_s == 0.0:
            continue
        process.overruns = pacer.overruns
        process.tick(dt_s, mailbox.receive())


def run_lockstep(
    process: ControlProcess, mailbox: MailboxServer, twin: TwinWithin, period_s: float, stopping: list[int]
) -> None:
    """Tick only when asked to: by a command, one tick; by `advance`, as many as the seconds hold."""
    while not stopping:
        select.select([*(each.fileno() for each in mailbox.sockets), twin.spectrometer.fileno()], [], [], 0.5)
        twin.serve_spectrometer()
        for client, message in mailbox.receive():
            if message.get("op") != "advance":
                twin.advance(period_s)
                process.tick(period_s, [(client, message)])
                continue
            seconds = message.get("seconds")
            until_s = process.time_s + (float(seconds) if isinstance(seconds, int | float) else 0.0)
            while process.time_s < until_s - 1e-9 and not stopping:
                twin.advance(period_s)
                process.tick(period_s, [])
            mailbox.send(client, {"id": message.get("id"), "refused": "", "detail": ""})


def main(job_path: Path, make_pacer: Callable[[float, float], Pacer] = Pacer) -> int:
    """Run control until a signal; return the exit code. `make_pacer` gets the period in s and the speed."""
    stopping: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        stopping.append(number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent()
    job = Job.read(job_path)
    period_s = 1.0 / job.plan.rate_hz
    boot_id = new_boot_id()
    twin = _twin_within(job) if job.clock == "lockstep" else None
    boards = Boards(job.plan, lambda device, configuration: _connect(job, twin, device, configuration))
    mailbox = MailboxServer(job.mailbox_path)
    writer = SnapshotWriter(job.snapshots_path, len(job.plan.channels), boot_id)
    process = ControlProcess(job.plan, boards, mailbox, writer, boot_id)
    freeze_collector()
    # Scaled time may leave no pause between ticks: at a real-time priority it would take a core for itself.
    held = prepare(job.plan.realtime) if job.clock == "realtime" else None
    for warning in held.warnings if held is not None else ():
        sys.stderr.write(f"control: {warning}\n")
    try:
        if twin is not None:
            run_lockstep(process, mailbox, twin, period_s, stopping)
        else:
            run_paced(process, mailbox, make_pacer(period_s, job.speed), stopping)
    finally:
        process.go_safe()
        mailbox.close()
        writer.close()
        if held is not None:
            held.close()
    return 0


def _connect(
    job: Job, twin: TwinWithin | None, device: DevicePlan, configuration: BoardConfiguration
) -> ControlBoard:
    link = next(link for link in job.plan.links if link.name == device.link)

    def open_link() -> Link:
        if twin is not None and link.url.startswith("twin:"):
            return twin.open_board()
        return open_serial(link.url, baud_rate=link.baud)

    return find_board_driver(device.driver).make(open_link, configuration)


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
