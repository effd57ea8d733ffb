"""Light that the flow cell gives off: from the process through the detector to the properties of a twin."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from firmware_bridge.simulator.interfaces import Drive
from firmware_bridge.simulator.optics.led import Led, LedParameters
from firmware_bridge.simulator.optics.spectrometer import Spectrometer, SpectrometerParameters
from firmware_bridge.simulator.plant.errors import PlantError
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.hydraulics import Tube
from firmware_bridge.simulator.plant.layout import EXCITED, Excitation, Geometry, Layout, Parcels
from firmware_bridge.simulator.plant.noise import generator
from firmware_bridge.simulator.plant.steady import Operation, steady_parcels
from firmware_bridge.simulator.twins.base import Input, Outcome, Twin
from firmware_bridge.simulator.twins.optical import EMISSION, OPTICAL, QUANTUM_YIELD, emission_band
from firmware_bridge.simulator.twins.sampling import Sampler
from trainer import simulate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

TUBE = Tube(volume_ul=50.0, bore_mm=0.5)
BARE = Layout(
    first=("dye", "water"),
    second=(),
    geometry=Geometry(mixer=TUBE, reactor=TUBE, outlet=TUBE, path_mm=10.0),
    safe_pressure_kpa=300.0,
    safe_temperature_c=80.0,
)
LIT = Layout(
    first=BARE.first,
    second=(),
    geometry=BARE.geometry,
    safe_pressure_kpa=300.0,
    safe_temperature_c=80.0,
    excitation=Excitation(405.0, duty_axis=1),
)
YIELD, LINE_NM, LINE_SD_NM = 0.4, 560.0, 12.0


class Dye:
    """A dye whose absorbance at the excitation is its share of the flow, and whose line never moves."""

    def __init__(self, layout: Layout = LIT) -> None:
        self.layout = layout

    def mixer_clock_per_s(self, _mixer_c: float) -> float:
        return 0.0

    def marks(self, _drive: Drive) -> tuple[float, ...]:
        return ()

    def met(self, _drive: Drive) -> tuple[float, ...]:
        return ()

    def absorbance(self, parcels: Parcels) -> NDArray[np.float64]:
        share = float(parcels.fractions[:, 0] @ parcels.weight)
        band: NDArray[np.float64] = np.exp(-0.5 * ((self.layout.pixels_nm - 450.0) / 30.0) ** 2)
        return share * band

    def emission(self, parcels: Parcels) -> NDArray[np.float64]:
        absorbed = 1.0 - math.pow(10.0, -float(parcels.fractions[:, 0] @ parcels.weight))
        line: NDArray[np.float64] = np.exp(-0.5 * ((self.layout.pixels_nm - LINE_NM) / LINE_SD_NM) ** 2)
        return absorbed * YIELD / (LINE_SD_NM * math.sqrt(2.0 * math.pi)) * line


class Inert(Dye):
    """Has an excitation in its layout, and nothing to excite."""

    emission = None  # type: ignore[assignment]


def flowing(led: float, lamp: float = 0.0) -> Drive:
    return Drive((300.0, 300.0), (0.0, 0.0), lamp, (), (0.9, led))


def after(plant: FlowPlant, drive: Drive, seconds: float = 60.0) -> NDArray[np.float64]:
    for _ in range(round(seconds / 0.5)):
        plant.advance(0.5, drive)
    return plant.expose(0.1, 200)


def test_light_of_the_diode_comes_back_as_emission_over_a_dark() -> None:
    plant = FlowPlant(Dye(), 3)
    dark = after(plant, flowing(0.0), 200.0)
    lit = after(plant, flowing(EXCITED))
    expected = LIT.shown_emission(Dye().emission(plant.parcels()))
    assert (lit - dark) / 0.1 == pytest.approx(expected * (1.0 - 0.01 * EXCITED), rel=0.02, abs=2000.0)
    assert expected.max() > 1e5
    unlit = after(plant, flowing(0.0), 10.0)
    assert unlit == pytest.approx(dark, abs=20.0)


def test_only_the_diodes_own_output_drives_it() -> None:
    plant = FlowPlant(Dye(), 3)
    first_output_only = Drive((300.0, 300.0), (0.0, 0.0), 0.0, (), (1.0, 0.0))
    none_at_all = Drive((300.0, 300.0), (0.0, 0.0), 0.0)
    dark = after(plant, flowing(0.0), 200.0)
    assert after(plant, first_output_only) == pytest.approx(dark, abs=20.0)
    assert after(plant, none_at_all) == pytest.approx(dark, abs=20.0)


def test_a_plant_with_a_diode_that_is_off_is_bit_for_bit_one_without() -> None:
    with_diode, without = FlowPlant(Dye(), 5), FlowPlant(Dye(BARE), 5)
    drive = flowing(0.0, lamp=0.8)
    assert np.array_equal(after(with_diode, drive), after(without, drive))


def test_emitted_light_saturates_and_strays_like_any_other() -> None:
    parameters = SpectrometerParameters()
    spectrometer = Spectrometer(parameters, generator(1, "spectrometer"))
    clear = np.ones(parameters.pixels)
    glare = np.zeros(parameters.pixels)
    glare[200] = 1e9
    counts = spectrometer.expose(clear, 0.0, 0.1, 4, glare)
    assert counts[200] == parameters.full_scale
    elsewhere = counts[0] - parameters.dark_offset - 0.1 * parameters.dark_per_s
    assert elsewhere == pytest.approx(0.1 * parameters.stray * 1e9 / parameters.pixels, rel=0.15)


def test_the_noise_of_emission_is_that_of_its_photons() -> None:
    parameters = SpectrometerParameters(read_noise=0.0, dark_per_s=0.0, stray=0.0)
    spectrometer = Spectrometer(parameters, generator(1, "spectrometer"))
    light = np.full(parameters.pixels, 2e5)
    counts = spectrometer.expose(np.ones(parameters.pixels), 0.0, 0.1, 1, light)
    assert np.std(counts) == pytest.approx(np.sqrt(2e4 / parameters.electrons_per_count), rel=0.15)


def test_a_diode_warms_and_dims_a_little_and_is_dark_at_once() -> None:
    led = Led(LedParameters(), lambda: 0.0)
    led.advance(0.1, 0.5)
    cold = led.output
    for _ in range(2000):
        led.advance(0.1, 0.5)
    assert cold == pytest.approx(0.5, rel=1e-3)
    assert led.output == pytest.approx(0.5 * (1.0 - 0.01 * 0.5), rel=1e-6)
    led.advance(0.1, 0.0)
    assert led.output == 0.0


def test_a_process_must_emit_if_its_layout_has_an_excitation() -> None:
    with pytest.raises(PlantError, match="Inert has an excitation"):
        FlowPlant(Inert(), 1)
    with pytest.raises(PlantError, match="no excitation"):
        BARE.shown_emission(np.ones(512))


class DyeModel:
    """The steady state of the dye."""

    spectrometer = LIT.spectrometer

    def settle(self, conditions: Mapping[str, float]) -> Outcome:
        share = conditions["dye"] / 100.0
        process = Dye()
        operation = Operation((share, 1.0 - share), 120.0, 22.0, 22.0)
        parcels = steady_parcels(process, operation)
        absorbance, nm = process.absorbance(parcels), LIT.pixels_nm
        emission = LIT.shown_emission(process.emission(parcels))
        properties = {"peak_wavelength": 450.0, "fwhm": 70.6, "absorbance": share, "quantum_yield": YIELD}
        return Outcome(properties | emission_band(nm, emission), nm, absorbance, emission)


DYE = Twin(
    name="dye",
    title="A dye",
    paper="none, 2026",
    inputs=(Input("dye", "%", 1.0, 60.0, 20.0, "share of the flow", 0.01),),
    properties=(*OPTICAL, *EMISSION, QUANTUM_YIELD),
    build=lambda seed: FlowPlant(Dye(), seed),
    model=DyeModel,
    parameters=lambda: (),
    trends=(),
    surfaces=(),
    recipe="dye",
    campaigns=(),
)


def test_samples_show_the_emission_of_the_noise_free_model() -> None:
    outcome = DyeModel().settle(DYE.typical())
    sampler = Sampler(DYE, 2)
    samples = [sampler.take(number, DYE.typical()) for number in range(8)]
    for name, tolerance in (
        ("emission_peak", 0.002),
        ("emission_energy", 0.002),
        ("emission_fwhm", 0.03),
        ("emission_intensity", 0.03),
    ):
        mean = np.mean([sample.properties[name] for sample in samples])
        assert mean == pytest.approx(outcome.properties[name], rel=tolerance), name
    assert outcome.properties["emission_peak"] == pytest.approx(LINE_NM, abs=0.5)
    assert outcome.properties["emission_energy"] == pytest.approx(1239.842 / LINE_NM, rel=1e-3)
    assert outcome.properties["emission_fwhm"] == pytest.approx(2.3548 * LINE_SD_NM, rel=0.02)


def test_the_table_of_spectra_has_a_column_of_emission(tmp_path: Path) -> None:
    sample = Sampler(DYE, 2).take(0, DYE.typical())
    simulate._write_spectrum(sample, tmp_path / "s.csv")
    with (tmp_path / "s.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert list(rows[0]) == ["wavelength(nm)", "absorbance", "emission(1/s)"]
    brightest = max(rows, key=lambda row: float(row["emission(1/s)"]))
    assert float(brightest["wavelength(nm)"]) == pytest.approx(LINE_NM, abs=3.0)
    assert {"emission_peak(nm)", "emission_energy(eV)", "emission_intensity(1/s)"} < set(
        simulate.headers(DYE)
    )
