"""Every twin, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.twins import (
    cdse_amines,
    cdse_y,
    cdsete,
    cspbbr3_ligands,
    cspbx3_exchange,
    gold_light,
    gold_octahedra,
    gold_pulsed,
    gold_rods,
    gold_spheres,
    lipid,
    pbs,
    platelets,
    prussian_blue,
    silica,
    silver,
    silver_spectrum,
)
from firmware_bridge.simulator.twins.base import Twin, TwinError

if TYPE_CHECKING:
    from collections.abc import Mapping

TWINS: Final[Mapping[str, Twin]] = {
    twin.name: twin
    for twin in (
        silver.TWIN,
        silver_spectrum.TWIN,
        gold_light.TWIN,
        gold_pulsed.TWIN,
        gold_spheres.TWIN,
        gold_rods.TWIN,
        gold_octahedra.TWIN,
        platelets.TWIN,
        pbs.TWIN,
        cdse_amines.TWIN,
        cdse_y.TWIN,
        cdsete.TWIN,
        cspbx3_exchange.TWIN,
        cspbbr3_ligands.TWIN,
        prussian_blue.TWIN,
        lipid.TWIN,
        silica.TWIN,
    )
}


def find_twin(name: str) -> Twin:
    """Look a twin up. Raises TwinError."""
    twin = TWINS.get(name)
    if twin is None:
        raise TwinError(f"unknown twin {name!r}; known: {', '.join(sorted(TWINS))}")
    return twin
