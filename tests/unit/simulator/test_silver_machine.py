"""Pumps, heat, lamp and spectrometer of the silver twin, each on its own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.simulator.optics.lamp import Lamp, LampParameters
from firmware_bridge.simulator.optics.spectrometer import Spectrometer, SpectrometerParameters
from firmware_bridge.simulator.plant.heat import WATER_J_UL_K, DelayLine, Thermal, ThermalParameters
from firmware_bridge.simulator.plant.noise import NormalStream, generator
from firmware_bridge.simulator.plant.pumps import NOMINAL_STEPS_PER_UL, Pump, PumpCharacter, draw_character

QUIET = ThermalParameters(sensor_noise_c=0.0)
PIXELS = SpectrometerParameters().pixels


def test_pumps_differ_by_at_most_one_percent() -> None:
    errors = [
        draw_character(seed, axis).steps_per_ul / NOMINAL_STEPS_PER_UL - 1.0
        for seed in range(40)
        for axis in range(5)
    ]
    assert max(map(abs, errors)) <= 0.01
    assert np.std(errors) > 0.003


@given(st.lists(st.tuples(st.floats(1e-3, 0.5), st.floats(0.0, 4000.0)), min_size=1, max_size=40))
def test_every_step_becomes_volume_in_the_end(drive: list[tuple[float, float]]) -> None:
    pump = Pump(PumpCharacter(steps_per_ul=200.0, pulsation=0.0))
    delivered_ul = sum(pump.deliver(dt_s, rate) for dt_s, rate in drive)
    delivered_ul += sum(pump.deliver(1.0, 0.0) for _ in range(60))
    steps = sum(dt_s * rate for dt_s, rate in drive)
    assert delivered_ul == pytest.approx(steps / 200.0, rel=1e-9, abs=1e-12)
    assert pump.dosed_ul == pytest.approx(delivered_ul, rel=1e-12)
    assert pump.deliver(1.0, 0.0) == 0.0


def test_delivery_does_not_depend_on_the_step_length() -> None:
    coarse, fine = (Pump(draw_character(3, 1)) for _ in range(2))
    for _ in range(40):
        whole = coarse.deliver(0.5, 700.0)
        parts = sum(fine.deliver(0.05, 700.0) for _ in range(10))
    assert parts == pytest.approx(whole, rel=2e-4)
    assert fine.dosed_ul == pytest.approx(coarse.dosed_ul, rel=1e-4)


def test_a_pump_lags_and_pulses() -> None:
    pump = Pump(PumpCharacter(steps_per_ul=200.0))
    flows = [pump.deliver(0.1, 400.0) / 0.1 for _ in range(800)]
    assert flows[0] < 0.3 * 2.0
    settled = np.array(flows[100:])
    assert settled.mean() == pytest.approx(2.0, rel=1e-3)
    assert 0.002 < settled.max() / 2.0 - 1.0 < 0.005


def test_the_delay_line_returns_what_was_put_in_later_and_whole() -> None:
    line = DelayLine(1.0, 0.0)
    out = [line.shift(0.25, value) for value in (1.0, 2.0, 3.0, 4.0, 5.0, 5.0)]
    assert out == pytest.approx([0.0, 0.0, 0.0, 0.0, 1.0, 2.0])


@given(st.lists(st.tuples(st.floats(1e-4, 3.0), st.floats(0.0, 1.0)), min_size=1, max_size=50))
def test_the_delay_line_keeps_the_integral(steps: list[tuple[float, float]]) -> None:
    line = DelayLine(0.8, 0.0)
    out = sum(dt_s * line.shift(dt_s, value) for dt_s, value in steps)
    out += line.shift(0.9, 0.0) * 0.9
    assert out == pytest.approx(sum(dt_s * value for dt_s, value in steps), rel=1e-9, abs=1e-12)


def settle(thermal: Thermal, duty: tuple[float, float], seconds: float, dt_s: float = 0.5) -> None:
    for _ in range(round(seconds / dt_s)):
        thermal.advance(dt_s, duty, 4.0, 4.0)


def test_a_zone_settles_where_its_heat_balances() -> None:
    thermal = Thermal(QUIET, 1)
    settle(thermal, (0.3, 0.6), 3000.0)
    p = QUIET
    gain_w = p.heater_w * 0.6 + p.zone_to_base_w_k * (p.base_c - thermal.reactor_c)
    gain_w += p.zone_to_ambient_w_k * (p.ambient_c - thermal.reactor_c)
    gain_w += p.zone_to_zone_w_k * (thermal.mixer_c - thermal.reactor_c)
    gain_w += WATER_J_UL_K * (4.0 * thermal.mixer_c + 4.0 * p.ambient_c - 8.0 * thermal.reactor_c)
    assert gain_w == pytest.approx(0.0, abs=1e-6)
    assert thermal.read()[1] == pytest.approx(thermal.reactor_c, abs=1e-6)


def test_the_reactor_warms_from_25_to_45_degc_in_about_a_minute() -> None:
    thermal = Thermal(QUIET, 1)
    settle(thermal, (0.15, 0.15), 2000.0)
    while thermal.read()[1] < 25.0:
        thermal.advance(0.1, (0.15, 0.5), 4.0, 4.0)
    seconds = 0.0
    while thermal.read()[1] < 45.0:
        thermal.advance(0.1, (0.15, 1.0), 4.0, 4.0)
        seconds += 0.1
    assert 30.0 < seconds < 90.0


def test_heat_arrives_after_the_dead_time() -> None:
    thermal, idle = Thermal(QUIET, 1), Thermal(QUIET, 1)
    for step in range(30):
        thermal.advance(0.1, (0.0, 1.0), 4.0, 4.0)
        idle.advance(0.1, (0.0, 0.0), 4.0, 4.0)
        if (step + 1) * 0.1 <= QUIET.heater_delay_s:
            assert thermal.reactor_c == pytest.approx(idle.reactor_c, abs=1e-9)
    assert thermal.reactor_c > idle.reactor_c + 0.5


def test_heaters_reach_eighty_and_the_base_cools_below_twenty() -> None:
    hot, cold = Thermal(QUIET, 1), Thermal(QUIET, 1)
    settle(hot, (1.0, 1.0), 2000.0)
    settle(cold, (0.0, 0.0), 2000.0)
    assert hot.reactor_c > 80.0
    assert cold.reactor_c < 20.0
    assert hot.board_c > cold.board_c + 5.0


def test_temperatures_do_not_depend_on_the_step_length() -> None:
    coarse, fine = Thermal(QUIET, 1), Thermal(QUIET, 1)
    settle(coarse, (0.4, 0.7), 60.0, dt_s=0.5)
    settle(fine, (0.4, 0.7), 60.0, dt_s=0.05)
    assert coarse.reactor_c == pytest.approx(fine.reactor_c, abs=0.02)


def test_sensor_noise_has_its_size() -> None:
    thermal = Thermal(ThermalParameters(sensor_noise_c=0.05), 1)
    shown = [thermal.read()[0] for _ in range(2000)]
    assert np.std(shown) == pytest.approx(0.05, rel=0.1)


def test_sources_of_noise_are_independent_and_repeatable() -> None:
    first, again, other = (NormalStream(7, name) for name in ("lamp", "lamp", "pressure sensor"))
    drawn = [first.draw() for _ in range(3000)]
    assert drawn == [again.draw() for _ in range(3000)]
    assert abs(np.corrcoef(drawn, [other.draw() for _ in range(3000)])[0, 1]) < 0.1


def test_the_lamp_wanders_by_half_a_percent_in_an_hour() -> None:
    outputs = []
    for seed in range(60):
        lamp = Lamp(LampParameters(), NormalStream(seed, "lamp").draw)
        for _ in range(360):
            lamp.advance(10.0, 1.0)
        outputs.append(np.log(lamp.output))
    assert np.std(outputs) == pytest.approx(0.005, rel=0.4)


def test_the_lamp_follows_its_duty_with_a_lag() -> None:
    lamp = Lamp(LampParameters(drift_per_root_hour=0.0), NormalStream(1, "lamp").draw)
    lamp.advance(0.3, 0.8)
    assert lamp.output == pytest.approx(0.8 * (1.0 - np.exp(-1.0)))
    lamp.advance(10.0, 0.0)
    assert lamp.output < 1e-12


def instrument(**changes: float) -> Spectrometer:
    return Spectrometer(SpectrometerParameters(**changes), generator(1, "spectrometer"))  # type: ignore[arg-type]


def test_the_usual_exposure_fills_sixty_percent() -> None:
    counts = instrument().expected_counts(np.ones(PIXELS), 0.8, 0.010)
    assert counts.max() == pytest.approx(0.6 * 65535.0, rel=0.02)
    assert counts.min() > 0.1 * counts.max()


def test_noise_falls_with_the_root_of_the_scans() -> None:
    spectrometer = instrument()
    clear = np.ones(PIXELS)
    expected = spectrometer.expected_counts(clear, 0.8, 0.01)

    def deviation(scans: int) -> float:
        return float(np.std([spectrometer.expose(clear, 0.8, 0.01, scans) - expected for _ in range(20)]))

    assert deviation(1) / deviation(100) == pytest.approx(10.0, rel=0.1)


def test_a_single_scan_has_shot_and_read_noise() -> None:
    spectrometer = instrument()
    clear = np.ones(PIXELS)
    expected = spectrometer.expected_counts(clear, 0.8, 0.01)
    variance = np.var([spectrometer.expose(clear, 0.8, 0.01, 1) for _ in range(400)], axis=0)
    shot = (expected - 1500.0) / 2.5
    assert np.mean(variance / (shot + 144.0)) == pytest.approx(1.0, rel=0.03)


def test_too_long_an_exposure_saturates() -> None:
    counts = instrument().expose(np.ones(PIXELS), 1.0, 0.05, 3)
    assert counts.max() == 65535.0


def test_in_the_dark_only_offset_and_dark_current_remain() -> None:
    counts = instrument().expose(np.ones(PIXELS), 0.0, 0.1, 64)
    assert counts.mean() == pytest.approx(1500.0 + 200.0, rel=0.01)


def test_stray_light_limits_the_absorbance_that_can_be_seen() -> None:
    spectrometer = instrument()
    black = np.ones(PIXELS)
    black[200:220] = 0.0
    dark = spectrometer.expected_counts(np.zeros(PIXELS), 0.8, 0.01)
    clear = spectrometer.expected_counts(np.ones(PIXELS), 0.8, 0.01) - dark
    seen = spectrometer.expected_counts(black, 0.8, 0.01) - dark
    assert 2.0 < -np.log10(seen[210] / clear[210]) < 4.0
