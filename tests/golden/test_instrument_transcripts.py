"""Every instrument driver, and its twin, speak byte for byte as the maker's manual says."""

from __future__ import annotations

from typing import Any

import pytest

from firmware_bridge.devices.registry import DRIVERS, DeviceKind
from firmware_bridge.simulator.instruments.interfaces import TwinSettings
from firmware_bridge.simulator.instruments.registry import make_twin
from tests.golden.transcripts import NAMES, make_driver, replay, transcript


def test_every_instrument_driver_has_a_transcript_from_its_manual() -> None:
    drivers = {name for name, driver in DRIVERS.items() if driver.kind is DeviceKind.INSTRUMENT}
    assert {transcript(name)["driver"] for name in NAMES} == drivers
    assert all(transcript(name)["source"] for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_driver_speaks_as_the_manual_says(name: str) -> None:
    golden = transcript(name)
    driver = make_driver(golden)
    for dialogue in golden["dialogues"]:
        replay(driver, dialogue)


@pytest.mark.parametrize("name", NAMES)
def test_the_twin_answers_as_the_manual_says(name: str) -> None:
    golden = transcript(name)
    raw = golden["settings"]
    twin = make_twin(
        golden["driver"],
        TwinSettings(raw.get("address", ""), raw.get("options", {}), raw.get("serial_number", "")),
    )
    dialogues: list[Any] = [each for each in golden["dialogues"] if each.get("twin")]
    assert dialogues, "mark at least one dialogue with twin: true"
    for dialogue in dialogues:
        for sent, answered, meaning in dialogue["lines"]:
            got = twin.feed(bytes.fromhex(sent))
            assert got == bytes.fromhex(answered or ""), f"{meaning}: the twin answers {got!r}"
