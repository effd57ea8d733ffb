"""The twin inside the control process: stepped with it, never on its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.processes.simulation import TWIN, simulate
from firmware_bridge.link.loopback import loopback_pair
from firmware_bridge.simulator.endpoint import LoopbackEndpoint, PtyEndpoint

if TYPE_CHECKING:
    from controller.processes.job import Job
    from firmware_bridge.link.interfaces import Link


class TwinWithin:
    """A simulated rig in this process, but for its spectrometer, which is behind a pseudo-terminal."""

    def __init__(self, job: Job) -> None:
        assert job.plan.twin is not None
        self._simulation = simulate(job.plan.twin, job.plan)
        self._lines: dict[str, LoopbackEndpoint] = {}
        job.ports_dir.mkdir(exist_ok=True)
        port = self._simulation.ports["spectrometer"]
        self.spectrometer = PtyEndpoint(port, link_path=job.ports_dir / "spectrometer")

    def open_port(self, url: str) -> Link:
        """Open a line to the port that a `twin:` URL names."""
        near, far = loopback_pair(url)
        name = url.removeprefix(TWIN)
        self._lines[name] = LoopbackEndpoint(far, self._simulation.ports[name])
        return near

    def advance(self, dt_s: float) -> None:
        """Let the devices take what was sent to them, move the plant, and answer."""
        self._pump()
        self._simulation.rig.advance(dt_s)
        # A twin answers at once; firmware takes time, and has answered by now.
        self._pump()

    def serve_spectrometer(self) -> None:
        self.spectrometer.pump()

    def _pump(self) -> None:
        for line in self._lines.values():
            line.pump()
