"""Lipid nanoparticles that assemble as ethanol is diluted by water: mixing against coalescence.

Liquid from the lipids' side begins as ethanol and ends with the mean share of it, with the mixing time. Where
lipid becomes insoluble, discs form; they coalesce, the faster the more ethanol there still is, until it has
gone or their polyethylene glycol covers them. So a mixing time that is short against assembly leaves the
size of the first discs, and a long one more (Johnson & Prud'homme, Phys. Rev. Lett. 91, 118302 (2003)).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.spheres import AVOGADRO

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIRST: Final = ("lipid", "peg", "ethanol", "buffer")
POINTS: Final = 16
"""Of the integral over the ethanol that a piece of liquid has on its way."""
_PIECES: Final = 5
_LEAST_MOL_M3: Final = 1e-9
_LEAST_PEG: Final = 1e-4
"""Share of the lipid, so that there is a size at which it covers."""
_TURNS: Final = 30
"""Of the fixed point for the ethanol at which lipid becomes insoluble; each gains a digit or so."""
_TINY: Final = 1e-300
_SPHERE: Final = np.pi / 6.0
_MOST_COVERED: Final = 1.0 - 1e-12
_COVERED: Final = np.concatenate(
    ([0.0], np.geomspace(1e-3, 0.9, 600), 1.0 - np.geomspace(0.0999, 1e-12, 400))
)
"""Diameters over the covered one; their times stand in `_COVERED_TIME`."""


@dataclass(frozen=True, slots=True)
class LipidStocks:
    """In ethanol; all chosen."""

    lipid_mol_m3: float = 50.0
    peg_mol_m3: float = 5.0
    """Lipid with polyethylene glycol of 2 kDa."""


@dataclass(frozen=True, slots=True)
class LipidRates:
    """All chosen, at room temperature, so that particles of 20 to 150 nm form within some 10 ms."""

    molar_volume_m3_mol: float = 7.2e-4
    """1.2 nm3 a molecule."""
    disc_nm: float = 26.0
    """Diameter of the spheres that the first discs close to, without polyethylene glycol."""
    covered_nm2: float = 2.0
    """Surface that one chain keeps from coalescing."""
    water_solubility_mol_m3: float = 1e-3
    solubility_decades: float = 5.3
    """From water to ethanol."""
    coalescence_m3_s: float = 2e-24
    """In water, without ethanol."""
    ethanol_scale: float = 0.06
    """Share of ethanol that lets discs coalesce e times as fast."""
    striation_spread: float = 0.9
    """Standard deviation of the logarithm of mixing times within one liquid."""
    size_spread: float = 0.2
    """Standard deviation of the logarithm of diameters that were mixed alike."""


@dataclass(frozen=True, slots=True)
class Lipids:
    """n parcels of `_PIECES` pieces each; arrays of shape (n,), or (n, pieces)."""

    dissolved_mol_m3: NDArray[np.float64]
    solid_mol_m3: NDArray[np.float64]
    diameter_nm: NDArray[np.float64]
    """Of the mean volume; (n, pieces)."""
    solid_shares: NDArray[np.float64]
    """The pieces' parts of the liquid, 0 where nothing has formed; (n, pieces)."""

    @property
    def pieces_mol_m3(self) -> NDArray[np.float64]:
        """Solid by piece, (n, pieces), of which `solid_mol_m3` is the sum."""
        whole = np.maximum(self.solid_shares.sum(axis=1), _TINY)
        found: NDArray[np.float64] = self.solid_shares * (self.solid_mol_m3 / whole)[:, None]
        return found


@dataclass(frozen=True, slots=True)
class LipidAssembly:
    """Composition, mixing time and time in, particles out."""

    stocks: LipidStocks = field(default_factory=LipidStocks)
    rates: LipidRates = field(default_factory=LipidRates)

    def fed_mol_m3(self, fractions: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give all lipid and that with polyethylene glycol, each (n,); fractions (n, 4) as FIRST."""
        peg = fractions[:, 1] * self.stocks.peg_mol_m3
        return fractions[:, 0] * self.stocks.lipid_mol_m3 + peg, peg

    def assemble(
        self, fractions: NDArray[np.float64], mixing_s: NDArray[np.float64], time_s: NDArray[np.float64]
    ) -> Lipids:
        """Let liquid of this mean composition (n, 4) be mixed: by its mixing time, and for how long, (n,)."""
        rates = self.rates
        fed, peg = self.fed_mol_m3(fractions)
        mean = np.minimum(fractions[:, :3].sum(axis=1), 1.0)
        start = np.maximum(mean, 1e-6)
        insoluble = self._insoluble(fed / start)
        spread_s = np.exp(rates.striation_spread * _NODES)
        piece_s = mixing_s[:, None] * spread_s
        end = mean[:, None] + (1.0 - mean[:, None]) * np.exp(-time_s[:, None] / piece_s)
        soluble = self._solubility(end)
        solid = np.maximum(
            1.0 - soluble * start[:, None] / np.maximum(fed[:, None] * end, _LEAST_MOL_M3), 0.0
        )
        has_formed = (end < insoluble[:, None]) & (fed[:, None] > _LEAST_MOL_M3)
        shares = np.where(has_formed, solid, 0.0) * _WEIGHTS
        solid_mol_m3 = fed * shares.sum(axis=1)
        covered_nm = self.covered_nm(peg / np.maximum(fed, _LEAST_MOL_M3))
        to_mix = np.log(np.maximum(1.0 - mean, _TINY) / np.maximum(insoluble - mean, _TINY))
        after_s = time_s[:, None] - piece_s * to_mix[:, None]
        met = self._met_s(mean[:, None], insoluble[:, None], end, piece_s, np.maximum(after_s, 0.0))
        volume = fed[:, None] / start[:, None] * rates.molar_volume_m3_mol
        gained_nm3 = np.where(has_formed, rates.coalescence_m3_s * 1e27 * volume / (2.0 * _SPHERE) * met, 0.0)
        diameter_nm = self._coalesced_nm(covered_nm[:, None], gained_nm3)
        return Lipids(fed - solid_mol_m3, solid_mol_m3, diameter_nm, shares)

    def covered_nm(self, peg_share: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the diameter at which this share of the lipid, with its chains, covers all surface."""
        per_lipid_nm2 = np.maximum(peg_share, _LEAST_PEG) * self.rates.covered_nm2
        return 6.0 * self.rates.molar_volume_m3_mol * 1e27 / AVOGADRO / per_lipid_nm2

    def _solubility(self, ethanol: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log-linear in the solvent: Yalkowsky, Solubility and Solubilization in Aqueous Media (1999)."""
        rates = self.rates
        found: NDArray[np.float64] = rates.water_solubility_mol_m3 * 10.0 ** (
            rates.solubility_decades * ethanol
        )
        return found

    def _insoluble(self, organic_mol_m3: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the share of ethanol below which lipid, diluted with it, is insoluble; 0 where it never is."""
        rates = self.rates
        over = np.maximum(organic_mol_m3, _LEAST_MOL_M3) / rates.water_solubility_mol_m3
        ethanol = np.ones(over.shape)
        for _ in range(_TURNS):
            ethanol = np.log10(np.maximum(over * ethanol, 1.0)) / rates.solubility_decades
        return np.minimum(ethanol, 1.0)

    def _met_s(
        self,
        mean: NDArray[np.float64],
        insoluble: NDArray[np.float64],
        end: NDArray[np.float64],
        piece_s: NDArray[np.float64],
        after_s: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Integrate how fast discs coalesce over how fast in water, since lipid has been insoluble.

        Ethanol e falls as de/dt = -(e - mean) / mixing time, so that the integral is one over ethanol; what
        goes on at the mean share is taken out of it, as that lasts.
        """
        scale = self.rates.ethanol_scale
        lasting = mean * np.exp(mean / scale)
        half = 0.5 * np.maximum(insoluble - end, 0.0)
        passing = np.zeros(end.shape)
        nodes, weights = np.polynomial.legendre.leggauss(POINTS)
        for node, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
            ethanol = end + half * (1.0 + node)
            above = np.maximum(ethanol - mean, 1e-9)
            passing += weight * (ethanol * np.exp(ethanol / scale) - lasting) / above
        found: NDArray[np.float64] = piece_s * half * passing + lasting * after_s
        return found

    def _coalesced_nm(
        self, covered_nm: NDArray[np.float64], gained_nm3: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Solve d(d^3)/dt = rate (1 - d / covered) from the first discs, for what `gained_nm3` would be bare.

        With r = d / covered this is G(r) = G(start) + gained / covered^3, G = -3 (r + r^2 / 2 + ln(1 - r)).
        """
        # Chains at a disc's rim make it smaller from the beginning.
        start = self.rates.disc_nm / (covered_nm + self.rates.disc_nm)
        reached = _covering(start) + gained_nm3 / covered_nm**3
        share = np.interp(np.cbrt(reached), np.cbrt(_COVERED_TIME), _COVERED)
        found: NDArray[np.float64] = covered_nm * np.maximum(share, start)
        return found


def _covering(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give G; by its series where the closed form would lose its digits."""
    inside = np.minimum(share, _MOST_COVERED)
    series = inside**3 * (1.0 + inside * (0.75 + inside * (0.6 + inside * (0.5 + inside * 3.0 / 7.0))))
    closed = -3.0 * (inside + 0.5 * inside**2 + np.log1p(-inside))
    return np.where(inside < 0.01, series, closed)


_COVERED_TIME: Final = _covering(_COVERED)
_NODES, _raw = np.polynomial.hermite_e.hermegauss(_PIECES)
_WEIGHTS: Final = _raw / _raw.sum()


def scattered(lipids: Lipids, weight: NDArray[np.float64], spread: float) -> tuple[float, float]:
    """Mean diameter in nm and polydispersity index as light scattering shows them, NaN where nothing does.

    The cumulants of diffusion, which is as 1/d, weighted by the light of small spheres, which is as d^6
    (Koppel, J. Chem. Phys. 57, 4814 (1972)). Each piece is a log-normal of this spread.
    """
    solid = lipids.pieces_mol_m3 * weight[:, None]
    if float(solid.sum()) <= 0.0:
        return float("nan"), float("nan")
    # Of a log-normal, moment k is the mean volume's diameter to the k times exp((k^2 - 3 k) spread^2 / 2).
    light, first, second = (
        float((solid * lipids.diameter_nm ** (order - 3.0)).sum())
        * float(np.exp((order**2 - 3.0 * order) * spread**2 / 2.0))
        for order in (6.0, 5.0, 4.0)
    )
    return light / first, max(light * second / first**2 - 1.0, 0.0)
