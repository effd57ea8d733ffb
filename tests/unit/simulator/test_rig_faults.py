"""What breaks in the simulated rig: each fault set shows where it should, and cleared it is gone."""

from __future__ import annotations

from dataclasses import replace
from math import inf, isnan, nan
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.simulator.board import BoardTwin
from firmware_bridge.simulator.fault_panel import FaultPanel
from firmware_bridge.simulator.interfaces import Drive, Sensed
from firmware_bridge.simulator.plant.errors import PlantError
from firmware_bridge.simulator.plant.faults import (
    BoardMute,
    Clog,
    Fault,
    HeaterOpen,
    HeaterStuckOn,
    HeaterSupplyOff,
    Leak,
    PressureStuck,
    ReagentEmpty,
    StopPressed,
    TemperatureOffset,
    TemperatureOpen,
    TemperatureStuck,
)
from firmware_bridge.simulator.plant.nanoprisms import NanoprismPlant
from firmware_bridge.simulator.rig import SimulatedRig
from firmware_bridge.simulator.twins.base import EQUATIONS
from firmware_bridge.wire import framing
from firmware_bridge.wire import messages as m

if TYPE_CHECKING:
    from collections.abc import Callable

MIXER, REACTOR = 0, 1
STEP_S = 0.1
CONFIGURE = m.Configure(
    deadman_ms=10_000,
    safe_pump_steps_s=(0.0,) * 6,
    safe_heater_duty=(0.0,) * 2,
    safe_lamp_duty=0.0,
    limit_c=(nan,) * 4,
    limit_steps_s=(5000.0,) * 6,
    limit_steps_s2=(50_000,) * 6,
    safe_frequency_hz=(0.0,) * 2,
    limit_hz=(0.0,) * 2,
    safe_duty=(0.0,) * 2,
)
IDLE = m.Outputs((0.0,) * 6, (0.0,) * 2, 0.0, (0.0,) * 2, (0.0,) * 2)
WORK = replace(IDLE, pump_steps_s=(333.0,) * 5 + (0.0,), heater_duty=(0.3, 0.3), lamp_duty=0.8)
ALL: tuple[Fault, ...] = (
    HeaterOpen(0),
    HeaterStuckOn(1),
    HeaterSupplyOff(),
    TemperatureOpen(0),
    TemperatureStuck(1),
    TemperatureOffset(2, 5.0, 0.1),
    PressureStuck(0),
    Clog(3.0, 10.0),
    Leak(0.5),
    ReagentEmpty(4),
    StopPressed(),
    BoardMute(),
)


class Bench:
    """The silver rig under a host that says the same OUTPUTS each step."""

    def __init__(self) -> None:
        self.plant = NanoprismPlant(1)
        self.rig = SimulatedRig(self.plant)
        self.rig.advance(0.1)
        self.say(CONFIGURE)

    def say(self, message: m.Configure | m.Outputs) -> bytes:
        return self.rig.board_port.feed(m.encode(1, message))

    def work(self, seconds: float, outputs: m.Outputs = WORK) -> m.Inputs:
        for _ in range(round(seconds / STEP_S)):
            self.say(outputs)
            self.rig.advance(STEP_S)
        (frame,) = framing.FrameStream().feed(self.say(outputs))
        inputs = m.decode(frame, m.BOARD_REPLIES)
        assert isinstance(inputs, m.Inputs)
        return inputs

    def mean_kpa(self, seconds: float = 2.0) -> float:
        """Inlet pressure without most of its noise."""
        return sum(self.work(STEP_S).pressures_kpa[0] for _ in range(round(seconds / STEP_S))) / (
            seconds / STEP_S
        )


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.work(20.0)
    return bench


def test_an_open_heater_gives_no_heat_although_it_is_on(bench: Bench) -> None:
    bench.rig.faults.set(HeaterOpen(REACTOR))
    before_c = bench.work(2.0).temperatures_c
    after = bench.work(20.0)
    assert after.heater_duty[REACTOR] == pytest.approx(0.3, abs=1e-4)
    assert after.temperatures_c[REACTOR] < before_c[REACTOR] - 1.0
    assert after.temperatures_c[MIXER] > before_c[MIXER] + 1.0
    bench.rig.faults.clear(HeaterOpen(REACTOR))
    assert bench.work(20.0).temperatures_c[REACTOR] > after.temperatures_c[REACTOR] + 1.0


def test_a_heater_stuck_on_heats_although_it_is_off_until_its_supply_is_cut(bench: Bench) -> None:
    bench.rig.faults.set(HeaterStuckOn(REACTOR))
    hot = bench.work(60.0, IDLE)
    assert hot.heater_duty == (0.0, 0.0)
    assert hot.temperatures_c[REACTOR] > 50.0
    bench.rig.faults.set(HeaterSupplyOff())
    assert bench.work(60.0, IDLE).temperatures_c[REACTOR] < hot.temperatures_c[REACTOR] - 15.0


def test_a_stuck_heater_does_not_even_mind_a_board_that_has_just_booted(bench: Bench) -> None:
    bench.rig.faults.set(HeaterStuckOn(MIXER))
    bench.rig.board.reboot(m.ResetCause.BROWN_OUT)
    assert bench.work(60.0, IDLE).temperatures_c[MIXER] > 50.0
    assert not bench.rig.board.status & m.Status.CONFIGURED


def test_an_open_sensor_reads_as_nan_on_the_wire(bench: Bench) -> None:
    bench.rig.faults.set(TemperatureOpen(REACTOR))
    shown_c = bench.work(STEP_S).temperatures_c
    assert [isnan(each) for each in shown_c] == [False, True, False, False]
    bench.rig.faults.clear(TemperatureOpen(REACTOR))
    assert not isnan(bench.work(STEP_S).temperatures_c[REACTOR])


def test_a_stuck_temperature_keeps_what_it_showed_while_the_plant_goes_on(bench: Bench) -> None:
    before_c = bench.work(STEP_S).temperatures_c[REACTOR]
    bench.rig.faults.set(TemperatureStuck(REACTOR))
    assert {bench.work(4.0).temperatures_c[REACTOR] for _ in range(5)} == {before_c}
    bench.rig.faults.clear(TemperatureStuck(REACTOR))
    assert bench.work(STEP_S).temperatures_c[REACTOR] > before_c + 1.0


def test_a_wrong_temperature_is_off_at_once_and_drifts_away() -> None:
    wrong, right = Bench(), Bench()
    wrong.rig.faults.set(TemperatureOffset(REACTOR, offset_c=5.0, drift_c_s=-0.5))
    for age_s in (2.0, 4.0, 6.0):
        off_c = wrong.work(2.0).temperatures_c[REACTOR] - right.work(2.0).temperatures_c[REACTOR]
        assert off_c == pytest.approx(5.0 - 0.5 * age_s, abs=0.02)


def test_a_stuck_pressure_does_not_see_the_pumps_stop(bench: Bench) -> None:
    before_kpa = bench.work(STEP_S).pressures_kpa[0]
    bench.rig.faults.set(PressureStuck(0))
    assert bench.work(5.0, IDLE).pressures_kpa[0] == before_kpa
    bench.rig.faults.clear_all()
    assert bench.work(STEP_S, IDLE).pressures_kpa[0] < 1.0


def test_a_clog_raises_the_pressure_along_its_ramp_and_leaves_the_flow(bench: Bench) -> None:
    clean_kpa, flow_ul = bench.mean_kpa(), bench.plant.dosed_ul[0]
    bench.rig.faults.set(Clog(5.0, over_s=20.0))
    bench.work(9.0)
    assert bench.mean_kpa() == pytest.approx(3.0 * clean_kpa, rel=0.05)
    bench.work(10.0)
    assert bench.mean_kpa() == pytest.approx(5.0 * clean_kpa, rel=0.05)
    assert bench.plant.dosed_ul[0] - flow_ul == pytest.approx(333.0 / 200.0 * 23.0, rel=0.05)
    bench.rig.faults.clear(Clog(1.0))
    assert bench.mean_kpa() == pytest.approx(clean_kpa, rel=0.05)


def test_a_leak_wets_its_sensor_and_takes_flow_and_pressure(bench: Bench) -> None:
    clean_kpa = bench.mean_kpa()
    assert bench.work(STEP_S).digital_bits == 0
    bench.rig.faults.set(Leak(0.4))
    assert bench.work(STEP_S).digital_bits == 1
    assert bench.mean_kpa() == pytest.approx(0.6 * clean_kpa, rel=0.05)
    bench.rig.faults.clear(Leak(1.0))
    assert bench.work(STEP_S).digital_bits == 0


def test_an_empty_reagent_is_turned_for_but_not_delivered(bench: Bench) -> None:
    bench.rig.faults.set(ReagentEmpty(4))
    bench.work(5.0)
    before_ul = bench.plant.dosed_ul
    assert bench.work(5.0).pump_steps_s[4] == 333.0
    given_ul = [after - before for after, before in zip(bench.plant.dosed_ul, before_ul, strict=True)]
    assert given_ul[4] == pytest.approx(0.0, abs=1e-3)
    assert all(each > 5.0 for each in given_ul[:4])


def test_the_stop_button_stops_the_board_until_it_is_released(bench: Bench) -> None:
    bench.rig.faults.set(StopPressed())
    assert bench.work(STEP_S).status & m.Status.STOP_PRESSED
    bench.rig.faults.clear(StopPressed())
    status = bench.work(STEP_S).status
    assert not status & m.Status.STOP_PRESSED
    assert status & m.Status.ESTOPPED


def test_a_mute_board_obeys_and_says_nothing(bench: Bench) -> None:
    bench.rig.faults.set(BoardMute())
    assert bench.say(replace(WORK, lamp_duty=0.2)) == b""
    assert isinstance(bench.rig.board, BoardTwin)
    assert bench.rig.board.commanded.lamp_duty == pytest.approx(0.2, abs=1e-4)
    bench.rig.faults.clear(BoardMute())
    assert bench.say(WORK) != b""


def test_of_two_faults_at_one_place_the_graver_has_the_last_word() -> None:
    pairs: tuple[tuple[Fault, Fault], ...] = (
        (HeaterOpen(0), HeaterStuckOn(0)),
        (HeaterSupplyOff(), HeaterStuckOn(0)),
        (TemperatureOpen(0), TemperatureOffset(0, 1.0)),
        (TemperatureOpen(0), TemperatureStuck(0)),
        (TemperatureStuck(0), TemperatureOffset(0, 1.0)),
    )
    for graver, other in pairs:
        shown = []
        for faults in ((graver,), (graver, other), (other, graver)):
            panel = FaultPanel()
            for fault in faults:
                panel.set(fault)
            drive = panel.drive(Drive((1.0,), (0.5,), 0.0), STEP_S)
            shown.append(str((drive, panel.sense(Sensed((20.0,), (1.0,), stop_pressed=False)))))
        assert len(set(shown)) == 1


def test_a_fault_set_anew_takes_the_place_of_the_old_one() -> None:
    panel = FaultPanel()
    for fault in (Clog(9.0), Clog(2.0), HeaterOpen(0), HeaterOpen(1)):
        panel.set(fault)
    assert set(panel.active) == {Clog(2.0), HeaterOpen(0), HeaterOpen(1)}
    assert panel.drive(Drive((), (), 0.0), STEP_S).resistance == 2.0


@given(st.lists(st.tuples(st.sampled_from(ALL), st.booleans()), max_size=20))
def test_whatever_was_broken_is_whole_again_when_all_is_cleared(
    doings: list[tuple[Fault, bool]],
) -> None:
    panel = FaultPanel()
    drive, sensed = Drive((1.0,) * 6, (0.5, 0.5), 0.3), Sensed((20.0,) * 4, (50.0, 0.0), stop_pressed=False)
    for fault, broken in doings:
        (panel.set if broken else panel.clear)(fault)
        assert (fault in panel.active) is broken
        bent = panel.drive(drive, STEP_S)
        assert all(0.0 <= duty <= 1.0 for duty in bent.heater_duty)
        assert bent.resistance >= 1.0
        panel.sense(sensed)
    panel.clear_all()
    assert (panel.drive(drive, STEP_S), panel.sense(sensed)) == (drive, sensed)
    assert not panel.board_mute


def test_every_fault_is_on_the_page_of_the_plant() -> None:
    page = (EQUATIONS / "plant.md").read_text()
    assert all(f"`{type(fault).__name__}`" in page for fault in ALL)


def test_a_fault_of_what_a_plant_has_not_leaves_it_as_it_is() -> None:
    panel = FaultPanel()
    for fault in (HeaterOpen(1), ReagentEmpty(5), TemperatureOpen(3), TemperatureStuck(3), PressureStuck(1)):
        panel.set(fault)
    drive, sensed = Drive((1.0,), (0.5,), 0.0), Sensed((20.0,), (1.0,), stop_pressed=False)
    assert (panel.drive(drive, STEP_S), panel.sense(sensed)) == (drive, sensed)


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: HeaterOpen(2), r"HeaterOpen\(index=2\): the index counts from 0 to 1"),
        (lambda: ReagentEmpty(-1), "from 0 to 5"),
        (lambda: TemperatureOffset(4), "from 0 to 3"),
        (lambda: TemperatureOffset(0, offset_c=nan), "must be finite"),
        (lambda: TemperatureOffset(0, drift_c_s=inf), "must be finite"),
        (lambda: Clog(0.5), "factor of 1 or more"),
        (lambda: Clog(inf), "factor of 1 or more"),
        (lambda: Clog(2.0, over_s=-1.0), "time of 0 s or more"),
        (lambda: Leak(1.1), "must lie in 0 to 1"),
        (lambda: Leak(nan), "must lie in 0 to 1"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(make: Callable[[], Fault], complaint: str) -> None:
    with pytest.raises(PlantError, match=complaint):
        make()
