"""A request acts once, and one that was cut off never acts a second time in silence."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
import pytest
from ostwald.v1 import reactor_pb2, run_pb2
from ostwald.v1.run_pb2_grpc import RunServiceStub

from controller.domain.errors import ControllerError, Kind
from controller.rpc.idempotency import Once
from controller.storage.journal import Journal
from tests.unit.controller.rpc.rpc_errors import refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.controller.rpc.conftest import Bench

REQUEST = reactor_pb2.ResetRequest(request_id="a")


class Deed:
    """An action that counts how often it acts, and hangs or fails as told."""

    def __init__(self) -> None:
        self.done = 0
        self.error: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self) -> reactor_pb2.ResetResponse:
        self.done += 1
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return reactor_pb2.ResetResponse(state=reactor_pb2.REACTOR_STATE_READY)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal.sqlite")
    yield opened
    opened.close()


async def ask(once: Once, deed: Deed, *, repeatable: bool = False) -> reactor_pb2.ResetResponse:
    return await once.answer(REQUEST, reactor_pb2.ResetResponse(), deed, repeatable=repeatable)


async def crash(once: Once, deed: Deed, *, repeatable: bool = False) -> None:
    """Let the process end after the action has acted and before its answer is kept."""
    deed.gate.clear()
    asking = asyncio.create_task(ask(once, deed, repeatable=repeatable))
    while not deed.done:
        await asyncio.sleep(0)
    await once.stop()
    with pytest.raises(asyncio.CancelledError):
        await asking
    deed.gate.set()


async def test_a_request_that_a_crash_cut_off_is_told_so_and_not_done_again(journal: Journal) -> None:
    deed = Deed()
    await crash(Once(journal.requests), deed)
    for _ in range(2):
        with pytest.raises(ControllerError, match="may have acted or not") as error:
            await ask(Once(journal.requests), deed)
        assert (error.value.reason, error.value.kind) == ("REQUEST_INTERRUPTED", Kind.ABORTED)
        assert "new request_id" in error.value.remedy
    assert deed.done == 1


async def test_a_request_that_comes_to_the_same_twice_is_done_again_after_a_crash(journal: Journal) -> None:
    deed = Deed()
    await crash(Once(journal.requests), deed, repeatable=True)
    answer = await ask(Once(journal.requests), deed, repeatable=True)
    assert (deed.done, answer.state) == (2, reactor_pb2.REACTOR_STATE_READY)
    assert await ask(Once(journal.requests), deed, repeatable=True) == answer
    assert deed.done == 2


async def test_the_note_is_on_the_disk_before_anything_acts(journal: Journal) -> None:
    method = reactor_pb2.ResetResponse.DESCRIPTOR.full_name
    seen = []

    async def act() -> reactor_pb2.ResetResponse:
        seen.append(journal.requests.get("a", method))
        return reactor_pb2.ResetResponse()

    await Once(journal.requests).answer(REQUEST, reactor_pb2.ResetResponse(), act)
    assert seen[0] is not None
    assert seen[0].answer is None
    kept = journal.requests.get("a", method)
    assert kept is not None
    assert kept.answer == b""


async def test_a_refusal_did_nothing_so_that_the_same_id_may_ask_again(journal: Journal) -> None:
    deed, once = Deed(), Once(journal.requests)
    deed.error = ControllerError("not now", reason="NOT_NOW", kind=Kind.REFUSED)
    for _ in range(2):
        with pytest.raises(ControllerError, match="not now"):
            await ask(once, deed)
    deed.error = None
    assert (await ask(once, deed)).state == reactor_pb2.REACTOR_STATE_READY
    assert deed.done == 3


async def test_an_empty_answer_is_an_answer(journal: Journal) -> None:
    acted = []

    async def act() -> reactor_pb2.ResetResponse:
        acted.append(1)
        return reactor_pb2.ResetResponse()

    for _ in range(2):
        await Once(journal.requests).answer(REQUEST, reactor_pb2.ResetResponse(), act)
    assert acted == [1]


async def test_another_request_under_the_id_of_one_cut_off_is_a_mistake(journal: Journal) -> None:
    deed = Deed()
    await crash(Once(journal.requests), deed)
    other = reactor_pb2.WriteSetpointsRequest(request_id="a", setpoints=[reactor_pb2.Setpoint(channel="x")])
    with pytest.raises(ControllerError) as error:
        await Once(journal.requests).answer(other, reactor_pb2.ResetResponse(), deed)
    assert error.value.reason == "REQUEST_ID_REUSED"


async def test_what_a_defect_cut_off_is_told_with_its_remedy(bench: Bench) -> None:
    stub = RunServiceStub(bench.channel)
    request = run_pb2.StartRunRequest(request_id="a", recipe_toml="defect")
    async with refused() as first:
        await stub.StartRun(request)
    async with refused() as again:
        await stub.StartRun(request)
    assert first.reason == "INTERNAL"
    assert (again.code, again.reason) == (grpc.StatusCode.ABORTED, "REQUEST_INTERRUPTED")
    assert again.metadata["remedy"].startswith("look at the device's state")
    assert (await stub.StartRun(run_pb2.StartRunRequest(request_id="b"))).run.run_id == "r1"
