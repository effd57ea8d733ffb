"""Every twin, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.twins import (
    cdse_amines,
    cdse_y,
    cdsete,
    cspbx3_exchange,
    gold_light,
    gold_pulsed,
    platelets,
    silver,
)
from firmware_bridge.simulator.twins.base import Twin, TwinError

if TYPE_CHECKING:
    from collections.abc import Mapping

TWINS: Final[Mapping[str, Twin]] = {
    twin.name: twin
    for twin in (
        silver.TWIN,
        gold_light.TWIN,
        gold_pulsed.TWIN,
        platelets.TWIN,
        cdse_amines.TWIN,
        cdse_y.TWIN,
        cdsete.TWIN,
        cspbx3_exchange.TWIN,
    )
}


def find_twin(name: str) -> Twin:
    """Look a twin up. Raises TwinError."""
    twin = TWINS.get(name)
    if twin is None:
        raise TwinError(f"unknown twin {name!r}; known: {', '.join(sorted(TWINS))}")
    return twin
