"""Ocean Insight (Ocean Optics) spectrometers on USB, through python-seabreeze.

After the documentation of python-seabreeze 2.10: `seabreeze.use`, `list_devices`, `Spectrometer`, and its
features `spectrometer` and `nonlinearity_coefficients`. Dark pixels and nonlinearity are corrected here, by
the library's formulas, because a saturated pixel must stay one.
"""

from __future__ import annotations

import time
from array import array
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

from firmware_bridge.devices.background import BackgroundSpectrometer
from firmware_bridge.devices.instruments.options import read_choice
from firmware_bridge.devices.interfaces import DeviceError, SpectrometerIdentity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Executor

    from firmware_bridge.devices.instruments.base import InstrumentSettings
    from firmware_bridge.link.interfaces import Link

_BACKENDS: Final = ("pyseabreeze", "cseabreeze")
_LEFT_OR_DONE: Final = ("raw", "correct")
_NAMED: Final = 8
"""Most spectrometers that an error lists."""


class Device(Protocol):
    """What `list_devices` gives."""

    @property
    def serial_number(self) -> str: ...


class OpenSpectrometer(Protocol):
    """What is used of `seabreeze.spectrometers.Spectrometer`."""

    @property
    def model(self) -> str: ...
    @property
    def serial_number(self) -> str: ...
    @property
    def max_intensity(self) -> float: ...
    @property
    def integration_time_micros_limits(self) -> tuple[int, int]: ...
    @property
    def f(self) -> Any: ...
    def wavelengths(self) -> Sequence[float]: ...
    def intensities(self) -> Sequence[float]: ...
    def integration_time_micros(self, integration_time_micros: int) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Library:
    """What is used of the module `seabreeze.spectrometers`."""

    list_devices: Callable[[], Sequence[Device]]
    open: Callable[[Device], OpenSpectrometer]
    error: type[Exception]


@cache
def load_seabreeze(backend: str) -> Library:
    """Import the library with one of its backends, once in a process; DeviceError when it is not there."""
    try:
        import_module("seabreeze").use(backend)
        module = import_module("seabreeze.spectrometers")
    except ImportError as error:
        raise DeviceError(f"{error}: install Ostwald with its extra 'ocean'") from error
    return Library(module.list_devices, module.Spectrometer, module.SeaBreezeError)


class OceanSpectrometer(BackgroundSpectrometer):
    """The spectrometer with the rig's serial number, or the only one there is."""

    OPTIONS: ClassVar[Mapping[str, str]] = {
        "backend": '"pyseabreeze" (default: Python and libusb) or "cseabreeze" (the maker\'s C code)',
        "dark": '"raw" (default), or "correct": the mean of the covered pixels is subtracted',
        "nonlinearity": '"raw" (default), or "correct" by the coefficients that the spectrometer keeps',
    }
    EXTRA_SCANS = 1
    """A spectrometer that runs freely hands out a scan that began before it was asked for, under another
    integration time or another lamp."""

    def __init__(
        self,
        _open_link: Callable[[], Link],
        settings: InstrumentSettings,
        *,
        load: Callable[[str], Library] = load_seabreeze,
        worker: Executor | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(worker=worker, clock=clock)
        options = settings.options
        self._backend = read_choice(options, "backend", _BACKENDS)
        self._corrects_dark = read_choice(options, "dark", _LEFT_OR_DONE) == "correct"
        self._corrects_nonlinearity = read_choice(options, "nonlinearity", _LEFT_OR_DONE) == "correct"
        self._serial_number = settings.serial_number
        self._load = load
        self._spectrometer: OpenSpectrometer | None = None
        self._dark_pixels: tuple[int, ...] = ()
        self._coefficients: tuple[float, ...] = ()
        self._most = 0.0

    def _connect(self) -> SpectrometerIdentity:
        library = self._load(self._backend)
        try:
            spectrometer = library.open(self._choose(library.list_devices()))
            self._spectrometer = spectrometer
            self._read_corrections(spectrometer)
            low_us, high_us = spectrometer.integration_time_micros_limits
            self._most = float(spectrometer.max_intensity)
            return SpectrometerIdentity(
                model=spectrometer.model,
                serial_number=spectrometer.serial_number,
                wavelengths_nm=array("d", spectrometer.wavelengths()),
                max_counts=round(self._linear(self._most)),
                min_integration_s=low_us / 1e6,
                max_integration_s=high_us / 1e6,
            )
        except (library.error, OSError, RuntimeError, ImportError) as error:
            raise self._lost(error) from error

    def _expose_for(self, integration_s: float) -> None:
        library, spectrometer = self._held()
        try:
            spectrometer.integration_time_micros(round(integration_s * 1e6))
        except (library.error, OSError, RuntimeError) as error:
            raise self._lost(error) from error

    def _scan(self, integration_s: float) -> Sequence[float]:
        del integration_s  # the library waits as long as the light takes
        library, spectrometer = self._held()
        try:
            counts = [float(value) for value in spectrometer.intensities()]
        except (library.error, OSError, RuntimeError) as error:
            raise self._lost(error) from error
        return self._corrected(counts)

    def _release(self) -> None:
        spectrometer, self._spectrometer = self._spectrometer, None
        if spectrometer is None:
            return
        library = self._load(self._backend)
        try:
            spectrometer.close()
        except (library.error, OSError, RuntimeError):
            # It has been unplugged: there is nothing left to close.
            return

    def _choose(self, devices: Sequence[Device]) -> Device:
        wanted = self._serial_number
        matching = [each for each in devices if wanted in ("", each.serial_number)]
        if len(matching) == 1:
            return matching[0]
        there = ", ".join(each.serial_number for each in devices[:_NAMED])
        if not devices:
            raise DeviceError("no Ocean spectrometer on USB: check its cable and the udev rules")
        if not matching:
            raise DeviceError(f"no spectrometer {wanted!r} on USB, but {there}: check serial_number")
        raise DeviceError(f"{len(matching)} spectrometers on USB ({there}): name one as serial_number")

    def _read_corrections(self, spectrometer: OpenSpectrometer) -> None:
        """Read what the corrections need, if they are wanted; DeviceError where the model has it not."""
        if self._corrects_dark or self._corrects_nonlinearity:
            self._dark_pixels = tuple(spectrometer.f.spectrometer.get_electric_dark_pixel_indices())
        if self._corrects_dark and not self._dark_pixels:
            raise DeviceError(f'{spectrometer.model} has no covered pixels: set dark = "raw"')
        if self._corrects_nonlinearity:
            feature = spectrometer.f.nonlinearity_coefficients
            if feature is None:
                raise DeviceError(
                    f'{spectrometer.model} keeps no nonlinearity coefficients: set nonlinearity = "raw"'
                )
            self._coefficients = tuple(map(float, feature.get_nonlinearity_coefficients()))

    def _corrected(self, counts: list[float]) -> list[float]:
        """Mark saturation, subtract the dark level, divide by the polynomial: it is that of light alone."""
        dark = sum(counts[pixel] for pixel in self._dark_pixels) / max(len(self._dark_pixels), 1)
        kept = 0.0 if self._corrects_dark else dark
        return [inf if value >= self._most else self._linear(value - dark) + kept for value in counts]

    def _linear(self, light: float) -> float:
        if not self._corrects_nonlinearity:
            return light
        divisor = 0.0
        for coefficient in reversed(self._coefficients):
            divisor = divisor * light + coefficient
        if divisor <= 0.0:
            raise DeviceError(f"its nonlinearity coefficients give {divisor:g} at {light:g} counts")
        return light / divisor

    def _held(self) -> tuple[Library, OpenSpectrometer]:
        assert self._spectrometer is not None, "identified before it is exposed"
        return self._load(self._backend), self._spectrometer

    def _lost(self, error: Exception) -> DeviceError:
        return DeviceError(
            f"the Ocean spectrometer does not answer: {error}: check its cable, the udev rules and libusb-1.0"
        )
