"""Units: zeros that move, compounds, and text that no one should evaluate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.config.units import convert, parse_quantity, per
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
