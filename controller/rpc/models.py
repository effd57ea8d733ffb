"""ModelService: bundles taken in, listed, promoted, asked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ostwald.v1 import model_pb2 as pb
from ostwald.v1 import model_pb2_grpc

from controller.domain.errors import ControllerError, Kind, Violation
from controller.domain.models import Stage
from controller.rpc import convert
from controller.rpc.status import OffsetError
from controller.rpc.uploads import Upload, open_upload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ostwald.v1.model_pb2_grpc import _ServicerContext as Context

    from controller.domain.surrogates import Prediction
    from controller.rpc.idempotency import Once
    from controller.rpc.services import Services

MAX_ROWS: Final = 4096
# Between slices of a long question, telemetry gets its turn.
_SLICE: Final = 256
_SILENCE_S: Final = 30.0
"""A stream that sends nothing for so long is given up, so that another may take its place."""


@dataclass(frozen=True, slots=True)
class _Stream:
    """An upload under way: whose, and the task that collects its chunks, if it still does."""

    request_id: str
    collecting: asyncio.Task[None]


class ModelRpc(model_pb2_grpc.ModelServiceServicer):
    def __init__(self, services: Services, once: Once) -> None:
        self._models = services.models
        self._once = once
        self._uploading: dict[str, _Stream] = {}

    async def UploadBundle(
        self, request_iterator: AsyncIterator[pb.UploadBundleRequest], context: Context
    ) -> pb.UploadBundleResponse:
        header = await _header(request_iterator)
        # Going on at another offset is still the same request.
        request = pb.BundleHeader()
        request.CopyFrom(header)
        request.ClearField("offset")
        if (known := self._once.known(request, pb.UploadBundleResponse())) is not None:
            return known
        staging = self._models.folder / "uploads"
        upload = open_upload(staging, header.archive_sha256, header.archive_bytes)
        if await self._is_judged(upload, header.request_id):
            # Every byte of it is here: whoever asks again waits for the same judgement.
            return await self._once.answer(
                request, pb.UploadBundleResponse(), lambda: _lost(upload), repeatable=True
            )
        collecting = asyncio.create_task(_collect(upload, header.offset, request_iterator))
        stream = self._uploading[upload.sha256] = _Stream(header.request_id, collecting)
        try:
            await _finished(collecting)
            return await self._once.answer(
                request, pb.UploadBundleResponse(), lambda: self._receive(upload), repeatable=True
            )
        finally:
            if self._uploading.get(upload.sha256) is stream:
                del self._uploading[upload.sha256]

    async def _is_judged(self, upload: Upload, request_id: str) -> bool:
        """Whether the same request is past its last chunk; if not, its stream, which was lost, is ended.

        Raises ControllerError UPLOAD_BUSY where another request sends this archive.
        """
        other = self._uploading.get(upload.sha256)
        if other is None:
            return False
        if other.request_id != request_id:
            raise ControllerError(
                "this archive is being uploaded already",
                reason="UPLOAD_BUSY",
                kind=Kind.UNAVAILABLE,
                remedy=f"wait for the other upload; it is given up after {_SILENCE_S:g} s of silence",
            )
        if other.collecting.done():
            return True
        other.collecting.cancel()
        await asyncio.wait({other.collecting})
        return False

    async def _receive(self, upload: Upload) -> pb.UploadBundleResponse:
        try:
            info = await self._models.receive(upload.part)
        finally:
            upload.part.unlink(missing_ok=True)
        return pb.UploadBundleResponse(model=convert.model(info))

    async def ListModels(self, request: pb.ListModelsRequest, context: Context) -> pb.ListModelsResponse:
        return pb.ListModelsResponse(models=[convert.model(each) for each in self._models.list(request.name)])

    async def GetModel(self, request: pb.GetModelRequest, context: Context) -> pb.GetModelResponse:
        return pb.GetModelResponse(model=convert.model(self._models.get(request.name, request.digest)))

    async def PromoteModel(
        self, request: pb.PromoteModelRequest, context: Context
    ) -> pb.PromoteModelResponse:
        async def act() -> pb.PromoteModelResponse:
            stage = _stage(request.stage)
            info = self._models.promote(request.name, request.digest, stage)
            return pb.PromoteModelResponse(model=convert.model(info))

        return await self._once.answer(request, pb.PromoteModelResponse(), act, repeatable=True)

    async def Predict(self, request: pb.PredictRequest, context: Context) -> pb.PredictResponse:
        if not 0 < len(request.rows) <= MAX_ROWS:
            raise _invalid("rows", f"has {len(request.rows)} rows; 1 to {MAX_ROWS} are taken")
        rows = [_row(number, row) for number, row in enumerate(request.rows)]
        digest = request.digest
        answers: list[Prediction] = []
        for start in range(0, len(rows), _SLICE):
            # The version that answered first answers all of them.
            digest, some = self._models.predict(request.name, digest, rows[start : start + _SLICE])
            answers += some
            await asyncio.sleep(0)
        return pb.PredictResponse(
            digest=digest,
            rows=[
                pb.PredictedRow(
                    properties=convert.predictions(each.properties),
                    novelty=each.novelty,
                    trusted=each.trusted,
                )
                for each in answers
            ],
        )


async def _header(parts: AsyncIterator[pb.UploadBundleRequest]) -> pb.BundleHeader:
    first = await anext(parts, None)
    if first is None or not first.HasField("header"):
        raise _invalid("header", "must come first")
    return first.header


async def _collect(upload: Upload, offset: int, parts: AsyncIterator[pb.UploadBundleRequest]) -> None:
    upload.begin(offset)
    while True:
        try:
            async with asyncio.timeout(_SILENCE_S):
                part = await anext(parts, None)
        except TimeoutError:
            break  # what is missing is said below
        if part is None:
            break
        if not part.HasField("chunk"):
            raise _invalid("header", "must come first, and once")
        upload.append(part.chunk)
    await asyncio.to_thread(upload.finish)


async def _lost(upload: Upload) -> pb.UploadBundleResponse:
    raise OffsetError(
        "the upload ended while it was asked for again",
        reason="UPLOAD_INCOMPLETE",
        kind=Kind.UNAVAILABLE,
        offset=upload.held(),
    )


async def _finished(collecting: asyncio.Task[None]) -> None:
    """Wait for the last chunk; when the caller leaves, or another takes over, nothing is collected more."""
    try:
        await asyncio.wait({collecting})
    finally:
        collecting.cancel()
    if collecting.cancelled():
        raise ControllerError(
            "another stream of the same request took this upload over",
            reason="UPLOAD_TAKEN_OVER",
            kind=Kind.ABORTED,
        )
    collecting.result()


def _row(number: int, row: pb.ConditionRow) -> dict[str, float | str]:
    if twice := set(row.values) & set(row.choices):
        raise _invalid(f"rows[{number}].{min(twice)}", "stands among values and choices")
    return {**row.values, **row.choices}


def _stage(stage: pb.ModelStage.ValueType) -> Stage:
    if stage == pb.ModelStage.MODEL_STAGE_UNSPECIFIED:
        return Stage.ACTIVE
    try:
        return Stage(stage)
    except ValueError:
        raise _invalid("stage", f"{stage} is not a stage") from None


def _invalid(place: str, description: str) -> ControllerError:
    return ControllerError(
        "the request was refused", reason="REQUEST_INVALID", violations=(Violation(place, description),)
    )
