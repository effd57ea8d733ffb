"""Transcripts of an instrument's dialogue, taken from its manual, replayed through driver and twin.

`tests/golden/instruments/NAME.json` holds for one driver:

    {"driver": "new-era", "source": "manual, its revision and sections",
     "settings": {"address": "03", "options": {"syringe": "BD Plastic 10 mL"},
                  "used": ["flow"], "safe": {"flow": 0.0}, "serial_number": ""},
     "dialogues": [
       {"script": "write", "wanted": {"flow": 8.3}, "lines": [["3033...", "0230...", "what it means"]]},
       {"script": "read", "gives": {"flow": 8.3}, "lines": [...]},
       {"script": "read", "raises": "part of the error's text", "lines": [...]}]}

`script` is identify, configure, read, write or stop. Of a line the first is what the driver sends, the second
what it is answered, both in hex (spaces allowed); an answer of null stays out: NoAnswerError. `gives` of
identify has the fields of `Identity`. The dialogues run one after another through one driver. A dialogue with
`"twin": true` is also put to a factory-fresh twin that has seen every such dialogue before it.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from firmware_bridge.devices.instruments.base import Identity, Instrument, InstrumentSettings, Script
from firmware_bridge.devices.interfaces import DeviceError, NoAnswerError
from firmware_bridge.devices.registry import find_instrument_driver

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FOLDER = Path(__file__).parent / "instruments"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


@cache
def transcript(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def make_driver(golden: Any) -> Instrument:
    raw = golden["settings"]
    settings = InstrumentSettings(**{**raw, "used": tuple(raw.get("used", ()))})
    return find_instrument_driver(golden["driver"]).make(settings)


def replay(driver: Instrument, dialogue: Any) -> None:
    """Hold one dialogue against the driver, byte for byte; fail with the line where they part."""
    script = _script(driver, dialogue)
    if "raises" in dialogue:
        with pytest.raises(DeviceError, match=dialogue["raises"]):
            run(script, dialogue["lines"])
        return
    result = run(script, dialogue["lines"])
    if isinstance(result, Identity):
        result = {key: value for key, value in asdict(result).items() if key in dialogue["gives"]}
    if "gives" in dialogue:
        assert result == pytest.approx(dialogue["gives"], nan_ok=True)


def run(script: Script[Any], lines: Sequence[Any]) -> object:
    """Answer a script from the lines of a transcript; return what it returns."""
    waiting = _answers(lines)
    try:
        ask = next(script)
        while True:
            answer = next(waiting, None)
            assert answer is not None, f"the transcript ends, but the driver sends {ask.data!r}"
            sent, answered, meaning = answer
            assert ask.data == sent, f"{meaning}: the driver sends {ask.data!r}, the manual has {sent!r}"
            if answered is None:
                ask = script.throw(NoAnswerError(f"no answer to {sent!r}"))
                continue
            if ask.ends is None:
                assert answered == b"", f"{meaning}: the driver expects no answer"
            else:
                _check_ends(ask.ends, answered, meaning)
            ask = script.send(answered)
    except StopIteration as ended:
        unsaid = list(waiting)
        assert not unsaid, f"the driver ends, but the transcript goes on with {unsaid[0]}"
        result: object = ended.value
        return result


def _check_ends(ends: Any, answered: bytes, meaning: str) -> None:
    """The answer ends at its last byte: not before, and not with the one that follows it."""
    for length in range(1, len(answered)):
        assert ends(answered[:length]) == 0, f"{meaning}: taken as whole after {length} bytes"
    assert ends(answered) == len(answered), f"{meaning}: {answered!r} is not taken as an answer"


def _script(driver: Instrument, dialogue: Any) -> Script[Any]:
    match dialogue["script"]:
        case "identify":
            return driver.identify()
        case "configure":
            return driver.configure()
        case "read":
            return driver.read()
        case "write":
            return driver.write(dialogue["wanted"])
        case "stop":
            return driver.stop()
    raise AssertionError(f"a driver has no script {dialogue['script']!r}")


def _answers(lines: Sequence[Any]) -> Iterator[tuple[bytes, bytes | None, str]]:
    for sent, answered, meaning in lines:
        yield bytes.fromhex(sent), None if answered is None else bytes.fromhex(answered), meaning
