"""A recipe's document -> its steps, checked against the rig."""

from __future__ import annotations

import re
from math import inf
from typing import TYPE_CHECKING, Final

from controller.campaign.documents import Reader, parse
from controller.config.units import parse_quantity
from controller.domain.errors import ControllerError, DocumentError, Violation
from controller.domain.readings import (
    EMISSION_UNITS,
    PROPERTY_UNITS,
    QUANTUM_YIELD,
    SAMPLE_UNITS,
    SPECTRUM_DISTANCE,
)
from controller.domain.recipe import (
    Acquire,
    Action,
    Dwell,
    Flows,
    Flush,
    Hold,
    Measure,
    Parameter,
    Prime,
    Recipe,
    Set,
    Step,
    Value,
    WaitSteady,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from controller.config.lines import Path as Place
    from controller.domain.plan import EmissionPlan, ReagentPlan, RigPlan

MAX_STEPS = 200
_KINDS = ("sample", "dark", "reference", "emission")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")


def parse_recipe(text: str, plan: RigPlan, document: str = "recipe") -> Recipe:
    """Read a recipe for a rig; DocumentError with every fault."""
    return _RecipeReader(text, plan, document).read()


def bind(recipe: Recipe, given: Mapping[str, str | float]) -> dict[str, float]:
    """Give every parameter its value, in its own unit; DocumentError for the missing, unknown or outside."""
    faults, values = [], {}
    names = {parameter.name for parameter in recipe.parameters}
    faults += [
        Violation(f"parameters.{name}", "the recipe has no such parameter")
        for name in given
        if name not in names
    ]
    for parameter in recipe.parameters:
        try:
            values[parameter.name] = _bind(parameter, given.get(parameter.name))
        except ControllerError as error:
            faults.append(Violation(f"parameters.{parameter.name}", str(error)))
    if faults:
        raise DocumentError(f"recipe {recipe.name}", tuple(faults))
    return values


def _bind(parameter: Parameter, given: str | float | None) -> float:
    if isinstance(given, str):
        value: float | None = parse_quantity(given, parameter.unit)
    else:
        value = parameter.default if given is None else given
    if value is None:
        raise ControllerError("must be given", reason="PARAMETER_MISSING")
    if not parameter.low <= value <= parameter.high:
        limits = f"{parameter.low:g} to {parameter.high:g} {parameter.unit}"
        raise ControllerError(f"{value:g} is outside {limits}", reason="PARAMETER_OUT_OF_RANGE")
    return value


def resolve(value: Value, parameters: Mapping[str, float]) -> float:
    """Return a number, or the value of the parameter that `$name` stands for."""
    return parameters[value] if isinstance(value, str) else value


class _RecipeReader:
    def __init__(self, text: str, plan: RigPlan, document: str) -> None:
        self._text = text
        self._plan = plan
        self._raw = parse(text, document)
        self._reader = Reader(document, text, self._raw)
        self._parameters: dict[str, Parameter] = {}
        self._measured: set[str] = set()
        self._actions: Mapping[str, Callable[[Place], Action]] = {
            "set": self._set,
            "flows": self._flows,
            "wait_steady": self._wait_steady,
            "dwell": self._dwell,
            "acquire": self._acquire,
            "measure": self._measure,
            "flush": self._flush,
            "prime": self._prime,
        }

    def read(self) -> Recipe:
        reader = self._reader
        reader.table((), ("recipe", "parameters", "steps", "hold"))
        reader.table(("recipe",), ("name", "description"))
        name = reader.text(("recipe", "name"))
        for each in reader.table(("parameters",)):
            self._parameters[each] = self._parameter(each)
        steps = self._raw.get("steps")
        if not isinstance(steps, list) or not 0 < len(steps) <= MAX_STEPS:
            reader.fault(("steps",), f"a recipe has 1 to {MAX_STEPS} [[steps]]")
            steps = []
        found = tuple(self._step(index) for index in range(len(steps)))
        hold = self._hold()
        reader.finish()
        actions = [step.action for step in found]
        spectrometer = self._plan.spectrometer
        return Recipe(
            name=name,
            parameters=tuple(self._parameters.values()),
            steps=found,
            document=self._text,
            hold=hold,
            yields=self._yields(actions),
            window_nm=None if spectrometer is None else (spectrometer.low_nm, spectrometer.high_nm),
        )

    def _yields(self, actions: Sequence[Action]) -> dict[str, str]:
        """Name what these actions may show, with units."""
        kinds = {action.kind for action in actions if isinstance(action, Acquire)}
        found = dict(SAMPLE_UNITS) if "sample" in kinds else {}
        if "emission" in kinds:
            found |= EMISSION_UNITS
            emission = self._emission
            if "sample" in kinds and emission is not None and emission.yield_factor:
                found[QUANTUM_YIELD] = PROPERTY_UNITS[QUANTUM_YIELD]
        units = {channel.name: channel.unit for channel in self._plan.channels}
        measured = (action for action in actions if isinstance(action, Measure))
        return found | {action.property_name: units[action.channel] for action in measured}

    def _parameter(self, name: str) -> Parameter:
        place = ("parameters", name)
        table = self._reader.table(place, ("unit", "low", "high", "default", "description"))
        unit = self._reader.text((*place, "unit"))
        low = self._reader.quantity((*place, "low"), unit)
        high = self._reader.quantity((*place, "high"), unit)
        if low > high:
            self._reader.fault(place, "low is above high")
        default = None
        if "default" in table and low <= high:
            default = self._reader.quantity((*place, "default"), unit, low=low, high=high)
        return Parameter(name, unit, low, high, default)

    def _hold(self) -> Hold:
        self._reader.table(("hold",), ("flows", "temperatures"))
        flows = self._choice(("hold", "flows"), ("stop", "keep"))
        temperatures = self._choice(("hold", "temperatures"), ("keep", "safe"))
        return Hold(keeps_flows=flows == "keep", keeps_temperatures=temperatures == "keep")

    def _choice(self, place: Place, known: tuple[str, ...]) -> str:
        """Read one of the known words; the first is meant where none is given."""
        found = self._reader.text(place, known[0])
        if found not in known:
            self._reader.fault(place, f"must be one of: {', '.join(known)}")
        return found

    def _step(self, index: int) -> Step:
        place: Place = ("steps", index)
        table = self._reader.table(place, (*self._actions, "every"))
        every = self._reader.whole((*place, "every"), 1, low=1)
        names = [name for name in self._actions if name in table]
        if len(names) != 1:
            self._reader.fault(place, f"a step does one thing of: {', '.join(self._actions)}")
            return Step(Dwell(), every)
        return Step(self._actions[names[0]]((*place, names[0])), every)

    def _value(self, place: Place, unit: str, *, low: float = -inf, high: float = inf) -> Value:
        """Read a number or `$parameter`; a parameter's unit must be the place's and its range inside."""
        raw = self._reader.table(place[:-1]).get(str(place[-1]))
        if not (isinstance(raw, str) and raw.startswith("$")):
            return self._reader.quantity(place, unit, low=low, high=high)
        parameter = self._parameters.get(raw[1:])
        if parameter is None:
            known = ", ".join(self._parameters) or "none"
            self._reader.fault(place, f"{raw} is not a parameter; parameters: {known}")
            return 0.0
        if parameter.unit != unit:
            self._reader.fault(place, f"{raw} is in {parameter.unit}, and {unit} is needed here")
        elif parameter.low < low or parameter.high > high:
            self._reader.fault(place, f"{raw} may go outside {low:g} to {high:g} {unit}")
        return raw[1:]

    def _set(self, place: Place) -> Action:
        targets: dict[str, Value] = {}
        for name in self._reader.table(place):
            channel = self._plan.channel(name)
            if channel is None:
                self._reader.fault((*place, name), "this rig has no such channel")
            elif not self._plan.takes_setpoints(channel):
                self._reader.fault((*place, name), "is a sensor that no loop controls")
            else:
                targets[name] = self._value((*place, name), channel.unit, low=channel.low, high=channel.high)
        return Set(targets)

    def _reagent(self, place: Place, name: str) -> str:
        known = [reagent.name for reagent in self._plan.reagents]
        if name not in known:
            self._reader.fault(
                place, f"'{name}' is not a reagent of this rig; reagents: {', '.join(known) or 'none'}"
            )
        return name

    def _flows(self, place: Place) -> Action:
        self._reader.table(place, ("total", "fractions", "balance"))
        fractions: dict[str, Value] = {}
        for name in self._reader.table((*place, "fractions")):
            at = (*place, "fractions", name)
            fractions[self._reagent(at, name)] = self._value(at, "%", low=0.0, high=100.0)
        balance = self._reagent((*place, "balance"), self._reader.text((*place, "balance")))
        if balance in fractions:
            self._reader.fault((*place, "balance"), f"{balance} has a fraction already")
        return Flows(self._value((*place, "total"), "uL/min", low=0.0), fractions, balance)

    def _wait_steady(self, place: Place) -> Action:
        known = ("washouts", "property", "channel", "tolerance", "window", "timeout")
        table = self._reader.table(place, known)
        of_channel = "channel" in table
        if of_channel and "property" in table:
            self._reader.fault(place, "give either property or channel")
        name, unit = self._sensor((*place, "channel")) if of_channel else self._property((*place, "property"))
        return WaitSteady(
            washouts=self._reader.quantity((*place, "washouts"), "1", 2.5, low=0.0, high=100.0),
            observed=name,
            tolerance=self._reader.quantity((*place, "tolerance"), unit, low=1e-6),
            window_s=self._reader.quantity((*place, "window"), "s", low=0.1, high=36000.0),
            timeout_s=self._reader.quantity((*place, "timeout"), "s", low=1.0, high=360000.0),
            of_channel=of_channel,
        )

    def _property(self, place: Place) -> tuple[str, str]:
        """Read the name of a property that this rig's spectra show; return it with its unit."""
        known = {**SAMPLE_UNITS, **(EMISSION_UNITS if self._emission is not None else {})}
        name = self._reader.text(place, "peak_wavelength")
        if name not in known:
            self._reader.fault(place, f"is not measured; known: {', '.join(known)}")
        elif self._plan.spectrometer is None:
            self._reader.fault(place, "this rig has no spectrometer: name a channel instead")
        return name, known.get(name, "1")

    def _sensor(self, place: Place) -> tuple[str, str]:
        """Read the name of a sensor's channel; return it with its unit."""
        name = self._reader.text(place)
        channel = self._plan.channel(name)
        if channel is None:
            self._reader.fault(place, "this rig has no such channel")
        elif channel.is_actuator:
            self._reader.fault(place, f"{name} is an actuator: name a sensor")
        return name, "1" if channel is None else channel.unit

    @property
    def _emission(self) -> EmissionPlan | None:
        return None if self._plan.spectrometer is None else self._plan.spectrometer.emission

    def _dwell(self, place: Place) -> Action:
        table = self._reader.table(place, ("time", "volumes"))
        if len(table) != 1:
            self._reader.fault(place, "give either time or volumes")
        return Dwell(
            time_s=self._reader.quantity((*place, "time"), "s", 0.0, low=0.0, high=360000.0),
            volumes=self._reader.quantity((*place, "volumes"), "1", 0.0, low=0.0, high=1000.0),
        )

    def _acquire(self, place: Place) -> Action:
        self._reader.table(place, ("kind", "scans"))
        kind = self._choice((*place, "kind"), _KINDS)
        if self._plan.spectrometer is None:
            self._reader.fault(place, "this rig has no spectrometer")
        elif kind == "emission" and self._emission is None:
            self._reader.fault(place, "this rig sees no emission: its [spectrometer.emission] is missing")
        return Acquire(kind, self._reader.whole((*place, "scans"), 0, high=1000))

    def _measure(self, place: Place) -> Action:
        self._reader.table(place, ("channel", "as", "window"))
        channel, _ = self._sensor((*place, "channel"))
        name = self._reader.text((*place, "as"))
        if name and not _NAME.fullmatch(name):
            self._reader.fault((*place, "as"), f"'{name[:64]}' is no name: write one like 'impedance'")
        if name in (*PROPERTY_UNITS, SPECTRUM_DISTANCE):
            self._reader.fault((*place, "as"), f"{name} is what a spectrum shows: write another name")
        if name in self._measured:
            self._reader.fault((*place, "as"), f"{name} is measured already")
        self._measured.add(name)
        return Measure(channel, name, self._reader.quantity((*place, "window"), "s", low=0.1, high=36000.0))

    def _flush(self, place: Place) -> Action:
        self._reader.table(place, ("reagent", "volumes", "total"))
        reagent = self._reagent((*place, "reagent"), self._reader.text((*place, "reagent")))
        volumes = self._reader.quantity((*place, "volumes"), "1", low=0.0, high=1000.0)
        return Flush(reagent, volumes, self._value((*place, "total"), "uL/min", low=1.0))

    def _prime(self, place: Place) -> Action:
        self._reader.table(place, ("reagent", "volume", "flow"))
        name = self._reagent((*place, "reagent"), self._reader.text((*place, "reagent")))
        volume_ul, flow_ul_min = inf, inf
        for reagent in self._plan.reagents:
            if reagent.name == name:
                volume_ul, flow_ul_min = self._primable(place, reagent)
        return Prime(
            name,
            self._value((*place, "volume"), "uL", low=0.1, high=volume_ul),
            self._value((*place, "flow"), "uL/min", low=0.001, high=flow_ul_min),
        )

    def _primable(self, place: Place, reagent: ReagentPlan) -> tuple[float, float]:
        """Return what a full one holds in uL and the most that its pump delivers in uL/min."""
        at, pump = (*place, "reagent"), self._plan.channel(reagent.pump)
        if pump is None or not pump.is_actuator:
            self._reader.fault(at, f"{reagent.name} has no pump")
        elif not reagent.level:
            self._reader.fault(
                at,
                f"what is left of {reagent.name} is not kept: give it a volume in [reagents.{reagent.name}]",
            )
        else:
            return reagent.volume_ul, pump.high * reagent.flow_ul_s * 60.0
        return inf, inf
