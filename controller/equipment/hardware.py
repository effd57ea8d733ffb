"""All that control acts on, as one: the boards of a rig and its instruments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from controller.domain.readings import Inputs
from controller.equipment.boards import Boards
from controller.equipment.instruments import Instruments

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from controller.domain.plan import DevicePlan, LinkPlan, RigPlan
    from controller.domain.readings import LinkHealth
    from firmware_bridge.devices.interfaces import BoardConfiguration, ControlBoard
    from firmware_bridge.link.interfaces import Link

_GOODBYE_S: Final = 2.0
"""How long an ending process goes on to make instruments safe, which have no dead-man's switch."""
_GOODBYE_STEP_S: Final = 0.01


class Hardware(Protocol):
    """What a tick reads and writes. Never waits, and never raises for a device that is gone."""

    @property
    def count(self) -> int:
        """How many devices carry channels: the places of `Inputs.boards_lost`."""
        ...

    def read(self, now_s: float, *, service_alive: bool) -> Inputs:
        """Take the freshest inputs of every device."""
        ...

    def write(self, outputs: Sequence[float], now_s: float, *, stopped: bool, clearing: bool) -> None:
        """Say what every output shall be; `stopped` latches it safe, `clearing` resets that."""
        ...

    def health(self) -> tuple[LinkHealth, ...]: ...

    def close(self) -> None: ...


class WholeRig:
    """Boards and instruments together. `pause` lets so many seconds pass when the process ends."""

    def __init__(
        self, plan: RigPlan, boards: Boards, instruments: Instruments, pause: Callable[[float], None]
    ) -> None:
        self._boards = boards
        self._instruments = instruments
        self._pause = pause
        self._now_s = 0.0
        carriers = {channel.device for channel in plan.channels}
        self._carriers = tuple(device.name for device in plan.devices if device.name in carriers)

    @property
    def count(self) -> int:
        return len(self._carriers)

    def read(self, now_s: float, *, service_alive: bool) -> Inputs:
        inputs = self._boards.read(now_s, service_alive=service_alive)
        values, qualities = list(inputs.values), list(inputs.qualities)
        self._instruments.read(now_s, values, qualities)
        boards = iter(inputs.boards_lost)
        lost = self._instruments.lost
        return Inputs(
            values=tuple(values),
            qualities=tuple(qualities),
            boards_ready=inputs.boards_ready and self._instruments.ready,
            stop_cause=inputs.stop_cause,
            stop_pressed=inputs.stop_pressed,
            service_alive=service_alive,
            # In the rig's order, whichever each of them is.
            boards_lost=tuple([lost[name] if name in lost else next(boards) for name in self._carriers]),
        )

    def write(self, outputs: Sequence[float], now_s: float, *, stopped: bool, clearing: bool) -> None:
        self._now_s = now_s
        self._boards.write(outputs, now_s, stopped=stopped, clearing=clearing)
        self._instruments.write(outputs, now_s, stopped=stopped)

    def health(self) -> tuple[LinkHealth, ...]:
        return (*self._boards.health(), *self._instruments.health())

    def close(self) -> None:
        """Make the instruments safe, as far as they answer within `_GOODBYE_S`, and let go of all lines."""
        self._boards.close()
        until_s = self._now_s + _GOODBYE_S
        while not self._instruments.settled and self._now_s < until_s:
            self._now_s += _GOODBYE_STEP_S
            self._pause(_GOODBYE_STEP_S)
            self._instruments.listen(self._now_s)
            self._instruments.write((), self._now_s, stopped=True)
        self._instruments.close()


def assemble(
    plan: RigPlan,
    connect: Callable[[DevicePlan, BoardConfiguration], ControlBoard],
    opener: Callable[[LinkPlan], Callable[[], Link | None]],
    pause: Callable[[float], None],
) -> Hardware:
    """Make the drivers of all devices that control owns; DeviceError names a setting that can't be."""
    boards = Boards(plan, connect)
    instruments = Instruments(plan, opener)
    return WholeRig(plan, boards, instruments, pause) if instruments else boards
