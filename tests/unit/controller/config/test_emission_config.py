"""What a rig file says of emission and of instruments on analog inputs, and what is refused."""

from __future__ import annotations

import pytest

from controller.config.rig import parse_rig
from controller.domain.errors import DocumentError
from controller.domain.plan import EmissionPlan, RigPlan
from tests.unit.controller.config.test_rig import DRIVERS, RIG

DIODE = """
[channels.diode]
device = "board"
signal = "duty.0"
unit = "%"
range = ["0 %", "100 %"]
safe = "0 %"
"""
EMISSION = """
[spectrometer.emission]
excitation = "diode"
level = "60 %"
integration = "100 ms"
scans = 16
window = ["450 nm", "700 nm"]
"""
YIELD = 'excitation_wavelength = "405 nm"\nyield_factor = 2.5e-7\n'
SENSOR = """
[channels.impedance]
device = "board"
signal = "pressure.1"
unit = "ohm"
range = ["0 ohm", "2 kohm"]
calibration = [["50 kPa", "100 ohm"], ["950 kPa", "1.9 kohm"]]
"""
GLOWING = RIG + EMISSION + DIODE


def faults(text: str) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        parse_rig(text, "rig.toml", DRIVERS)
    return [str(violation) for violation in caught.value.violations]


def test_a_diode_and_how_to_look_under_it_become_the_plan() -> None:
    plan = parse_rig(GLOWING.replace(EMISSION, EMISSION + YIELD), "rig.toml", DRIVERS)
    assert plan.spectrometer is not None
    assert plan.spectrometer.emission == EmissionPlan(
        "diode", 60.0, 0.1, 16, 450.0, 700.0, settle_s=1.0, excitation_nm=405.0, yield_factor=2.5e-7
    )
    assert RigPlan.from_json(plan.to_json()) == plan


def test_a_rig_that_says_nothing_of_emission_has_none() -> None:
    plan = parse_rig(RIG, "rig.toml", DRIVERS)
    assert plan.spectrometer is not None
    assert plan.spectrometer.emission is None


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('excitation = "diode"', 'excitation = "diod"', "unknown channel 'diod'; did you mean 'diode'?"),
        ('excitation = "diode"', 'excitation = "heater"', "heater is heater.0: name a duty or a lamp"),
        ('excitation = "diode"', 'excitation = "lamp"', "lamp is the lamp, which is off while"),
        ('level = "60 %"', 'level = "0 %"', "0 % must lie above 0 and up to 100 %"),
        ('level = "60 %"', 'level = "2 nm"', "'nm' does not convert to '%'"),
        ('"450 nm", "700 nm"', '"700 nm", "450 nm"', "spectrometer.emission.window: 700 nm is not below"),
        ('integration = "100 ms"', 'integration = "1 min"', "spectrometer.emission.integration"),
        (
            "scans = 16",
            "scans = 16\nyield_factor = 2.0",
            "excitation_wavelength: is missing: a quantum yield",
        ),
        ("scans = 16", 'scans = 16\nexcitation_wavelength = "405 nm"', "yield_factor: is missing"),
        (
            "scans = 16",
            'scans = 16\nyield_factor = 2.0\nexcitation_wavelength = "470 nm"',
            "470 nm lies within window: the diode's own light would be taken for emission",
        ),
        (DIODE, DIODE.replace('safe = "0 %"', 'safe = "5 %"'), "diode must be able to go out"),
        (DIODE, DIODE.replace('"0 %", "100 %"', '"5 %", "100 %"'), "diode must be able to go out"),
    ],
)
def test_a_fault_of_the_emission_table_is_told_with_its_place(old: str, new: str, fault: str) -> None:
    assert GLOWING.count(old) == 1
    assert any(fault in found for found in faults(GLOWING.replace(old, new)))


def test_an_instrument_on_an_analog_input_shows_in_its_own_unit() -> None:
    channel = parse_rig(RIG + SENSOR, "rig.toml", DRIVERS).channel("impedance")
    assert channel is not None
    for said_kpa, meant_ohm in ((50.0, 100.0), (950.0, 1900.0), (500.0, 1000.0)):
        assert (said_kpa - channel.offset) / channel.scale == pytest.approx(meant_ohm)
    assert (channel.unit, channel.high, channel.is_actuator) == ("ohm", 2000.0, False)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('["950 kPa", "1.9 kohm"]', '["50 kPa", "1.9 kohm"]', "both points are the same"),
        ('["950 kPa", "1.9 kohm"]', '["950 kPa", "0.1 kohm"]', "both points are the same"),
        ('["950 kPa", "1.9 kohm"]', '["950 ohm", "1.9 kohm"]', "'ohm' does not convert to 'kPa'"),
        (', ["950 kPa", "1.9 kohm"]', "", "channels.impedance.calibration"),
        ('"pressure.1"', '"temperature.1"', "temperature.1 has a unit of its own: remove it"),
        ("calibration = ", "# ", "pressure.1: 'ohm' does not convert to 'kPa'"),
    ],
)
def test_a_calibration_that_says_nothing_is_refused(old: str, new: str, fault: str) -> None:
    assert SENSOR.count(old) == 1
    assert any(fault in found for found in faults(RIG + SENSOR.replace(old, new)))
