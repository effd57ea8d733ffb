from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ostwald.quantities import QuantityError, microlitres, number_in, split, volume_text


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("45 degC", (45.0, "degC")),
        ("45degC", (45.0, "degC")),
        ("-.5e1 mL/min ", (-5.0, "mL/min")),
        ("7", (7.0, "")),
        ("20 %", (20.0, "%")),
        ("3 1/s", (3.0, "1/s")),
    ],
)
def test_a_quantity_is_a_number_and_a_unit(text: str, parts: tuple[float, str]) -> None:
    assert split(text) == parts


@given(number=st.floats(allow_nan=False, allow_infinity=False), unit=st.sampled_from(["", "uL", "degC", "%"]))
def test_what_is_written_is_read_to_the_last_bit(number: float, unit: str) -> None:
    assert split(f"{number!r} {unit}") == (number, unit)


@pytest.mark.parametrize("text", ["", "degC", "nan mL", "inf", "4,5 mL", "--1 s"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(QuantityError, match="is not a quantity"):
        split(text)


@pytest.mark.parametrize(
    ("text", "volume_ul"),
    [
        ("200 mL", 200_000.0),
        ("3 nL", 0.003),
        ("0.1 L", 100_000.0),
        ("5 \u00b5L", 5.0),
        ("5 \u03bcl", 5.0),
        ("0", 0.0),
    ],
)
def test_volumes_are_read_as_people_write_them(text: str, volume_ul: float) -> None:
    assert microlitres(text) == volume_ul


@pytest.mark.parametrize("text", ["200", "5 min", "3 ML", "1 uL/min"])
def test_what_is_no_volume_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(QuantityError, match='write one like "500 uL"'):
        microlitres(text)


@given(volume_ul=st.floats(0.0, 1e6))
def test_a_volume_that_is_written_reads_as_itself(volume_ul: float) -> None:
    assert microlitres(volume_text(volume_ul)) == pytest.approx(volume_ul, rel=1e-3)


def test_a_number_needs_no_unit_but_none_that_is_wrong() -> None:
    assert [number_in(value, "%") for value in (30.0, "30", "30 %")] == [30.0] * 3
    with pytest.raises(QuantityError, match=r'write "30 %" if you mean that'):
        number_in("30 W", "%")
