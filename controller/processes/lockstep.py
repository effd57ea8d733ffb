"""The twin inside the control process: stepped with it, never on its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware_bridge.link.loopback import loopback_pair
from firmware_bridge.simulator.boards import build_board
from firmware_bridge.simulator.endpoint import LoopbackEndpoint, PtyEndpoint
from firmware_bridge.simulator.rig import SimulatedRig
from firmware_bridge.simulator.syntheses import build

if TYPE_CHECKING:
    from controller.processes.job import Job
    from firmware_bridge.link.interfaces import Link


class TwinWithin:
    """A simulated rig whose board is in this process and whose spectrometer is behind a pseudo-terminal."""

    def __init__(self, job: Job) -> None:
        twin = job.plan.twin
        assert twin is not None
        self._rig = SimulatedRig(build(twin.synthesis, twin.seed), board=build_board(twin.board, twin.seed))
        self._board: LoopbackEndpoint | None = None
        job.ports_dir.mkdir(exist_ok=True)
        self.spectrometer = PtyEndpoint(self._rig.spectrometer_port, link_path=job.ports_dir / "spectrometer")

    def open_board(self) -> Link:
        near, far = loopback_pair("twin:board")
        self._board = LoopbackEndpoint(far, self._rig.board_port)
        return near

    def advance(self, dt_s: float) -> None:
        """Let the board take what was sent to it, move the plant, and answer."""
        if self._board is not None:
            self._board.pump()
        self._rig.advance(dt_s)
        # The twin answers at once; firmware takes time, and has answered by now.
        if self._board is not None:
            self._board.pump()

    def serve_spectrometer(self) -> None:
        self.spectrometer.pump()
