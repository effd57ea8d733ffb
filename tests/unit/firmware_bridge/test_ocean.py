"""Ocean Insight spectrometers, on a fake of python-seabreeze's documented interface: no hardware."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from firmware_bridge.devices import ocean
from firmware_bridge.devices.instruments.base import InstrumentSettings
from firmware_bridge.devices.interfaces import DeviceError, NotReadyError
from firmware_bridge.devices.ocean import Library, OceanSpectrometer
from tests.unit.firmware_bridge.workers import HeldWorker, InlineWorker

DARK_PIXELS = [0, 1]


class SeaBreezeError(Exception):
    """As the library has it."""


@dataclass
class FakeDevice:
    serial_number: str = "USB4C01580"
    model: str = "USB4000"
    plugged: bool = True
    is_open: bool = False
    has_dark: bool = True
    coefficients: list[float] | None = field(default_factory=lambda: [1.0, -1e-5])
    light: list[float] = field(default_factory=lambda: [100.0, 102.0, 1101.0, 5101.0, 65535.0])
    integration_us: list[int] = field(default_factory=list)
    scans: int = 0
    seen: list[list[float]] = field(default_factory=list)
    """What the next scans give in place of `light`."""


class FakeSpectrometer:
    """`seabreeze.spectrometers.Spectrometer`."""

    max_intensity = 65535.0
    integration_time_micros_limits = (10, 65535000)

    def __init__(self, device: FakeDevice) -> None:
        self._device = device
        self._ask()
        if device.is_open:
            raise SeaBreezeError("Device already opened.")
        device.is_open = True
        coefficients = SimpleNamespace(get_nonlinearity_coefficients=lambda: device.coefficients)
        dark = DARK_PIXELS if device.has_dark else []
        self.f = SimpleNamespace(
            spectrometer=SimpleNamespace(get_electric_dark_pixel_indices=lambda: dark),
            nonlinearity_coefficients=coefficients if device.coefficients else None,
        )

    @property
    def model(self) -> str:
        return self._device.model

    @property
    def serial_number(self) -> str:
        return self._device.serial_number

    def wavelengths(self) -> list[float]:
        return [340.0, 341.5, 343.0, 344.5, 346.0]

    def intensities(self) -> list[float]:
        self._ask()
        self._device.scans += 1
        return self._device.seen.pop(0) if self._device.seen else list(self._device.light)

    def integration_time_micros(self, integration_time_micros: int) -> None:
        self._ask()
        self._device.integration_us.append(integration_time_micros)

    def close(self) -> None:
        self._device.is_open = False
        self._ask()

    def _ask(self) -> None:
        if not self._device.plugged:
            raise SeaBreezeError("[Errno 19] No such device (it may have been disconnected)")


def make(
    *devices: FakeDevice,
    serial_number: str = "",
    worker: Any = None,
    clock: Any = lambda: 0.0,
    **options: str,
) -> OceanSpectrometer:
    def load(backend: str) -> Library:
        assert backend == options.get("backend", "pyseabreeze")
        there = [device for device in devices if device.plugged]
        return Library(lambda: there, FakeSpectrometer, SeaBreezeError)  # type: ignore[arg-type]

    settings = InstrumentSettings(options=options, serial_number=serial_number)
    worker = InlineWorker() if worker is None else worker
    return OceanSpectrometer(_no_link, settings, load=load, worker=worker, clock=clock)


def _no_link() -> Any:
    raise AssertionError("it has no line")


def counts(driver: OceanSpectrometer, scans: int = 1) -> list[int]:
    return list(driver.fetch(driver.start(0.1, scans)))


def test_it_says_what_it_is() -> None:
    identity = make(FakeDevice()).identify()
    assert (identity.model, identity.serial_number) == ("USB4000", "USB4C01580")
    assert list(identity.wavelengths_nm) == [340.0, 341.5, 343.0, 344.5, 346.0]
    assert (identity.max_counts, identity.min_integration_s, identity.max_integration_s) == (
        65535,
        1e-5,
        65.535,
    )


def test_a_spectrum_is_the_mean_of_its_scans_and_the_first_scan_is_thrown_away() -> None:
    device = FakeDevice(seen=[[9999.0] * 5, [10.0] * 5, [20.0] * 5])
    assert counts(make(device), scans=2) == [15] * 5
    assert device.scans == 3
    assert device.integration_us == [100_000]


def test_a_pixel_that_was_saturated_once_counts_as_saturated() -> None:
    device = FakeDevice(seen=[[0.0] * 5, [65535.0, 0.0, 0.0, 0.0, 0.0], [1.0] * 5])
    assert counts(make(device), scans=2) == [65535, 0, 0, 0, 0]


def test_dark_pixels_are_subtracted_and_saturation_survives_it() -> None:
    assert counts(make(FakeDevice(), dark="correct")) == [-1, 1, 1000, 5000, 65535]


def test_nonlinearity_is_that_of_the_light_above_the_dark_level() -> None:
    corrected = counts(make(FakeDevice(), nonlinearity="correct"))
    assert corrected[3] == round(5000.0 / (1.0 - 0.05) + 101.0)
    assert corrected[4] == round(65535.0 / (1.0 - 0.65535))
    both = counts(make(FakeDevice(), nonlinearity="correct", dark="correct"))
    assert both[3] == round(5000.0 / (1.0 - 0.05))


@pytest.mark.parametrize(
    ("device", "options", "told"),
    [
        (FakeDevice(has_dark=False), {"dark": "correct"}, 'set dark = "raw"'),
        (FakeDevice(coefficients=None), {"nonlinearity": "correct"}, 'set nonlinearity = "raw"'),
    ],
)
def test_a_correction_that_the_model_has_not_is_refused_with_what_to_do(
    device: FakeDevice, options: dict[str, str], told: str
) -> None:
    with pytest.raises(DeviceError, match=told):
        make(device, **options).identify()
    assert not device.is_open


def test_linearised_counts_stay_below_what_a_saturated_pixel_reads() -> None:
    driver = make(FakeDevice(light=[0.0, 0.0, 0.0, 65534.0, 65535.0]), nonlinearity="correct")
    top = round(65535.0 / (1.0 - 0.65535))
    assert driver.identify().max_counts == top
    below, saturated = counts(driver)[3:]
    assert 65535 < below < saturated == top


def test_coefficients_that_cannot_be_are_told() -> None:
    with pytest.raises(DeviceError, match=r"nonlinearity coefficients give -5\.5535 at 65535 counts"):
        make(FakeDevice(coefficients=[1.0, -1e-4]), nonlinearity="correct").identify()


def test_the_one_that_the_rig_names_is_taken() -> None:
    devices = (FakeDevice("A1"), FakeDevice("B2"))
    assert make(*devices, serial_number="B2").identify().serial_number == "B2"
    assert not devices[0].is_open
    with pytest.raises(DeviceError, match=r"2 spectrometers on USB \(A1, B2\): name one"):
        make(*devices).identify()
    with pytest.raises(DeviceError, match="no spectrometer 'C3' on USB, but A1, B2"):
        make(*devices, serial_number="C3").identify()


def test_none_there_is_told_with_what_to_check() -> None:
    with pytest.raises(DeviceError, match="no Ocean spectrometer on USB: check its cable and the udev rules"):
        make().identify()


def test_one_that_is_unplugged_is_told_let_go_and_found_again() -> None:
    device = FakeDevice()
    driver = make(device)
    assert counts(driver)
    device.plugged = False
    with pytest.raises(DeviceError, match="may have been disconnected"):
        counts(driver)
    assert not device.is_open
    with pytest.raises(DeviceError, match="no Ocean spectrometer"):
        driver.identify()
    device.plugged = True
    assert counts(driver) == [100, 102, 1101, 5101, 65535]


def test_an_exposure_is_not_ready_before_its_light_is_in() -> None:
    worker, time_s = HeldWorker(), [0.0]
    driver = make(FakeDevice(), worker=worker, clock=lambda: time_s[0])
    driver.identify()
    worker.hold = True
    exposure = driver.start(0.5, 3)
    assert exposure.ready_in_s == pytest.approx(2.0)
    time_s[0] = 1.5
    with pytest.raises(NotReadyError) as caught:
        driver.fetch(exposure)
    assert caught.value.ready_in_s == pytest.approx(0.5)
    time_s[0] = 9.0
    with pytest.raises(NotReadyError) as late:
        driver.fetch(exposure)
    assert 0.0 < late.value.ready_in_s < 0.1
    worker.go_on()
    assert len(driver.fetch(exposure)) == 5


def test_a_new_exposure_ends_the_one_before_it() -> None:
    worker = HeldWorker()
    device = FakeDevice()
    driver = make(device, worker=worker)
    driver.identify()
    worker.hold = True
    first = driver.start(1.0, 100)
    second = driver.start(0.1, 1)
    assert second.ready_in_s == pytest.approx(1.2), "one scan of the first is still under way"
    with pytest.raises(DeviceError, match="ended by a later one"):
        driver.fetch(first)
    worker.go_on()
    assert len(driver.fetch(second)) == 5
    assert device.scans == 3


@pytest.mark.parametrize(
    ("integration_s", "scans"), [(1e-6, 1), (66.0, 1), (0.1, 0), (0.1, 1001), (float("nan"), 1)]
)
def test_what_it_cannot_expose_is_refused(integration_s: float, scans: int) -> None:
    with pytest.raises(DeviceError, match="not in"):
        make(FakeDevice()).start(integration_s, scans)


@pytest.mark.parametrize("scan", [[1.0] * 4, [1.0, 2.0, 3.0, 4.0, float("nan")]])
def test_a_spectrum_that_cannot_be_is_no_spectrum(scan: list[float]) -> None:
    with pytest.raises(DeviceError, match="a spectrum"):
        counts(make(FakeDevice(seen=[[0.0] * 5, scan])))


def test_close_lets_go_of_it_and_twice_is_harmless() -> None:
    device = FakeDevice()
    driver = make(device)
    driver.identify()
    assert device.is_open
    driver.close()
    driver.close()
    assert not device.is_open


@pytest.mark.parametrize("options", [{"backend": "libusb"}, {"dark": "yes"}, {"nonlinearity": "no"}])
def test_an_option_that_cannot_be_is_refused_by_name(options: dict[str, str]) -> None:
    with pytest.raises(DeviceError, match=next(iter(options))):
        OceanSpectrometer(_no_link, InstrumentSettings(options=options), worker=InlineWorker())


def test_without_the_library_it_says_which_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "seabreeze", None)
    with pytest.raises(DeviceError, match="extra 'ocean'"):
        ocean.load_seabreeze.__wrapped__("pyseabreeze")


def test_a_real_worker_exposes_beside_the_caller() -> None:
    fake = make(FakeDevice())
    driver = OceanSpectrometer(_no_link, InstrumentSettings(), load=fake._load, clock=lambda: 0.0)
    exposure = driver.start(0.1, 4)
    running = driver._running
    assert running is not None
    assert running.result is not None
    assert running.result.result(timeout=10.0) == driver.fetch(exposure)
    driver.close()
