"""The twin inside the control process: stepped with it, never on its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware_bridge.simulator.endpoint import PtyEndpoint
from firmware_bridge.simulator.rig import SimulatedRig

from firmware_bridge.link.loopback import loopback_pair
from firmware_bridge.simulator.syntheses import build

if TYPE_CHECKING:
    from controller.processes.job import Job
    from firmware_bridge.link.interfaces import Link


class TwinWithin:
    """A simulated rig whose board is in this process and whose spectrometer is behind a pseudo-terminal."""

    def __init__(self, job: Job) -> None:
        assert job.plan.twin is not None
        self._rig = SimulatedRig(build(job.plan.twin.synthesis, job.plan.twin.seed))
        self._far: Link | None = None
        job.ports_dir.mkdir(exist_ok=True)
        self.spectrometer = PtyEndpoint(self._rig.spectrometer_port, link_path=job.ports_dir / "spectrometer")

    def open_board(self) -> Link:
        near, self._far = loopback_pair("twin:board")
        return near

    def advance(self, dt_s: float) -> None:
        """Let the board take what was sent to it, move the plant, and answer."""
        if self._far is not None and (sent := self._far.read()):
            self._far.write(self._rig.board_port.feed(sent))
        self._rig.advance(dt_s)

    def serve_spectrometer(self) -> None:
        self.spectrometer.pump()
