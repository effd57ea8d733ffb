"""Listens at the board's own transmit pin: what it told, before any line can garble it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.interfaces import BoardEvent
from firmware_bridge.wire import messages as m
from firmware_bridge.wire.framing import FrameStream
from firmware_bridge.wire.layout import MessageError

if TYPE_CHECKING:
    from firmware_bridge.wire.framing import Frame

LOG_LENGTH: Final = 1000
TOLD_LENGTH: Final = 10_000
_NO_STATUS: Final = m.Status(0)


class Witness:
    """Keeps the newest `LOG_LENGTH` events and the newest `TOLD_LENGTH` INPUTS."""

    def __init__(self) -> None:
        self._frames = FrameStream()
        self._log: deque[BoardEvent] = deque(maxlen=LOG_LENGTH)
        self._told: deque[m.Inputs] = deque(maxlen=TOLD_LENGTH)
        self._events = 0
        self.status = _NO_STATUS

    @property
    def told(self) -> tuple[m.Inputs, ...]:
        return tuple(self._told)

    @property
    def log(self) -> list[BoardEvent]:
        return list(self._log)

    def events_after(self, index: int) -> list[BoardEvent]:
        return [event for event in self._log if event.index > index]

    def note(self, text: str, time_s: float) -> None:
        self._log.append(BoardEvent(self._events, time_s, text))
        self._events += 1

    def hear(self, sent: bytes, time_s: float) -> None:
        """Take what the board has sent by now."""
        for frame in self._frames.feed(sent):
            self._follow(frame, time_s)

    def _follow(self, frame: Frame, time_s: float) -> None:
        try:
            message = m.decode(frame, m.BOARD_REPLIES)
        except MessageError as error:
            self.note(f"sent what is no reply: {error}", time_s)
            return
        match message:
            case m.Inputs():
                self._told.append(message)
                self._follow_status(message.status, time_s)
            case m.HelloReply():
                cause = message.reset_cause.name.lower().replace("_", " ")
                self.note(f"says hello: boot {message.boot_id:08x} after {cause}", time_s)
            case m.Configured():
                self.note(f"configured {message.digest:08x}", time_s)
            case m.Refused():
                reason = message.reason.name.lower().replace("_", " ")
                self.note(f"refused message 0x{message.request:02x}: {reason}", time_s)

    def _follow_status(self, status: m.Status, time_s: float) -> None:
        tripped, was_tripped = status & m.TRIPS, self.status & m.TRIPS
        self.status = status
        if began := tripped & ~was_tripped:
            names = ", ".join(
                trip.name.lower().replace("_", "-") for trip in m.Status if trip & began and trip.name
            )
            self.note(f"{names}: outputs safe", time_s)
        elif was_tripped and not tripped:
            self.note("cleared", time_s)
