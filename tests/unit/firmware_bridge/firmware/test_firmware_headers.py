from __future__ import annotations

from dataclasses import replace

import pytest

from firmware_bridge.firmware import circuits, generate
from firmware_bridge.firmware.headers import all_headers, pinout_header, thermistor_celsius
from firmware_bridge.firmware.pinout import MEGA2560, PINOUTS, Pin, Pinout, Thermistor


@pytest.mark.parametrize("name", sorted(all_headers()))
def test_the_committed_headers_are_those_that_the_tables_give(name: str) -> None:
    committed = (generate.FOLDER / name).read_text(encoding="ascii")
    assert committed == all_headers()[name], "run `make -C firmware_bridge/firmware headers`"


def test_no_other_header_stands_among_them() -> None:
    assert {path.name for path in generate.FOLDER.iterdir()} == set(all_headers())


def pins_of(pinout: Pinout) -> list[Pin]:
    spi = pinout.spi
    inputs = [*pinout.digitals, pinout.stop, spi.from_device]
    outputs = {*pinout.output_pins, *pinout.selects, spi.clock, spi.to_device, spi.select}
    return [*outputs, *inputs]


@pytest.mark.parametrize("pinout", PINOUTS.values(), ids=PINOUTS)
def test_no_pin_is_used_twice(pinout: Pinout) -> None:
    places = [(pin.port, pin.bit) for pin in pins_of(pinout)]
    labels = [pin.label for pin in pins_of(pinout)]
    labels += [each.label for each in pinout.temperatures if isinstance(each, Thermistor)]
    labels += [each.label for each in pinout.pressures]
    assert len(set(places)) == len(places)
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("pinout", PINOUTS.values(), ids=PINOUTS)
def test_the_line_is_left_to_the_uart(pinout: Pinout) -> None:
    port = {"atmega2560": "E", "atmega328p": "D"}[pinout.mcu]
    assert not {(port, 0), (port, 1)} & {(pin.port, pin.bit) for pin in pins_of(pinout)}
    assert pinout.f_cpu_hz % (16 * pinout.baud) == 0


def test_a_pin_that_no_chip_has_is_refused() -> None:
    with pytest.raises(ValueError, match="bits 0 to 7"):
        Pin("A", 8, "D99")


def test_a_changed_pin_changes_the_header() -> None:
    moved = replace(MEGA2560, stop=Pin("E", 5, "D3"))
    assert "#define STOP_PIN(X) X(0, E, 5)" in pinout_header(moved)


@pytest.mark.parametrize("celsius", [-35.0, 0.0, 25.0, 90.0, 149.0])
def test_the_thermistors_curve_is_inverted_exactly(celsius: float) -> None:
    assert thermistor_celsius(circuits.thermistor_share(celsius)) == pytest.approx(celsius, abs=1e-6)


@pytest.mark.parametrize(("celsius", "ohm"), [(0.0, 32_554.0), (25.0, 10_000.0), (85.0, 1070.0)])
def test_the_thermistor_is_that_of_the_data_sheet(celsius: float, ohm: float) -> None:
    assert circuits.thermistor_ohm(celsius) == pytest.approx(ohm, rel=1e-3)
