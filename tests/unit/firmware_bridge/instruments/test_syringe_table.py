"""Syringes by name or by measure, and what a pump can do with one in it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.devices.instruments.syringe_setup import read_setup
from firmware_bridge.devices.instruments.syringes import SYRINGES, find_syringe, read_syringe
from firmware_bridge.devices.interfaces import DeviceError


@pytest.mark.parametrize("syringe", SYRINGES.values(), ids=SYRINGES)
def test_every_diameter_of_the_table_makes_a_barrel_that_fits_a_pump(syringe):
    stroke_mm = syringe.volume_ul / syringe.area_mm2
    # A wrong digit in a diameter makes it stubby or endless. BD's 0.5 mL glass syringe is half a 1 mL one.
    assert 27.0 < stroke_mm < 110.0


@pytest.mark.parametrize(
    "kind", ["BD Plastic", "BD Glass", "Norm-Ject", "Terumo", "SGE", "Hamilton Gastight"]
)
def test_a_bigger_syringe_of_one_kind_is_not_narrower(kind):
    diameters = [each.diameter_mm for name, each in SYRINGES.items() if name.startswith(kind)]
    assert diameters == sorted(diameters)
    assert len(diameters) > 5


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("BD 10 mL", "BD Plastic 10 mL"),
        ("BD Plasti-Pak 10 mL", "BD Plastic 10 mL"),
        ("Air-Tite 2.5 mL", None),
        ("Air-Tite 5 mL", "Norm-Ject 5 mL"),
        ("Hamilton GASTIGHT 100 uL", "Hamilton Gastight 100 uL"),
        ("Hamilton 1 mL", "Hamilton Gastight 1 mL"),
    ],
)
def test_a_syringe_is_found_by_the_names_that_people_use(written, named):
    if named is None:
        with pytest.raises(DeviceError, match="unknown syringe"):
            find_syringe(written)
    else:
        assert find_syringe(written) is SYRINGES[named]


def test_a_slip_of_the_pen_is_answered_with_what_was_meant():
    with pytest.raises(DeviceError, match="did you mean 'BD Plastic 10 mL'"):
        find_syringe("BD Plasic 10 mL")


@given(st.text(max_size=200))
def test_any_text_that_is_no_syringe_is_answered_in_a_short_line(text):
    with pytest.raises(DeviceError) as caught:
        find_syringe(text)
    assert len(str(caught.value)) < 300


def test_a_syringe_without_a_name_is_given_by_its_measures():
    named = read_syringe({"syringe": "14.5 mm, 10 mL"})
    measured = read_syringe({"diameter": "14.5 mm", "volume": "10 mL"})
    assert (
        (named.diameter_mm, named.volume_ul) == (measured.diameter_mm, measured.volume_ul) == (14.5, 10000.0)
    )


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "syringe is missing"),
        ({"diameter": "14.5 mm"}, "syringe is missing"),
        ({"syringe": "BD 10 mL", "diameter": "14.5 mm"}, "diameter: .*says it already"),
        ({"diameter": "145 mm", "volume": "10 mL"}, "unknown syringe"),
        ({"diameter": "14.5 mm", "volume": "0 mL"}, "unknown syringe"),
        ({"diameter": "14.5", "volume": "10 mL"}, "unknown syringe"),
    ],
)
def test_a_syringe_that_cannot_be_is_refused_in_words(options, complaint):
    with pytest.raises(DeviceError, match=complaint):
        read_syringe(options)


def test_the_flow_range_follows_from_the_diameter_and_the_speed_of_the_pusher():
    setup = read_setup({"syringe": "20.0 mm, 20 mL"}, slowest_mm_min=0.001, fastest_mm_min=100.0)
    area_mm2 = math.pi * 100.0
    assert setup.fastest_ul_min == pytest.approx(100.0 * area_mm2)
    assert setup.slowest_ul_min == pytest.approx(0.001 * area_mm2)
    flow = setup.make_signals()["flow"]
    assert (flow.low, flow.high) == (-setup.fastest_ul_min, setup.fastest_ul_min)
    assert setup.make_signals(withdraws=False)["flow"].low == 0.0


def test_the_flow_range_is_what_is_delivered_not_what_is_set():
    options = {"syringe": "20.0 mm, 20 mL", "calibration": "0.9, 2.0 uL/min", "fastest": "50 mm/min"}
    setup = read_setup(options, slowest_mm_min=0.001, fastest_mm_min=100.0)
    assert setup.fastest_ul_min == pytest.approx(0.9 * 50.0 * math.pi * 100.0 + 2.0)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("filled", "11 mL"),
        ("filled", "-1 mL"),
        ("fastest", "0 mm/min"),
        ("fastest", "1 m/s"),
        ("calibration", "3"),
    ],
)
def test_an_option_that_cannot_be_is_named(key, value):
    with pytest.raises(DeviceError, match=key):
        read_setup({"syringe": "BD 10 mL", key: value}, slowest_mm_min=0.001, fastest_mm_min=100.0)


def test_a_pump_without_a_range_is_refused():
    with pytest.raises(DeviceError, match="no flow between"):
        read_setup(
            {"syringe": "BD 10 mL", "fastest": "0.01 mm/min"}, slowest_mm_min=0.1, fastest_mm_min=100.0
        )
