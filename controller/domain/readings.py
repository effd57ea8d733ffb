"""What the reactor shows: qualities, states, snapshots, spectra."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class Quality(IntEnum):
    GOOD = 1
    STALE = 2
    BAD = 3


class ReactorState(IntEnum):
    """What control does with the outputs; in all but READY they are safe."""

    STARTING = 1
    READY = 2
    TRIPPED = 3
    STOPPED = 4
    ORPHANED = 5


@dataclass(frozen=True, slots=True)
class LinkHealth:
    """Counters of one wire since the boot. `state`: connecting, configuring, ready or lost.

    `problem` is one line on what stands in the way, or empty; `identity` what a device said of itself.
    """

    name: str
    state: str
    frames_sent: int = 0
    frames_received: int = 0
    frames_damaged: int = 0
    retries: int = 0
    problem: str = ""
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What came from the hardware and the mailbox: all that a replay needs, with the requests and dt.

    `stop_cause` says why a board holds its outputs safe, or is empty; `stop_pressed` is a stop button now.
    `boards_lost` has one place per board, in the rig's order. Computed channels hold NaN and BAD here.
    """

    values: tuple[float, ...]
    qualities: tuple[int, ...]
    boards_ready: bool
    stop_cause: str
    stop_pressed: bool
    service_alive: bool
    boards_lost: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All channels at the end of one tick, in the order of the rig's channels.

    Values are in the channels' units. `setpoints` holds NaN where nothing is asked: the ramped setpoint of
    a loop at its sensor, the applied output at an actuator. Bit i of `trips` stands for interlock i,
    and `first_out` is the index of the first of them, or -1.
    """

    boot_id: int
    tick: int
    time_s: float
    state: ReactorState
    trips: int
    first_out: int
    overruns: int
    values: tuple[float, ...]
    qualities: tuple[int, ...]
    setpoints: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Features:
    """What sensing reads from one absorbance spectrum; NaN where there is no peak."""

    peak_nm: float
    fwhm_nm: float
    absorbance: float

    def properties(self) -> dict[str, float]:
        """Name them as campaigns and models do."""
        return {"peak_wavelength": self.peak_nm, "fwhm": self.fwhm_nm, "absorbance": self.absorbance}


@dataclass(frozen=True, slots=True)
class EmissionFeatures:
    """What sensing reads from one emission spectrum; NaN where there is no peak.

    `energy_ev` is that of a photon at the peak; `intensity_per_s` the counts a second at the peak.
    """

    peak_nm: float
    energy_ev: float
    fwhm_nm: float
    intensity_per_s: float

    def properties(self) -> dict[str, float]:
        """Name them as campaigns and models do."""
        return {
            "emission_peak": self.peak_nm,
            "emission_energy": self.energy_ev,
            "emission_fwhm": self.fwhm_nm,
            "emission_intensity": self.intensity_per_s,
        }


@dataclass(frozen=True, slots=True)
class Spectrum:
    """One exposure. `absorbance` is empty without a dark and a reference spectrum.

    `emission` is that of an "emission" spectrum alone: counts a second, without those of the dark.
    """

    spectrum_id: str
    kind: str  # "sample", "dark", "reference" or "emission"
    boot_id: int
    time_s: float
    integration_s: float
    scans: int
    wavelengths_nm: tuple[float, ...]
    counts: tuple[float, ...]
    absorbance: tuple[float, ...] = ()
    features: Features | EmissionFeatures | None = None
    warnings: tuple[str, ...] = ()
    emission: tuple[float, ...] = ()

    def properties(self) -> dict[str, float]:
        """Name the features as campaigns and models do; empty where none could be read."""
        return {} if self.features is None else self.features.properties()


QUANTUM_YIELD: Final = "quantum_yield"
"""Of a trial that has both an absorbance and an emission spectrum."""
SPECTRUM_DISTANCE: Final = "spectrum_distance"
"""Of a trial's absorbance from the spectrum that its campaign aims at."""
SAMPLE_UNITS: Final[Mapping[str, str]] = {"peak_wavelength": "nm", "fwhm": "nm", "absorbance": "1"}
EMISSION_UNITS: Final[Mapping[str, str]] = {
    "emission_peak": "nm",
    "emission_energy": "eV",
    "emission_fwhm": "nm",
    "emission_intensity": "1/s",
}
PROPERTY_UNITS: Final[Mapping[str, str]] = {**SAMPLE_UNITS, **EMISSION_UNITS, QUANTUM_YIELD: "1"}
"""Every property that spectra can show, and its unit."""
