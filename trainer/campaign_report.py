"""A campaign as one self-contained page: what was asked, what came of it, and what the surrogate expected."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from ostwald.cli.export import PREDICTED
from ostwald.cli.trials import ends_nm, shown

from trainer.errors import TrainerError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from matplotlib.figure import Figure
    from ostwald.client import Ostwald
    from ostwald.values import Campaign, Spectrum, Trial

_MEASURED: Final = "#1f5f8b"
_EXPECTED: Final = "#b3541e"


@dataclass(frozen=True, slots=True)
class Plot:
    """A figure as SVG, with what it shows in words."""

    title: str
    svg: str


def write_campaign_report(device: Ostwald, campaign: str, out: Path) -> Path:
    """Ask a device for a campaign and write its page; TrainerError when it has no trial to show."""
    import jinja2  # noqa: PLC0415 - slow to import

    found = device.campaigns.get(campaign)
    trials = device.campaigns.trials(found.campaign_id, with_spectra=True)
    if not trials:
        raise TrainerError(f"campaign {campaign} has no trials yet: start it with 'ostwald campaign start'")
    model = device.models.get(found.surrogate) if found.surrogate else None
    best = next((trial for trial in trials if trial.number == found.best_trial), None)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("trainer", "templates"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    page = environment.get_template("campaign.html.j2").render(
        campaign=found,
        trials=trials,
        best=best,
        columns=[(_axis(_label(name), unit), name) for name, unit in shown(found)],
        cell=partial(_cell, dict(shown(found))),
        model=model,
        plots=_plots(found, list(trials), best),
        version=device.reactor().version,
    )
    out.write_text(page, encoding="utf-8")
    return out


def _plots(campaign: Campaign, trials: list[Trial], best: Trial | None) -> list[Plot]:
    columns = _about(campaign)
    plots = [_course(campaign, trials, *column) for column in columns]
    if best is not None and best.spectrum is not None and best.spectrum.absorbance:
        plots.append(_absorbance(best, best.spectrum))
    if best is not None and best.emission is not None and best.emission.emission:
        plots.append(_emission(best, best.emission))
    expected = [(name, unit) for name, unit in columns if any(name in trial.predicted for trial in trials)]
    return plots + [_parity(trials, *column) for column in expected]


def _about(campaign: Campaign) -> list[tuple[str, str]]:
    """Name the properties that have plots, with units: all objectives, or the first that is shown."""
    objectives = {each.property_name: each.unit for each in campaign.objectives}
    return list(objectives.items()) or shown(campaign)[:1]


def _label(name: str) -> str:
    return "FWHM" if name == "fwhm" else name.replace("_", " ").replace("fwhm", "FWHM")


def _cell(units: Mapping[str, str], trial: Trial, name: str) -> str:
    """Write a property of a trial; empty where it was not seen."""
    value = trial.properties.get(name)
    if value is None:
        return ""
    return f"{value:.1f}" if units[name] == "nm" else f"{value:.4g}"


def _axis(words: str, unit: str) -> str:
    if unit == "1":
        return words
    return f"{words} / ({unit})" if "/" in unit else f"{words} / {unit}"


def _figure() -> Figure:
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import

    return Figure(figsize=(6.4, 3.6), layout="constrained")


def _svg(figure: Figure) -> str:
    import matplotlib as mpl  # noqa: PLC0415 - slow to import

    buffer = io.StringIO()
    # A fixed salt and no date: equal campaigns give equal pages.
    with mpl.rc_context({"svg.hashsalt": "ostwald", "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def _course(campaign: Campaign, trials: list[Trial], name: str, unit: str) -> Plot:
    figure = _figure()
    axes = figure.add_subplot()
    seen = [trial for trial in trials if name in trial.properties]
    axes.plot([t.number for t in seen], [t.properties[name] for t in seen], "o-", color=_MEASURED)
    for objective in campaign.objectives:
        if objective.property_name == name and objective.kind == "target":
            low, high = objective.target - objective.tolerance, objective.target + objective.tolerance
            axes.axhspan(low, high, color="#c9a227", alpha=0.4, label="target")
            axes.legend()
    axes.set_xlabel("trial")
    axes.set_ylabel(_axis(_label(name), unit))
    title = _label(name)
    return Plot(f"{title[0].upper()}{title[1:]} of each trial", _svg(figure))


def _absorbance(best: Trial, spectrum: Spectrum) -> Plot:
    figure = _figure()
    axes = figure.add_subplot()
    axes.plot(spectrum.wavelengths_nm, spectrum.absorbance, color=_MEASURED, label="measured")
    points = sorted(
        (float(name.removeprefix(PREDICTED)), each.mean, each.std)
        for name, each in best.predicted.items()
        if name.startswith(PREDICTED)
    )
    if points:
        nm, mean, std = (list(column) for column in zip(*points, strict=True))
        axes.plot(nm, mean, "--", color=_EXPECTED, label="predicted")
        lower = [m - s for m, s in zip(mean, std, strict=True)]
        upper = [m + s for m, s in zip(mean, std, strict=True)]
        axes.fill_between(nm, lower, upper, color=_EXPECTED, alpha=0.2, label="± one standard deviation")
    axes.set_xlabel("wavelength / nm")
    axes.set_ylabel("absorbance")
    axes.set_xlim(*ends_nm(spectrum))
    axes.legend()
    return Plot(f"Spectrum of the best trial, {best.number}", _svg(figure))


def _emission(best: Trial, spectrum: Spectrum) -> Plot:
    figure = _figure()
    axes = figure.add_subplot()
    axes.plot(spectrum.wavelengths_nm, spectrum.emission, color=_MEASURED)
    axes.set_xlabel("wavelength / nm")
    axes.set_ylabel("emission / (1/s)")
    axes.set_xlim(*ends_nm(spectrum))
    return Plot(f"Emission of the best trial, {best.number}", _svg(figure))


def _parity(trials: list[Trial], name: str, unit: str) -> Plot:
    figure = _figure()
    axes = figure.add_subplot()
    both = [
        (trial.predicted[name], trial.properties[name])
        for trial in trials
        if name in trial.predicted and name in trial.properties
    ]
    predicted, measured = [each.mean for each, _ in both], [seen for _, seen in both]
    axes.errorbar(predicted, measured, xerr=[each.std for each, _ in both], fmt="o", color=_MEASURED)
    if both:
        ends = [min(predicted + measured), max(predicted + measured)]
        axes.plot(ends, ends, ":", color="gray")
    axes.set_xlabel(_axis(f"predicted {_label(name)}", unit))
    axes.set_ylabel(_axis(f"measured {_label(name)}", unit))
    return Plot(f"What the surrogate expected of {_label(name)} before each trial", _svg(figure))
