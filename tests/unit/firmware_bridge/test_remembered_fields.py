"""A field remembers what it said last; nobody may be able to tell."""

from __future__ import annotations

from dataclasses import replace
from math import isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.wire import messages as m
from firmware_bridge.wire.layout import Layout, Message, MessageError

OUTPUTS = m.Outputs((1.5, 0.0, 0.0, 0.0, 0.0, 7.0), (0.25, 0.0), 0.5, (0.0, 0.0), (0.0, 0.0))
CONFIGURE = m.Configure(
    500, (0.0,) * 6, (0.0, 0.0), 0.0, (nan,) * 4, (1.0,) * 6, (1,) * 6, (0.0,) * 2, (0.0,) * 2, (0.0,) * 2
)
rates = st.tuples(*[st.sampled_from((0.0, -0.0, 1.0, 2.5, 4000.125))] * m.PUMP_AXES)
celsius = st.tuples(*[st.sampled_from((nan, 0.0, 25.01, -40.0))] * m.TEMPERATURES)


def fresh(kind: type[Message]) -> Layout:
    """Return a layout that has said nothing yet."""
    return Layout(1, kind)


@given(st.lists(rates, min_size=2, max_size=6))
def test_what_was_said_before_does_not_show_in_what_is_packed(story):
    layout = fresh(m.Outputs)
    for pumps in story:
        message = replace(OUTPUTS, pump_steps_s=pumps)
        assert layout.pack(message) == fresh(m.Outputs).pack(message)


@given(st.lists(celsius, min_size=2, max_size=6))
def test_what_was_heard_before_does_not_show_in_what_is_read(story):
    layout = fresh(m.Configure)
    for limits_c in story:
        heard = layout.unpack(layout.pack(replace(CONFIGURE, limit_c=limits_c)))
        assert isinstance(heard, m.Configure)
        for got, sent in zip(heard.limit_c, limits_c, strict=True):
            assert got == pytest.approx(sent) or (isnan(got) and isnan(sent))


def test_values_that_change_in_place_are_packed_anew():
    layout, pumps = fresh(m.Outputs), [0.0] * m.PUMP_AXES
    # A list is no tuple; who passes one all the same is not answered with what was in it before.
    message = replace(OUTPUTS, pump_steps_s=pumps)  # type: ignore[arg-type]
    before = layout.pack(message)
    pumps[0] = 3.0
    assert layout.pack(message) != before


def test_a_fraction_is_refused_where_an_equal_whole_number_went_before():
    layout = fresh(m.Configure)
    layout.pack(CONFIGURE)
    with pytest.raises(MessageError, match="limit_steps_s2"):
        layout.pack(replace(CONFIGURE, limit_steps_s2=(1.0,) * 6))  # type: ignore[arg-type]


def test_too_few_values_are_refused_whatever_was_said_before():
    layout = fresh(m.Outputs)
    for too_few in ((), (1.5,)):
        with pytest.raises(MessageError, match="pump_steps_s"):
            layout.pack(replace(OUTPUTS, pump_steps_s=too_few))
        layout.pack(OUTPUTS)
