"""The five streams and what is in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

STREAMS: Final = ("agno3", "pva", "citrate", "seed", "reductant")
"""In the order of the pump axes."""


@dataclass(frozen=True, slots=True)
class Stocks:
    """Concentrations in the reservoirs; all chosen so that the flow cell transmits 3 to 80 %."""

    silver_mol_m3: float = 0.12
    pva_kg_m3: float = 10.0
    citrate_mol_m3: float = 5.0
    seed_per_m3: float = 1.2e18
    ascorbate_mol_m3: float = 1.0


@dataclass(frozen=True, slots=True)
class Liquid:
    """n parcels as they are after both junctions, each array of shape (n,)."""

    silver_mol_m3: NDArray[np.float64]
    pva_kg_m3: NDArray[np.float64]
    citrate_mol_m3: NDArray[np.float64]
    seed_per_m3: NDArray[np.float64]
    ascorbate_mol_m3: NDArray[np.float64]
    mixer_share: NDArray[np.float64]
    """Volume that came through the mixer, over all volume; the rest is reductant stream."""


def blend(fractions: NDArray[np.float64], stocks: Stocks) -> Liquid:
    """Mix stocks by volume fractions, shape (n, 5) in the order of STREAMS; what misses to 1 is water."""
    silver, pva, citrate, seed, reductant = np.asarray(fractions, dtype=np.float64).T
    return Liquid(
        silver_mol_m3=silver * stocks.silver_mol_m3,
        pva_kg_m3=pva * stocks.pva_kg_m3,
        citrate_mol_m3=citrate * stocks.citrate_mol_m3,
        seed_per_m3=seed * stocks.seed_per_m3,
        ascorbate_mol_m3=reductant * stocks.ascorbate_mol_m3,
        mixer_share=1.0 - reductant,
    )
