"""A whole simulated rig: a plant, and the devices that its pipes and fibres end in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware_bridge.simulator.board import BoardTwin
from firmware_bridge.simulator.spectrometer import SpectrometerTwin

if TYPE_CHECKING:
    from firmware_bridge.simulator.board import BoardModel
    from firmware_bridge.simulator.endpoint import DevicePort
    from firmware_bridge.simulator.interfaces import Plant
    from firmware_bridge.simulator.spectrometer import SpectrometerModel


class SimulatedRig:
    """Board and spectrometer around one plant."""

    def __init__(
        self,
        plant: Plant,
        *,
        board_model: BoardModel | None = None,
        spectrometer_model: SpectrometerModel | None = None,
        seed: int = 0,
    ) -> None:
        self.plant = plant
        self.board = BoardTwin(board_model, seed=seed)
        self.spectrometer = SpectrometerTwin(plant, spectrometer_model)
        self.time_s = 0.0

    @property
    def board_port(self) -> DevicePort:
        """The board's serial port."""
        return self.board

    @property
    def spectrometer_port(self) -> DevicePort:
        """The spectrometer's serial port."""
        return self.spectrometer

    def advance(self, dt_s: float) -> None:
        """Let `dt_s` pass in one step: pins drive the plant, the plant shows its sensors.

        The step should be no longer than the board's dead-man time, nor than what the plant resolves.
        """
        self.time_s += dt_s
        self.board.sense(self.plant.advance(dt_s, self.board.advance(dt_s)))
        self.spectrometer.advance(dt_s)
