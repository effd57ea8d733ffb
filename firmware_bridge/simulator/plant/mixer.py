"""The mixer as plug flow: parcels enter at one end and leave at the other, nothing moves between."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

_LEAST_PARCEL_UL: Final = 0.1


@dataclass(slots=True)
class _Parcel:
    """A plug in the mixer: volumes of its streams, and the adsorption clock at its entry."""

    volume_ul: float
    silver_ul: float
    pva_ul: float
    citrate_ul: float
    seed_ul: float
    entered_clock: float


@dataclass(frozen=True, slots=True)
class MixerOutflow:
    """What left the mixer in one step; `exposure` is the volume mean of clock now minus clock at entry."""

    silver_ul: float
    pva_ul: float
    citrate_ul: float
    seed_ul: float
    exposure: float


class MixerLine:
    """First in, first out, at constant volume; filled with water at first."""

    def __init__(self, volume_ul: float) -> None:
        self._parcels: deque[_Parcel] = deque([_Parcel(volume_ul, 0.0, 0.0, 0.0, 0.0, 0.0)])

    def push(
        self, silver_ul: float, pva_ul: float, citrate_ul: float, seed_ul: float, clock: float
    ) -> MixerOutflow:
        """Let these volumes enter; as much leaves at the other end."""
        entering_ul = silver_ul + pva_ul + citrate_ul + seed_ul
        if entering_ul <= 0.0:
            return _NOTHING
        parcels = self._parcels
        last = parcels[-1]
        if last.volume_ul < _LEAST_PARCEL_UL:
            # Merging bounds the line at volume / 0.1 uL parcels.
            total_ul = last.volume_ul + entering_ul
            last.entered_clock += (clock - last.entered_clock) * entering_ul / total_ul
            last.volume_ul = total_ul
            last.silver_ul += silver_ul
            last.pva_ul += pva_ul
            last.citrate_ul += citrate_ul
            last.seed_ul += seed_ul
        else:
            parcels.append(_Parcel(entering_ul, silver_ul, pva_ul, citrate_ul, seed_ul, clock))
        return self._pop(entering_ul, clock)

    def _pop(self, leaving_ul: float, clock: float) -> MixerOutflow:
        silver_ul = pva_ul = citrate_ul = seed_ul = exposure_ul = 0.0
        wanted_ul = leaving_ul
        parcels = self._parcels
        while wanted_ul > 0.0:
            first = parcels[0]
            # The last parcel is never dropped: rounding may leave a trace wanted of an emptied line.
            whole = first.volume_ul <= wanted_ul and len(parcels) > 1
            share = 1.0 if whole else min(wanted_ul / first.volume_ul, 1.0)
            taken_ul = first.volume_ul * share
            silver_ul += first.silver_ul * share
            pva_ul += first.pva_ul * share
            citrate_ul += first.citrate_ul * share
            seed_ul += first.seed_ul * share
            exposure_ul += taken_ul * (clock - first.entered_clock)
            if whole:
                parcels.popleft()
                wanted_ul -= taken_ul
                continue
            keep = 1.0 - share
            first.volume_ul -= taken_ul
            first.silver_ul *= keep
            first.pva_ul *= keep
            first.citrate_ul *= keep
            first.seed_ul *= keep
            break
        return MixerOutflow(silver_ul, pva_ul, citrate_ul, seed_ul, exposure_ul / leaving_ul)


_NOTHING: Final = MixerOutflow(0.0, 0.0, 0.0, 0.0, 0.0)
