"""A recipe: the steps of one experiment, with named parameters. Text values `$name` stand for parameters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# A number in the unit that its place has, or the name of a parameter.
Value = float | str


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named number of a recipe; `default` is None where the caller must give it."""

    name: str
    unit: str
    low: float
    high: float
    default: float | None = None


@dataclass(frozen=True, slots=True)
class Set:
    """Ask channels for values in their own units."""

    targets: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Flows:
    """Set all pumps at once: a total in uL/min, shared by percent; `balance` is the reagent of the rest."""

    total: Value
    fractions: Mapping[str, Value]
    balance: str


@dataclass(frozen=True, slots=True)
class WaitSteady:
    """Wash the reactor out, then look until `observed` holds within `tolerance` for a window.

    That is a property of spectra, which are taken for it, or a channel where `of_channel`.
    """

    washouts: float
    observed: str
    tolerance: float
    window_s: float
    timeout_s: float
    of_channel: bool = False


@dataclass(frozen=True, slots=True)
class Dwell:
    """Wait for a time, or for reactor volumes to have flowed."""

    time_s: float = 0.0
    volumes: float = 0.0


@dataclass(frozen=True, slots=True)
class Acquire:
    """Take a spectrum: "sample", "dark", "reference" or "emission"; `scans` 0 means as the rig says."""

    kind: str
    scans: int = 0


@dataclass(frozen=True, slots=True)
class Measure:
    """Make the mean of a channel over a window a property, in the channel's unit."""

    channel: str
    property_name: str
    window_s: float


@dataclass(frozen=True, slots=True)
class Flush:
    """Fill the reactor with one reagent: `volumes` of it at `total` uL/min."""

    reagent: str
    volumes: float
    total: Value


@dataclass(frozen=True, slots=True)
class Prime:
    """Fill a line: run one reagent's pump alone, until `volume_ul` of it was delivered."""

    reagent: str
    volume_ul: Value
    flow_ul_min: Value


Action = Set | Flows | WaitSteady | Dwell | Acquire | Measure | Flush | Prime


@dataclass(frozen=True, slots=True)
class Step:
    """`every` n: only in every n-th run of a campaign, and whenever no reference is held; 1: always."""

    action: Action
    every: int = 1


@dataclass(frozen=True, slots=True)
class Hold:
    """What a hold leaves as it is; everything else that acts goes to its safe value."""

    keeps_flows: bool = False
    keeps_temperatures: bool = True


@dataclass(frozen=True, slots=True)
class Recipe:
    """`yields` has the unit of every property that it may show, by name.

    `window_nm` is where the rig looks for the band of a sample; None without a spectrometer.
    """

    name: str
    parameters: tuple[Parameter, ...]
    steps: tuple[Step, ...]
    document: str = ""
    hold: Hold = Hold()
    yields: Mapping[str, str] = field(default_factory=dict)
    window_nm: tuple[float, float] | None = None
