"""What the common plant settles at: the parcels in its flow cell under constant conditions, without noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from firmware_bridge.simulator.plant import residence
from firmware_bridge.simulator.plant.errors import PlantError
from firmware_bridge.simulator.plant.layout import Parcels

if TYPE_CHECKING:
    from firmware_bridge.simulator.plant.layout import Layout, Process


@dataclass(frozen=True, slots=True)
class Operation:
    """Pumps that deliver what they are asked, zones at their setpoints; PlantError where that can't be."""

    fractions: tuple[float, ...]
    """By volume, in the order of the streams, a carrier among them; they sum to 1."""
    total_ul_min: float
    mixer_c: float
    reactor_c: float
    marks: tuple[float, ...] = ()
    met: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        # Written so that NaN fails too.
        if not (all(share >= 0.0 for share in self.fractions) and abs(sum(self.fractions) - 1.0) < 1e-6):
            raise PlantError(f"flow fractions {self.fractions} must each be 0 to 1 and sum to 1")
        if not 0.0 < self.total_ul_min <= 1e5:
            raise PlantError(f"total flow {self.total_ul_min} uL/min must lie above 0 and up to 100000")


def steady_parcels(process: Process, operation: Operation) -> Parcels:
    """Give the parcels that the running plant's `parcels` tends to."""
    layout = process.layout
    geometry = layout.geometry
    flow_ul_s = operation.total_ul_min / 60.0
    first = sum(operation.fractions[: len(layout.first)])
    residence_s = geometry.dispersing.volume_ul / flow_ul_s
    axis = layout.polymer_axis
    polymer_kg_m3 = 0.0 if axis is None else layout.polymer_kg_m3 * operation.fractions[axis]
    carrier = 0.0 if layout.carrier_axis is None else operation.fractions[layout.carrier_axis]
    theta, weight = residence.quadrature(
        layout.residence_variance(residence_s, operation.reactor_c, polymer_kg_m3, carrier)
    )
    every = np.ones(theta.shape)
    thermal = layout.thermal
    warmed_ul_s = flow_ul_s * _warmed_share(layout, carrier)
    liquid_w_k, cell_w_k = thermal.liquid_j_ul_k * warmed_ul_s, thermal.cell_to_ambient_w_k
    cell_c = (cell_w_k * thermal.ambient_c + liquid_w_k * operation.reactor_c) / (cell_w_k + liquid_w_k)
    mixer_s = geometry.mixer.volume_ul / (flow_ul_s * max(first, 1e-9))
    return Parcels(
        fractions=np.tile(_of_liquid(operation.fractions, layout.carrier_axis), (theta.size, 1)),
        mixer_exposure=every * (process.mixer_clock_per_s(operation.mixer_c) * mixer_s),
        mixer_c=every * operation.mixer_c,
        marks=np.tile(operation.marks, (theta.size, 1)),
        reactor_s=theta * (geometry.reactor.volume_ul / flow_ul_s),
        reactor_c=every * operation.reactor_c,
        met=np.tile(operation.met, (theta.size, 1)),
        outlet_s=theta * (geometry.outlet.volume_ul / flow_ul_s),
        outlet_c=every * cell_c,
        weight=weight,
        carrier=every * carrier,
    )


def _warmed_share(layout: Layout, carrier: float) -> float:
    """Share of the flow that takes up heat as liquid does."""
    segmented = layout.geometry.segmented
    return 1.0 if segmented is None else 1.0 - carrier * (1.0 - segmented.heat)


def _of_liquid(fractions: tuple[float, ...], carrier_axis: int | None) -> tuple[float, ...]:
    """Fractions of the liquid alone; all 0 where there is none."""
    if carrier_axis is None:
        return fractions
    liquid = 1.0 - fractions[carrier_axis]
    if liquid <= 0.0:
        return (0.0,) * len(fractions)
    return tuple(0.0 if axis == carrier_axis else share / liquid for axis, share in enumerate(fractions))
