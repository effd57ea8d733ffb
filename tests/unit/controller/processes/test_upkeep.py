"""The service's care for control: what is told again after a restart, and what becomes of recordings."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from math import nan
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from controller.domain.commands import (
    Command,
    EndAutotune,
    LoopMode,
    Reset,
    Retune,
    SetReagent,
    ShelveAlarm,
)
from controller.domain.errors import ControllerError
from controller.domain.plan import ReagentPlan
from controller.domain.status import ControlStatus, LoopStatus, TuningProposal
from controller.processes import upkeep as upkeeping
from controller.processes.upkeep import Upkeep
from controller.storage.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PROPOSAL = TuningProposal(2.0, 30.0, 1.0, "plant: ...")
LOOP = LoopStatus("zone", LoopMode.AUTO, 40.0, 40.0, 20.0, 1.0, 10.0, 0.0)


class Reactor:
    """Control, as the service sees it; a refusal stands for a rig that no longer has the name."""

    def __init__(self) -> None:
        self.boot_id = 1
        self.plan = SimpleNamespace(reagents=(ReagentPlan("silver", "pump", "", 900.0, level="left"),))
        self.newest = ControlStatus(1, loops=(LOOP,), reagents_ul=(870.0,))
        self.asked: list[tuple[Command, str]] = []
        self.refusing: ControllerError | None = None

    def snapshot(self) -> Any:
        return SimpleNamespace(boot_id=self.boot_id)

    def status(self) -> ControlStatus:
        return self.newest

    async def request(self, command: Command, *, actor: str) -> None:
        await asyncio.sleep(0)
        if self.refusing is not None:
            raise self.refusing
        self.asked.append((command, actor))


class Mailbox:
    def __init__(self) -> None:
        self.sent: list[object] = []
        self.checkpoint_asked = asyncio.Event()

    async def connect(self) -> None:
        raise ControllerError("not yet", reason="CONTROL_GONE")

    async def request(self, message: object) -> None:
        self.sent.append(message)
        self.checkpoint_asked.set()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal.db", lambda: 1000.0)
    yield opened
    opened.close()


@pytest.fixture
def reactor() -> Reactor:
    return Reactor()


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def care(reactor: Reactor, mailbox: Mailbox, journal: Journal) -> Upkeep:
    return Upkeep(reactor, mailbox, journal, SimpleNamespace(drain=lambda: False))  # type: ignore[arg-type]


def another(reactor: Reactor, journal: Journal) -> Upkeep:
    """A service that has just been restarted."""
    return Upkeep(reactor, None, journal, None)  # type: ignore[arg-type]


async def test_a_control_that_booted_is_told_what_stood_before(care, reactor) -> None:
    care.remember(ShelveAlarm("hot", 60.0, "cleaning"), "chemist")
    care.remember(Reset(), "chemist")
    await care.restore()
    assert reactor.asked == [(ShelveAlarm("hot", 60.0, "cleaning"), "chemist")]
    reactor.boot_id = 2
    await care.restore()
    assert len(reactor.asked) == 2


async def test_a_control_is_told_once_however_often_and_by_whomever_it_is_tried(
    care, reactor, journal
) -> None:
    care.remember(SetReagent("silver", 900.0), "chemist")
    await asyncio.gather(care.restore(), care.restore())
    await care.restore()
    await another(reactor, journal).restore()
    assert reactor.asked == [(SetReagent("silver", 900.0), "chemist")]


async def test_a_control_that_dies_meanwhile_is_told_the_next_time(care, reactor) -> None:
    care.remember(SetReagent("silver", 900.0), "chemist")
    reactor.refusing = ControllerError("it died", reason="CONTROL_GONE")
    with pytest.raises(ControllerError):
        await care.restore()
    reactor.refusing = None
    await care.restore()
    assert len(reactor.asked) == 1


async def test_what_the_rig_no_longer_has_is_logged_and_hinders_nothing(care, reactor, journal) -> None:
    care.remember(SetReagent("gold", 900.0), "chemist")
    reactor.refusing = ControllerError("no volume is kept of gold", reason="REAGENT_UNKNOWN")
    with capture_logs() as logs:
        await care.restore()
    assert [(each["event"], each["request"]) for each in logs] == [("not restored", "SetReagent")]
    assert journal.standing.is_restored(1)


@pytest.mark.parametrize(
    "loop",
    [
        replace(LOOP, proposal=PROPOSAL, tuning="proposed"),
        replace(LOOP, gain=2.0, integral_s=30.0, derivative_s=1.0),
    ],
    ids=["status from before", "status from after"],
)
def test_an_accepted_tuning_is_remembered_whenever_the_status_comes(care, reactor, journal, loop) -> None:
    reactor.newest = replace(reactor.newest, loops=(loop,))
    care.remember(EndAutotune("zone", accept=True), "chemist")
    assert [request.command for request in journal.standing.due()] == [Retune("zone", 2.0, 30.0, 1.0)]


def test_a_dismissed_tuning_is_not_remembered(care, journal) -> None:
    care.remember(EndAutotune("zone", accept=False), "chemist")
    assert journal.standing.due() == []


async def run_until(care: Upkeep, happened: Callable[[], bool]) -> None:
    running = asyncio.create_task(care.run())
    async with asyncio.timeout(10.0):
        while not happened():
            await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


@pytest.fixture
def at_once(monkeypatch) -> None:
    for pause in ("_RETRY_S", "_DRAIN_EVERY_S", "_LEVELS_EVERY_S", "_FAILED_PAUSE_S"):
        monkeypatch.setattr(upkeeping, pause, 0.0)


@pytest.mark.usefixtures("at_once")
async def test_levels_are_journaled_once_control_has_been_told_the_old_ones(care, journal) -> None:
    await care.restore()
    await run_until(care, lambda: bool(journal.standing.due()))
    assert journal.standing.due()[0].command == SetReagent("silver", 870.0)


@pytest.mark.usefixtures("at_once")
async def test_levels_of_a_control_that_has_not_been_told_are_not_journaled(care, reactor, journal) -> None:
    await care.restore()
    asked = iter(range(50))
    reactor.status = lambda: replace(reactor.newest, boot_id=2, reagents_ul=(float(next(asked, nan)),))
    await run_until(care, lambda: next(asked, None) is None)
    assert journal.standing.due() == []


@pytest.mark.usefixtures("at_once")
async def test_a_keeper_that_wants_a_checkpoint_gets_control_asked(reactor, mailbox, journal) -> None:
    care = Upkeep(reactor, mailbox, journal, SimpleNamespace(drain=lambda: True))  # type: ignore[arg-type]
    await run_until(care, mailbox.checkpoint_asked.is_set)
    assert mailbox.sent[0] == {"op": "checkpoint"}


@pytest.mark.usefixtures("at_once")
async def test_a_full_disk_is_logged_once_and_drained_again(reactor, mailbox, journal) -> None:
    drained = []

    def drain() -> bool:
        drained.append(1)
        if len(drained) < 4:
            raise OSError(28, "No space left on device")
        return False

    care = Upkeep(reactor, mailbox, journal, SimpleNamespace(drain=drain))  # type: ignore[arg-type]
    with capture_logs() as logs:
        await run_until(care, lambda: len(drained) > 5)
    assert [each["event"] for each in logs if each["log_level"] == "error"] == ["nothing is recorded"]
