"""What a twin is to those who choose, sample or document one: data, and a noise-free model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from firmware_bridge.errors import BridgeError
from firmware_bridge.simulator.interfaces import Plant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters
    from firmware_bridge.simulator.plant.facts import RigFacts

LIBRARY: Final = Path(__file__).parents[1] / "library"
"""The example files, as package data: rigs, recipes, campaigns."""
EQUATIONS: Final = Path(__file__).parent / "equations"
CHOSEN: Final = "chosen"


Reading: TypeAlias = "Callable[[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64] | None], float]"
"""Wavelengths in nm, absorbance and emission in counts/s or None, each (pixels,), to a value."""


class TwinError(BridgeError):
    """A twin was asked for conditions that it does not have; the text says which it has."""


@dataclass(frozen=True, slots=True)
class Input:
    """One condition, under the name and in the unit of the recipe's parameter."""

    name: str
    unit: str
    low: float
    high: float
    typical: float
    meaning: str
    repeatability: float
    """Standard deviation of what is achieved over what is asked; chosen."""


@dataclass(frozen=True, slots=True)
class Property:
    """One thing that an experiment yields."""

    name: str
    unit: str
    meaning: str
    is_optical: bool
    """Whether the spectrum shows it; a microscope does otherwise."""
    read: Reading | None = None
    """How a spectrum shows it, where it is none of `twins.optical`'s."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A constant of the model and where it is from; `CHOSEN` where it is nobody's but the twin's."""

    symbol: str
    value: float
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a condition settles at: properties without noise, and the spectra."""

    properties: Mapping[str, float]
    wavelengths_nm: NDArray[np.float64]
    absorbance: NDArray[np.float64]
    emission: NDArray[np.float64] | None = None
    """Counts/s that the detector shows without noise (`Layout.shown_emission`); None: nothing emits."""


class Model(Protocol):
    """The synthesis without its machine."""

    @property
    def spectrometer(self) -> SpectrometerParameters: ...

    def settle(self, conditions: Mapping[str, float]) -> Outcome:
        """Find the steady state of conditions, one value for every input, in its unit."""
        ...


class SimulatedSynthesis(Plant, Protocol):
    """A plant that says what a rig file has to say about it."""

    @property
    def facts(self) -> RigFacts: ...


@dataclass(frozen=True, slots=True)
class Finding:
    """What the twin does where a paper found something."""

    holds: bool
    text: str


@dataclass(frozen=True, slots=True)
class Trend:
    """Something that a paper found, and how to see whether the twin does it too."""

    claim: str
    measure: Callable[[Twin, Model], Finding]


@dataclass(frozen=True, slots=True)
class Surface:
    """A figure: a property over one input, one line for each of some values of another."""

    over: str
    by: str
    of: str


@dataclass(frozen=True, slots=True)
class Twin:
    """A simulated synthesis. `build` makes its plant from a seed, `model` its noise-free model."""

    name: str
    title: str
    paper: str
    inputs: tuple[Input, ...]
    properties: tuple[Property, ...]
    build: Callable[[int], SimulatedSynthesis]
    model: Callable[[], Model]
    parameters: Callable[[], tuple[Parameter, ...]]
    trends: tuple[Trend, ...]
    surfaces: tuple[Surface, ...]
    recipe: str
    campaigns: tuple[str, ...]
    shares: tuple[str, ...] = ()
    """Inputs that are percents of one flow ..."""
    most_share: float = 100.0
    """... and what they may sum to at most."""

    @property
    def rig_file(self) -> Path:
        return LIBRARY / "rigs" / f"{self.name}-twin.toml"

    @property
    def recipe_file(self) -> Path:
        return LIBRARY / "recipes" / f"{self.recipe}.toml"

    @property
    def campaign_files(self) -> tuple[Path, ...]:
        return tuple(LIBRARY / "campaigns" / f"{name}.toml" for name in self.campaigns)

    @property
    def equations_file(self) -> Path:
        return EQUATIONS / f"{self.name}.md"

    def input(self, name: str) -> Input:
        """Find an input by name. Raises TwinError."""
        for each in self.inputs:
            if each.name == name:
                return each
        raise TwinError(f"{self.name} has no input {name!r}; it has {', '.join(i.name for i in self.inputs)}")

    def typical(self, **changes: float) -> dict[str, float]:
        """Give typical conditions with some values changed. Raises TwinError for a name that is no input."""
        for name in changes:
            self.input(name)
        return {each.name: changes.get(each.name, each.typical) for each in self.inputs}

    def is_feasible(self, conditions: Mapping[str, float]) -> bool:
        """Tell whether the pumps can deliver these shares of one flow."""
        return sum(conditions[name] for name in self.shares) <= self.most_share
