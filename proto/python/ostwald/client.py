"""The synchronous client: the asynchronous one, driven by an event loop of its own.

with Ostwald("127.0.0.1:50051") as device:
    print(device.read("reactor.temperature"))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from ostwald.aio import AsyncOstwald
from ostwald.alarms import Alarms
from ostwald.background import Background
from ostwald.calls import DeviceError, DeviceUnreachableError, InvalidError, NotFoundError, RefusedError
from ostwald.campaigns import Campaigns
from ostwald.devices import Devices
from ostwald.errors import AutotuneError, LeaseLostError
from ostwald.events import Events
from ostwald.lease import Lease
from ostwald.loops import Loops
from ostwald.reagents import Reagents
from ostwald.runs import Runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from ostwald import values as v

__all__ = [
    "AsyncOstwald",
    "AutotuneError",
    "DeviceError",
    "DeviceUnreachableError",
    "InvalidError",
    "LeaseLostError",
    "NotFoundError",
    "Ostwald",
    "RefusedError",
]


class Ostwald:
    """One device. Methods are those of `AsyncOstwald`; streams are iterators."""

    def __init__(self, address: str, *, actor: str = "", lease: str = "") -> None:
        self._loop = Background()
        self._device = self._loop.run(_open(address, actor, lease))
        self.address = address
        self.runs = Runs(self._loop, self._device.runs)
        self.campaigns = Campaigns(self._loop, self._device.campaigns)
        self.models = Models(self._loop, self._device)
        self.devices = Devices(self._loop, self._device.devices)
        self.alarms = Alarms(self._loop, self._device.alarms)
        self.events = Events(self._loop, self._device.events)
        self.loops = Loops(self._loop, self._device.loops)
        self.reagents = Reagents(self._loop, self._device.reagents)
        self.lease = Lease(self._loop, self._device.lease)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._loop.run(self._device.close())
        self._loop.close()

    def reactor(self) -> v.Reactor:
        return self._loop.run(self._device.reactor())

    def read(self, channel: str) -> v.Reading:
        return self._loop.run(self._device.read(channel))

    def read_all(self, channels: Sequence[str] = ()) -> list[v.Reading]:
        return self._loop.run(self._device.read_all(channels))

    def set(self, targets: Mapping[str, float | str]) -> dict[str, tuple[float, str]]:
        return self._loop.run(self._device.set(targets))

    def telemetry(self, channels: Sequence[str] = (), interval_s: float | None = None) -> Iterator[v.Sample]:
        return self._loop.iterate(self._device.telemetry(channels, interval_s))

    def spectrum(self, kind: str = "sample") -> v.Spectrum:
        return self._loop.run(self._device.spectrum(kind))

    def emergency_stop(self, reason: str) -> None:
        self._loop.run(self._device.emergency_stop(reason))

    def reset(self) -> None:
        self._loop.run(self._device.reset())


async def _open(address: str, actor: str, lease: str) -> AsyncOstwald:
    return AsyncOstwald(address, actor=actor, lease=lease)


class Models:
    """Surrogates on the device."""

    def __init__(self, loop: Background, device: AsyncOstwald) -> None:
        self._loop = loop
        self._models = device.models

    def push(self, folder: Path, progress: Callable[[int, int], None] | None = None) -> v.Model:
        return self._loop.run(self._models.push(folder, progress))

    def list(self, name: str = "") -> Sequence[v.Model]:
        return self._loop.run(self._models.list(name))

    def get(self, name: str, digest: str = "") -> v.Model:
        return self._loop.run(self._models.get(name, digest))

    def promote(self, name: str, digest: str = "", stage: str = "active") -> v.Model:
        return self._loop.run(self._models.promote(name, digest, stage))

    def predict(
        self, name: str, rows: Sequence[Mapping[str, float | str]], digest: str = ""
    ) -> Sequence[v.PredictedRow]:
        return self._loop.run(self._models.predict(name, rows, digest))

    def predict_spectrum(
        self, name: str, wavelengths_nm: Sequence[float], values: Sequence[float], digest: str = ""
    ) -> v.PredictedRow:
        return self._loop.run(self._models.predict_spectrum(name, wavelengths_nm, values, digest))
