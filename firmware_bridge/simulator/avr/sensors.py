"""What the sensors around a simulated board show it: volts, and the bytes of thermocouple amplifiers.

Pure. The circuits are those that the firmware's own tables are made from.
"""

from __future__ import annotations

from math import isnan
from typing import Final

from firmware_bridge.firmware import circuits

REFERENCE_V: Final = circuits.REFERENCE_MV / 1000.0
_OPEN_V: Final = REFERENCE_V
"""A thermistor whose wire is broken leaves its pin to the pull-up."""
_DEAD_V: Final = 0.0
"""A pressure transducer whose wire is broken leaves its pin to its pull-down."""
_COLD_JUNCTION_C: Final = 25.0
_TYPE_K_C: Final = (-270.0, 1372.0)

MAX31856_COLD_JUNCTION: Final = 0x0A
"""First of six registers: cold junction (2 bytes), thermocouple (3), fault status."""
_MAX31856_OPEN: Final = 0x01
_MAX31855_OPEN: Final = 1 << 16 | 1


def thermistor_v(celsius: float) -> float:
    """Voltage at a thermistor's pin; NaN is a broken wire."""
    return _OPEN_V if isnan(celsius) else circuits.thermistor_share(celsius) * REFERENCE_V


def pressure_v(kpa: float) -> float:
    """Voltage at a pressure transducer's pin; NaN is a broken wire."""
    return _DEAD_V if isnan(kpa) else circuits.pressure_share(kpa) * REFERENCE_V


def max31855_frame(celsius: float) -> bytes:
    """Write the 32 bits of a MAX31855, most significant first; NaN is an open thermocouple.

    Data sheet 19-5793: thermocouple in 1/4 K from bit 18 on, fault in bit 16, cold junction in 1/16 K from
    bit 4 on, open circuit in bit 0.
    """
    word = _bits(_COLD_JUNCTION_C, 16, 12) << 4
    word |= _MAX31855_OPEN if isnan(celsius) else _bits(_within_type_k(celsius), 4, 14) << 18
    return word.to_bytes(4, "big")


def max31856_registers(celsius: float) -> bytes:
    """Write the registers 0x0A to 0x0F of a MAX31856; NaN is an open thermocouple.

    Data sheet 19-7534: cold junction in 1/64 K in the upper 14 bits of two bytes, thermocouple in 1/128 K in
    the upper 19 bits of three, fault status.
    """
    broken = isnan(celsius)
    cold = _bits(_COLD_JUNCTION_C, 64, 14) << 2
    hot = 0 if broken else _bits(_within_type_k(celsius), 128, 19) << 5
    return cold.to_bytes(2, "big") + hot.to_bytes(3, "big") + bytes((_MAX31856_OPEN if broken else 0,))


def _within_type_k(celsius: float) -> float:
    return min(max(celsius, _TYPE_K_C[0]), _TYPE_K_C[1])


def _bits(value: float, scale: int, width: int) -> int:
    """Write a signed number in steps of 1/scale, as two's complement of this width."""
    return round(value * scale) & ((1 << width) - 1)
