"""A campaign as one self-contained page: what was asked, what came of it, and what the surrogate expected."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainer.errors import TrainerError

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure
    from ostwald.client import Ostwald
    from ostwald.values import Campaign, Trial

_PREDICTED = "absorbance_"


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
        model=model,
        plots=_plots(found, list(trials), best),
        version=device.reactor().version,
    )
    out.write_text(page, encoding="utf-8")
    return out


def _plots(campaign: Campaign, trials: list[Trial], best: Trial | None) -> list[Plot]:
    plots = [_convergence(campaign, trials)]
    if best is not None and best.spectrum is not None and best.spectrum.absorbance:
        plots.append(_spectrum(best))
    if any("peak_wavelength" in trial.predicted for trial in trials):
        plots.append(_parity(trials))
    return plots


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


def _convergence(campaign: Campaign, trials: list[Trial]) -> Plot:
    figure = _figure()
    axes = figure.add_subplot()
    seen = [trial for trial in trials if "peak_wavelength" in trial.properties]
    axes.plot(
        [t.number for t in seen], [t.properties["peak_wavelength"] for t in seen], "o-", color="#1f5f8b"
    )
    for objective in campaign.objectives:
        if objective.property_name == "peak_wavelength" and objective.kind == "target":
            low, high = objective.target - objective.tolerance, objective.target + objective.tolerance
            axes.axhspan(low, high, color="#c9a227", alpha=0.4, label="target")
            axes.legend()
    axes.set_xlabel("trial")
    axes.set_ylabel("peak / nm")
    return Plot("Peak wavelength of each trial", _svg(figure))


def _spectrum(best: Trial) -> Plot:
    figure = _figure()
    axes = figure.add_subplot()
    assert best.spectrum is not None
    axes.plot(best.spectrum.wavelengths_nm, best.spectrum.absorbance, color="#1f5f8b", label="measured")
    points = sorted(
        (float(name.removeprefix(_PREDICTED)), each.mean, each.std)
        for name, each in best.predicted.items()
        if name.startswith(_PREDICTED)
    )
    if points:
        nm, mean, std = (list(column) for column in zip(*points, strict=True))
        axes.plot(nm, mean, "--", color="#b3541e", label="predicted")
        lower = [m - s for m, s in zip(mean, std, strict=True)]
        upper = [m + s for m, s in zip(mean, std, strict=True)]
        axes.fill_between(nm, lower, upper, color="#b3541e", alpha=0.2, label="± one standard deviation")
    axes.set_xlabel("wavelength / nm")
    axes.set_ylabel("absorbance")
    axes.set_xlim(380, 820)
    axes.legend()
    return Plot(f"Spectrum of the best trial, {best.number}", _svg(figure))


def _parity(trials: list[Trial]) -> Plot:
    figure = _figure()
    axes = figure.add_subplot()
    both = [
        (trial.predicted["peak_wavelength"], trial.properties["peak_wavelength"])
        for trial in trials
        if "peak_wavelength" in trial.predicted and "peak_wavelength" in trial.properties
    ]
    predicted, measured = [each.mean for each, _ in both], [seen for _, seen in both]
    axes.errorbar(predicted, measured, xerr=[each.std for each, _ in both], fmt="o", color="#1f5f8b")
    if both:
        ends = [min(predicted + measured), max(predicted + measured)]
        axes.plot(ends, ends, ":", color="gray")
    axes.set_xlabel("predicted peak / nm")
    axes.set_ylabel("measured peak / nm")
    return Plot("What the surrogate expected before each trial", _svg(figure))
