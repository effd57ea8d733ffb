"""The asynchronous client: all that a remote user does with a device."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Self

import grpc
from google.protobuf.duration_pb2 import Duration

from ostwald import from_proto as read
from ostwald.alarms import AsyncAlarms
from ostwald.bundle import pack_archive
from ostwald.calls import DEADLINE_S, LONG_DEADLINE_S, DeviceError, call, new_request_id, translate
from ostwald.campaigns import AsyncCampaigns
from ostwald.devices import AsyncDevices
from ostwald.events import AsyncEvents
from ostwald.identity import Identity
from ostwald.lease import AsyncLease
from ostwald.loops import AsyncLoops
from ostwald.quantities import QuantityError, split
from ostwald.reagents import AsyncReagents
from ostwald.runs import AsyncRuns
from ostwald.spectral import SpectralGrid
from ostwald.v1 import (
    model_pb2,
    model_pb2_grpc,
    reactor_pb2,
    reactor_pb2_grpc,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from ostwald import values as v

CHUNK_BYTES = 64 * 1024
_OPTIONS = (("grpc.max_receive_message_length", 64 << 20),)


class AsyncOstwald:
    """One device. Use it as `async with AsyncOstwald("127.0.0.1:50051") as device`.

    `actor` is who the device's log says asked, by default "user@host"; `lease` the token of a lease held.
    """

    def __init__(self, address: str, *, actor: str = "", lease: str = "") -> None:
        self.address = address
        identity = Identity(actor, lease)
        self._channel = grpc.aio.insecure_channel(
            address, options=_OPTIONS, interceptors=identity.interceptors()
        )
        self._reactor = reactor_pb2_grpc.ReactorServiceStub(self._channel)
        self.runs = AsyncRuns(self._channel, address)
        self.campaigns = AsyncCampaigns(self._channel, address)
        self.models = AsyncModels(self._channel, address)
        self.devices = AsyncDevices(self._channel, address)
        self.alarms = AsyncAlarms(self._channel, address)
        self.events = AsyncEvents(self._channel, address)
        self.loops = AsyncLoops(self._channel, address)
        self.reagents = AsyncReagents(self._channel, address)
        self.lease = AsyncLease(self._channel, address, identity)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._channel.close()

    async def reactor(self) -> v.Reactor:
        """Describe the rig: channels, interlocks, state."""
        request = reactor_pb2.GetReactorRequest()
        answer = await call(lambda: self._reactor.GetReactor(request, timeout=DEADLINE_S), self.address)
        return read.reactor(answer)

    async def read(self, channel: str) -> v.Reading:
        """Read one channel."""
        return (await self.read_all([channel]))[0]

    async def read_all(self, channels: Sequence[str] = ()) -> list[v.Reading]:
        """Read the named channels, or all."""
        request = reactor_pb2.ReadChannelsRequest(channels=channels)
        answer = await call(lambda: self._reactor.ReadChannels(request, timeout=DEADLINE_S), self.address)
        return [read.reading(each) for each in answer.readings]

    async def set(self, targets: Mapping[str, float | str]) -> dict[str, tuple[float, str]]:
        """Ask for values, "45 degC" or a number in the channel's own unit; all or none.

        Returns what was taken, by channel, as (value, unit).
        """
        request = reactor_pb2.WriteSetpointsRequest(
            request_id=new_request_id(),
            setpoints=[_setpoint(channel, value) for channel, value in targets.items()],
        )
        answer = await call(lambda: self._reactor.WriteSetpoints(request, timeout=DEADLINE_S), self.address)
        return {each.channel: (each.value, each.unit) for each in answer.setpoints}

    async def telemetry(
        self, channels: Sequence[str] = (), interval_s: float | None = None
    ) -> AsyncIterator[v.Sample]:
        """Stream samples, one each `interval_s` of reactor time."""
        units = {each.name: each.unit for each in (await self.reactor()).channels}
        request = reactor_pb2.StreamTelemetryRequest(channels=channels)
        if interval_s is not None:
            request.interval.CopyFrom(
                Duration(nanos=round(interval_s * 1e9) % 10**9, seconds=int(interval_s))
            )
        columns: Sequence[str] = ()
        try:
            async for message in self._reactor.StreamTelemetry(request):
                columns = list(message.channels) or columns
                yield read.sample(message, columns, units)
        except grpc.aio.AioRpcError as error:
            raise translate(error, self.address) from error

    async def spectrum(self, kind: str = "sample") -> v.Spectrum:
        """Take a "sample", "dark", "reference" or "emission" spectrum."""
        number = reactor_pb2.SpectrumKind.Value(f"SPECTRUM_KIND_{kind.upper()}")
        request = reactor_pb2.AcquireSpectrumRequest(request_id=new_request_id(), kind=number)
        answer = await call(
            lambda: self._reactor.AcquireSpectrum(request, timeout=LONG_DEADLINE_S), self.address
        )
        return read.spectrum(answer.spectrum)

    async def emergency_stop(self, reason: str) -> None:
        """Drive all outputs safe, now; latched until `reset`."""
        request = reactor_pb2.EmergencyStopRequest(reason=reason)
        await call(lambda: self._reactor.EmergencyStop(request, timeout=DEADLINE_S), self.address)

    async def reset(self) -> None:
        """Release a latched trip or stop; RefusedError while its cause stands."""
        request = reactor_pb2.ResetRequest(request_id=new_request_id())
        await call(lambda: self._reactor.Reset(request, timeout=DEADLINE_S), self.address)


def _setpoint(channel: str, value: float | str) -> reactor_pb2.Setpoint:
    if isinstance(value, str):
        try:
            number, unit = split(value)
        except QuantityError as error:
            raise QuantityError(f"{channel}: {error.message}", remedy=error.remedy) from error
        return reactor_pb2.Setpoint(channel=channel, value=number, unit=unit)
    return reactor_pb2.Setpoint(channel=channel, value=value)


class AsyncModels:
    """Surrogates on the device."""

    def __init__(self, channel: grpc.aio.Channel, address: str) -> None:
        self._stub = model_pb2_grpc.ModelServiceStub(channel)
        self._address = address

    async def push(self, folder: Path, progress: Callable[[int, int], None] | None = None) -> v.Model:
        """Send a bundle, from where a cut-off upload ended. `progress` gets bytes sent and bytes in all."""
        archive, request_id = pack_archive(folder), new_request_id()
        try:
            return await self._upload(archive, request_id, 0, progress)
        except DeviceError as error:
            held = error.details.get("offset", "")
            if error.reason != "UPLOAD_OFFSET" or not held.isdigit():
                raise
            return await self._upload(archive, request_id, int(held), progress)

    async def _upload(
        self, archive: bytes, request_id: str, offset: int, progress: Callable[[int, int], None] | None
    ) -> v.Model:
        header = model_pb2.BundleHeader(
            request_id=request_id,
            archive_sha256=hashlib.sha256(archive).hexdigest(),
            archive_bytes=len(archive),
            offset=offset,
        )

        async def parts() -> AsyncIterator[model_pb2.UploadBundleRequest]:
            yield model_pb2.UploadBundleRequest(header=header)
            for start in range(offset, len(archive), CHUNK_BYTES):
                chunk = archive[start : start + CHUNK_BYTES]
                yield model_pb2.UploadBundleRequest(chunk=chunk)
                if progress is not None:
                    progress(start + len(chunk), len(archive))

        answer = await call(lambda: self._stub.UploadBundle(parts(), timeout=LONG_DEADLINE_S), self._address)
        return read.model(answer.model)

    async def list(self, name: str = "") -> Sequence[v.Model]:
        request = model_pb2.ListModelsRequest(name=name)
        answer = await call(lambda: self._stub.ListModels(request, timeout=DEADLINE_S), self._address)
        return [read.model(each) for each in answer.models]

    async def get(self, name: str, digest: str = "") -> v.Model:
        request = model_pb2.GetModelRequest(name=name, digest=digest)
        answer = await call(lambda: self._stub.GetModel(request, timeout=DEADLINE_S), self._address)
        return read.model(answer.model)

    async def promote(self, name: str, digest: str = "", stage: str = "active") -> v.Model:
        """Move the newest version, or the one named by digest, to a stage."""
        request = model_pb2.PromoteModelRequest(
            request_id=new_request_id(),
            name=name,
            digest=digest,
            stage=model_pb2.ModelStage.Value(f"MODEL_STAGE_{stage.upper()}"),
        )
        answer = await call(lambda: self._stub.PromoteModel(request, timeout=DEADLINE_S), self._address)
        return read.model(answer.model)

    async def predict(
        self, name: str, rows: Sequence[Mapping[str, float | str]], digest: str = ""
    ) -> Sequence[v.PredictedRow]:
        """Ask the active version, or the one named by digest."""
        from ostwald.values import PredictedRow  # noqa: PLC0415 - a value that is made here alone

        request = model_pb2.PredictRequest(name=name, digest=digest, rows=[_row(each) for each in rows])
        answer = await call(lambda: self._stub.Predict(request, timeout=LONG_DEADLINE_S), self._address)
        return [
            PredictedRow(
                {key: read.prediction(each) for key, each in row.properties.items()}, row.novelty, row.trusted
            )
            for row in answer.rows
        ]

    async def predict_spectrum(
        self, name: str, wavelengths_nm: Sequence[float], values: Sequence[float], digest: str = ""
    ) -> v.PredictedRow:
        """Ask a soft sensor what a spectrum tells.

        Raises SpectrumError where the model is none, or where the spectrum does not cover its grid.
        """
        model = await self.get(name, digest)
        grid = SpectralGrid.from_names(model.inputs)
        row = dict(zip(grid.names(), grid.resample(wavelengths_nm, values, "the spectrum"), strict=True))
        # The version whose grid it is answers.
        return (await self.predict(name, [row], model.digest))[0]


def _row(row: Mapping[str, float | str]) -> model_pb2.ConditionRow:
    return model_pb2.ConditionRow(
        values={name: value for name, value in row.items() if not isinstance(value, str)},
        choices={name: value for name, value in row.items() if isinstance(value, str)},
    )
