"""Growth of bacteria under particles of silver: a plate reader's rows from size, dose, species and coating.

Dose and response follow Hill. The dose of half effect grows with the particles' size, since what acts, their
surface and the ions from it, shrinks for the mass: small ones act most, Escherichia coli bears least and
Staphylococcus aureus most (Agnihotri, Mukherji & Mukherji, RSC Adv. 4, 3974 (2014)). Toxicity follows the
charge of the coating, BPEI's above PVP's above citrate's (El Badawy et al., Environ. Sci. Technol. 45, 283
(2011)). All magnitudes are chosen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.plant.noise import generator
from firmware_bridge.simulator.twins.designs import unit_points

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME: Final = "antibacterial"
DIAMETER_NM: Final = (3.0, 100.0)
DOSE_UG_ML: Final = (0.5, 500.0)
_REFERENCE_NM: Final = 10.0
_SIZE_POWER: Final = 0.8
"""Of the diameter in the dose of half effect: 1 would be the surface alone."""
_KILLING_DOSES: Final = 2.5
"""Doses of half effect on growth that kill half of a logarithm's range."""
_MOST_LOGS: Final = 6.0
"""What counting colonies can show."""
_ROWS_A_PLATE: Final = 24
_PLATE_SPREAD: Final = 0.15
"""Standard deviation of the logarithm of all doses of half effect on one plate: its inoculum."""
_WELL_SPREAD: Final = 0.10
_READING_PCT: Final = 2.5
_COUNTING_LOGS: Final = 0.2
_STOPPED_PCT: Final = 90.0
_SLOWED_PCT: Final = 20.0


@dataclass(frozen=True, slots=True)
class Species:
    """`half_ug_ml` is the dose of half effect of bare particles of 10 nm."""

    half_ug_ml: float
    hill: float
    attraction: float
    """How strongly a positive coating draws particles to the wall."""


@dataclass(frozen=True, slots=True)
class Coating:
    """`cover` multiplies the dose of half effect: it keeps ions and particles back."""

    cover: float
    charge: float


SPECIES: Final = {
    "E. coli": Species(8.0, 2.2, attraction=1.0),
    "P. aeruginosa": Species(11.0, 1.8, attraction=1.1),
    "B. subtilis": Species(16.0, 2.0, attraction=0.6),
    "S. aureus": Species(26.0, 1.6, attraction=0.5),
}
COATINGS: Final = {
    "citrate": Coating(1.0, charge=-0.8),
    "PVP": Coating(1.2, charge=0.0),
    "PEG": Coating(1.6, charge=0.0),
    "BPEI": Coating(1.1, charge=1.0),
}


@dataclass(frozen=True, slots=True)
class Conditions:
    """One well."""

    diameter_nm: float
    dose_ug_ml: float
    species: str
    coating: str


@dataclass(frozen=True, slots=True)
class Effect:
    """`inhibition_pct` of growth, and logarithms to 10 by which living bacteria got fewer."""

    inhibition_pct: float
    log_reduction: float

    @property
    def outcome(self) -> str:
        """Say in a word what bacteria did; never `none`, which a table takes for a gap."""
        if self.inhibition_pct >= _STOPPED_PCT:
            return "stopped"
        return "slowed" if self.inhibition_pct >= _SLOWED_PCT else "grows"


@dataclass(frozen=True, slots=True)
class Row:
    """One well as read."""

    plate: int
    conditions: Conditions
    effect: Effect


def half_dose_ug_ml(conditions: Conditions) -> float:
    """Give the dose at which growth is half of that without particles."""
    species, coating = SPECIES[conditions.species], COATINGS[conditions.coating]
    size = math.pow(conditions.diameter_nm / _REFERENCE_NM, _SIZE_POWER)
    return species.half_ug_ml * size * coating.cover * math.exp(-species.attraction * coating.charge)


def effect(conditions: Conditions, shift: float = 0.0) -> Effect:
    """Give the effect without noise; `shift` is added to the logarithm of every dose of half effect."""
    half_ug_ml = half_dose_ug_ml(conditions) * math.exp(shift)
    hill = SPECIES[conditions.species].hill
    stopped = _hill(conditions.dose_ug_ml / half_ug_ml, hill)
    killed = _hill(conditions.dose_ug_ml / (_KILLING_DOSES * half_ug_ml), hill)
    return Effect(100.0 * stopped, _MOST_LOGS * killed)


def rows(design: str, samples: int, seed: int) -> Iterator[Row]:
    """Spread wells over species, coating, and logarithms of diameter and dose, and read them.

    Equal arguments give equal rows; wells of one plate share its error. TwinError as `unit_points`.
    """
    for number, point in enumerate(unit_points(design, 4, samples, seed).tolist()):
        plate = number // _ROWS_A_PLATE
        conditions = Conditions(
            _between(DIAMETER_NM, point[0]),
            _between(DOSE_UG_ML, point[1]),
            _choose(tuple(SPECIES), point[2]),
            _choose(tuple(COATINGS), point[3]),
        )
        yield Row(plate, conditions, _read(conditions, number, plate, seed))


def _read(conditions: Conditions, number: int, plate: int, seed: int) -> Effect:
    noise = generator(seed, f"well {number}")
    inoculum = _PLATE_SPREAD * float(generator(seed, f"plate {plate}").standard_normal())
    true = effect(conditions, inoculum + _WELL_SPREAD * float(noise.standard_normal()))
    inhibition_pct = true.inhibition_pct + _READING_PCT * float(noise.standard_normal())
    log_reduction = true.log_reduction + _COUNTING_LOGS * float(noise.standard_normal())
    return Effect(min(max(inhibition_pct, 0.0), 100.0), min(max(log_reduction, 0.0), _MOST_LOGS))


def _hill(dose: float, power: float) -> float:
    raised = math.pow(dose, power)
    return raised / (1.0 + raised)


def _between(limits: tuple[float, float], share: float) -> float:
    low, high = limits
    return low * math.exp(share * math.log(high / low))


def _choose(names: tuple[str, ...], share: float) -> str:
    return names[min(int(share * len(names)), len(names) - 1)]
