"""Is a heater plausible: never doubted while it works, found out in its rule's time when it does not."""

from __future__ import annotations

from math import isnan, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.control.heaters import HeaterMemory, Phase
from controller.domain.conditions import HeaterImplausible
from tests.unit.controller.control.judging import Watch, Zone, seen

RULE = HeaterImplausible(
    "zone", hysteresis=3.0, heating_gain=2.0, gain_time_s=20.0, max_error_s=60.0, runaway=8.0
)
DT_S = 0.1
RAMP_PER_S = 0.5


class Rig:
    """A zone under PI control with a ramped setpoint, its heater watched; what breaks is set from outside."""

    def __init__(self, zone: Zone | None = None, rule: HeaterImplausible = RULE) -> None:
        self.zone = Zone() if zone is None else zone
        self.watch = Watch(rule)
        self.reading_c, self.setpoint_c, self.target_c = 25.0, 25.0, 25.0
        self.integral = 0.0
        self.output = 0.0
        self.time_s = 0.0
        self.heater_works = True
        self.welded = False
        self.frozen = False
        self.blind = False

    def tick(self) -> bool | None:
        """Judge what is seen, then control: as `step` and the loops do."""
        self.time_s += DT_S
        supplied = self.output / 100.0 if self.heater_works else 0.0
        reading_c = self.zone.advance(1.0 if self.welded else supplied, DT_S)
        self.reading_c = self.reading_c if self.frozen else reading_c
        bad = ("zone",) if self.blind else ()
        sight = seen(zone=self.reading_c, setpoint=self.setpoint_c, heater=self.output, bad=bad)
        verdict = self.watch.look(sight, DT_S)
        if self.blind:
            self.setpoint_c, self.output = nan, 0.0
            return verdict
        if isnan(self.setpoint_c):
            self.setpoint_c = self.reading_c
        most = RAMP_PER_S * DT_S
        self.setpoint_c += min(max(self.target_c - self.setpoint_c, -most), most)
        error_c = self.setpoint_c - self.reading_c
        demand = 8.0 * error_c + self.integral
        self.output = min(max(demand, 0.0), 100.0)
        if demand == self.output:
            self.integral += 8.0 / 40.0 * error_c * DT_S
        return verdict

    def run(self, seconds: float) -> float | None:
        """Go on; return after how many seconds the heater was found implausible."""
        begin_s = self.time_s
        while self.time_s - begin_s < seconds - DT_S / 2:
            if self.tick():
                return self.time_s - begin_s
        return None

    def flicker(self, seconds: float, *, sees_s: float, blind_s: float) -> float | None:
        """Go on with a sensor that comes and goes; return after how many seconds the heater was found."""
        begin_s = self.time_s
        while self.time_s - begin_s < seconds:
            for self.blind, lasts_s in ((False, sees_s), (True, blind_s)):
                if self.run(lasts_s) is not None:
                    return self.time_s - begin_s
        self.blind = False
        return None


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([20.0, 60.0]), st.floats(0.0, 0.3))
def test_no_ramp_hold_or_return_of_a_heater_that_works_is_doubted(seed, lag_s, noise_c) -> None:
    rig = Rig(Zone(noise_c=noise_c, lag_s=lag_s, seed=seed))
    for target_c in (80.0, 40.0, 60.0):
        rig.target_c = target_c
        assert rig.run(250.0) is None
    assert abs(rig.reading_c - 60.0) < 3.0


def test_a_setpoint_that_jumps_is_followed_as_a_ramped_one() -> None:
    rig = Rig()
    rig.target_c = rig.setpoint_c = 80.0
    assert rig.run(200.0) is None


def test_a_heater_at_its_end_that_still_gains_is_forgiven_any_error() -> None:
    rig = Rig(Zone(lag_s=300.0))
    rig.target_c = rig.setpoint_c = 60.0
    assert rig.run(30.0) is None
    assert rig.setpoint_c - rig.reading_c > 20.0
    assert rig.run(300.0) is None


def test_a_heater_that_is_open_is_found_on_the_ramp() -> None:
    rig = Rig()
    rig.heater_works = False
    rig.target_c = 80.0
    found_s = rig.run(100.0)
    assert found_s is not None
    # The hysteresis is left, then one gain is waited for; by then the error has summed up.
    assert found_s == pytest.approx(RULE.hysteresis / RAMP_PER_S + RULE.gain_time_s, abs=1.0)
    assert rig.watch.explain(seen(zone=25.1, setpoint=38.0, heater=100.0)) == (
        "zone is 25.1 degC at a setpoint of 38 degC, heater at 100 %"
    )
    assert "heater, relay" in rig.watch.remedy(seen())


def test_a_heater_that_breaks_at_the_setpoint_is_found_when_the_error_has_summed_up() -> None:
    rig = Rig()
    rig.target_c = 80.0
    assert rig.run(300.0) is None
    rig.heater_works = False
    found_s = rig.run(100.0)
    assert found_s is not None
    # It cools by 55 degC in 60 s: 3 degC are lost after 3.4 s, and 60 degC s of error another 12 s later.
    assert found_s == pytest.approx(17.0, abs=3.0)


def test_a_heater_that_breaks_on_the_ramp_is_found_one_gain_later() -> None:
    rig = Rig()
    rig.target_c = 80.0
    assert rig.run(60.0) is None
    rig.heater_works = False
    found_s = rig.run(100.0)
    assert found_s is not None
    assert found_s < RULE.hysteresis / RAMP_PER_S + 2 * RULE.gain_time_s


@pytest.mark.parametrize("after_s", [5.0, 60.0])
def test_a_sensor_that_sticks_on_the_ramp_is_found(after_s) -> None:
    rig = Rig()
    rig.target_c = 80.0
    assert rig.run(after_s) is None
    rig.frozen = True
    found_s = rig.run(100.0)
    assert found_s is not None
    assert found_s < RULE.hysteresis / RAMP_PER_S + 2 * RULE.gain_time_s


def test_a_sensor_that_has_come_off_is_found_though_the_zone_is_hot() -> None:
    rig = Rig()
    rig.target_c = 60.0
    rig.run(200.0)
    rig.reading_c, rig.frozen = 25.0, True
    found_s = rig.run(100.0)
    # 32 degC beyond the hysteresis: two seconds.
    assert found_s == pytest.approx(60.0 / 32.0, abs=0.3)


def test_a_long_ramp_is_one_target_and_buys_a_dead_heater_no_second_chance() -> None:
    rig = Rig(rule=HeaterImplausible("zone", 3.0, 2.0, 20.0, max_error_s=600.0))
    rig.heater_works = False
    rig.target_c = 110.0
    found_s = rig.run(170.0)
    assert found_s is not None
    # The error alone: half of 0.5 degC/s over t^2.
    assert found_s == pytest.approx(RULE.hysteresis / RAMP_PER_S + (2 * 600.0 / RAMP_PER_S) ** 0.5, abs=1.0)


def test_a_new_rise_after_a_pause_is_a_new_target() -> None:
    watch = Watch(HeaterImplausible("zone", 3.0, 2.0, 2.0, max_error_s=1000.0))

    def phase_after(setpoint: float) -> Phase:
        watch.look(seen(zone=25.0, setpoint=setpoint, heater=100.0))
        assert isinstance(watch.memory, HeaterMemory)
        return watch.memory.phase

    assert phase_after(40.0) is Phase.APPROACHING
    for _ in range(30):
        phase_after(40.0)
    assert phase_after(40.0) is Phase.SHORT
    assert phase_after(41.0) is Phase.APPROACHING


def test_while_it_approaches_a_zone_that_still_falls_moves_the_goal() -> None:
    # Cold liquid comes in as the heater is switched on; the gain counts from the lowest reading.
    watch = Watch(RULE)
    readings = [40.0 - 0.1 * tick for tick in range(100)] + [30.0 + 0.02 * tick for tick in range(110)]
    verdicts = [watch.look(seen(zone=value, setpoint=60.0, heater=100.0)) for value in readings]
    assert not any(verdicts)


def test_a_relay_that_welds_is_found_as_heat_without_power() -> None:
    rig = Rig()
    rig.target_c = 40.0
    assert rig.run(120.0) is None
    rig.welded = True
    found_s = rig.run(60.0)
    assert found_s is not None
    assert rig.output == 0.0
    assert rig.reading_c < 40.0 + RULE.runaway + 2 * RULE.heating_gain


def test_without_a_runaway_in_the_rule_only_the_other_half_is_judged() -> None:
    rig = Rig(rule=HeaterImplausible("zone", 3.0, 2.0, 20.0, 60.0))
    assert rig.watch.judge.describe().endswith("does not follow")
    rig.target_c = 40.0
    rig.run(120.0)
    rig.welded = True
    assert rig.run(60.0) is None


def test_a_hot_zone_that_cools_to_a_lower_setpoint_is_no_runaway() -> None:
    rig = Rig()
    rig.target_c = 80.0
    rig.run(200.0)
    rig.target_c = rig.setpoint_c = 30.0
    assert rig.run(200.0) is None


def test_a_runaway_goes_on_standing_with_the_loop_off_until_the_zone_no_longer_rises() -> None:
    watch = Watch(RULE)
    for tick in range(50):
        watch.look(seen(zone=45.0 + 0.1 * tick, setpoint=30.0))
    assert watch.stands
    # The trip has switched the loop off.
    for tick in range(100):
        assert watch.look(seen(zone=50.0 + 0.2 * tick))
    verdicts = [watch.look(seen(zone=70.0)) for _ in range(202)]
    # The time of a gain after the last one, which was some ticks before the rise ended.
    assert 190 <= verdicts.index(False) <= RULE.gain_time_s / DT_S
    assert watch.look(seen(zone=95.0)) is False


def test_a_dead_heater_no_longer_stands_once_the_loop_is_off_so_that_a_reset_is_granted() -> None:
    watch = Watch(RULE)
    while not watch.look(seen(zone=25.0, setpoint=60.0, heater=100.0)):
        pass
    assert watch.look(seen(zone=25.0)) is False
    assert watch.memory == watch.judge.initial()


def test_a_loop_that_is_off_is_not_judged_whatever_the_heater_does() -> None:
    watch = Watch(RULE)
    assert not any(watch.look(seen(zone=25.0, heater=100.0)) for _ in range(2000))


def test_an_output_that_its_device_takes_for_nothing_is_no_heat() -> None:
    # The heater's scale and offset make 10 % the device's zero.
    idle, heating = Watch(RULE), Watch(RULE)
    assert not any(idle.look(seen(zone=25.0, setpoint=60.0, heater=10.0)) for _ in range(2000))
    assert any(heating.look(seen(zone=25.0, setpoint=60.0, heater=10.1)) for _ in range(2000))


def test_what_it_remembers_waits_for_a_heater_that_pauses() -> None:
    watch = Watch(HeaterImplausible("zone", 3.0, 2.0, 20.0, max_error_s=60.0))
    verdicts = [
        watch.look(seen(zone=50.0, setpoint=60.0, heater=50.0 if tick % 2 else 0.0)) for tick in range(600)
    ]
    # Heat in every second tick: twice the time of a heater that is always on, 20 s, and no more.
    assert 380 <= verdicts.index(True) <= 420


@pytest.mark.parametrize(("sees_s", "blind_s"), [(5.0, 0.1), (12.0, 1.0), (25.0, 10.0), (3.0, 3.0)])
def test_a_sensor_that_flickers_hides_no_heater_that_opens_at_the_setpoint(sees_s, blind_s) -> None:
    rig = Rig()
    rig.target_c = 80.0
    assert rig.run(300.0) is None
    rig.heater_works = False
    found_s = rig.flicker(300.0, sees_s=sees_s, blind_s=blind_s)
    assert found_s is not None
    # What a sensor that does not flicker takes, and one gain more, for the share of the time that it sees.
    assert found_s < (20.0 + RULE.gain_time_s) * (sees_s + blind_s) / sees_s + sees_s + blind_s


def test_a_sensor_that_flickers_on_the_ramp_hides_no_open_heater() -> None:
    rig = Rig()
    rig.heater_works = False
    rig.target_c = 80.0
    found_s = rig.flicker(300.0, sees_s=10.0, blind_s=0.2)
    assert found_s is not None
    # As without: the hysteresis is left, then one gain is waited for, and the error sums up.
    assert found_s < RULE.hysteresis / RAMP_PER_S + 2 * RULE.gain_time_s


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.floats(0.1, 15.0), st.floats(10.0, 30.0))
def test_no_heater_that_works_is_doubted_for_a_sensor_that_flickers(seed, blind_s, share) -> None:
    rig = Rig(Zone(seed=seed))
    rig.target_c = 80.0
    assert rig.run(300.0) is None
    assert rig.flicker(150.0, sees_s=share * blind_s, blind_s=blind_s) is None
    assert rig.run(250.0) is None
    assert abs(rig.reading_c - 80.0) < 3.0


def test_a_target_lowered_while_it_was_blind_is_what_counts_after() -> None:
    rig = Rig()
    rig.target_c = 80.0
    assert rig.run(300.0) is None
    rig.blind = True
    assert rig.run(5.0) is None
    rig.blind, rig.target_c = False, 40.0
    assert rig.run(300.0) is None
    assert abs(rig.reading_c - 40.0) < 3.0


def test_a_blindness_longer_than_a_gain_takes_is_a_new_begin() -> None:
    watch = Watch(RULE)
    for _ in range(50):
        watch.look(seen(zone=50.0, setpoint=60.0, heater=100.0))
    assert watch.memory != watch.judge.initial()
    looks = round(RULE.gain_time_s / DT_S) + 1
    for _ in range(looks):
        watch.look(seen(zone=50.0, bad=("zone",)))
    assert watch.memory == watch.judge.initial()


def test_a_loop_that_is_switched_off_after_a_blindness_is_forgotten() -> None:
    watch = Watch(RULE)
    while not watch.look(seen(zone=25.0, setpoint=60.0, heater=100.0)):
        pass
    assert watch.look(seen(zone=25.0, bad=("zone",))) is False
    assert watch.look(seen(zone=25.0)) is False
    assert watch.look(seen(zone=25.0)) is False
    assert watch.memory == watch.judge.initial()


@given(
    st.lists(
        st.tuples(
            st.floats(0.0, 120.0),
            st.sampled_from([nan, 25.0, 40.0, 60.0, 60.5]),
            st.sampled_from([0.0, 5.0, 50.0, 100.0]),
            st.booleans(),
        ),
        max_size=150,
    )
)
def test_no_story_stands_without_a_cause(story) -> None:
    watch = Watch(RULE)
    shortfall_s = 0.0
    dark, before = False, nan
    for zone, setpoint, heater, bad in story:
        dark = dark or bad
        sight = seen(zone=zone, setpoint=setpoint, heater=heater, bad=("zone",) if bad else ())
        was_standing = watch.stands
        verdict = watch.look(sight, 1.0)
        if not bad and not isnan(setpoint) and heater > 10.0:
            # After a blindness, what was asked before it may still count.
            before = before if dark and before > setpoint else setpoint
            shortfall_s += max(0.0, before - RULE.hysteresis - zone)
        if verdict and heater > 10.0:
            assert shortfall_s >= RULE.max_error_s
        if verdict and heater <= 10.0 and not was_standing:
            assert zone > setpoint + RULE.runaway
