"""One instrument's life, without its line: what to ask it next, and what follows from what it answers.

Finds out what is there, configures it, reads it on a period, writes what has changed, and sees when it is
gone. The line asks `ask` for the next request and tells what came of it; time is passed in.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto
from math import inf, nan
from typing import TYPE_CHECKING, Any, Final

from firmware_bridge.devices.instruments.base import RestartedError
from firmware_bridge.devices.interfaces import BoardState, DeviceError, LinkStatistics, NoAnswerError
from firmware_bridge.link.reconnect import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from firmware_bridge.devices.instruments.base import Ask, Identity, Instrument, InstrumentSettings, Script

READ_EVERY_S: Final = 0.25
MISSES: Final = 2
"""Scripts of one kind that fail in a row before the instrument counts as lost; each repeats its requests."""
FIRST_RETRY_S: Final = 0.25
LONGEST_RETRY_S: Final = 0.5
"""Between two attempts to find an instrument that is not there."""
LONGEST_SHARED_RETRY_S: Final = 3.0
"""The same on a shared line: what it spends on the missing one, the others wait."""
PATIENCE: Final = 3.0
"""How many of its longest round trips a silent instrument is waited for; others share its line."""
LEAST_PATIENCE_S: Final = 0.1
_SMOOTHING: Final = 0.05

_S = BoardState


class _Job(Enum):
    IDENTIFY = auto()
    CONFIGURE = auto()
    READ = auto()
    WRITE = auto()
    STOP = auto()


class InstrumentSession:
    """One instrument on a line. Never raises for a device that is gone or talks nonsense."""

    def __init__(
        self,
        name: str,
        instrument: Instrument,
        settings: InstrumentSettings,
        *,
        read_every_s: float = READ_EVERY_S,
        shared: bool = False,
    ) -> None:
        self.name = name
        self.state = BoardState.CONNECTING
        self.problem: str | None = None
        """One line on what stands between us and a working instrument; None: nothing does."""
        self.identity: Identity | None = None
        self.values: Mapping[str, float] = dict.fromkeys(settings.used, nan)
        """What was last read of the used signals, in their own units."""
        self.read_s = -inf
        """When it was read."""
        self._instrument = instrument
        self._settings = settings
        self._safe = dict(settings.safe)
        self._read_every_s = read_every_s
        self._statistics = LinkStatistics()
        self._shared = shared
        self._was_silent = False
        longest_s = LONGEST_SHARED_RETRY_S if shared else LONGEST_RETRY_S
        self._retry = Backoff(first_s=FIRST_RETRY_S, limit_s=longest_s)
        self._script: Script[Any] | None = None
        self._job = _Job.IDENTIFY
        self._ask: Ask | None = None
        self._tries = 0
        self._misses = dict.fromkeys(_Job, 0)
        self._read_due_s = self._write_due_s = self._refreshed_s = -inf
        self._wanted: dict[str, float] = {}
        # What is known to be so. What a write is under way for is not known.
        self._written: dict[str, float] = {}
        self._sent: dict[str, float] = {}
        self._stopping = False
        self._held = False

    @property
    def statistics(self) -> LinkStatistics:
        """A copy; the counts go on."""
        return replace(self._statistics)

    @property
    def acts(self) -> bool:
        """Whether the rig uses one of its outputs."""
        return bool(self._safe)

    @property
    def urgent(self) -> bool:
        """Whether its outputs are to go safe now: its next request overtakes those of all others."""
        return self._stopping and self.state is _S.READY

    @property
    def is_safe(self) -> bool:
        """Whether all its outputs are known to be at their safe values."""
        return self._written == self._safe

    def write(self, wanted: Mapping[str, float]) -> None:
        """Say what every used output shall be, in the signals' units; the newest word alone counts.

        All of them safe is a stop, which overtakes; nothing is taken while `stop` holds.
        """
        if self._held:
            return
        self._wanted.update(wanted)
        if self._wanted == self._safe and not self.is_safe:
            self._stopping = True

    def stop(self) -> None:
        """Bring all outputs to their safe values before anything else, and hold them until `release`."""
        if not self._held:
            self._held = True
            self._stopping = self.acts
            self._wanted = dict(self._safe)

    def release(self) -> None:
        """Let `write` act again."""
        self._held = False

    def link_up(self) -> None:
        """Begin on a new line: nothing asked on the old one counts."""
        self._abandon()
        self._retry.reset()

    def look_again(self) -> None:
        """Look for a missing instrument soon: another on its line has just come back."""
        if self.state is not _S.READY:
            self._retry.reset()

    def link_down(self, problem: str) -> None:
        self._abandon()
        self.problem = problem
        self._lose()

    def ask(self, now_s: float) -> Ask | None:
        """Return what is to be asked now; None when nothing is due. Asked again, it gives the same."""
        if self.urgent and self._job is not _Job.STOP:
            self._abandon()
        if self._ask is None:
            job = self._next_job(now_s)
            if job is not None:
                self._begin(job, now_s)
        return self._ask

    def sent(self) -> None:
        """Note that the request is on the line."""
        self._statistics.frames_sent += 1
        self._statistics.retries += self._tries > 0

    def timeout_s(self, ask: Ask) -> float:
        """How long to wait for an answer: on a shared line shorter for one that last was silent."""
        known_s = self._statistics.round_trip_max_s
        if not (self._shared and self._was_silent and known_s):
            return ask.timeout_s
        return min(ask.timeout_s, max(PATIENCE * known_s, LEAST_PATIENCE_S))

    def answered(self, answer: bytes, round_trip_s: float, now_s: float) -> None:
        """Go on with the whole answer to what was asked."""
        statistics = self._statistics
        statistics.frames_received += 1
        self._was_silent = False
        mean_s = statistics.round_trip_s or round_trip_s
        statistics.round_trip_s = mean_s + _SMOOTHING * (round_trip_s - mean_s)
        statistics.round_trip_max_s = max(statistics.round_trip_max_s, round_trip_s)
        self._go_on(answer, now_s)

    def silent(self, now_s: float) -> None:
        """Go on without an answer, which did not come in time."""
        self._statistics.lost += 1
        self._was_silent = True
        self._unanswered("no answer: check its power, its cable and its address", now_s)

    def garbled(self, why: str, now_s: float) -> None:
        """Go on with bytes that can't become an answer."""
        self._statistics.damaged += 1
        self._unanswered(f"a garbled answer: {why}: check the baud rate and the cable", now_s)

    def done(self, now_s: float) -> None:
        """Go on after a request that nothing answers."""
        self._go_on(b"", now_s)

    def _next_job(self, now_s: float) -> _Job | None:
        if self.state is _S.CONFIGURING:
            return _Job.CONFIGURE
        if self.state is not _S.READY:
            if not self._retry.due(now_s):
                return None
            self._retry.attempted(now_s)
            return _Job.IDENTIFY
        if self._stopping:
            return _Job.STOP
        reading = now_s >= self._read_due_s
        if self._changes(now_s) and not (reading and self._job is _Job.WRITE):
            return _Job.WRITE
        return _Job.READ if reading else None

    def _changes(self, now_s: float) -> dict[str, float]:
        """Return what has to be written now: what differs, or all of it when it is time to refresh."""
        if self._held or now_s < self._write_due_s:
            return {}
        changes = {key: value for key, value in self._wanted.items() if self._written.get(key) != value}
        refresh_s = self._instrument.refresh_s
        if not changes and refresh_s > 0.0 and now_s >= self._refreshed_s + refresh_s:
            return dict(self._wanted)
        return changes

    def _begin(self, job: _Job, now_s: float) -> None:
        instrument = self._instrument
        self._job = job
        match job:
            case _Job.IDENTIFY:
                self._script = instrument.identify()
            case _Job.CONFIGURE:
                self._script = instrument.configure()
            case _Job.READ:
                self._read_due_s = now_s + self._read_every_s
                self._script = instrument.read()
            case _Job.WRITE:
                self._sent = self._changes(now_s)
                self._forget(self._sent)
                self._script = instrument.write(dict(self._sent))
            case _Job.STOP:
                self._forget(self._safe)
                self._script = instrument.stop()
        self._resume(self._script.__next__, now_s)

    def _forget(self, outputs: Mapping[str, float]) -> None:
        for key in outputs:
            self._written.pop(key, None)

    def _go_on(self, answer: bytes, now_s: float) -> None:
        script = self._script
        if script is not None:
            self._resume(lambda: script.send(answer), now_s)

    def _unanswered(self, why: str, now_s: float) -> None:
        ask, script = self._ask, self._script
        if ask is None or script is None:
            return
        # Of an instrument that is not there, one silence is enough: others wait for the line.
        repeats = ask.repeats if self.state in (_S.READY, _S.CONFIGURING) else 0
        if self._tries < repeats and not (self.urgent and self._job is not _Job.STOP):
            self._tries += 1
            return
        self._resume(lambda: script.throw(NoAnswerError(why)), now_s)

    def _resume(self, go: Callable[[], Ask], now_s: float) -> None:
        """Run the script up to its next request or its end."""
        self._ask, self._tries = None, 0
        try:
            self._ask = go()
        except StopIteration as ended:
            self._script = None
            self._misses[self._job] = 0
            self._finish(ended.value, now_s)
        except DeviceError as error:
            self._script = None
            self._fail(error, now_s)

    def _abandon(self) -> None:
        if self._script is not None:
            self._script.close()
        self._script = self._ask = None
        self._tries = 0

    def _finish(self, result: Any, now_s: float) -> None:
        match self._job:
            case _Job.IDENTIFY:
                self.identity = result
                self.problem = _find_mismatch(result, self._settings)
                if self.problem is None:
                    self.state = _S.CONFIGURING
            case _Job.CONFIGURE:
                self.state = _S.READY
                self._became_safe(now_s)
                self._read_due_s = -inf
            case _Job.READ:
                self.values = {key: result.get(key, nan) for key in self._settings.used}
                self.read_s = now_s
                self._note_health()
            case _Job.WRITE:
                self._written.update(self._sent)
                self._refreshed_s = now_s
                self._note_health()
            case _Job.STOP:
                self._became_safe(now_s)

    def _became_safe(self, now_s: float) -> None:
        self._stopping = False
        self._written = dict(self._safe)
        self._refreshed_s = now_s

    def _note_health(self) -> None:
        """Forget the problem once everything works again."""
        if not any(self._misses.values()):
            self.problem = None
            self._retry.reset()

    def _fail(self, error: DeviceError, now_s: float) -> None:
        """Follow a script that failed: asked again, found anew or configured anew."""
        self.problem = str(error)
        job = self._job
        self._misses[job] += 1
        if self.state is not _S.READY:
            if self.state is _S.CONFIGURING:
                self._lose()
            return
        if isinstance(error, RestartedError):
            self._statistics.reboots += 1
            self.state = _S.CONFIGURING
            self._restart()
        elif self._misses[job] >= MISSES:
            # It may well be found at once, and fail again at once.
            self._retry.attempted(now_s)
            self._lose()
        elif job is _Job.WRITE:
            # It has said no, or nothing: let a read come between.
            self._write_due_s = now_s + self._read_every_s

    def _lose(self) -> None:
        if self.state in (_S.READY, _S.CONFIGURING):
            self.state = _S.LOST
        self._restart()

    def _restart(self) -> None:
        """Know nothing of its outputs; `configure` will bring them to their safe values."""
        self._written = {}
        self._misses = dict.fromkeys(_Job, 0)
        self._write_due_s = -inf


def _find_mismatch(identity: Identity, settings: InstrumentSettings) -> str | None:
    """Say in one line why this is not the instrument that the rig names; None when it is."""
    wanted = settings.serial_number
    if not wanted or identity.serial_number == wanted:
        return None
    if not identity.serial_number:
        return f"{identity.model} can't tell its serial number: remove serial_number {wanted!r}"
    return f"this is {identity.serial_number!r}, the rig names {wanted!r}: check the cables"
