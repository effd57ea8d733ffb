"""One port with one or more instruments on it: half-duplex, one exchange at a time, in turns.

An instrument that does not answer costs the others one time-out a turn, then ever less often. No call waits
for the peer.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf
from typing import TYPE_CHECKING, Final

from firmware_bridge.devices.interfaces import BoardState, LinkStatistics
from firmware_bridge.link.interfaces import Link, LinkError
from firmware_bridge.link.reconnect import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from firmware_bridge.devices.instrument_session import InstrumentSession
    from firmware_bridge.devices.instruments.base import Ask

LONGEST_ANSWER: Final = 2048
"""Bytes: four times the longest frame of any protocol here (Modbus ASCII, 513). More is a babbling line."""
SETTLE_S: Final = 0.02
"""A line that brought nonsense is left alone so long: some 20 characters at 9600 baud."""
_UNANSWERED_A_TALK: Final = 8
"""Requests without an answer that may follow one another at once."""


@dataclass(slots=True)
class _Exchange:
    """A request on the line. `echo`: how many of the bytes to come are the request itself."""

    session: InstrumentSession
    ask: Ask
    ends: Callable[[bytes], int]
    sent_s: float
    deadline_s: float
    echo: int
    received: bytearray = field(default_factory=bytearray)


class Line:
    """A port that `open_link` opens, and opens again when it was lost.

    `open_link` may give None: it is still at it and wants to be asked again. With `echo`, all that is sent
    comes back first, as from a two-wire adapter that hears itself.
    """

    def __init__(
        self,
        name: str,
        open_link: Callable[[], Link | None],
        sessions: Sequence[InstrumentSession],
        *,
        echo: bool = False,
    ) -> None:
        self.name = name
        self.problem: str | None = None
        """Why the port is not open; None when it is."""
        self._open_link = open_link
        self._sessions = tuple(sessions)
        self._echo = echo
        self._link: Link | None = None
        self._opening = False
        self._connected_before = False
        self._closed = False
        self._reconnect = Backoff()
        self._statistics = LinkStatistics()
        self._exchange: _Exchange | None = None
        self._turn = 0
        self._active_s = -inf
        self._settled_s = -inf
        self._blocked_s: float | None = None

    @property
    def is_open(self) -> bool:
        return self._link is not None

    @property
    def statistics(self) -> LinkStatistics:
        """Of all its instruments together, with what belongs to none of them: a copy, the counts go on."""
        total = replace(self._statistics)
        for each in (session.statistics for session in self._sessions):
            total.frames_sent += each.frames_sent
            total.frames_received += each.frames_received
            total.retries += each.retries
            total.damaged += each.damaged
            total.lost += each.lost
            total.reboots += each.reboots
            total.round_trip_max_s = max(total.round_trip_max_s, each.round_trip_max_s)
        return total

    def poll(self, now_s: float) -> None:
        """Listen, then talk."""
        self.listen(now_s)
        self.talk(now_s)

    def listen(self, now_s: float) -> None:
        """Take what has come, and open the port if that is due."""
        link = self._link or self._connect(now_s)
        if link is None:
            return
        try:
            chunk = link.read()
        except LinkError as error:
            self._disconnect(error, now_s)
            return
        if chunk:
            self._active_s = now_s
            self._hear(chunk, now_s)
        exchange = self._exchange
        if exchange is not None and now_s >= exchange.deadline_s:
            self._exchange = None
            exchange.session.silent(now_s)

    def talk(self, now_s: float) -> None:
        """Send the next request, if the line is free."""
        link = self._link
        if link is None:
            return
        try:
            if self._exchange is not None:
                # Gets out the rest of a request that the port took in part.
                link.write(b"")
                return
            for _ in range(_UNANSWERED_A_TALK):
                if not self._send_next(link, now_s):
                    return
        except LinkError as error:
            self._disconnect(error, now_s)

    def close(self) -> None:
        """Let go of the port for good."""
        self._closed = True
        self._drop("closed")

    def _hear(self, chunk: bytes, now_s: float) -> None:
        exchange = self._exchange
        if exchange is None:
            # Too late, or nobody was asked.
            self._statistics.out_of_order += 1
            return
        exchange.received += chunk
        try:
            answer = _answer(exchange)
        except ValueError as error:
            self._exchange = None
            self._settled_s = now_s + SETTLE_S
            exchange.session.garbled(str(error), now_s)
            return
        if answer is not None:
            self._exchange = None
            self._statistics.out_of_order += exchange.echo + len(answer) < len(exchange.received)
            if exchange.session.state is not BoardState.READY:
                for session in self._sessions:
                    session.look_again()
            exchange.session.answered(answer, now_s - exchange.sent_s, now_s)

    def _send_next(self, link: Link, now_s: float) -> bool:
        """Send the next request that is due; True when another may follow at once."""
        if now_s < self._settled_s:
            return False
        for place, session in self._in_turn():
            ask = session.ask(now_s)
            if ask is None:
                continue
            if now_s - self._active_s < ask.quiet_s or not link.write(ask.data):
                self._wait(session, ask, now_s)
                return False
            self._blocked_s = None
            self._turn = place + 1
            self._active_s = now_s
            session.sent()
            if ask.ends is None:
                session.done(now_s)
                return True
            echo = len(ask.data) if self._echo else 0
            deadline_s = now_s + session.timeout_s(ask)
            self._exchange = _Exchange(session, ask, ask.ends, now_s, deadline_s, echo)
            return False
        return False

    def _wait(self, session: InstrumentSession, ask: Ask, now_s: float) -> None:
        """Note that a request can't go out yet; at last give it up, and let the next one try."""
        self._statistics.held += 1
        if self._blocked_s is None:
            self._blocked_s = now_s
        elif now_s - self._blocked_s > ask.quiet_s + ask.timeout_s:
            self._blocked_s = None
            self._turn += 1
            session.garbled("the line is never quiet, or takes nothing", now_s)

    def _in_turn(self) -> Iterator[tuple[int, InstrumentSession]]:
        """Go once round from whoever is next, first past those that must go safe, then past the rest."""
        count = len(self._sessions)
        places = [(self._turn + step) % count for step in range(count)]
        for urgent in (True, False):
            for place in places:
                if self._sessions[place].urgent is urgent:
                    yield place, self._sessions[place]

    def _connect(self, now_s: float) -> Link | None:
        if self._closed or not (self._opening or self._reconnect.due(now_s)):
            return None
        if not self._opening:
            self._reconnect.attempted(now_s)
        try:
            self._link = self._open_link()
        except LinkError as error:
            self._opening = False
            self._disconnect(error, now_s)
            return None
        self._opening = self._link is None
        if self._link is not None:
            self.problem = None
            self._statistics.reconnects += self._connected_before
            self._connected_before = True
            for session in self._sessions:
                session.link_up()
        return self._link

    def _disconnect(self, error: LinkError, now_s: float) -> None:
        if self._link is not None:  # it worked until now, so the first retry may come soon
            self._reconnect.reset()
            self._reconnect.attempted(now_s)
        self._drop(str(error))

    def _drop(self, problem: str) -> None:
        self.problem = problem
        self._exchange = None
        if self._link is not None:
            self._link.close()
            self._link = None
        for session in self._sessions:
            session.link_down(problem)


def _answer(exchange: _Exchange) -> bytes | None:
    """Cut the answer out of what has come; None: not complete yet. ValueError: it can't become one."""
    received = bytes(exchange.received)
    echo, rest = received[: exchange.echo], received[exchange.echo :]
    if not exchange.ask.data.startswith(echo):
        raise ValueError("what comes back first is not what was sent, as on a line that does not echo")
    length = exchange.ends(rest) if rest else 0
    if length > 0:
        return rest[:length]
    if len(rest) > LONGEST_ANSWER:
        raise ValueError(f"more than {LONGEST_ANSWER} bytes without an end")
    return None
