"""What is left of each reagent."""

from __future__ import annotations

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.control import reagents
from controller.domain.commands import DONE, SetReagent
from controller.domain.plan import ChannelPlan, ReactorPlan, ReagentPlan, RigPlan
from controller.domain.readings import Quality

GOOD, BAD = int(Quality.GOOD), int(Quality.BAD)
PUMP, OTHER, LEFT, OTHER_LEFT = range(4)
CHANNELS = (
    ChannelPlan("pump", "board", "pump.0", "uL/min", 0.0, 600.0, safe_value=0.0),
    ChannelPlan("other", "board", "pump.1", "uL/s", 0.0, 10.0, safe_value=0.0),
    ChannelPlan("left", "", "", "uL", 0.0, 1e6),
    ChannelPlan("other.left", "", "", "uL", 0.0, 1e6),
)
MODEL = reagents.compile_reagents(
    RigPlan(
        "bench",
        10.0,
        10.0,
        ReactorPlan(60.0, 20.0),
        (),
        (),
        CHANNELS,
        reagents=(
            ReagentPlan("water", "pump", "water"),
            ReagentPlan("silver", "pump", "silver nitrate", 1000.0, level="left", flow_ul_s=1.0 / 60.0),
            ReagentPlan("seed", "other", "seeds", 200.0, level="other.left", flow_ul_s=1.0),
        ),
    )
)


def count(
    left_ul: tuple[float, ...], seconds: float, *, told: float, read: float = nan, quality: int = GOOD
) -> tuple[tuple[float, ...], list[float], list[int]]:
    """Run the first pump for a while; return what is left and what the channels show of it."""
    values, qualities = [read, 0.0, nan, nan], [quality, GOOD, BAD, BAD]
    for _ in range(round(seconds / 0.1)):
        left_ul = reagents.step(MODEL, left_ul, values, qualities, (told, 0.0, nan, nan), 0.1)
    return left_ul, values, qualities


def test_only_reagents_with_a_volume_are_counted() -> None:
    assert [(each.name, each.full_ul) for each in MODEL] == [("silver", 1000.0), ("seed", 200.0)]


def test_what_the_pump_says_it_delivers_is_taken_off() -> None:
    left_ul, values, qualities = count((1000.0, 200.0), 60.0, told=600.0, read=300.0)
    assert left_ul == pytest.approx((700.0, 200.0))
    assert values[LEFT:] == list(left_ul)
    assert qualities[LEFT:] == [GOOD, GOOD]


def test_a_pump_that_says_nothing_is_taken_to_do_what_it_was_told() -> None:
    left_ul, _, _ = count((1000.0, 200.0), 60.0, told=600.0, read=nan, quality=BAD)
    assert left_ul == pytest.approx((400.0, 200.0))


def test_an_empty_stock_stays_at_nothing() -> None:
    left_ul, values, _ = count((10.0, 200.0), 60.0, told=600.0, read=600.0)
    assert left_ul == (0.0, 200.0)
    assert values[LEFT] == 0.0


def test_a_pump_that_runs_back_fills_nothing() -> None:
    left_ul, _, _ = count((500.0, 200.0), 60.0, told=600.0, read=-600.0)
    assert left_ul == (500.0, 200.0)


@given(st.floats(0.0, 1e6), st.lists(st.tuples(st.floats() | st.just(nan), st.floats(0, 10)), max_size=30))
def test_a_level_never_rises_and_is_never_below_nothing_whatever_is_read(left_ul, story) -> None:
    for rate, dt_s in story:
        values, qualities = [rate, 0.0, nan, nan], [GOOD, GOOD, BAD, BAD]
        (after_ul, other_ul) = reagents.step(
            MODEL, (left_ul, 5.0), values, qualities, (0.0, 0.0, nan, nan), dt_s
        )
        assert 0.0 <= after_ul <= left_ul
        assert other_ul == 5.0
        left_ul = after_ul


def test_a_refill_is_taken_and_the_others_stay() -> None:
    assert reagents.take(MODEL, (3.0, 4.0), SetReagent("seed", 250.0)) == ((3.0, 250.0), DONE)


@pytest.mark.parametrize("volume_ul", [-1.0, nan, inf, 2e9])
def test_a_volume_that_can_not_be_is_refused(volume_ul) -> None:
    left_ul, reply = reagents.take(MODEL, (3.0, 4.0), SetReagent("silver", volume_ul))
    assert (left_ul, reply.refused) == ((3.0, 4.0), "OUT_OF_RANGE")
    assert "0 to 1e+06 uL" in reply.detail


def test_a_reagent_that_is_not_counted_is_refused_and_the_others_are_named() -> None:
    left_ul, reply = reagents.take(MODEL, (3.0, 4.0), SetReagent("water", 1.0))
    assert (left_ul, reply.refused) == ((3.0, 4.0), "REAGENT_UNKNOWN")
    assert "known: silver, seed" in reply.detail
    assert "give a `volume`" in reagents.take((), (), SetReagent("silver", 1.0))[1].detail


def test_a_refusal_is_short_however_long_the_name() -> None:
    _, reply = reagents.take(MODEL, (3.0, 4.0), SetReagent("x" * 60_000, 1.0))
    assert len(reply.detail) < 300
