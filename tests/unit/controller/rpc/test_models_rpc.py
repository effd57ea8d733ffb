from __future__ import annotations

import asyncio
import hashlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from ostwald.bundle import MAX_ARCHIVE_BYTES
from ostwald.v1 import model_pb2 as pb
from ostwald.v1.model_pb2_grpc import ModelServiceStub

from controller.rpc import models
from controller.rpc.uploads import MAX_CHUNK, open_upload
from tests.unit.controller.rpc.rpc_errors import refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.unit.controller.rpc.conftest import Bench

ARCHIVE = bytes(range(256)) * 600


def parts(
    content: bytes, *, offset: int = 0, sha256: str = "", request_id: str = "u"
) -> Iterator[pb.UploadBundleRequest]:
    yield pb.UploadBundleRequest(
        header=pb.BundleHeader(
            request_id=request_id,
            archive_sha256=sha256 or hashlib.sha256(ARCHIVE).hexdigest(),
            archive_bytes=len(ARCHIVE),
            offset=offset,
        )
    )
    for start in range(0, len(content), MAX_CHUNK):
        yield pb.UploadBundleRequest(chunk=content[start : start + MAX_CHUNK])


async def test_an_archive_arrives_whole_and_once(bench: Bench) -> None:
    stub = ModelServiceStub(bench.channel)
    first = await stub.UploadBundle(parts(ARCHIVE))
    again = await stub.UploadBundle(parts(ARCHIVE))
    assert bench.models.received == [ARCHIVE]
    assert first == again
    assert (first.model.stage, first.model.created.seconds) == (pb.MODEL_STAGE_SHADOW, 1769817600)
    assert list((bench.folder / "uploads").iterdir()) == []


async def test_an_upload_cut_off_goes_on_where_it_ended(bench: Bench) -> None:
    stub = ModelServiceStub(bench.channel)
    async with refused() as cut:
        await stub.UploadBundle(parts(ARCHIVE[:70_000]))
    assert (cut.reason, cut.metadata["offset"]) == ("UPLOAD_INCOMPLETE", "70000")
    await bench.restart()
    stub = ModelServiceStub(bench.channel)
    async with refused() as wrong:
        await stub.UploadBundle(parts(ARCHIVE))
    assert (wrong.code, wrong.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "UPLOAD_OFFSET")
    held = int(wrong.metadata["offset"])
    await stub.UploadBundle(parts(ARCHIVE[held:], offset=held))
    assert bench.models.received == [ARCHIVE]


class Silent:
    """A stream that sends a header and some bytes and then neither goes on nor ends."""

    def __init__(self, bench: Bench, sent: bytes, request_id: str = "u") -> None:
        self._parts = parts(sent, request_id=request_id)
        self._forever = asyncio.Event()
        self.call = ModelServiceStub(bench.channel).UploadBundle(self._stream())

    async def _stream(self) -> AsyncIterator[pb.UploadBundleRequest]:
        for part in self._parts:
            yield part
        await self._forever.wait()

    async def arrived(self, bench: Bench, count: int) -> None:
        """Wait until the server holds so many bytes."""
        folder = bench.folder / "uploads"
        while sum(each.stat().st_size for each in folder.glob("*.part")) < count:
            await asyncio.sleep(0)

    def end(self) -> None:
        self.call.cancel()


async def test_a_client_that_lost_its_stream_takes_the_upload_over_at_once(bench: Bench) -> None:
    lost = Silent(bench, ARCHIVE[:70_000])
    await lost.arrived(bench, 70_000)
    stub = ModelServiceStub(bench.channel)
    async with refused() as held:
        await stub.UploadBundle(parts(ARCHIVE))
    assert (held.reason, held.metadata["offset"]) == ("UPLOAD_OFFSET", "70000")
    async with refused() as ended:
        await lost.call
    assert (ended.code, ended.reason) == (grpc.StatusCode.ABORTED, "UPLOAD_TAKEN_OVER")
    await stub.UploadBundle(parts(ARCHIVE[70_000:], offset=70_000))
    assert bench.models.received == [ARCHIVE]


async def test_another_client_does_not_take_an_upload_over(bench: Bench) -> None:
    first = Silent(bench, ARCHIVE[:70_000])
    await first.arrived(bench, 70_000)
    async with refused() as busy:
        await ModelServiceStub(bench.channel).UploadBundle(parts(ARCHIVE, request_id="other"))
    assert (busy.code, busy.reason) == (grpc.StatusCode.UNAVAILABLE, "UPLOAD_BUSY")
    assert not first.call.done()
    first.end()


async def test_a_silent_stream_is_given_up_with_what_it_sent(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "_SILENCE_S", 0.0)
    silent = Silent(bench, b"")
    async with refused() as refusal:
        await silent.call
    assert (refusal.reason, refusal.metadata["offset"]) == ("UPLOAD_INCOMPLETE", "0")


async def test_who_asks_again_while_a_bundle_is_judged_gets_the_same_answer(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    judging, judged, receive = asyncio.Event(), asyncio.Event(), bench.models.receive

    async def slow(archive: Path) -> Any:
        judging.set()
        await judged.wait()
        return await receive(archive)

    monkeypatch.setattr(bench.models, "receive", slow)
    stub = ModelServiceStub(bench.channel)
    first = stub.UploadBundle(parts(ARCHIVE))
    await judging.wait()
    again = stub.UploadBundle(parts(b""))
    await again.wait_for_connection()
    judged.set()
    assert await first == await again
    assert bench.models.received == [ARCHIVE]


async def test_a_damaged_model_is_told_with_what_is_wrong(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = bench.models.get("silver").record
    hurt: Any = SimpleNamespace(record=record, manifest=None, damage="report.html is missing")
    monkeypatch.setattr(bench.models, "list", lambda _name: [hurt])
    (shown,) = (await ModelServiceStub(bench.channel).ListModels(pb.ListModelsRequest())).models
    assert (shown.name, shown.serial, shown.damage) == ("silver", 4, "report.html is missing")
    assert not shown.HasField("created")


async def test_an_archive_with_another_digest_is_thrown_away(bench: Bench) -> None:
    async with refused() as refusal:
        await ModelServiceStub(bench.channel).UploadBundle(parts(ARCHIVE, sha256="0" * 64))
    assert refusal.reason == "UPLOAD_DIGEST"
    assert bench.models.received == []
    assert list((bench.folder / "uploads").iterdir()) == []


async def test_more_than_was_announced_is_refused(bench: Bench) -> None:
    async with refused() as refusal:
        await ModelServiceStub(bench.channel).UploadBundle(parts(ARCHIVE + b"x"))
    assert (refusal.reason, refusal.fields) == ("UPLOAD_INVALID", ["chunk"])


async def test_the_header_comes_first_and_once(bench: Bench) -> None:
    stub = ModelServiceStub(bench.channel)
    async with refused() as missing:
        await stub.UploadBundle(iter([pb.UploadBundleRequest(chunk=b"x")]))
    header = next(parts(b""))
    async with refused() as twice:
        await stub.UploadBundle(iter([header, header]))
    assert missing.fields == twice.fields == ["header"]


@pytest.mark.parametrize(
    ("sha256", "total"), [("../../etc", 5), ("a" * 64, 0), ("A" * 64, 5), ("a" * 64, MAX_ARCHIVE_BYTES + 1)]
)
async def test_a_header_is_bounded_and_names_no_path(bench: Bench, sha256: str, total: int) -> None:
    header = pb.BundleHeader(request_id="u", archive_sha256=sha256, archive_bytes=total)
    async with refused() as refusal:
        await ModelServiceStub(bench.channel).UploadBundle(iter([pb.UploadBundleRequest(header=header)]))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "UPLOAD_INVALID")


def test_forgotten_parts_do_not_fill_the_disk(tmp_path: Path) -> None:
    for number in range(9):
        upload = open_upload(tmp_path, f"{number:064x}", 10)
        upload.begin(0)
        upload.append(b"abc")
    assert len(list(tmp_path.iterdir())) == 4


async def test_models_are_listed_read_and_promoted(bench: Bench) -> None:
    stub = ModelServiceStub(bench.channel)
    assert [each.name for each in (await stub.ListModels(pb.ListModelsRequest())).models] == ["silver"]
    assert (await stub.GetModel(pb.GetModelRequest(name="silver"))).model.inputs[0].unit == "uL/min"
    promoted = await stub.PromoteModel(pb.PromoteModelRequest(request_id="p", name="silver"))
    assert promoted.model.stage == pb.MODEL_STAGE_ACTIVE
    async with refused() as unknown:
        await stub.GetModel(pb.GetModelRequest(name="gold"))
    assert unknown.reason == "MODEL_UNKNOWN"


async def test_a_stage_of_the_future_is_refused(bench: Bench) -> None:
    request = pb.PromoteModelRequest(request_id="p", name="silver", stage=99)  # type: ignore[arg-type]
    async with refused() as refusal:
        await ModelServiceStub(bench.channel).PromoteModel(request)
    assert refusal.fields == ["stage"]


async def test_a_row_outside_the_training_data_is_not_trusted(bench: Bench) -> None:
    rows = [pb.ConditionRow(values={"flow": 0.5}), pb.ConditionRow(values={"flow": 1.5})] * 300
    answer = await ModelServiceStub(bench.channel).Predict(pb.PredictRequest(name="silver", rows=rows))
    assert len(answer.rows) == 600
    assert [each.trusted for each in answer.rows[-2:]] == [True, False]
    assert answer.rows[0].properties["peak_wavelength"].std == 2.0
    assert answer.digest == "d" * 64


@pytest.mark.parametrize("count", [0, 4097])
async def test_a_question_has_a_bounded_number_of_rows(bench: Bench, count: int) -> None:
    request = pb.PredictRequest(name="silver", rows=[pb.ConditionRow()] * count)
    async with refused() as refusal:
        await ModelServiceStub(bench.channel).Predict(request)
    assert refusal.fields == ["rows"]


async def test_an_input_is_a_number_or_a_choice(bench: Bench) -> None:
    row = pb.ConditionRow(values={"flow": 1.0}, choices={"flow": "fast"})
    async with refused() as refusal:
        await ModelServiceStub(bench.channel).Predict(pb.PredictRequest(name="silver", rows=[row]))
    assert refusal.fields == ["rows[0].flow"]
