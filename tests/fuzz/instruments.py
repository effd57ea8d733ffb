"""Every instrument's driver and twin, on what their golden transcripts hold."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from firmware_bridge.devices.instruments.base import Ask, Identity, Script
from firmware_bridge.devices.interfaces import DeviceError, NoAnswerError
from firmware_bridge.simulator.instruments.interfaces import Surroundings, TwinSettings
from firmware_bridge.simulator.instruments.registry import make_twin
from tests.fuzz.target import Fed, Target
from tests.golden.transcripts import NAMES, make_driver, transcript

if TYPE_CHECKING:
    from firmware_bridge.devices.instruments.base import Instrument
    from tests.fuzz.material import Chance
    from tests.fuzz.target import Decoder

_MOST_ASKS: Final = 500
"""No script here needs a tenth of it: one that asks on and on, whatever it is told, holds up its line."""
_LONGEST_TWIN_ANSWER: Final = 64 * 1024
_STEP_S: Final = 0.05
_AT_REST: Final = Surroundings(temperature_c=25.0, pressure_kpa=0.0, flow_ul_s=0.0)


def _lines(name: str) -> list[tuple[bytes, bytes]]:
    return [
        (bytes.fromhex(sent), bytes.fromhex(answered or ""))
        for dialogue in transcript(name)["dialogues"]
        for sent, answered, _ in dialogue["lines"]
    ]


def _requests(name: str) -> tuple[bytes, ...]:
    return tuple(sorted({sent for sent, _ in _lines(name)}))


def _answers(name: str) -> tuple[bytes, ...]:
    return tuple(sorted({answered for _, answered in _lines(name) if answered}))


class _Talk:
    """Runs a driver's scripts one after another; many answers are right, so that they get far."""

    def __init__(self, name: str, chance: Chance) -> None:
        self._chance = chance
        self._driver: Instrument = make_driver(transcript(name))
        self._known: defaultdict[bytes, list[bytes]] = defaultdict(list)
        for sent, answered in _lines(name):
            if answered:
                self._known[sent].append(answered)
        self._wanted = [each["wanted"] for each in transcript(name)["dialogues"] if "wanted" in each]
        self._script: Script[Any] | None = None
        self._ask: Ask | None = None
        self._asks = 0
        self._fed = 0
        self._configured = False
        self._configuring = False

    def step(self) -> Fed:
        """Answer one request, or begin the next script."""
        self._fed = 0
        script, ask = self._script, self._ask
        try:
            if script is None or ask is None:
                self._asks = 0
                self._script = script = self._next_script()
                self._ask = next(script)
                return Fed(0, 0)
            self._asks += 1
            assert self._asks <= _MOST_ASKS, f"a script that asks without end, now {ask.data!r}"
            self._ask = self._go_on(script, ask)
        except StopIteration as ended:
            self._script = self._ask = None
            self._configured |= self._configuring
            _check_result(ended.value)
        except DeviceError:
            self._script = self._ask = None
            return Fed(self._fed, 1)
        return Fed(self._fed, 0)

    def _next_script(self) -> Script[Any]:
        """Choose as a session may: nothing is read or written before it is configured."""
        chance, driver = self._chance, self._driver
        if not self._configured or chance.happens(0.1):
            self._configured, self._configuring = False, chance.happens(0.7)
            return driver.configure() if self._configuring else driver.identify()
        scripts = (driver.read, driver.read, driver.stop)
        if self._wanted and chance.happens(0.4):
            return driver.write(self._wanted[chance.below(len(self._wanted))])
        return scripts[chance.below(len(scripts))]()

    def _go_on(self, script: Script[Any], ask: Ask) -> Ask:
        if ask.ends is None:
            return script.send(b"")
        chance, known = self._chance, self._known.get(ask.data)
        if known is not None and chance.happens(0.6):
            received = chance.pick(known)
        else:
            received = chance.piece(chance.pick(known) if known and chance.happens(0.7) else None)
            self._fed += len(received)
        for end in (chance.below(len(received) + 1), len(received)):
            if end == 0:
                continue
            try:
                length = ask.ends(received[:end])
            except ValueError:
                return script.throw(NoAnswerError("garbled"))
            assert 0 <= length <= end, f"{length} of {end} bytes are said to be the answer"
            if length:
                return script.send(received[:length])
        return script.throw(NoAnswerError("silent"))


def _check_result(result: object) -> None:
    """What a script returns is of its kind, whatever it was told."""
    if result is None:
        return
    if isinstance(result, Identity):
        assert result.model, "an identity without a model"
        return
    assert isinstance(result, dict), f"a script returns {result!r}"
    for key, value in result.items():
        assert isinstance(value, int | float), f"{key} is {value!r}"
        assert not math.isinf(value), f"{key} is {value!r}"


def _driver(name: str) -> Target:
    return Target(f"{name} driver", lambda: _answers(name), lambda chance: _Talk(name, chance).step)


def _twin(name: str) -> Target:
    def open_twin(chance: Chance) -> Decoder:
        raw = transcript(name)["settings"]
        settings = TwinSettings(raw.get("address", ""), raw.get("options", {}), raw.get("serial_number", ""))
        twin = make_twin(transcript(name)["driver"], settings)

        def step() -> Fed:
            chunk = chance.stream()
            answer = twin.feed(chunk)
            assert len(answer) <= _LONGEST_TWIN_ANSWER, f"{len(answer)} bytes of answer to {len(chunk)}"
            twin.advance(_STEP_S)
            twin.sense(_AT_REST)
            if chance.happens(0.002):
                twin.power_cycle()
            return Fed(len(chunk), 0)

        return step

    return Target(f"{name} twin", lambda: _requests(name), open_twin)


TARGETS: Final = (*map(_driver, NAMES), *map(_twin, NAMES))
