from __future__ import annotations

import ctypes
from fractions import Fraction
from itertools import pairwise
from math import isnan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.firmware import circuits
from firmware_bridge.firmware.headers import ADC_SAMPLES, ADC_SPAN
from firmware_bridge.firmware.pinout import TICK_HZ
from tests.unit.firmware_bridge.firmware.host_core import PRESSURE_ABSENT, TEMPERATURE_ABSENT, core

STEP_MODULUS = TICK_HZ * 1000
MAX_MHZ = STEP_MODULUS // 2


@pytest.fixture(scope="module", autouse=True)
def library() -> ctypes.CDLL:
    return core("mega2560")


def pulses(library: ctypes.CDLL, mhz: int, ticks: int, phase: int = 0) -> int:
    place = ctypes.c_uint32(phase)
    return int(library.count_pulses(ctypes.byref(place), mhz, STEP_MODULUS, ticks))


@given(mhz=st.integers(0, MAX_MHZ), ticks=st.integers(0, 100_000), phase=st.integers(0, STEP_MODULUS - 1))
def test_the_count_of_steps_is_right_to_within_one_at_every_moment(mhz: int, ticks: int, phase: int) -> None:
    ideal = Fraction(mhz * ticks, STEP_MODULUS)
    assert abs(pulses(core("mega2560"), mhz, ticks, phase) - ideal) < 1


@pytest.mark.parametrize("mhz", [1, 10, 33, 1_000_003, 4_999_999, 5_000_000, MAX_MHZ])
def test_a_whole_number_of_periods_has_no_error_at_all(library: ctypes.CDLL, mhz: int) -> None:
    assert pulses(library, mhz, STEP_MODULUS) == mhz


@pytest.mark.parametrize("mhz", [7_000_001, MAX_MHZ])
def test_a_pulse_is_always_followed_by_a_pause(library: ctypes.CDLL, mhz: int) -> None:
    place = ctypes.c_uint32(0)
    due = [library.count_pulses(ctypes.byref(place), mhz, STEP_MODULUS, 1) for _ in range(10_000)]
    assert not any(first and second for first, second in pairwise(due))


@given(duty=st.integers(0, 65535), slots=st.integers(0, 70_000), phase=st.integers(0, 65534))
def test_the_share_of_slots_is_right_to_within_one(duty: int, slots: int, phase: int) -> None:
    place = ctypes.c_uint16(phase)
    on = core("mega2560").count_on(ctypes.byref(place), duty, slots)
    assert abs(on - Fraction(duty * slots, 65535)) < 1
    assert place.value < 65535


def sum_of(share: float) -> int:
    """What the ADC sums up for this voltage: fractions of a code are cut off, half a code in the mean."""
    return round(share * ADC_SPAN - ADC_SAMPLES / 2)


def celsius_of(library: ctypes.CDLL, samples: int) -> float:
    library.thermistor_centi_c.restype = ctypes.c_int16
    centi_c = library.thermistor_centi_c(ctypes.c_uint16(samples))
    return float("nan") if centi_c == TEMPERATURE_ABSENT else centi_c / 100.0


@given(st.floats(-38.0, 140.0))
def test_a_thermistor_reads_as_its_curve_says(celsius: float) -> None:
    samples = sum_of(circuits.thermistor_share(celsius))
    assert celsius_of(core("mega2560"), samples) == pytest.approx(celsius, abs=0.12)


def test_a_warmer_thermistor_never_reads_colder(library: ctypes.CDLL) -> None:
    readings = [celsius_of(library, samples) for samples in range(ADC_SAMPLES * 1023 + 1)]
    known = [celsius for celsius in readings if not isnan(celsius)]
    assert known == sorted(known, reverse=True)
    assert known[0] == pytest.approx(circuits.HOTTEST_C, abs=0.2)
    assert known[-1] == pytest.approx(circuits.COLDEST_C, abs=0.2)


@pytest.mark.parametrize("samples", [0, 500, ADC_SAMPLES * 1020, ADC_SAMPLES * 1023])
def test_a_shorted_or_open_thermistor_reads_as_none(library: ctypes.CDLL, samples: int) -> None:
    assert isnan(celsius_of(library, samples))


def deci_kpa_of(library: ctypes.CDLL, samples: int) -> int:
    library.pressure_deci_kpa.restype = ctypes.c_uint16
    return int(library.pressure_deci_kpa(ctypes.c_uint16(samples)))


@pytest.mark.parametrize("kpa", [0.0, 101.3, 500.0, 1000.0])
def test_a_pressure_reads_as_its_line_says(library: ctypes.CDLL, kpa: float) -> None:
    assert deci_kpa_of(library, sum_of(circuits.pressure_share(kpa))) / 10 == pytest.approx(kpa, abs=0.051)


def test_a_pressure_below_zero_reads_zero_and_one_at_a_rail_none(library: ctypes.CDLL) -> None:
    assert deci_kpa_of(library, sum_of(0.08)) == 0
    for samples in (0, sum_of(0.04), sum_of(0.96), ADC_SAMPLES * 1023):
        assert deci_kpa_of(library, samples) == PRESSURE_ABSENT


def max31855(library: ctypes.CDLL, frame: int) -> int:
    library.max31855_centi_c.restype = ctypes.c_int16
    return int(library.max31855_centi_c(ctypes.c_uint32(frame)))


# Of table 4 of the data sheet: the upper 14 bits of a frame.
@pytest.mark.parametrize(
    ("bits", "centi_c"),
    [
        (0b01_1001_0000_0000, 32767),
        (0b00_0001_1001_0000, 10_000),
        (0b00_0000_0110_0100, 2500),
        (0b00_0000_0000_0001, 25),
        (0b11_1111_1111_1111, -25),
        (0b11_1100_0110_0000, -23_200),
    ],
)
def test_a_max31855_reads_as_its_data_sheet_says(library: ctypes.CDLL, bits: int, centi_c: int) -> None:
    cold_junction = 25 << 8
    assert max31855(library, bits << 18 | cold_junction) == centi_c


@pytest.mark.parametrize("frame", [0, 0xFFFF_FFFF, 0x0190_1901, 0x0191_1900, 0x0192_1900, 0x0190_1908])
def test_a_max31855_with_a_fault_or_none_at_all_reads_as_none(library: ctypes.CDLL, frame: int) -> None:
    assert max31855(library, frame) == TEMPERATURE_ABSENT


@settings(max_examples=200)
@given(st.integers(-(2**18), 2**18 - 1))
def test_a_max31856_reads_in_steps_of_a_128th_degree(steps: int) -> None:
    library = core("mega2560")
    library.max31856_centi_c.restype = ctypes.c_int16
    centi_c = library.max31856_centi_c(ctypes.c_uint32(steps << 5 & 0xFF_FFFF), ctypes.c_uint8(0))
    assert centi_c == pytest.approx(min(max(steps / 1.28, -32767.0), 32767.0), abs=1.0)


@pytest.mark.parametrize("bit", range(8))
def test_any_fault_of_a_max31856_reads_as_none(library: ctypes.CDLL, bit: int) -> None:
    library.max31856_centi_c.restype = ctypes.c_int16
    assert (
        library.max31856_centi_c(ctypes.c_uint32(0x01_9000), ctypes.c_uint8(1 << bit)) == TEMPERATURE_ABSENT
    )
