"""Dataclasses as strict JSON and back."""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain import plain
from controller.domain.commands import EmergencyStop, HoldLease, Request, SetTargets
from controller.domain.plain import PlainError


class Colour(IntEnum):
    RED = 1
    BLUE = 2


@dataclass(frozen=True, slots=True)
class Point:
    x: float
    y: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    points: tuple[Point, ...]
    colour: Colour
    pair: tuple[int, str]
    style: Literal["solid", "dashed"]
    label: str | None = None
    shape: Point | Colour | None = None


LINE = Line((Point(1.0), Point(-2.5, 3.0)), Colour.BLUE, (3, "b"), "solid", shape=Point(0.1, 0.2))


def test_a_nested_value_comes_back_equal():
    assert plain.from_json(Line, plain.to_json(LINE)) == LINE


@given(st.floats())
def test_a_float_keeps_every_bit_and_the_json_stays_strict(value):
    text = plain.to_json(Point(value))
    json.loads(text, parse_constant=pytest.fail)
    back = plain.from_json(Point, text).x
    assert struct.pack("<d", back) == struct.pack("<d", value) or (math.isnan(value) and math.isnan(back))


def test_requests_keep_which_command_they_carry():
    for command in (SetTargets({"pump": 1.5}), EmergencyStop("smoke"), HoldLease("me", "t", 3.0)):
        request = Request(command, "chemist@bench", "lease")
        assert plain.from_json(Request, plain.to_json(request)) == request


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"points": [{"x": "many"}]}, r"Line.points\[0\].x"),
        ({"points": 3}, "Line.points"),
        ({"colour": 7}, "Line.colour"),
        ({"pair": [1]}, "Line.pair"),
        ({"pair": [True, "b"]}, r"Line.pair\[0\]"),
        ({"style": "wavy"}, "Line.style"),
        ({"label": 4}, "Line.label"),
        ({"shape": {"kind": "Circle"}}, "Line.shape"),
        ({"sharp": 1}, "sharp"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(change, place):
    raw = {**plain.to_plain(LINE), **change}
    with pytest.raises(PlainError, match=place):
        plain.from_plain(Line, raw)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"x": NaN}', "NaN is no strict JSON"),
        ('{"x": 1' + "0" * 400 + "}", "Point.x: must be a number that a double can hold"),
        ("[" * 100_000, "not JSON"),
        ('{"x": 1.0', "not JSON"),
    ],
)
def test_a_text_that_no_writer_of_ours_gives_is_refused(text, why):
    with pytest.raises(PlainError, match=why):
        plain.from_json(Point, text)


def test_a_double_of_numpy_is_written_as_a_number():
    assert plain.to_plain({"low": np.float64(1.5), "high": np.float64("nan")}) == {"low": 1.5, "high": "nan"}


def test_a_missing_field_is_refused():
    raw = plain.to_plain(LINE)
    del raw["colour"]
    with pytest.raises(PlainError, match="colour"):
        plain.from_plain(Line, raw)


def test_what_has_no_plain_form_is_refused_when_written():
    with pytest.raises(PlainError, match="bytes"):
        plain.to_plain(b"raw")
