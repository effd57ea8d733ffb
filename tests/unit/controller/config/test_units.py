"""Units: zeros that move, compounds, and text that no one should evaluate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.config import units
from controller.config.units import check_unit, convert, parse_quantity, per
from controller.domain.errors import ControllerError


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("45 degC", "degF", 113.0),
        ("-40 degF", "degC", -40.0),
        ("0.5 mL/min", "uL/min", 500.0),
        ("5 min", "s", 300.0),
        ("40%", "1", 0.4),
        ("0.4", "1", 0.4),
        ("1 bar", "kPa", 100.0),
        ("18 degF/min", per("degC", "s"), 1.0 / 6.0),
        ("20000 steps/s^2", "steps/s**2", 20000.0),
    ],
)
def test_a_written_quantity_becomes_a_number_in_the_wanted_unit(text: str, unit: str, value: float) -> None:
    assert parse_quantity(text, unit) == pytest.approx(value, rel=1e-11)


@pytest.mark.parametrize(
    "text",
    [
        "45",
        "degC",
        "",
        "45 kPa",
        "1 2 degC",
        "45 nonsense",
        "1e999 degC",
        "9 m**9**9**9",
        "1 (9**9)**9",
        "nan degC",
        "40 % delta_degC",
    ],
)
def test_what_is_no_temperature_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(ControllerError) as caught:
        parse_quantity(text, "degC")
    assert caught.value.reason == "UNIT_MISMATCH"
    assert caught.value.remedy


@given(st.text(max_size=80))
def test_any_text_is_a_quantity_or_a_unit_mismatch(text: str) -> None:
    try:
        parse_quantity(text, "s")
    except ControllerError as error:
        assert error.reason == "UNIT_MISMATCH"  # noqa: PT017


@given(st.floats(-200, 1000))
def test_converting_there_and_back_changes_nothing(value: float) -> None:
    assert convert(convert(value, "degC", "degF"), "degF", "degC") == pytest.approx(value, abs=1e-9)


def test_strange_units_without_end_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "_MOST_UNITS", 20)
    check_unit("mL")
    first = units._registry()
    for number in range(30):
        with pytest.raises(ControllerError):
            check_unit("zq" + "abcdefghij"[number % 10] * (1 + number // 10) + "zq")
    assert convert(1.0, "mL", "uL") == pytest.approx(1000.0)
    assert units._registry() is not first


@pytest.mark.parametrize(
    "unit",
    [
        "11111\u2079\u2079\u2079\u2079\u2079",
        "11^9\u2079\u2079",
        "m\u00b2\u00b2",
        "1\u2079^9",
        "((11^9)^9)^9",
        "11 squared squared",
    ],
)
def test_small_powers_build_no_tower(unit) -> None:
    with pytest.raises(ControllerError, match="not a unit"):
        check_unit(unit)


def test_a_small_power_is_a_power() -> None:
    assert convert(1.0, "m\u00b3", "L") == pytest.approx(1000.0)
    assert convert(1.0, "nm\u207b\u00b9", "1/um") == pytest.approx(1000.0)
