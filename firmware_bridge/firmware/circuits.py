"""The circuits between a sensor and the ADC: what voltage stands for what, as a share of the ADC's reference.

The ADC is referred to AVCC, 5 V, and so are the thermistors' pull-ups and the pressure transducers: a supply
that drifts moves neither reading. The firmware's tables and the simulated plant are both made from this.
"""

from __future__ import annotations

from math import exp
from typing import Final

REFERENCE_MV: Final = 5000
"""AVCC: the ADC's reference and the supply of every analog sensor."""
ADC_STEPS: Final = 1024
"""Codes of the ADC; code = floor(share of the reference * 1024), at most 1023."""

PULL_UP_OHM: Final = 4700.0
THERMISTOR_25_C_OHM: Final = 10_000.0
# Vishay NTCLE100E3103, B25/85 = 3977 K: R(T) = R25 exp(A + B/T + C/T^2 + D/T^3), T in K (data sheet 29049).
_A, _B, _C, _D = -14.6337, 4791.842, -115_334.0, -3.730535e6
KELVIN: Final = 273.15

COLDEST_C: Final = -40.0
"""Below, a thermistor is taken for a broken wire."""
HOTTEST_C: Final = 150.0
"""Above, a thermistor is taken for a short circuit."""

PRESSURE_ZERO_SHARE: Final = 0.1
"""0.5 V of 5 V: 0 kPa."""
PRESSURE_FULL_SHARE: Final = 0.9
"""4.5 V of 5 V: full scale."""
PRESSURE_FULL_KPA: Final = 1000.0
PRESSURE_BROKEN_SHARE: Final = 0.05
"""Nearer than this to either rail, a transducer is taken for broken."""


def thermistor_ohm(celsius: float) -> float:
    """Compute the resistance of the thermistor."""
    kelvin = celsius + KELVIN
    return THERMISTOR_25_C_OHM * exp(_A + _B / kelvin + _C / kelvin**2 + _D / kelvin**3)


def thermistor_share(celsius: float) -> float:
    """Compute the voltage at the thermistor's ADC pin, over the reference; falls as it gets warmer."""
    ohm = thermistor_ohm(celsius)
    return ohm / (ohm + PULL_UP_OHM)


def pressure_share(kpa: float) -> float:
    """Compute the voltage at a pressure transducer's ADC pin, over the reference; it ends at the rails."""
    share = PRESSURE_ZERO_SHARE + kpa / PRESSURE_FULL_KPA * (PRESSURE_FULL_SHARE - PRESSURE_ZERO_SHARE)
    return min(max(share, 0.0), 1.0)
