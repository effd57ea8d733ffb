"""The spectrometer that is asked in text: its driver, which hears a damaged twin, and the twin itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from firmware_bridge.devices.instruments.base import InstrumentSettings
from firmware_bridge.devices.interfaces import DeviceError
from firmware_bridge.devices.text_spectrometer import TextSpectrometer
from firmware_bridge.link.interfaces import READ_LIMIT, LinkError
from firmware_bridge.simulator.text_spectrometer import OPTIONS, TextSpectrometerTwin
from tests.fuzz.target import Fed, Target
from tests.unit.firmware_bridge.workers import InlineWorker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fuzz.material import Chance
    from tests.fuzz.target import Decoder

_WAVELENGTHS_NM: Final = tuple(400.0 + pixel for pixel in range(20))
_STEP_S: Final = 0.05
_REQUESTS: Final = (b"*IDN?\n", b"WAVE?\n", b"INT 5000\n", b"INT 0\n", b"READ?\n")
_LONGEST_ANSWER: Final = 64 * 1024


def _shine(integration_s: float) -> Sequence[float]:
    return [1000.0 + 1e5 * integration_s] * len(_WAVELENGTHS_NM)


def _answers() -> tuple[bytes, ...]:
    """Every answer of the twin, as it is given when nothing is wrong."""
    twin = TextSpectrometerTwin(_WAVELENGTHS_NM, _shine)
    answers = []
    for request in _REQUESTS:
        twin.feed(request)
        twin.advance(_STEP_S)
        answers.append(twin.feed(b"") or b"OST-TEXT,T-0042\r\n")
    return tuple(answers)


class _Far:
    """The far end of the driver's line: the twin, whose answers are damaged now and then."""

    name = "fuzzed line"

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._twin = TextSpectrometerTwin(_WAVELENGTHS_NM, _shine)
        self._waiting = b""
        self.fed = 0

    def write(self, data: bytes) -> bool:
        self._hear(self._twin.feed(data))
        return not self._chance.happens(0.01)

    def read(self) -> bytes:
        chunk, self._waiting = self._waiting[:READ_LIMIT], self._waiting[READ_LIMIT:]
        if self._chance.happens(0.001):
            raise LinkError("fuzzed line: gone")
        return chunk

    def close(self) -> None:
        self._waiting = b""

    def advance(self, dt_s: float) -> None:
        self._twin.advance(dt_s)
        self._hear(self._twin.feed(b""))

    def _hear(self, answer: bytes) -> None:
        if not answer:
            return
        chance = self._chance
        if chance.happens(0.3):
            answer = chance.piece(answer) if chance.happens(0.7) else chance.stream()
            self.fed += len(answer)
        self._waiting += answer


def _driver(chance: Chance) -> Decoder:
    far = _Far(chance)
    now_s = 0.0

    def pause(seconds: float) -> None:
        nonlocal now_s
        # Longer than it asks for: silence shall not take most of the time.
        now_s += 50.0 * seconds
        far.advance(50.0 * seconds)

    driver = TextSpectrometer(
        lambda: far,
        InstrumentSettings(options=OPTIONS),
        worker=InlineWorker(),
        clock=lambda: now_s,
        pause=pause,
    )

    def step() -> Fed:
        before = far.fed
        try:
            counts = driver.fetch(driver.start(0.01, 1 + chance.below(3)))
        except (DeviceError, LinkError):
            return Fed(far.fed - before, 1)
        assert len(counts) == driver.identify().pixels, f"{len(counts)} counts"
        return Fed(far.fed - before, 0)

    return step


def _twin(chance: Chance) -> Decoder:
    twin = TextSpectrometerTwin(_WAVELENGTHS_NM, _shine)

    def step() -> Fed:
        chunk = chance.stream()
        answer = twin.feed(chunk)
        assert len(answer) <= _LONGEST_ANSWER, f"{len(answer)} bytes of answer to {len(chunk)}"
        if chance.happens(0.5):
            twin.advance(_STEP_S)
        return Fed(len(chunk), 0)

    return step


TARGETS: Final = (
    Target("text spectrometer driver", _answers, _driver),
    Target("text spectrometer twin", lambda: _REQUESTS, _twin),
)
