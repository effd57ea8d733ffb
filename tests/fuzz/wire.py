"""Ostwald's own frames: COBS, framing, message layouts, both framed twins, and the drivers that hear them."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.devices.board import Board
from firmware_bridge.devices.interfaces import Axis, BoardConfiguration, BoardOutputs, DeviceError
from firmware_bridge.devices.spectrometer import FramedSpectrometer
from firmware_bridge.link.interfaces import READ_LIMIT, LinkError
from firmware_bridge.simulator.board import BoardTwin
from firmware_bridge.simulator.interfaces import Sensed
from firmware_bridge.simulator.spectrometer import SpectrometerTwin
from firmware_bridge.wire import cobs
from firmware_bridge.wire import messages as m
from firmware_bridge.wire.framing import MAX_PAYLOAD, Frame, FrameStream, decode, encode
from firmware_bridge.wire.layout import MessageError
from tests.fuzz.target import Fed, Target, refusing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware_bridge.simulator.interfaces import Drive
    from tests.fuzz.material import Chance
    from tests.fuzz.target import Decoder

_GOLDEN: Final = Path(__file__).parents[1] / "golden" / "frames.json"
_STEP_S: Final = 0.01
_TABLES: Final = (m.BOARD_REQUESTS, m.BOARD_REPLIES, m.SPECTROMETER_REQUESTS, m.SPECTROMETER_REPLIES)
_CONFIGURATION: Final = BoardConfiguration(
    deadman_s=0.5, axes=(Axis(1000.0, 2000, 10.0),), safe_heater_duty=(0.0,), limit_c=(90.0,)
)
_OUTPUTS: Final = BoardOutputs((1.0,), (0.0,), 0.0, (), ())


@cache
def _frames() -> tuple[bytes, ...]:
    golden: dict[str, str] = json.loads(_GOLDEN.read_text(encoding="ascii"))
    return tuple(bytes.fromhex(frame) for frame in golden.values())


@cache
def _bodies() -> tuple[bytes, ...]:
    """Every golden message as its type and payload."""
    frames = (decode(frame[:-1]) for frame in _frames())
    return tuple(bytes((frame.number,)) + frame.payload for frame in frames)


def _cobs(chance: Chance) -> Decoder:
    def take(piece: bytes) -> None:
        raw = cobs.decode(piece)
        assert cobs.encode(raw) == piece, "two writings of the same bytes"

    return refusing(chance.piece, take, ValueError)


def _framing(chance: Chance) -> Decoder:
    stream = FrameStream()

    def step() -> Fed:
        chunk = chance.stream()
        damaged = stream.damage.total
        stream.feed(chunk)
        return Fed(len(chunk), stream.damage.total - damaged)

    return step


def _messages(chance: Chance) -> Decoder:
    """Payloads in frames that are whole, each held against all four tables."""

    def take(body: bytes) -> None:
        frame = Frame(0, body[0] if body else 0, body[1:])
        refused: MessageError | None = None
        for table in _TABLES:
            try:
                m.decode(frame, table)
            except MessageError as error:
                refused = error
        if refused is not None:
            raise refused

    return refusing(chance.piece, take, MessageError)


def _sealed(chance: Chance, sequence: int) -> bytes:
    """Draw a damaged message in a frame that is whole, so that it goes beyond the checksum."""
    body = chance.piece()[: MAX_PAYLOAD + 1] or b"\0"
    return encode(sequence, body[0], body[1:])


def _traffic(chance: Chance, sequence: int) -> bytes:
    return _sealed(chance, sequence) if chance.happens(0.7) else chance.stream()


class _Far(ABC):
    """The far end of a driver's line; `fed` counts what it was told that is not as it should be."""

    name = "fuzzed line"

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._host = FrameStream()
        self._waiting = b""
        self.fed = 0

    def write(self, data: bytes) -> bool:
        for frame in self._host.feed(data):
            self._waiting += self._answer(frame)
        return not self._chance.happens(0.01)

    def read(self) -> bytes:
        chunk, self._waiting = self._waiting[:READ_LIMIT], self._waiting[READ_LIMIT:]
        if self._chance.happens(0.001):
            raise LinkError("fuzzed line: gone")
        return chunk

    def close(self) -> None:
        self._waiting = b""

    def _damaged(self, body: bytes, sequence: int) -> bytes:
        """Damage a message, and put it into a frame that is whole."""
        damaged = self._chance.piece(body)[: MAX_PAYLOAD + 1] or b"\0"
        return self._count(encode(sequence, damaged[0], damaged[1:]))

    def _stray(self, sequence: int) -> bytes:
        return self._count(_traffic(self._chance, sequence))

    def _count(self, data: bytes) -> bytes:
        self.fed += len(data)
        return data

    @abstractmethod
    def _answer(self, frame: Frame) -> bytes:
        """Give the bytes that come back to this request."""


class _GoldenFar(_Far):
    """Answers with golden messages under the request's sequence, and with damaged ones."""

    def _answer(self, frame: Frame) -> bytes:
        chance = self._chance
        if chance.happens(0.4):
            return self._stray(frame.sequence)
        replies = [body for body in chance.samples if body[0] == frame.number | m.REPLY_BIT]
        body = chance.pick(replies or chance.samples)
        if chance.happens(0.5):
            return self._damaged(body, frame.sequence)
        return encode(frame.sequence, body[0], body[1:])


class _SpectrometerFar(_Far):
    """Answers as the twin does, so that exposures are fetched to their end; or with that, damaged."""

    def __init__(self, chance: Chance) -> None:
        super().__init__(chance)
        self._twin = SpectrometerTwin(_Dark())

    def _answer(self, frame: Frame) -> bytes:
        reply = self._twin.feed(encode(frame.sequence, frame.number, frame.payload))
        self._twin.advance(_STEP_S)
        if self._chance.happens(0.7):
            return reply
        if self._chance.happens(0.3):
            return self._stray(frame.sequence)
        answer = decode(reply[:-1])
        return self._damaged(bytes((answer.number,)) + answer.payload, frame.sequence)


def _board_driver(chance: Chance) -> Decoder:
    far = _GoldenFar(chance)
    board = Board(lambda: far, _CONFIGURATION)
    now_s = 0.0

    def step() -> Fed:
        nonlocal now_s
        now_s += _STEP_S
        before = far.fed
        board.poll(now_s)
        board.send(_OUTPUTS, now_s)
        if chance.happens(0.01):
            board.request_faults(now_s)
        return Fed(far.fed - before, int(board.problem is not None))

    return step


def _spectrometer_driver(chance: Chance) -> Decoder:
    far = _SpectrometerFar(chance)
    now_s = 0.0

    def pause(seconds: float) -> None:
        nonlocal now_s
        # Longer than it asks for: silence shall not take most of the time.
        now_s += 50.0 * seconds

    driver = FramedSpectrometer(lambda: far, clock=lambda: now_s, pause=pause)

    def step() -> Fed:
        before = far.fed
        try:
            if chance.happens(0.3):
                driver.identify()
            driver.fetch(driver.start(0.01, 1))
        except (DeviceError, LinkError):
            return Fed(far.fed - before, 1)
        return Fed(far.fed - before, 0)

    return step


def _board_twin(chance: Chance) -> Decoder:
    twin = BoardTwin(seed=1)
    sensed = Sensed((25.0,) * m.TEMPERATURES, (0.0,) * m.PRESSURES, stop_pressed=False)

    def step() -> Fed:
        chunk = _traffic(chance, chance.below(1 << 16))
        twin.feed(chunk)
        twin.advance(_STEP_S)
        twin.sense(sensed)
        if chance.happens(0.001):
            twin.reboot(m.ResetCause.POWER_ON)
        return Fed(len(chunk), 0)

    return step


class _Dark:
    """A plant in which nothing happens."""

    wavelengths_nm: NDArray[np.float64] = np.linspace(400.0, 700.0, 300)

    def advance(self, dt_s: float, drive: Drive) -> Sensed:
        del dt_s, drive
        return Sensed((), (), stop_pressed=False)

    def expose(self, integration_s: float, scans: int) -> NDArray[np.float64]:
        del integration_s, scans
        return np.zeros(300)


def _spectrometer_twin(chance: Chance) -> Decoder:
    twin = SpectrometerTwin(_Dark())

    def step() -> Fed:
        chunk = _traffic(chance, chance.below(1 << 16))
        twin.feed(chunk)
        twin.advance(_STEP_S)
        return Fed(len(chunk), 0)

    return step


TARGETS: Final = (
    Target("cobs", lambda: tuple(frame[:-1] for frame in _frames()), _cobs),
    Target("frames", _frames, _framing),
    Target("messages", _bodies, _messages),
    Target("board driver", _bodies, _board_driver),
    Target("spectrometer driver", _bodies, _spectrometer_driver),
    Target("board twin", _bodies, _board_twin),
    Target("spectrometer twin", _bodies, _spectrometer_twin),
)
