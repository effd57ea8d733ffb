"""A whole simulated rig: a plant, and the devices that its pipes and fibres end in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware_bridge.simulator.board import BoardTwin
from firmware_bridge.simulator.fault_panel import FaultPanel
from firmware_bridge.simulator.spectrometer import SpectrometerTwin

if TYPE_CHECKING:
    from firmware_bridge.simulator.endpoint import DevicePort
    from firmware_bridge.simulator.instruments.bench import InstrumentBench
    from firmware_bridge.simulator.interfaces import Plant, SimulatedBoard
    from firmware_bridge.simulator.spectrometer import SpectrometerModel


class _BoardPort:
    """The board's serial port, at the end of a cable that may be broken."""

    def __init__(self, board: SimulatedBoard, faults: FaultPanel) -> None:
        self._board = board
        self._faults = faults

    def feed(self, chunk: bytes) -> bytes:
        reply = self._board.feed(chunk)
        return b"" if self._faults.board_mute else reply


class SimulatedRig:
    """Board and spectrometer around one plant. `faults` breaks them; `board.reboot` boots the board anew.

    Without a `board`, it is the twin, whose boot ids follow from the seed. A `bench` of instruments acts
    beside it, or, where nobody speaks to the board, in its place.
    """

    def __init__(
        self,
        plant: Plant,
        *,
        board: SimulatedBoard | None = None,
        spectrometer_model: SpectrometerModel | None = None,
        bench: InstrumentBench | None = None,
        seed: int = 0,
    ) -> None:
        self.plant = plant
        self.board: SimulatedBoard = BoardTwin(seed=seed) if board is None else board
        self.spectrometer = SpectrometerTwin(plant, spectrometer_model)
        self.bench = bench
        self.faults = FaultPanel()
        self._board_port = _BoardPort(self.board, self.faults)
        self.time_s = 0.0

    @property
    def board_port(self) -> DevicePort:
        """The board's serial port."""
        return self._board_port

    @property
    def spectrometer_port(self) -> DevicePort:
        """The spectrometer's serial port."""
        return self.spectrometer

    def advance(self, dt_s: float) -> None:
        """Let `dt_s` pass in one step: pins drive the plant, the plant shows its sensors.

        The step should be no longer than the board's dead-man time, nor than what the plant resolves.
        """
        self.time_s += dt_s
        drive = self.board.advance(dt_s)
        if self.bench is not None:
            drive = self.bench.advance(dt_s, drive)
        drive = self.faults.drive(drive, dt_s)
        sensed = self.faults.sense(self.plant.advance(dt_s, drive))
        self.board.sense(sensed)
        if self.bench is not None:
            self.bench.sense(sensed, drive)
        self.spectrometer.advance(dt_s)
