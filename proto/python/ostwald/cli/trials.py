"""Trials in a terminal: a line or a row each, and the spectra of the best."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from ostwald.cli.export import PREDICTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ostwald.values import Campaign, Spectrum, Trial

    Curve = tuple[str, str, Sequence[float], Sequence[float]]

_BAND = ("peak_wavelength", "fwhm")
_SAMPLE = (*_BAND, "absorbance")
_SHORT = {"peak_wavelength": "peak", "fwhm": "FWHM"}
_VISIBLE_NM = (400.0, 800.0)


def shown(campaign: Campaign) -> list[tuple[str, str]]:
    """Name the properties that are worth a column, with units: the band of absorbance, and all objectives.

    The band is left out where the campaign is about something else, or its trials have none.
    """
    objectives = {each.property_name: each.unit for each in campaign.objectives}
    units = {**campaign.property_units, **objectives}
    asked = [name for name in objectives if name not in _BAND]
    has_band = "peak_wavelength" in units or not units
    about_band = not objectives or any(name in _SAMPLE or name == "spectrum_distance" for name in objectives)
    band = _BAND if has_band and about_band else tuple(name for name in _BAND if name in objectives)
    return [(name, units.get(name, "nm")) for name in (*band, *asked)]


def line(campaign: Campaign, trial: Trial) -> str:
    """Say in one line what was tried and what came of it."""
    columns = shown(campaign)
    asked = " ".join(f"{name}={value:.3g}" for name, value in trial.asked.items())
    guess = _guess(trial, columns)
    said = f"predicted {_with_unit(guess, columns[0][1])}, " if guess else ""
    found = ", ".join(f"{_SHORT.get(name, name)} {_with_unit(_value(trial, name, unit), unit)}"
                      for name, unit in columns)  # fmt: skip
    score = "" if trial.score is None else f", score {trial.score:.2f}"
    return f"trial {trial.number} ({trial.source}): {asked}: {said}{found}{score} {_state(trial)}".rstrip()


def table(campaign: Campaign, trials: Sequence[Trial]) -> Table:
    """Put trials into a table, a row each."""
    columns = shown(campaign)
    made = Table(title=f"{campaign.name}: {campaign.state}", box=None)
    made.add_column("#", justify="right")
    made.add_column("proposed by")
    for each in campaign.conditions:
        made.add_column(f"{each.name}\n{each.unit}", justify="right")
    heads = [("predicted", columns[0][1]), *((_SHORT.get(name, name), unit) for name, unit in columns)]
    for name, unit in heads:
        made.add_column(f"{name}\n{unit}", justify="right")
    made.add_column("score", justify="right")
    made.add_column("")
    for trial in trials:
        asked = [f"{trial.asked[each.name]:.3g}" for each in campaign.conditions]
        found = [_value(trial, name, unit) for name, unit in columns]
        score = "" if trial.score is None else f"{trial.score:.2f}"
        row = [str(trial.number), trial.source, *asked, _guess(trial, columns), *found, score]
        made.add_row(*row, _state(trial))
    return made


def curves(trial: Trial) -> Iterator[tuple[list[Curve], tuple[float, float]]]:
    """Yield what there is to draw of a trial, and between which wavelengths: absorbance, then emission."""
    if trial.spectrum is not None and trial.spectrum.absorbance:
        found: list[Curve] = [("measured", "*", trial.spectrum.wavelengths_nm, trial.spectrum.absorbance)]
        predicted = sorted(
            (float(name.removeprefix(PREDICTED)), each.mean)
            for name, each in trial.predicted.items()
            if name.startswith(PREDICTED)
        )
        if predicted:
            nm, values = zip(*predicted, strict=True)
            found.append(("predicted", "o", nm, values))
        yield found, ends_nm(trial.spectrum)
    if trial.emission is not None and trial.emission.emission:
        seen = trial.emission
        yield [("emission, counts/s", "*", seen.wavelengths_nm, seen.emission)], ends_nm(seen)


def ends_nm(spectrum: Spectrum) -> tuple[float, float]:
    """Return the visible, or all that a spectrometer sees where that is mostly something else."""
    low, high = spectrum.wavelengths_nm[0], spectrum.wavelengths_nm[-1]
    middle = 0.5 * (low + high)
    return _VISIBLE_NM if _VISIBLE_NM[0] <= middle <= _VISIBLE_NM[1] else (low, high)


def _guess(trial: Trial, columns: Sequence[tuple[str, str]]) -> str:
    """Write what a surrogate expected of the first property."""
    name, unit = columns[0]
    guess = trial.predicted.get(name)
    return "" if guess is None else f"{_figure(guess.mean, unit)} ± {_figure(guess.std, unit)}"


def _value(trial: Trial, name: str, unit: str) -> str:
    return _figure(trial.properties[name], unit) if name in trial.properties else "-"


def _figure(value: float, unit: str) -> str:
    return f"{value:.1f}" if unit == "nm" else f"{value:.4g}"


def _with_unit(figure: str, unit: str) -> str:
    return figure if unit == "1" else f"{figure} {unit}"


def _state(trial: Trial) -> str:
    return trial.state if trial.state != "complete" else trial.detail
