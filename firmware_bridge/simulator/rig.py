"""A whole simulated rig: a plant, and the devices that its pipes and fibres end in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware_bridge.simulator.board import BoardTwin
from firmware_bridge.simulator.spectrometer import SpectrometerTwin

if TYPE_CHECKING:
    from firmware_bridge.simulator.board import BoardModel
    from firmware_bridge.simulator.interfaces import Plant
    from firmware_bridge.simulator.spectrometer import SpectrometerModel


class SimulatedRig:
    """Board and spectrometer around one plant. Each has a `feed(bytes) -> bytes`: its serial port."""

    def __init__(
        self,
        plant: Plant,
        *,
        board_model: BoardModel | None = None,
        spectrometer_model: SpectrometerModel | None = None,
        seed: int = 0,
    ) -> None:
        self.plant = plant
        self.board_port = BoardTwin(board_model, seed=seed)
        self.spectrometer_port = SpectrometerTwin(plant, spectrometer_model)
        self.time_s = 0.0

    def advance(self, dt_s: float) -> None:
        """Let `dt_s` pass in one step: pins drive the plant, the plant shows its sensors.

        The step should be no longer than the board's dead-man time, nor than what the plant resolves.
        """
        self.time_s += dt_s
        self.board_port.sense(self.plant.advance(dt_s, self.board_port.advance(dt_s)))
        self.spectrometer_port.advance(dt_s)
