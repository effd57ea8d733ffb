from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ostwald.cli.durations import read_s, say
from ostwald.errors import OstwaldError
from ostwald.to_proto import duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90.0), ("90 s", 90.0), ("5min", 300.0), (" 1.5 h ", 5400.0), (".5d", 43_200.0), ("250 ms", 0.25)],
)
def test_a_duration_is_read_with_its_unit(text: str, seconds: float) -> None:
    assert read_s(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0 s", "-5 s", "5 fortnights", "min", "nan", "1e3 s", "9" * 400])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(OstwaldError, match="write it like"):
        read_s(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (270.0, "4 min 30 s"),
        (3600.0, "1 h"),
        (3899.0, "1 h 4 min"),
        (86_400.0, "24 h"),
    ],
)
def test_a_duration_is_said_in_its_two_greatest_units(seconds: float, text: str) -> None:
    assert say(seconds) == text


@given(st.floats(-1e9, 1e9))
def test_a_message_holds_a_duration_to_the_millisecond(seconds: float) -> None:
    assert duration(seconds).ToMilliseconds() == pytest.approx(seconds * 1000.0, abs=0.51)


@pytest.mark.parametrize("seconds", [float("inf"), float("nan"), -2e9])
def test_what_no_message_holds_is_refused(seconds: float) -> None:
    with pytest.raises(OstwaldError, match="no duration"):
        duration(seconds)
