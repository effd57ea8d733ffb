"""A campaign's page says what was asked and what came of it, and needs nothing but itself."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from ostwald.values import Campaign, Condition, Model, Objective, Prediction, Spectrum, Trial

from trainer.campaign_report import write_campaign_report
from trainer.errors import TrainerError

if TYPE_CHECKING:
    from pathlib import Path

NM = tuple(400.0 + 10.0 * number for number in range(41))
CAMPAIGN = Campaign(
    campaign_id="c1",
    name="silver <prisms>",
    state="complete",
    reason="reached: peak 519.4 nm (target 520 nm) in 3 trials",
    reached=True,
    strategy="bayesian",
    surrogate="silver",
    seed=7,
    trials_complete=2,
    trials_budget=25,
    best_trial=2,
    conditions=(Condition("flow", "uL/min", 10.0, 400.0),),
    objectives=(
        Objective("peak_wavelength", "target", "nm", 520.0, 3.0),
        Objective("fwhm", "minimise", "nm", 0.0, 0.0),
    ),
)
SPECTRUM = Spectrum("s2", 9.0, NM, NM, tuple(0.01 * number for number in range(41)), {}, ())


def trial(number: int, peak_nm: float) -> Trial:
    return Trial(
        number=number,
        state="complete",
        source="surrogate",
        asked={"flow": 100.0 + number},
        achieved={"flow": 98.76},
        properties={"peak_wavelength": peak_nm, "fwhm": 61.23},
        predicted={
            "peak_wavelength": Prediction(peak_nm - 4.0, 3.0, "nm"),
            "absorbance_500": Prediction(0.1, 0.02, "1"),
            "absorbance_600": Prediction(0.2, 0.02, "1"),
        },
        novelty=0.2,
        score=0.25,
        run_id=f"r{number}",
        spectrum_id="s2",
        detail="",
        spectrum=SPECTRUM,
    )


FAILED = replace(
    trial(3, 0.0), state="failed", properties={}, predicted={}, score=None, detail="no <flow>", spectrum=None
)


class FakeDevice:
    """A device with one campaign."""

    def __init__(self, campaign: Campaign = CAMPAIGN, trials: tuple[Trial, ...] = ()) -> None:
        self.campaign = campaign
        self.given = trials or (trial(1, 505.5), trial(2, 519.4), FAILED)
        self.campaigns = SimpleNamespace(get=lambda _name: self.campaign, trials=self._trials)
        self.models = SimpleNamespace(get=self._model)

    def _trials(self, campaign_id: str, *, with_spectra: bool) -> tuple[Trial, ...]:
        assert (campaign_id, with_spectra) == ("c1", True)
        return self.given

    def _model(self, name: str) -> Model:
        return Model(name, "ab" * 32, 4, "active", "gp", ("flow",), ("peak",), signed_by="our key")

    def reactor(self) -> Any:
        return SimpleNamespace(version="1.2.3")


class Page(HTMLParser):
    """Text, tags and addresses of a page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [
            value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "srcset", "action")
        ]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def write(folder: Path, device: FakeDevice) -> Page:
    client: Any = device
    out = write_campaign_report(client, "silver", folder / "page.html")
    return Page(out.read_text(encoding="utf-8"))


def test_the_page_tells_outcome_objectives_and_best_conditions(tmp_path: Path) -> None:
    page = write(tmp_path, FakeDevice())
    assert "reached: peak 519.4 nm (target 520 nm) in 3 trials" in page.text
    assert "peak_wavelength: 520 ± 3 nm" in page.text
    assert "fwhm: minimise" in page.text
    assert "Best conditions: trial 2" in page.text
    assert "flow 102 98.76 uL/min" in page.text


def test_every_trial_has_its_row_and_a_failed_one_its_reason(tmp_path: Path) -> None:
    page = write(tmp_path, FakeDevice())
    assert "1 surrogate 101 505.5 61.2 0.25 complete" in page.text
    assert "3 surrogate 103 no <flow>" in page.text
    assert page.source.count('class="best"') == 1


def test_the_page_draws_course_spectrum_and_what_was_expected(tmp_path: Path) -> None:
    page = write(tmp_path, FakeDevice())
    assert page.tags.count("svg") == 4
    for title in (
        "Peak wavelength of each trial",
        "FWHM of each trial",
        "Spectrum of the best trial, 2",
        "What the surrogate expected of peak wavelength before each trial",
    ):
        assert title in page.text
    assert "predicted" in page.text


def test_the_page_says_where_everything_came_from(tmp_path: Path) -> None:
    text = write(tmp_path, FakeDevice()).text
    assert "Campaign c1, strategy bayesian, seed 7; Ostwald 1.2.3." in text
    assert f"Surrogate silver {'ab' * 32} (serial 4, gp), signed by our key." in text


def test_the_page_needs_nothing_but_itself(tmp_path: Path) -> None:
    page = write(tmp_path, FakeDevice())
    assert not {"script", "link", "img", "iframe", "object", "base"} & set(page.tags)
    assert all(address.startswith("#") for address in page.addresses)
    assert not re.search(r"@import|url\((?!#)", page.source)


def test_what_a_device_says_is_text_and_never_markup(tmp_path: Path) -> None:
    page = write(tmp_path, FakeDevice())
    assert "silver <prisms>" in page.text
    assert not {"prisms", "flow"} & set(page.tags)


def test_equal_campaigns_give_equal_pages(tmp_path: Path) -> None:
    assert write(tmp_path, FakeDevice()).source == write(tmp_path, FakeDevice()).source


def test_a_campaign_without_surrogate_or_usable_trial_has_a_page_too(tmp_path: Path) -> None:
    bare = replace(
        CAMPAIGN, surrogate="", best_trial=0, reached=False, reason="not reached: no usable spectrum"
    )
    page = write(tmp_path, FakeDevice(bare, (FAILED,)))
    assert "not reached: no usable spectrum" in page.text
    assert "Best conditions" not in page.text
    assert "Surrogate" not in page.text
    assert page.tags.count("svg") == 2


GLOW = Spectrum("e2", 9.0, NM, NM, (), {}, (), emission=tuple(900.0 * number for number in range(41)))
EMITTED = {"emission_peak": 661.25, "emission_intensity": 152345.6}
TOWARD_LIGHT = replace(
    CAMPAIGN,
    objectives=(
        Objective("emission_peak", "target", "nm", 660.0, 2.0),
        Objective("emission_intensity", "maximise", "1/s", 0.0, 0.0),
    ),
    property_units={"emission_peak": "nm", "emission_energy": "eV", "emission_intensity": "1/s"},
)


def glowing(number: int) -> Trial:
    guess = {"emission_intensity": Prediction(150000.0, 2000.0, "1/s")}
    return replace(trial(number, 0.0), properties=EMITTED, predicted=guess, spectrum=None, emission=GLOW)


def test_a_campaign_toward_light_has_the_course_of_its_own_objectives(tmp_path: Path) -> None:
    page = write(tmp_path, FakeDevice(TOWARD_LIGHT, (glowing(1), glowing(2), FAILED)))
    assert page.tags.count("svg") == 4
    for said in (
        "Emission peak of each trial",
        "emission peak / nm",
        "Emission intensity of each trial",
        "emission intensity / (1/s)",
        "Emission of the best trial, 2",
        "What the surrogate expected of emission intensity before each trial",
    ):
        assert said in page.text
    assert "Peak wavelength" not in page.text
    assert "emission peak / nm emission intensity / (1/s) score state" in page.text
    assert "1 surrogate 101 661.2 1.523e+05 0.25 complete" in page.text


def test_without_objectives_the_first_property_of_the_campaign_is_drawn(tmp_path: Path) -> None:
    bare = replace(CAMPAIGN, objectives=(), best_trial=0)
    page = write(tmp_path, FakeDevice(bare))
    assert "Peak wavelength of each trial" in page.text
    assert "FWHM of each trial" not in page.text


def test_a_campaign_without_trials_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    device = FakeDevice()
    device.given = ()
    with pytest.raises(TrainerError, match="ostwald campaign start"):
        write(tmp_path, device)
    assert list(tmp_path.iterdir()) == []
