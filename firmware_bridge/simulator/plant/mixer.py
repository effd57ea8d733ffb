"""The mixer as plug flow: parcels enter at one end and leave at the other, nothing moves between."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEAST_PARCEL_UL: Final = 0.1


@dataclass(slots=True)
class _Parcel:
    """A plug in the mixer: volumes of its streams, and the clock at its entry."""

    volume_ul: float
    streams_ul: list[float]
    entered_clock: float


@dataclass(frozen=True, slots=True)
class MixerOutflow:
    """What left the mixer in one step; `exposure` is the volume mean of clock now minus clock at entry."""

    streams_ul: list[float]
    exposure: float


class MixerLine:
    """First in, first out, at constant volume; filled with clear liquid at first."""

    def __init__(self, volume_ul: float, streams: int) -> None:
        self._parcels: deque[_Parcel] = deque([_Parcel(volume_ul, [0.0] * streams, 0.0)])
        self._nothing = MixerOutflow([0.0] * streams, 0.0)

    @property
    def held_ul(self) -> tuple[float, ...]:
        """What is in it of each stream."""
        held_ul = [0.0] * len(self._nothing.streams_ul)
        for parcel in self._parcels:
            for index, stream_ul in enumerate(parcel.streams_ul):
                held_ul[index] += stream_ul
        return tuple(held_ul)

    def push(self, streams_ul: Sequence[float], clock: float, air_ul: float = 0.0) -> MixerOutflow:
        """Let these volumes enter, and air, which is of no stream; as much leaves at the other end."""
        entering_ul = air_ul
        for stream_ul in streams_ul:
            entering_ul += stream_ul
        if entering_ul <= 0.0:
            return self._nothing
        parcels = self._parcels
        last = parcels[-1]
        if last.volume_ul < _LEAST_PARCEL_UL:
            # Merging bounds the line at volume / 0.1 uL parcels.
            total_ul = last.volume_ul + entering_ul
            last.entered_clock += (clock - last.entered_clock) * entering_ul / total_ul
            last.volume_ul = total_ul
            for index, stream_ul in enumerate(streams_ul):
                last.streams_ul[index] += stream_ul
        else:
            parcels.append(_Parcel(entering_ul, list(streams_ul), clock))
        return self._pop(entering_ul, clock)

    def _pop(self, leaving_ul: float, clock: float) -> MixerOutflow:
        left_ul = list(self._nothing.streams_ul)
        exposure_ul = 0.0
        wanted_ul = leaving_ul
        parcels = self._parcels
        while wanted_ul > 0.0:
            first = parcels[0]
            # The last parcel is never dropped: rounding may leave a trace wanted of an emptied line.
            whole = first.volume_ul <= wanted_ul and len(parcels) > 1
            share = 1.0 if whole else min(wanted_ul / first.volume_ul, 1.0)
            taken_ul = first.volume_ul * share
            for index, stream_ul in enumerate(first.streams_ul):
                left_ul[index] += stream_ul * share
            exposure_ul += taken_ul * (clock - first.entered_clock)
            if whole:
                parcels.popleft()
                wanted_ul -= taken_ul
                continue
            first.volume_ul -= taken_ul
            first.streams_ul = [stream_ul * (1.0 - share) for stream_ul in first.streams_ul]
            break
        return MixerOutflow(left_ul, exposure_ul / leaving_ul)
