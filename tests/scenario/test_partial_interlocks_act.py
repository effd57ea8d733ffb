"""Interlocks that hold some outputs, or let go by themselves: the rest of the reactor works on."""

from __future__ import annotations

import pytest

from controller.domain.commands import (
    DONE,
    LoopMode,
    Reset,
    SetLoopMode,
    SetReagent,
    SetTargets,
    ShelveAlarm,
    StartAutotune,
)
from controller.domain.readings import ReactorState
from firmware_bridge.simulator.plant import faults
from tests.scenario.bench import running
from tests.scenario.safe_in_time import REACTION_S

CELL = 2
HEATERS = ("reactor.heater", "mixer.heater")
FEED = ("pump.agno3", "pump.citrate", "pump.seed")


@pytest.fixture
def bench(tmp_path):
    bench = running(tmp_path, "partial")
    yield bench
    bench.close()


def trip_the_heaters(bench):
    bench.faults.set(faults.TemperatureOffset(CELL, 40.0))
    bench.until(lambda: bench.is_safe(*HEATERS), 0.2 + REACTION_S)


def test_it_holds_what_it_names_and_nothing_else(bench):
    trip_the_heaters(bench)
    bench.run(2.0)
    assert bench.is_in(ReactorState.READY)
    assert bench.is_safe(*HEATERS)
    for each in bench.actuators:
        assert each.name in HEATERS or not bench.is_safe(each.name)
    words = bench.told("cell_hot")
    assert words[0].startswith("tripped, first out: cell.temperature is 6")
    assert words[0].endswith("makes reactor.heater, mixer.heater safe")
    assert bench.plan.interlocks[bench.snapshot.first_out].name == "cell_hot"


def test_a_reset_waits_for_its_cause_and_starts_nothing(bench):
    trip_the_heaters(bench)
    reply = bench.ask(Reset())
    assert reply.refused == "CAUSE_STANDS"
    assert "cell_hot: cell.temperature is 6" in reply.detail
    assert "bring it back to not above 48 degC" in reply.detail
    bench.faults.clear_all()
    bench.run(2.0)
    assert bench.is_safe(*HEATERS)
    assert bench.ask(Reset()) == DONE
    bench.run(2.0)
    assert bench.is_safe(*HEATERS)
    assert bench.ask(SetTargets({"reactor.temperature": 40.0})) == DONE
    bench.run(3.0)
    assert not bench.is_safe("reactor.heater")


@pytest.mark.parametrize(
    "command",
    [
        SetTargets({"reactor.heater": 10.0}),
        SetTargets({"reactor.temperature": 40.0}),
        SetTargets({"lamp.power": 10.0, "reactor.temperature": 40.0}),
        SetLoopMode("reactor", LoopMode.AUTO),
        SetLoopMode("reactor", LoopMode.MANUAL, 30.0),
        StartAutotune("reactor", 40.0, 20.0),
    ],
)
def test_what_would_move_what_it_holds_is_refused_whole_and_by_name(bench, command):
    trip_the_heaters(bench)
    reply = bench.ask(command)
    assert reply.refused == "FORCED_SAFE"
    assert "reactor.heater is held safe by interlock cell_hot" in reply.detail
    bench.run(1.0)
    assert bench.is_safe(*HEATERS)
    assert bench.outputs["lamp.power"] == pytest.approx(50.0, abs=0.1)


@pytest.mark.parametrize(
    "command",
    [
        SetTargets({"reactor.heater": 0.0}),
        SetLoopMode("reactor", LoopMode.OFF),
        SetTargets({"lamp.power": 10.0, "feed.total": 100.0}),
    ],
)
def test_what_does_not_move_it_is_granted(bench, command):
    trip_the_heaters(bench)
    assert bench.ask(command) == DONE


def test_one_that_does_not_latch_lets_go_by_itself_and_leaves_safe_what_it_held(bench):
    bench.faults.set(faults.Clog(20.0))
    bench.until(lambda: bench.is_safe(*FEED), 2.0)
    assert bench.told("pressed")[0].startswith("tripped, first out: reactor.pressure is ")
    assert bench.ask(SetTargets({"feed.total": 200.0})).refused == "FORCED_SAFE"
    bench.faults.clear_all()
    bench.until(lambda: bench.snapshot.trips == 0, 10.0)
    assert any(text.startswith("released: reactor.pressure is ") for text in bench.told("pressed"))
    bench.run(2.0)
    assert bench.is_safe(*FEED)
    assert not bench.is_safe("reactor.heater")
    assert bench.ask(SetTargets({"feed.total": 200.0})) == DONE
    bench.run(2.0)
    assert not bench.is_safe(*FEED)


def test_one_that_does_not_latch_stands_in_the_way_of_no_reset(bench):
    assert bench.ask(SetReagent("seed", 50.0)) == DONE
    bench.until(lambda: bench.is_safe("pump.seed"), REACTION_S)
    trip_the_heaters(bench)
    bench.faults.clear_all()
    bench.run(1.0)
    assert bench.ask(Reset()) == DONE
    bench.run(1.0)
    assert bench.is_safe("pump.seed")
    assert bench.tripped == ["seed_empty"]
    assert bench.ask(SetReagent("seed", 500.0)) == DONE
    bench.run(0.2)
    assert bench.tripped == []


def test_of_a_group_the_pump_that_is_held_stops_and_the_others_go_on(bench):
    assert bench.ask(SetReagent("seed", 50.0)) == DONE
    bench.until(lambda: bench.is_safe("pump.seed"), REACTION_S)
    bench.run(1.0)
    assert bench.outputs["pump.agno3"] == pytest.approx(60.0, abs=0.1)
    assert bench.outputs["pump.citrate"] == pytest.approx(90.0, abs=0.1)
    assert bench.ask(SetTargets({"feed.total": 200.0})).refused == "FORCED_SAFE"
    assert bench.ask(SetTargets({"feed.seed": 0.0, "feed.total": 200.0})) == DONE


def test_a_whole_one_that_does_not_latch_lets_the_reactor_go_when_its_cause_does(bench):
    bench.faults.set(faults.Leak(0.3))
    bench.until(lambda: bench.is_safe() and bench.is_in(ReactorState.TRIPPED), 0.2 + REACTION_S)
    assert not bench.relay
    assert bench.ask(Reset()).refused == "CAUSE_STANDS"
    bench.faults.clear_all()
    bench.until(lambda: bench.is_in(ReactorState.READY), 1.0)
    bench.run(2.0)
    assert bench.is_safe()
    assert "released: fittings.leak is off" in bench.told("leaking")
    assert bench.ask(SetTargets({"lamp.power": 20.0})) == DONE


def test_the_alarm_of_a_trip_cannot_be_shelved(bench):
    trip_the_heaters(bench)
    reply = bench.ask(ShelveAlarm("cell_hot", 60.0, "too loud"))
    assert reply.refused == "TRIP_NOT_SHELVABLE"
    assert bench.is_safe(*HEATERS)


def test_a_whole_trip_beside_a_partial_one_makes_everything_safe(bench):
    trip_the_heaters(bench)
    bench.faults.set(faults.TemperatureOffset(1, 60.0))
    bench.until(bench.is_safe, 0.5 + REACTION_S)
    assert bench.is_in(ReactorState.TRIPPED)
    assert bench.plan.interlocks[bench.snapshot.first_out].name == "cell_hot"
    assert bench.control.reason.startswith("interlock reactor_hot: ")
