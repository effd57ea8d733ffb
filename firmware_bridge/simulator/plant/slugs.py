"""Segmented and droplet flow: how long slugs are, how little they disperse, and what they cost in pressure.

A slug leaves a film on the wall, which the next one takes up: the only way from one to the other. Where the
carrier wets the wall instead, the liquid flows in droplets, and there is none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from firmware_bridge.simulator.plant.hydraulics import (
    WATER,
    Liquid,
    Tube,
    pressure_drop_kpa,
    residence_variance,
    viscosity_pa_s,
)

DROPLET_VARIANCE: Final = 1e-5
"""Droplets do not all run alike; chosen."""


@dataclass(frozen=True, slots=True)
class Segmented:
    """A stream that cuts the liquid into slugs: it takes up volume, and holds no reagent.

    It counts as incompressible, at the pressure that the outlet holds. The detector is gated onto the liquid.
    """

    carrier: str
    """The stream's name."""
    wets_wall: bool = False
    """An oil does where the liquid does not, and the liquid then flows in droplets; a gas never does."""
    tension_n_m: float = 0.03
    heat: float = 0.0
    """Heat capacity of the carrier over the liquid's, by volume: 0 for a gas."""


def slug_length_m(bore_mm: float, carrier: float) -> float:
    """Length of a slug or droplet where `carrier` is the carrier's share of the volume; infinite without any.

    Garstecki et al., Lab Chip 6, 437 (2006): at a T-junction a segment is as long as the bore times
    1 + (flow of what is cut) / (flow of what cuts); their constant of about 1 is taken as 1.
    """
    return bore_mm * 1e-3 / carrier if carrier > 0.0 else math.inf


def cell_length_m(bore_mm: float, carrier: float) -> float:
    """Length of a slug and the carrier behind it; infinite where either is missing."""
    if not 0.0 < carrier < 1.0:
        return math.inf
    return bore_mm * 1e-3 / (carrier * (1.0 - carrier))


def film_share(capillary_number: float) -> float:
    """Share of the cross-section that the film takes.

    Its thickness over the radius is 1.34 Ca^(2/3) (Bretherton, J. Fluid Mech. 10, 166 (1961)), over
    1 + 3.35 Ca^(2/3) where the flow is quick (Aussillous & Quere, Phys. Fluids 12, 2367 (2000)).
    """
    power = math.pow(capillary_number, 2.0 / 3.0)
    bare = 1.0 - 1.34 * power / (1.0 + 3.35 * power)
    return 1.0 - bare * bare


def slug_variance(
    tube: Tube,
    segmented: Segmented,
    residence_s: float,
    celsius: float,
    carrier: float,
    liquid: Liquid = WATER,
) -> float:
    """Variance of the residence time over its squared mean.

    In the time of one slug the film hands a share f of the cross-section to the slug behind, so that a
    molecule falls back by one cell of length c after a number of slug lengths s that is Poisson's:
    f c^2 / (s L). It is never more than Taylor's and Aris's of the undivided liquid.
    """
    whole = residence_variance(tube, residence_s, celsius, 0.0, liquid)
    cell_m = cell_length_m(tube.bore_mm, carrier)
    if cell_m > tube.length_m:
        return whole
    if segmented.wets_wall:
        return min(DROPLET_VARIANCE, whole)
    speed_m_s = tube.length_m / max(residence_s, 1e-6)
    film = film_share(_capillary_number(speed_m_s, celsius, segmented, liquid))
    leak = film * cell_m**2 / (slug_length_m(tube.bore_mm, carrier) * tube.length_m)
    return min(max(leak, DROPLET_VARIANCE), whole)


def slug_pressure_kpa(
    tube: Tube,
    segmented: Segmented,
    flow_ul_s: float,
    celsius: float,
    carrier: float,
    liquid: Liquid = WATER,
) -> float:
    """Hagen's and Poiseuille's over the slugs, and 3.58 (3 Ca)^(2/3) tension / radius a segment of carrier.

    The latter is Bretherton's, J. Fluid Mech. 10, 166 (1961). The carrier's own viscosity is left out.
    """
    viscous_kpa = (1.0 - carrier) * pressure_drop_kpa(tube, flow_ul_s, celsius, 0.0, liquid)
    radius_m = tube.bore_mm * 0.5e-3
    speed_m_s = flow_ul_s * 1e-9 / (math.pi * radius_m**2)
    capillary = math.pow(3.0 * _capillary_number(speed_m_s, celsius, segmented, liquid), 2.0 / 3.0)
    segments = tube.length_m / cell_length_m(tube.bore_mm, carrier)
    return viscous_kpa + segments * 3.58 * capillary * segmented.tension_n_m / radius_m / 1000.0


def _capillary_number(speed_m_s: float, celsius: float, segmented: Segmented, liquid: Liquid) -> float:
    return viscosity_pa_s(celsius, 0.0, liquid) * speed_m_s / segmented.tension_n_m
