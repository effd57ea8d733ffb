"""Every twin from the outside: its files agree with it, and it does what the papers found."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from controller.campaign.recipes import parse_recipe
from controller.config.rig import load_rig
from firmware_bridge.simulator.twins.base import CHOSEN, EQUATIONS, Finding, Model, Twin, TwinError
from firmware_bridge.simulator.twins.designs import DESIGNS, design
from firmware_bridge.simulator.twins.listing import describe
from firmware_bridge.simulator.twins.optical import EMISSION_PEAK, band
from firmware_bridge.simulator.twins.pages import page
from firmware_bridge.simulator.twins.registry import TWINS, find_twin
from firmware_bridge.simulator.twins.sampling import EMISSION_INTEGRATION_S, Sampler
from firmware_bridge.simulator.twins.svg import Line, chart
from firmware_bridge.simulator.twins.trends import moves

if TYPE_CHECKING:
    from collections.abc import Callable

    from controller.domain.plan import RigPlan

PAGES = Path(__file__).parents[3] / "docs" / "twins"
DRIVERS = {"ostwald-board": "board", "ostwald-spectrometer": "spectrometer"}
EMITTING = [twin for twin in TWINS.values() if EMISSION_PEAK in twin.properties]
DERIVING = [twin for twin in TWINS.values() if any(each.read is not None for each in twin.properties)]
TRENDS = [
    pytest.param(twin, number, id=f"{twin.name}: {trend.claim}")
    for twin in TWINS.values()
    for number, trend in enumerate(twin.trends)
]
NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?")
every_twin = pytest.mark.parametrize("twin", TWINS.values(), ids=lambda twin: twin.name)


@pytest.fixture(scope="module")
def models() -> dict[str, Model]:
    return {name: twin.model() for name, twin in TWINS.items()}


@pytest.fixture(scope="module")
def findings(models: dict[str, Model]) -> Callable[[Twin, int], Finding]:
    """Measure a trend of a twin, each once."""
    known: dict[tuple[str, int], Finding] = {}

    def find(twin: Twin, number: int) -> Finding:
        key = (twin.name, number)
        if key not in known:
            known[key] = twin.trends[number].measure(twin, models[twin.name])
        return known[key]

    return find


def rig_of(twin: Twin) -> RigPlan:
    return load_rig(twin.rig_file, known_drivers=DRIVERS)


@pytest.mark.parametrize(("twin", "number"), TRENDS)
def test_it_does_what_the_paper_found(
    twin: Twin, number: int, findings: Callable[[Twin, int], Finding]
) -> None:
    finding = findings(twin, number)
    assert finding.holds, finding.text


def test_a_trend_that_is_not_there_is_not_found(models: dict[str, Model]) -> None:
    twin = TWINS["gold-light"]
    wrong = moves("more light, larger particles", "diameter", "light", rises=True)
    assert not wrong.measure(twin, models[twin.name]).holds


@every_twin
def test_its_rig_is_its_own(twin: Twin) -> None:
    plan = rig_of(twin)
    facts = twin.build(1).facts
    assert plan.twin is not None
    assert plan.twin.synthesis == twin.name
    pumps = [channel for channel in plan.channels if channel.signal.startswith("pump.")]
    assert tuple(channel.name for channel in pumps) == tuple(f"pump.{name}" for name in facts.pumps)
    assert plan.reactor.volume_ul == facts.reactor_volume_ul
    assert plan.reactor.washout_volume_ul == facts.dead_volume_ul


@every_twin
def test_its_recipe_runs_on_its_rig_and_takes_its_inputs(twin: Twin) -> None:
    recipe = parse_recipe(twin.recipe_file.read_text(), rig_of(twin))
    taken = {parameter.name: parameter for parameter in recipe.parameters}
    assert set(taken) == {each.name for each in twin.inputs}
    for each in twin.inputs:
        assert taken[each.name].unit == each.unit
        assert taken[each.name].low <= each.low < each.typical < each.high <= taken[each.name].high


@every_twin
def test_its_campaigns_vary_its_inputs_within_their_ranges(twin: Twin) -> None:
    assert twin.campaign_files
    for path in twin.campaign_files:
        campaign = tomllib.loads(path.read_text())
        assert (path.parent / campaign["campaign"]["recipe"]).resolve() == twin.recipe_file.resolve()
        for name, span in campaign["conditions"].items():
            each = twin.input(name)
            assert each.low <= float(span["low"].split()[0]) < float(span["high"].split()[0]) <= each.high


@every_twin
def test_every_constant_says_where_it_is_from(twin: Twin) -> None:
    constants = twin.parameters()
    assert constants
    assert all(each.source == CHOSEN or any(digit.isdigit() for digit in each.source) for each in constants)


def split(text: str) -> tuple[list[str], list[float]]:
    """Take a text apart into words and numbers."""
    return NUMBER.split(text), [float(each) for each in NUMBER.findall(text)]


@every_twin
def test_its_page_is_the_one_that_is_written_of_it(
    twin: Twin, findings: Callable[[Twin, int], Finding]
) -> None:
    found = [findings(twin, number) for number in range(len(twin.trends))]
    words, numbers = split(page(twin, found))
    text = (PAGES / f"{twin.name}.md").read_text()
    shown, shown_numbers = split(text)
    assert shown == words, "make twin-docs"
    # The last digit of what was computed may be another on another machine.
    assert shown_numbers == pytest.approx(numbers, rel=0.005), "make twin-docs"
    assert all(finding.holds for finding in found)
    assert all((PAGES / name).is_file() for name in re.findall(r"\((figures/[^)]+)\)", text))


@every_twin
def test_the_list_of_twins_links_its_page(twin: Twin) -> None:
    listed = (PAGES / "README.md").read_text()
    assert f"| [{twin.name}]({twin.name}.md) | {twin.title}, after {twin.paper} |" in listed, "make twin-docs"


def test_the_list_of_twins_has_the_equations_of_their_plant() -> None:
    assert (EQUATIONS / "plant.md").read_text().strip() in (PAGES / "README.md").read_text()


@every_twin
def test_what_is_listed_is_plain_data(twin: Twin) -> None:
    listed = json.loads(json.dumps(describe(twin)))
    assert [each["name"] for each in listed["inputs"]] == [each.name for each in twin.inputs]
    assert all(Path(listed[file]).is_file() for file in ("rig", "recipe"))


@every_twin
def test_a_sample_depends_on_seed_and_number_alone(twin: Twin) -> None:
    asked = twin.typical()
    first, again, other = Sampler(twin, 4), Sampler(twin, 4), Sampler(twin, 5)
    first.take(6, asked)
    sample = first.take(7, asked)
    assert sample.properties == again.take(7, asked).properties
    assert sample.properties != other.take(7, asked).properties
    assert sample.asked == asked != sample.achieved


@pytest.mark.parametrize("twin", DERIVING, ids=lambda twin: twin.name)
def test_what_derives_from_a_spectrum_is_read_off_the_sample_s_own(twin: Twin) -> None:
    sample = Sampler(twin, 2).take(3, twin.typical())
    achieved = twin.model().settle(sample.achieved)
    for each in twin.properties:
        if each.read is not None:
            read = each.read(sample.wavelengths_nm, sample.absorbance, sample.emission)
            assert sample.properties[each.name] == read
            free = each.read(achieved.wavelengths_nm, achieved.absorbance, achieved.emission)
            assert free == pytest.approx(achieved.properties[each.name])
            assert free != read


@every_twin
def test_samples_scatter_little_about_the_noise_free_model(twin: Twin, models: dict[str, Model]) -> None:
    outcome = models[twin.name].settle(twin.typical())
    sampler = Sampler(twin, 1)
    main = next(each.name for each in twin.properties if each.is_optical)
    peaks = [sampler.take(number, twin.typical()).properties[main] for number in range(12)]
    assert np.mean(peaks) == pytest.approx(outcome.properties[main], abs=2.5)
    assert 0.0 < np.std(peaks) < 5.0


@pytest.mark.parametrize("twin", EMITTING, ids=lambda twin: twin.name)
def test_samples_emit_as_the_noise_free_model_does_and_saturate_nothing(
    twin: Twin, models: dict[str, Model]
) -> None:
    outcome = models[twin.name].settle(twin.typical())
    assert outcome.emission is not None
    counts = outcome.emission.max() * EMISSION_INTEGRATION_S
    assert 200.0 < counts < 0.9 * models[twin.name].spectrometer.full_scale
    sampler = Sampler(twin, 1)
    samples = [sampler.take(number, twin.typical()) for number in range(12)]
    for each in twin.properties:
        if each.name.startswith("emission_"):
            seen = np.median([sample.properties[each.name] for sample in samples])
            assert seen == pytest.approx(outcome.properties[each.name], rel=0.1), each.name


@every_twin
def test_its_detector_bears_and_sees_whatever_its_inputs_make(twin: Twin, models: dict[str, Model]) -> None:
    model = models[twin.name]
    outcomes = [model.settle(point) for point in design(twin, "lhs", 16, seed=1)]
    assert all(0.02 < outcome.absorbance.max() < 2.5 for outcome in outcomes)
    counts = [o.emission.max() * EMISSION_INTEGRATION_S for o in outcomes if o.emission is not None]
    assert all(100.0 < peak < model.spectrometer.full_scale for peak in counts)


@every_twin
@pytest.mark.parametrize("kind", DESIGNS)
def test_a_design_is_feasible_repeatable_and_fills_the_ranges(twin: Twin, kind: str) -> None:
    points = design(twin, kind, 50, seed=2)
    assert points == design(twin, kind, 50, seed=2) != design(twin, kind, 50, seed=3)
    assert len(points) == 50
    assert all(twin.is_feasible(point) for point in points)
    for each in twin.inputs:
        values = [point[each.name] for point in points]
        assert each.low <= min(values) < max(values) <= each.high
        assert max(values) - min(values) > 0.8 * (each.high - each.low)


def test_a_latin_hypercube_has_one_point_in_every_layer_where_nothing_is_excluded() -> None:
    twin = TWINS["gold-light"]
    points = design(twin, "lhs", 20, seed=1)
    for each in twin.inputs:
        layers = [int((point[each.name] - each.low) / (each.high - each.low) * 20.0) for point in points]
        assert sorted(layers) == list(range(20))


def test_what_there_is_not_is_refused_by_name() -> None:
    twin = TWINS["silver"]
    with pytest.raises(TwinError, match=r"known: .*gold-light"):
        find_twin("gold")
    with pytest.raises(TwinError, match="unknown design 'grid'; known: lhs, sobol"):
        design(twin, "grid", 10, seed=1)
    with pytest.raises(TwinError, match="ask for 1 to"):
        design(twin, "lhs", 0, seed=1)
    with pytest.raises(TwinError, match="silver has no input 'light'; it has agno3"):
        twin.typical(light=3.0)


def test_the_band_of_a_bell_is_its_own_and_one_flank_is_doubled() -> None:
    nm = np.linspace(400.0, 800.0, 801)
    bell = np.exp(-0.5 * ((nm - 560.0) / 20.0) ** 2)
    found = band(nm, bell)
    assert found["peak_wavelength"] == pytest.approx(560.0, abs=0.1)
    assert found["fwhm"] == pytest.approx(2.3548 * 20.0, rel=0.01)
    step = np.where(nm < 560.0, np.maximum(bell, 0.8), bell)
    assert band(nm, step)["fwhm"] == pytest.approx(found["fwhm"], rel=0.05)


def test_a_chart_leaves_out_what_is_not_a_number_and_needs_something_to_draw() -> None:
    drawn = chart([Line("a<b", [(0.0, 1.0), (1.0, float("nan")), (2.0, 3.0)])], "x", "y")
    assert "a&lt;b" in drawn
    assert "nan" not in drawn
    with pytest.raises(ValueError, match="nothing to draw of y"):
        chart([Line("a", [(0.0, float("nan"))])], "x", "y")
