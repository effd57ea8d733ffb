"""A campaign's document -> what to vary, toward what, and for how long."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from controller.campaign.documents import Reader, parse
from controller.campaign.strategies.registry import DESIGNS, STRATEGIES
from controller.campaign.target_spectra import check_sizes, parse_target
from controller.domain.campaign import (
    CampaignSpec,
    Condition,
    Objective,
    ObjectiveKind,
    Space,
    StrategySpec,
    SumConstraint,
    Until,
)
from controller.domain.errors import ControllerError, DocumentError, Violation
from controller.domain.readings import EMISSION_UNITS, QUANTUM_YIELD, SAMPLE_UNITS, SPECTRUM_DISTANCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.config.lines import Path as Place
    from controller.domain.campaign import TargetSpectrum
    from controller.domain.recipe import Recipe

MAX_TRIALS = 10_000
_NO_FILES: Final[Mapping[str, str]] = MappingProxyType({})
_DISTANCE_SCALE: Final = 0.1
"""Change of a spectrum's distance that matters, where a campaign does not say."""


def parse_campaign(
    text: str,
    recipe: Recipe,
    overrides: Mapping[str, str],
    files: Mapping[str, str] = _NO_FILES,
    document: str = "campaign",
) -> CampaignSpec:
    """Read a campaign that varies the parameters of `recipe`; DocumentError with every fault.

    `overrides` replaces values by their dotted place: "objectives.peak_wavelength.target" = "520 nm"; `files`
    has the text of each file that the campaign names. ControllerError where those are too large.
    """
    check_sizes(files)
    return _SpecReader(Reader(document, text, _replaced(text, overrides, document)), recipe, files).read()


def _replaced(text: str, overrides: Mapping[str, str], document: str) -> dict[str, object]:
    """Parse a document and replace values by their places."""
    raw = parse(text, document)
    faults = tuple(
        Violation(f"override {place}", "is no place of this campaign")
        for place, value in overrides.items()
        if not _override(raw, place.split("."), value)
    )
    if faults:
        raise DocumentError(document, faults)
    return raw


def _override(table: dict[str, object], keys: list[str], value: str) -> bool:
    """Replace a value; the last key may be new, the tables on the way must be there."""
    for key in keys[:-1]:
        inner = table.get(key)
        if not isinstance(inner, dict):
            return False
        table = inner
    whole = value.lstrip("-").isdigit()
    table[keys[-1]] = int(value) if whole else value
    return True


class _SpecReader:
    def __init__(self, reader: Reader, recipe: Recipe, files: Mapping[str, str]) -> None:
        self._reader = reader
        self._recipe = recipe
        self._yields = recipe.yields
        self._files = files
        self._target: TargetSpectrum | None = None
        self._parameters = {parameter.name: parameter for parameter in recipe.parameters}

    def read(self) -> CampaignSpec:
        reader = self._reader
        known = ("campaign", "conditions", "constraints", "objectives", "strategy", "surrogate", "budget")
        reader.table((), known)
        reader.table(("campaign",), ("name", "recipe", "seed", "description"))
        conditions = tuple(self._condition(name) for name in reader.table(("conditions",)))
        if not conditions:
            reader.fault(("conditions",), "a campaign varies at least one condition")
        constraints = tuple(self._constraint(index) for index in range(reader.length(("constraints",))))
        objectives = tuple(self._objective(name) for name in reader.table(("objectives",)))
        trials = reader.whole(("budget", "trials"), low=1, high=MAX_TRIALS)
        reader.table(("budget",), ("trials", "time", "until"))
        surrogate = reader.table(("surrogate",), ("model", "trials"))
        spec = CampaignSpec(
            name=reader.text(("campaign", "name")),
            seed=reader.whole(("campaign", "seed"), 0, high=2**31),
            space=Space(conditions, constraints),
            objectives=objectives,
            strategy=self._strategy(trials),
            trials_budget=trials,
            time_budget_s=reader.quantity(("budget", "time"), "s", float("inf"), low=1.0),
            surrogate=reader.text(("surrogate", "model")) if surrogate else "",
            surrogate_trials=reader.whole(("surrogate", "trials"), 0) if surrogate else 0,
            target_spectrum=self._target,
            until=self._until(),
        )
        reader.finish()
        return spec

    def _until(self) -> Until:
        place = ("budget", "until")
        found = self._reader.text(place, Until.REACHED)
        if found in tuple(Until):
            return Until(found)
        self._reader.fault(place, f"must be one of: {', '.join(Until)}")
        return Until.REACHED

    def _condition(self, name: str) -> Condition:
        place: Place = ("conditions", name)
        self._reader.table(place, ("low", "high"))
        parameter = self._parameters.get(name)
        if parameter is None:
            known = ", ".join(self._parameters) or "none"
            self._reader.fault(place, f"is no parameter of the recipe; parameters: {known}")
            return Condition(name, "1", 0.0, 1.0)
        unit = parameter.unit
        limits = {"low": parameter.low, "high": parameter.high}
        low = self._reader.quantity((*place, "low"), unit, parameter.low, **limits)
        high = self._reader.quantity((*place, "high"), unit, parameter.high, **limits)
        if low >= high:
            self._reader.fault(place, "low is not below high")
        return Condition(name, unit, low, high)

    def _constraint(self, index: int) -> SumConstraint:
        place: Place = ("constraints", index)
        self._reader.table(place, ("sum", "max"))
        names = self._reader.texts((*place, "sum"))
        units, floor = set(), 0.0
        for name in names:
            parameter = self._parameters.get(name)
            if parameter is None or not self._reader.table(("conditions",)).get(name):
                self._reader.fault((*place, "sum"), f"'{name}' is not varied here")
                continue
            units.add(parameter.unit)
            floor += self._reader.quantity(("conditions", name, "low"), parameter.unit, parameter.low)
        if len(units) > 1:
            self._reader.fault((*place, "sum"), f"the units differ: {', '.join(sorted(units))}")
        unit = next(iter(units), "1")
        maximum = self._reader.quantity((*place, "max"), unit)
        if maximum <= floor:
            self._reader.fault((*place, "max"), f"the lowest values already add up to {floor:g} {unit}")
        return SumConstraint(tuple(names), maximum)

    def _objective(self, name: str) -> Objective:
        place: Place = ("objectives", name)
        of_spectrum = name == SPECTRUM_DISTANCE
        known = ("target", "tolerance", "minimise", "maximise", "scale", "weight")
        table = self._reader.table(place, (*known, "target_spectrum") if of_spectrum else known)
        unit = "1" if of_spectrum else self._yields.get(name)
        if unit is None:
            self._reader.fault(place, self._why_unknown(name))
            unit = "1"
        kinds = [kind for kind in ("target", "minimise", "maximise") if kind in table]
        if of_spectrum:
            self._target = self._target_spectrum(place)
            kinds = kinds or ["minimise"]
            if "maximise" in kinds:
                self._reader.fault(place, "a distance is to be small: give target_spectrum alone")
        if len(kinds) != 1:
            self._reader.fault(place, "give one of: target, minimise = true, maximise = true")
        weight = self._reader.quantity((*place, "weight"), "1", 1.0, low=0.0)
        if kinds == ["target"]:
            target = self._reader.quantity((*place, "target"), unit)
            tolerance = self._reader.quantity((*place, "tolerance"), unit, low=1e-9)
            return Objective(name, ObjectiveKind.TARGET, unit, target, tolerance, weight=weight)
        kind = ObjectiveKind.MAXIMISE if kinds == ["maximise"] else ObjectiveKind.MINIMISE
        default = _DISTANCE_SCALE if of_spectrum else None
        scale = self._reader.quantity((*place, "scale"), unit, default, low=1e-9)
        return Objective(name, kind, unit, scale=scale, weight=weight)

    def _target_spectrum(self, place: Place) -> TargetSpectrum | None:
        """Read the file that the objective names."""
        at = (*place, "target_spectrum")
        file, window_nm = self._reader.text(at), self._recipe.window_nm
        if not file:
            return None
        if window_nm is None or not SAMPLE_UNITS.keys() <= self._yields.keys():
            self._reader.fault(place, 'is not measured: the recipe lacks acquire = {kind = "sample"}')
        elif file not in self._files:
            self._reader.fault(at, f"{file} did not come with the campaign: it belongs beside its file")
        else:
            try:
                return parse_target(self._files[file], window_nm)
            except ControllerError as error:
                self._reader.fault(at, f"{file}: {error}")
        return None

    def _why_unknown(self, name: str) -> str:
        """Say why the recipe does not yield a property, and what it lacks for that."""
        known = ", ".join(self._yields) or "nothing"
        for kind, units in (("sample", SAMPLE_UNITS), ("emission", EMISSION_UNITS)):
            if name in units:
                return f'is not measured: the recipe lacks acquire = {{kind = "{kind}"}}; it yields: {known}'
        if name == QUANTUM_YIELD:
            needs = "a sample and an emission spectrum, and the rig's yield_factor"
            return f"is not measured: it takes {needs}; the recipe yields: {known}"
        return f"is not measured; known: {known}"

    def _strategy(self, trials: int) -> StrategySpec:
        self._reader.table(("strategy",), ("name", "initial", "initial_trials"))
        name = self._reader.text(("strategy", "name"), "bayesian")
        initial = self._reader.text(("strategy", "initial"), "latin-hypercube")
        if name not in DESIGNS and not self._reader.table(("objectives",)):
            self._reader.fault(("strategy", "name"), f"{name} needs [objectives] to work toward")
        if name not in STRATEGIES:
            self._reader.fault(("strategy", "name"), f"'{name}' is unknown; known: {', '.join(STRATEGIES)}")
        if initial not in DESIGNS:
            self._reader.fault(
                ("strategy", "initial"), f"'{initial}' is unknown; known: {', '.join(DESIGNS)}"
            )
        count = self._reader.whole(("strategy", "initial_trials"), min(5, trials), high=MAX_TRIALS)
        return StrategySpec(name, initial, count)
