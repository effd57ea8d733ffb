"""Campaigns toward a whole spectrum, or toward much light at one wavelength."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.campaign import objectives, outcomes
from controller.campaign.engine import CampaignEngine
from controller.campaign.specs import parse_campaign
from controller.campaign.target_spectra import MAX_CHARACTERS, MAX_FILES, parse_target
from controller.domain.campaign import CampaignState, ObjectiveKind, Proposal, TrialState
from controller.domain.errors import ControllerError, DocumentError
from controller.domain.run import Run, RunState
from tests.unit.controller.campaign.glowing import GLOWING, GlowingRig
from tests.unit.controller.campaign.simulated_rig import RECIPE, InlinePlanner, recipe

if TYPE_CHECKING:
    from pathlib import Path

    from controller.domain.campaign import CampaignSpec

WINDOW = (400.0, 800.0)
CSV = "wavelength_nm,absorbance\n" + "".join(
    f"{nm},{max(0.0, 1 - abs(nm - 600) / 100)}\n" for nm in range(380, 821, 10)
)
TO_SPECTRUM = """
[campaign]
name = "prisms"

[conditions.silver]

[objectives.spectrum_distance]
target_spectrum = "prisms.csv"

[strategy]
name = "random"

[budget]
trials = 2
"""
# The study of CdSe: as much light as can be, at the wavelength that is asked for.
TO_LIGHT = """
[campaign]
name = "cdse"

[conditions.silver]

[objectives.emission_peak]
target = "530 nm"
tolerance = "2 nm"
weight = 0.5

[objectives.emission_intensity]
maximise = true
scale = "100000 1/s"
weight = 2.0

[budget]
trials = 2
"""
GLOWS = RECIPE + '\n[[steps]]\nacquire = {kind = "emission"}\n'


def spec(
    text: str = TO_SPECTRUM, files: dict[str, str] | None = None, recipe_toml: str = GLOWS
) -> CampaignSpec:
    given_files = {"prisms.csv": CSV} if files is None else files
    return parse_campaign(text, recipe(recipe_toml, GLOWING), {}, given_files)


def faults(text: str, files: dict[str, str] | None = None, recipe_toml: str = GLOWS) -> list[str]:
    with pytest.raises(DocumentError) as error:
        spec(text, files, recipe_toml)
    return [f"{each.place}: {each.description}" for each in error.value.violations]


def run(**properties: float) -> Run:
    return Run("r1", "silver", RunState.COMPLETE, 3, 7, 1.0, properties=properties, spectrum_id="s1")


def test_a_target_spectrum_is_compared_where_the_spectrometer_sees() -> None:
    found = spec()
    (objective,) = found.objectives
    assert (objective.kind, objective.unit, objective.scale) == (ObjectiveKind.MINIMISE, "1", 0.1)
    assert found.target_spectrum is not None
    assert (found.target_spectrum.low_nm, found.target_spectrum.high_nm) == WINDOW
    assert len(found.target_spectrum.absorbance) == 45


def test_a_distance_may_be_a_target_that_ends_the_campaign() -> None:
    found = spec(TO_SPECTRUM.replace('"prisms.csv"', '"prisms.csv"\ntarget = 0\ntolerance = 0.02'))
    (objective,) = found.objectives
    assert (objective.kind, objective.tolerance) == (ObjectiveKind.TARGET, 0.02)
    trial = outcomes.announce(1, Proposal({"silver": 20.0}, "random"), None, 0.0)
    near = replace(trial, properties={"spectrum_distance": 0.0151}, state=TrialState.COMPLETE, score=0.1)
    ending = outcomes.judge(found, [near], 1.0)
    assert ending is not None
    assert ending.reason == "reached: spectrum_distance 0.02 (target 0) in 1 trials"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            '"prisms.csv"',
            '"other.csv"',
            "other.csv did not come with the campaign: it belongs beside its file",
        ),
        ('target_spectrum = "prisms.csv"', "minimise = true", "target_spectrum: must be given, as text"),
        ('"prisms.csv"', '"prisms.csv"\nmaximise = true', "a distance is to be small"),
        ("spectrum_distance", "fwhm", "objectives.fwhm.target_spectrum: is not known here"),
    ],
)
def test_a_target_that_can_not_be_is_told(old: str, new: str, fault: str) -> None:
    assert any(fault in found for found in faults(TO_SPECTRUM.replace(old, new)))


def test_a_distance_needs_a_sample() -> None:
    blind = RECIPE.replace('"sample"', '"dark"')
    assert faults(TO_SPECTRUM, recipe_toml=blind) == [
        'objectives.spectrum_distance: is not measured: the recipe lacks acquire = {kind = "sample"}'
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "nothing in it absorbs"),
        ("nm,A\n" + "500,0\n600,0\n", "nothing in it absorbs"),
        ("nm,A\n500,1\nsix hundred,1\n", "line 3: 'six hundred,1' is not"),
        ("a\nb\n500,1\n", "line 2: 'b' is not"),
        ("500,1\n500,2\n", "500 nm comes after 500 nm: wavelengths must ascend"),
        ("500,nan\n", "nothing in it absorbs"),
        ("".join(f"{nm},1\n" for nm in range(900, 1000)), "fewer than 8 of its points lie in the"),
    ],
)
def test_a_file_that_holds_no_spectrum_says_why(text: str, fault: str) -> None:
    with pytest.raises(ControllerError) as error:
        parse_target(text, WINDOW)
    assert fault in str(error.value)
    assert any("prisms.csv: " in found for found in faults(TO_SPECTRUM, {"prisms.csv": text}))


def test_a_file_may_have_comments_blank_lines_and_further_columns() -> None:
    plain = parse_target(CSV, WINDOW)
    wide = "# of theory\n\n" + CSV.replace("\n", ",7,x\n")
    assert parse_target(wide, WINDOW) == plain
    assert parse_target(CSV.partition("\n")[2], WINDOW) == plain, "a header is no must"


@given(st.text(max_size=200))
def test_whatever_a_file_holds_it_is_read_or_refused(text: str) -> None:
    try:
        found = parse_target(text, WINDOW)
    except ControllerError:
        return
    assert found.low_nm < found.high_nm


@pytest.mark.parametrize(
    "files",
    [
        {f"{number}.csv": "" for number in range(MAX_FILES + 1)},
        {"prisms.csv": "1" * (MAX_CHARACTERS + 1)},
        {"a" * 201: ""},
    ],
    ids=["many", "large", "long"],
)
def test_what_a_client_sends_is_bounded(files: dict[str, str]) -> None:
    with pytest.raises(ControllerError) as error:
        spec(files=files)
    assert error.value.reason == "TARGET_SPECTRUM_INVALID"


def test_a_trial_s_distance_is_that_of_its_sample() -> None:
    found = spec()
    trial = outcomes.announce(1, Proposal({"silver": 20.0}, "random"), None, 0.0)
    nm = np.linspace(400.0, 800.0, 401)
    rig_s = SimpleNamespace(
        wavelengths_nm=tuple(nm), absorbance=tuple(np.maximum(0.0, 0.4 - abs(nm - 600.0) / 250.0))
    )
    sample: Any = rig_s
    near = outcomes.conclude(trial, run(peak_wavelength=600.0), found, 9.0, sample)
    assert near.properties == {"peak_wavelength": 600.0, "spectrum_distance": pytest.approx(0.0, abs=1e-3)}
    assert near.score == pytest.approx(0.0, abs=1e-2)
    missing = outcomes.conclude(trial, run(peak_wavelength=600.0), found, 9.0)
    assert (missing.score, missing.detail) == (None, "no usable peak")


async def test_the_spectrum_is_kept_with_the_campaign(tmp_path: Path) -> None:
    rig = GlowingRig(tmp_path)
    surrogates: Any = SimpleNamespace()
    engine = CampaignEngine(rig.reactor, rig.runs, rig.journal, surrogates, InlinePlanner())
    measured = '[recipe]\nname = "try"\n[parameters.silver]\nunit = "%"\nlow = 0\nhigh = 50\n'
    created = engine.create(TO_SPECTRUM, measured + "[[steps]]\nacquire = {}\n", {}, {"prisms.csv": CSV})
    assert created.units["spectrum_distance"] == "1"
    # Whoever goes on with it has the journal alone.
    again = CampaignEngine(rig.reactor, rig.runs, rig.journal, surrogates, InlinePlanner())
    await again.start(created.campaign_id)
    await rig.until(lambda: not again.active)
    ended = again.get(created.campaign_id)
    assert (ended.state, ended.trials_complete) == (CampaignState.COMPLETE, 2)
    flat = 1.0 - float(np.sqrt(0.75 * 200.0 / 400.0))
    for trial in again.trials(created.campaign_id, 9, 0):
        assert trial.properties["spectrum_distance"] == pytest.approx(flat, abs=0.01)
        assert trial.score == pytest.approx(10.0 * trial.properties["spectrum_distance"])
    rig.close()


@given(st.floats(500.0, 560.0), st.floats(0.0, 2e5))
def test_a_dissatisfaction_coefficient_weighs_wavelength_and_light(peak_nm: float, intensity: float) -> None:
    found = spec(TO_LIGHT)
    score = objectives.score(found.objectives, {"emission_peak": peak_nm, "emission_intensity": intensity})
    assert score == pytest.approx(0.5 * abs(peak_nm - 530.0) / 2.0 + 2.0 * max(0.0, 1.0 - intensity / 1e5))


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        (
            "emission_peak",
            'the recipe lacks acquire = {kind = "emission"}; it yields: peak_wavelength, fwhm,',
        ),
        ("quantum_yield", "it takes a sample and an emission spectrum, and the rig's yield_factor"),
        ("smell", "is not measured; known: peak_wavelength, fwhm, absorbance"),
    ],
)
def test_an_objective_that_the_recipe_does_not_measure_says_what_it_takes(name: str, fault: str) -> None:
    text = TO_LIGHT.replace("emission_peak", name).partition("[objectives.emission_intensity]")[0]
    found = faults(text + "[budget]\ntrials = 2\n", recipe_toml=RECIPE)
    assert any(fault in each for each in found)


def test_a_recipe_without_samples_lacks_one_for_the_band() -> None:
    text = TO_LIGHT.replace("emission_peak", "peak_wavelength")
    blind = GLOWS.replace('"sample"', '"dark"')
    assert any('lacks acquire = {kind = "sample"}' in each for each in faults(text, recipe_toml=blind))


def test_a_campaign_without_a_target_tells_its_best_trial() -> None:
    found = spec()
    trial = outcomes.announce(1, Proposal({"silver": 20.0}, "random"), None, 0.0)
    scores = (0.31234, 0.0412345, None)
    trials = [
        replace(
            trial,
            number=number,
            score=None if distance is None else 10.0 * distance,
            properties={} if distance is None else {"spectrum_distance": distance},
        )
        for number, distance in enumerate(scores, start=1)
    ]
    said = "budget spent in 3 trials: best spectrum_distance 0.04123 in trial 2"
    assert outcomes.describe(found, trials, reached=False) == said
    assert outcomes.describe(found, trials[2:], reached=False) == "budget spent in 1 trials"
