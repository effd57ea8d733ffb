"""The C headers that the firmware shares with Python: the protocol, each board's pins, its circuits.

Pure: tables in, text out. `generate` writes them to their files.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from firmware_bridge.firmware import circuits
from firmware_bridge.firmware.c_header import defines, for_each, header, numbers
from firmware_bridge.firmware.pinout import (
    HEATER_SLOT_MS,
    PINOUTS,
    TICK_HZ,
    Thermistor,
    Thermocouple,
)
from firmware_bridge.wire import cobs, framing
from firmware_bridge.wire import messages as m

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from enum import IntEnum, IntFlag

    from firmware_bridge.firmware.pinout import Pin, Pinout
    from firmware_bridge.wire.layout import Layout, Wire

FIRMWARE_VERSION: Final = "1.0"
ADC_SAMPLES: Final = 32
"""Summed for one reading: noise of a code or more gives it two and a half bits beyond the ADC's ten."""
TABLE_INTERVALS: Final = 256
ADC_SPAN: Final = circuits.ADC_STEPS * ADC_SAMPLES
"""A sum of samples, over this, is the share of the reference."""

_WIRE_TYPES: Final = {"B": "uint8_t", "H": "wire_u16", "I": "wire_u32", "h": "wire_i16", "s": "char"}
_CENTI: Final = 100


def protocol_header() -> str:
    """Write what `wire` says of frames and of the board's messages."""
    board = {**m.BOARD_REQUESTS, **m.BOARD_REPLIES}
    return header(
        "PROTOCOL_H",
        "wire/messages.py and wire/framing.py",
        "#include <stdint.h>",
        "/* Numbers at any address, little endian as both these chips and their tests' machines are. */\n"
        "typedef uint16_t wire_u16 __attribute__((aligned(1), may_alias));\n"
        "typedef uint32_t wire_u32 __attribute__((aligned(1), may_alias));\n"
        "typedef int16_t wire_i16 __attribute__((aligned(1), may_alias));",
        defines(_constants()),
        *(_enumeration(each) for each in (m.ResetCause, m.TripCause, m.Refusal)),
        _enumeration(m.Status),
        "enum message {\n"
        + "\n".join(f"    MESSAGE_{_c_name(layout).upper()} = 0x{n:02X}," for n, layout in board.items())
        + "\n};",
        *(_struct(layout) for layout in board.values() if layout.fields),
        _request_sizes(m.BOARD_REQUESTS),
    )


def _constants() -> Iterator[tuple[str, object]]:
    yield "PROTOCOL_VERSION", m.PROTOCOL_VERSION
    yield "FRAME_DELIMITER", framing.DELIMITER[0]
    yield "FRAME_MAX_ENCODED", cobs.MAX_ENCODED
    yield "REPLY_BIT", f"0x{m.REPLY_BIT:02X}"
    yield "BOARD_MAX_REPLY", max(layout.size for layout in m.BOARD_REPLIES.values())
    yield "DEADMAN_MS_MIN", m.DEADMAN_MS[0]
    yield "DEADMAN_MS_MAX", m.DEADMAN_MS[-1]
    # What a message has room for, whatever this board has of it.
    yield "WIRE_PUMP_AXES", m.PUMP_AXES
    yield "WIRE_HEATERS", m.HEATERS
    yield "WIRE_TEMPERATURES", m.TEMPERATURES
    yield "WIRE_PRESSURES", m.PRESSURES
    yield "WIRE_LAMPS", m.LAMPS
    yield "WIRE_FREQUENCIES", m.FREQUENCIES
    yield "WIRE_DUTIES", m.DUTIES
    inputs, reply = m.BOARD_REPLIES[0x83].fields, m.BOARD_REPLIES[0x81].fields
    yield "WIRE_TEXT", reply["serial_number"].count
    yield "TEMPERATURE_ABSENT", f"({inputs['temperatures_c'].absent})"
    yield "PRESSURE_ABSENT", inputs["pressures_kpa"].absent


def _enumeration(values: type[IntEnum | IntFlag]) -> str:
    words = "".join(f"_{c}" if c.isupper() else c for c in values.__name__).strip("_")
    rows = "\n".join(f"    {words.upper()}_{each.name} = {each.value}," for each in values)
    return f"enum {words.lower()} {{\n{rows}\n}};"


def _c_name(layout: Layout) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in layout.name).strip("_")


def _struct(layout: Layout) -> str:
    name = f"struct msg_{_c_name(layout)}"
    rows = "\n".join(f"    {_member(field, wire)}" for field, wire in layout.fields.items())
    check = (
        f'_Static_assert(sizeof({name}) == {layout.size}, "{layout.name} lies on the wire without padding");'
    )
    return f"{name} {{\n{rows}\n}};\n{check}"


def _member(name: str, wire: Wire) -> str:
    scale = f"1/{wire.scale} {wire.unit}".rstrip() if wire.scale != 1 else wire.unit
    count = f"[{wire.count}]" if wire.count else ""
    return f"{_WIRE_TYPES[wire.code]} {name}{count};" + (f" /* {scale} */" if scale else "")


def _request_sizes(requests: Mapping[int, Layout]) -> str:
    cases = "\n".join(
        f"    case MESSAGE_{_c_name(layout).upper()}:\n        return {layout.size};"
        for layout in requests.values()
    )
    return (
        "#define NO_SUCH_REQUEST 0xFF\n\n"
        "/* Bytes of payload that a request of this number has. */\n"
        "static inline uint8_t board_request_size(uint8_t number)\n{\n    switch (number) {\n"
        f"{cases}\n    default:\n        return NO_SUCH_REQUEST;\n    }}\n}}"
    )


def pinout_header(pinout: Pinout) -> str:
    """Write one board's pins, as lists that a macro goes through: X(index, port, bit)."""
    return header(
        f"PINOUT_{pinout.name.upper()}_H",
        "pinout.py",
        defines(_board_constants(pinout)),
        *_output_lists(pinout),
        *_input_lists(pinout),
    )


def _board_constants(pinout: Pinout) -> Iterator[tuple[str, object]]:
    yield "FIRMWARE_NAME", f'"{pinout.name} {FIRMWARE_VERSION}"'
    yield "UART_BAUD", f"{pinout.baud}UL"
    yield "TICK_HZ", f"{TICK_HZ}UL"
    yield "HEATER_SLOT_MS", HEATER_SLOT_MS
    yield "AXES", len(pinout.axes)
    yield "HEATERS", len(pinout.heaters)
    yield "LAMPS", len(pinout.lamps)
    yield "FREQUENCIES", len(pinout.frequencies)
    yield "DUTIES", len(pinout.duties)
    yield "TEMPERATURES", len(pinout.temperatures)
    yield "PRESSURES", len(pinout.pressures)
    yield "DIGITALS", len(pinout.digitals)


def _pins(pins: tuple[Pin, ...], start: int = 0) -> list[tuple[object, ...]]:
    return [(index, pin.port, pin.bit) for index, pin in enumerate(pins, start)]


def _output_lists(pinout: Pinout) -> Iterator[str]:
    axes = pinout.axes
    yield for_each("STEP_PINS", _pins(tuple(axis.step for axis in axes)), "axis: high for one tick a step")
    yield for_each("DIRECTION_PINS", _pins(tuple(axis.direction for axis in axes)), "axis: high is forward")
    yield for_each("ENABLE_PINS", _pins(tuple(axis.enable for axis in axes)), "axis: low is enabled")
    yield for_each("FREQUENCY_PINS", _pins(pinout.frequencies), "frequency output")
    dimmed = pinout.lamps + pinout.duties
    yield for_each("DIMMED_PINS", _pins(dimmed), "lamps, then duty outputs: high is on")
    yield for_each("HEATER_PINS", _pins(pinout.heaters), "heater: high is on")
    ticked: dict[str, int] = {}
    for pin in (*(axis.step for axis in axes), *pinout.frequencies, *dimmed):
        ticked[pin.port] = ticked.get(pin.port, 0) | 1 << pin.bit
    masks = [(port, f"0x{mask:02X}") for port, mask in ticked.items()]
    yield for_each("TICKED_PORTS", masks, "port, and the bits of it that the tick's interrupt drives")


def _input_lists(pinout: Pinout) -> Iterator[str]:
    yield for_each("DIGITAL_PINS", _pins(pinout.digitals), "digital input: low is active")
    yield for_each("STOP_PIN", _pins((pinout.stop,)), "the stop input: high is pressed")
    kinds = list(enumerate(pinout.temperatures))
    yield for_each(
        "THERMISTORS",
        [(index, each.adc) for index, each in kinds if isinstance(each, Thermistor)],
        "temperature, channel of the ADC",
    )
    yield for_each(
        "THERMOCOUPLES",
        [
            (index, each.amplifier.name, each.select.port, each.select.bit)
            for index, each in kinds
            if isinstance(each, Thermocouple)
        ],
        "temperature, amplifier, select pin",
    )
    pressures = [(index, each.adc) for index, each in enumerate(pinout.pressures)]
    yield for_each("PRESSURE_SENSORS", pressures, "pressure, channel of the ADC")
    spi = pinout.spi
    yield for_each(
        "SPI_OUTPUTS", _pins((spi.clock, spi.to_device, spi.select)), "clock, data out, own select"
    )
    yield for_each("SPI_INPUT", _pins((spi.from_device,)), "data in")


def choice_header() -> str:
    """Write the header that picks a board's pins by what the compiler says it builds for."""
    names = list(PINOUTS)
    cases = "\n".join(
        f'#{"if" if index == 0 else "elif"} defined(BOARD_{name.upper()})\n#include "pinout_{name}.h"'
        for index, name in enumerate(names)
    )
    choices = " or ".join(f"-DBOARD_{name.upper()}" for name in names)
    return header("PINOUT_H", "pinout.py", f'{cases}\n#else\n#error "say which board: {choices}"\n#endif')


def thermistor_celsius(share: float) -> float:
    """Invert `circuits.thermistor_share` by bisection, from a share between 0 and 1."""
    low, high = -150.0, 1000.0
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if circuits.thermistor_share(middle) > share else (low, middle)
    return low


def circuits_header() -> str:
    """Write the conversions of what the ADC sums up: thermistor table and pressure line."""
    shares = [index / TABLE_INTERVALS for index in range(TABLE_INTERVALS + 1)]
    # Beyond what counts as working only the thresholds are asked, so the ends need no exact value.
    centi_c = [round(_CENTI * min(max(_celsius_or_end(share), -300.0), 300.0)) for share in shares]
    full = circuits.PRESSURE_FULL_SHARE - circuits.PRESSURE_ZERO_SHARE
    deci_kpa = 10.0 * circuits.PRESSURE_FULL_KPA / full
    return header(
        "CIRCUITS_H",
        "circuits.py",
        "#include <stdint.h>",
        defines(
            [
                ("ADC_SAMPLES", ADC_SAMPLES),
                ("ADC_SPAN", f"{ADC_SPAN}UL"),
                ("THERMISTOR_INTERVAL", ADC_SPAN // TABLE_INTERVALS),
                ("THERMISTOR_SHORT", round(circuits.thermistor_share(circuits.HOTTEST_C) * ADC_SPAN)),
                ("THERMISTOR_OPEN", round(circuits.thermistor_share(circuits.COLDEST_C) * ADC_SPAN)),
                ("PRESSURE_SPAN", f"{round(deci_kpa)}UL"),
                ("PRESSURE_OFFSET", f"{round(deci_kpa * circuits.PRESSURE_ZERO_SHARE)}L"),
                ("PRESSURE_LOWEST", round(circuits.PRESSURE_BROKEN_SHARE * ADC_SPAN)),
                ("PRESSURE_HIGHEST", round((1.0 - circuits.PRESSURE_BROKEN_SHARE) * ADC_SPAN)),
            ]
        ),
        "/* Centi-degrees at every THERMISTOR_INTERVAL of the sum of samples. */\n"
        "#define THERMISTOR_TABLE { \\\n" + " \\\n".join(numbers(centi_c).splitlines()) + " \\\n}",
    )


def _celsius_or_end(share: float) -> float:
    if share <= 0.0:
        return inf
    return -inf if share >= 1.0 else thermistor_celsius(share)


def all_headers() -> dict[str, str]:
    """Every generated header: file name to text."""
    return {
        "protocol.h": protocol_header(),
        "circuits.h": circuits_header(),
        "pinout.h": choice_header(),
        **{f"pinout_{name}.h": pinout_header(pinout) for name, pinout in PINOUTS.items()},
    }
