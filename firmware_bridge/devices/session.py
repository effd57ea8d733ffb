"""The conversation with a board, without its line: bytes and the time in, bytes and inputs out.

Greets the board, configures it, matches replies to requests, and sees when the board has rebooted or gone
silent. A reply carries the sequence number of its request.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from math import inf
from typing import TYPE_CHECKING, Final, NamedTuple

from firmware_bridge.devices.interfaces import BoardState, LinkStatistics
from firmware_bridge.link.reconnect import Backoff
from firmware_bridge.wire import messages as m
from firmware_bridge.wire.framing import DELIMITER, SEQUENCES, FrameStream
from firmware_bridge.wire.layout import Message, MessageError

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_IN_FLIGHT: Final = 16
"""Outputs sent and not answered. More would only queue on a slow line and arrive stale."""
ROUND_TRIP_SMOOTHING: Final = 0.05
HANDSHAKE_LIMIT_S: Final = 0.4
"""Longest wait between two greetings. Twice that fits the second within which a repaired line works again.

The answer to the first may still be lost in what noise has left at our end.
"""

_HELLO: Final = m.Hello(m.PROTOCOL_VERSION)
# Plain numbers: `&` on an IntFlag costs a microsecond.
_CONFIGURED: Final = int(m.Status.CONFIGURED)
_ESTOPPED: Final = int(m.Status.ESTOPPED)


class _Event(Enum):
    WELCOMED = auto()
    CONFIGURED = auto()
    UNCONFIGURED = auto()
    SILENT = auto()
    LINK_DOWN = auto()


_S, _E = BoardState, _Event
# What is not listed changes nothing.
_NEXT: Final = {
    (_S.CONNECTING, _E.WELCOMED): _S.CONFIGURING,
    (_S.CONFIGURING, _E.CONFIGURED): _S.READY,
    (_S.CONFIGURING, _E.SILENT): _S.LOST,
    (_S.CONFIGURING, _E.LINK_DOWN): _S.LOST,
    (_S.READY, _E.UNCONFIGURED): _S.CONNECTING,
    (_S.READY, _E.SILENT): _S.LOST,
    (_S.READY, _E.LINK_DOWN): _S.LOST,
    (_S.LOST, _E.WELCOMED): _S.CONFIGURING,
}
# Anything may also be answered with REFUSED.
_REPLY_TO: Final[dict[type[Message], type[Message]]] = {
    m.Hello: m.HelloReply,
    m.Configure: m.Configured,
    m.Outputs: m.Inputs,
    m.Estop: m.Inputs,
    m.Clear: m.Inputs,
    m.Faults: m.FaultsReply,
}


@dataclass(frozen=True, slots=True)
class Timing:
    """How patient a session is, in seconds."""

    repeat_s: float
    """ESTOP, CLEAR and FAULTS are repeated so often until they are answered."""
    reply_s: float
    """A request unanswered for so long is lost."""
    silence_s: float
    """A board that answers nothing for so long is lost."""


class _Request(NamedTuple):
    kind: type[Message]
    sent_s: float


class _Wish:
    """A request to be repeated until it is answered."""

    __slots__ = ("message", "next_s", "wanted")

    def __init__(self, message: Message) -> None:
        self.message = message
        self.wanted = False
        self.next_s = -inf

    def make(self) -> None:
        """Wish, unless the wish is on its way already."""
        if not self.wanted:
            self.wanted, self.next_s = True, -inf


class BoardSession:
    """One board, from first greeting to closing; survives reboots and new lines.

    `vet` judges a board that has just said what it is: None, or one line on why it is the wrong one.
    """

    def __init__(
        self, configure: m.Configure, timing: Timing, vet: Callable[[m.HelloReply], str | None]
    ) -> None:
        self.state = BoardState.CONNECTING
        self.problem: str | None = None
        self.identity: m.HelloReply | None = None
        self.faults: m.FaultsReply | None = None
        self.statistics = LinkStatistics()
        self._configure = configure
        self._digest = m.digest(configure)
        self._timing = timing
        self._vet = vet
        self._frames = FrameStream()
        self._misunderstood = 0
        self._sequence = 0
        self._in_flight: dict[int, _Request] = {}
        self._unanswered_since_s: float | None = None
        self._handshake = Backoff(first_s=min(timing.reply_s, HANDSHAKE_LIMIT_S), limit_s=HANDSHAKE_LIMIT_S)
        self._stop = _Wish(m.Estop())
        self._clear = _Wish(m.Clear())
        self._faults = _Wish(m.Faults())

    def link_up(self) -> None:
        """Begin on a new line: nothing said on the old one counts."""
        self._frames.reset()
        self._forget_requests()
        self._handshake.reset()

    def link_down(self, problem: str) -> None:
        self.problem = problem
        self._forget_requests()
        self._advance(_Event.LINK_DOWN)

    def stop(self) -> None:
        """Say ESTOP at the next `due`, and again until the board answers it; takes back a CLEAR."""
        self._clear.wanted = False
        self._stop.make()

    def clear(self) -> None:
        """Say CLEAR once the board has confirmed any ESTOP said before. A board not ready is not asked."""
        if self.state is BoardState.READY:
            self.problem = None
            self._clear.make()

    def request_faults(self) -> None:
        self._faults.make()

    def outputs(self, outputs: m.Outputs, now_s: float) -> bytes:
        """Write OUTPUTS; nothing when the board is not ready or is too far behind."""
        if self.state is not BoardState.READY:
            return b""
        if len(self._in_flight) >= MAX_IN_FLIGHT:
            self.statistics.held += 1
            return b""
        return self._request(outputs, now_s)

    def due(self, now_s: float) -> bytes:
        """Write what has to be said now: greeting, configuration, wishes not granted yet."""
        parts = []
        if self.state is not BoardState.READY and self._handshake.due(now_s):
            self.statistics.retries += self._handshake.attempts > 0
            self._handshake.attempted(now_s)
            configuring = self.state is BoardState.CONFIGURING
            # The delimiter closes whatever half a frame the board has got from an earlier host.
            parts.append(DELIMITER + self._request(self._configure if configuring else _HELLO, now_s))
        if self._stop.wanted:
            parts.append(self._wish(self._stop, now_s))
        elif self._clear.wanted:
            parts.append(self._wish(self._clear, now_s))
        if self._faults.wanted and self.state is BoardState.READY:
            parts.append(self._wish(self._faults, now_s))
        return b"".join(parts)

    def receive(self, chunk: bytes, now_s: float) -> m.Inputs | None:
        """Take what the line has brought (nothing is something, too); return the newest inputs in it."""
        newest = None
        for frame in self._frames.feed(chunk):
            self.statistics.frames_received += 1
            try:
                message = m.decode(frame, m.BOARD_REPLIES)
            except MessageError:
                self._misunderstood += 1
                continue
            newest = self._take(frame.sequence, message, now_s) or newest
        self.statistics.damaged = self._frames.damage.total + self._misunderstood
        self._give_up_waiting(now_s)
        return newest

    def _request(self, message: Message, now_s: float) -> bytes:
        frame = m.encode(self._sequence, message)
        self._in_flight[self._sequence] = _Request(type(message), now_s)
        self._sequence = (self._sequence + 1) % SEQUENCES
        self.statistics.frames_sent += 1
        if self._unanswered_since_s is None:
            self._unanswered_since_s = now_s
        return frame

    def _wish(self, wish: _Wish, now_s: float) -> bytes:
        if now_s < wish.next_s:
            return b""
        self.statistics.retries += wish.next_s != -inf
        wish.next_s = now_s + self._timing.repeat_s
        return self._request(wish.message, now_s)

    def _take(self, sequence: int, message: Message, now_s: float) -> m.Inputs | None:
        """Match one reply to its request and follow it; return it if it is inputs."""
        request = self._in_flight.pop(sequence, None)
        if request is None or not isinstance(message, (_REPLY_TO[request.kind], m.Refused)):
            self.statistics.out_of_order += 1
            return None
        self._note_answer(sequence, now_s - request.sent_s, now_s)
        match message:
            case m.Inputs():
                self._follow_inputs(message, request.kind)
                return message
            case m.HelloReply():
                self._follow_hello(message)
            case m.Configured():
                self._follow_configured(message)
            case m.FaultsReply():
                self._faults.wanted = False
                self.faults = message
            case m.Refused():
                self._follow_refusal(message, request.kind)
        return None

    def _note_answer(self, sequence: int, round_trip_s: float, now_s: float) -> None:
        if self._in_flight:  # a board answers in order: what was asked earlier gets no answer any more
            half = SEQUENCES // 2
            for older in [key for key in self._in_flight if (sequence - key) % SEQUENCES < half]:
                del self._in_flight[older]
                self.statistics.lost += 1
        self._unanswered_since_s = now_s if self._in_flight else None
        statistics = self.statistics
        mean_s = statistics.round_trip_s or round_trip_s
        statistics.round_trip_s = mean_s + ROUND_TRIP_SMOOTHING * (round_trip_s - mean_s)
        statistics.round_trip_max_s = max(statistics.round_trip_max_s, round_trip_s)

    def _follow_inputs(self, inputs: m.Inputs, kind: type[Message]) -> None:
        status = int(inputs.status)
        if kind is m.Estop and status & _ESTOPPED:
            self._stop.wanted = False
        elif kind is m.Clear:
            self._clear.wanted = False
        if not status & _CONFIGURED:
            self._advance(_Event.UNCONFIGURED)

    def _follow_hello(self, reply: m.HelloReply) -> None:
        if self.identity is not None and self.identity.boot_id != reply.boot_id:
            self.statistics.reboots += 1
        self.identity = reply
        if reply.protocol != m.PROTOCOL_VERSION:
            ours = m.PROTOCOL_VERSION
            remedy = "flash the board" if reply.protocol < ours else "update Ostwald"
            self.problem = f"the board speaks protocol {reply.protocol}, this driver {ours}: {remedy}"
        else:
            self.problem = self._vet(reply)
        if self.problem is None:
            self._advance(_Event.WELCOMED)

    def _follow_configured(self, reply: m.Configured) -> None:
        if reply.digest == self._digest:
            self.problem = None
            self._advance(_Event.CONFIGURED)
        else:
            self.problem = (
                f"the board took a configuration of digest {reply.digest:08x}, not {self._digest:08x}"
            )

    def _follow_refusal(self, refused: m.Refused, kind: type[Message]) -> None:
        reason = refused.reason.name.lower().replace("_", " ")
        self.problem = f"the board refused {kind.__name__.upper()}: {reason}"
        if kind is m.Clear:
            self._clear.wanted = False
        elif kind is m.Faults:
            self._faults.wanted = False

    def _give_up_waiting(self, now_s: float) -> None:
        while self._in_flight:
            sequence, request = next(iter(self._in_flight.items()))
            if now_s - request.sent_s < self._timing.reply_s:
                break
            del self._in_flight[sequence]
            self.statistics.lost += 1
        since_s = self._unanswered_since_s
        if since_s is not None and now_s - since_s > self._timing.silence_s:
            self.problem = (
                f"the board has not answered for {now_s - since_s:.1f} s: check its power and cable"
            )
            self._advance(_Event.SILENT)

    def _forget_requests(self) -> None:
        self.statistics.lost += len(self._in_flight)
        self._in_flight.clear()
        self._unanswered_since_s = None

    def _advance(self, event: _Event) -> None:
        state = _NEXT.get((self.state, event))
        if state is not None:
            self.state = state
            self._handshake.reset()
            # Whoever asked for it meant the board as it was then.
            self._clear.wanted = False
