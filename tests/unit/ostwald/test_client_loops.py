from __future__ import annotations

from dataclasses import replace
from math import nan
from typing import TYPE_CHECKING

import grpc
import pytest
from ostwald.client import AutotuneError, NotFoundError, Ostwald, RefusedError
from ostwald.errors import OstwaldError
from ostwald.loops import AsyncLoops
from ostwald.quantities import QuantityError
from ostwald.values import Loop, Reading, Tuning

from controller.domain.commands import EndAutotune, LoopMode, Retune, SetLoopMode, StartAutotune
from controller.domain.status import LoopStatus, TuningProposal
from tests.unit.controller.rpc.conftest import RUN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.unit.ostwald.conftest import Served

HEAT = LoopStatus("heat", LoopMode.AUTO, 60.0, 45.5, 32.0, 1.0, 10.0, 0.0)
RUNNING = replace(HEAT, tuning="running", setpoint=nan)
PROPOSED = replace(HEAT, tuning="proposed", proposal=TuningProposal(2.0, 40.0, 4.0, "lag 40 s"))
FAILED = replace(HEAT, tuning="failed", problem="the swing is lost in the noise")


@pytest.fixture
def heated(served: Served) -> Served:
    served.bench.reactor.loops = (HEAT,)
    return served


def commands(served: Served) -> list[object]:
    return [each.command for each in served.bench.reactor.asked]


def test_a_loop_is_read_with_what_it_asks(heated: Served) -> None:
    with Ostwald(heated.address) as device:
        assert device.loops.list() == [
            Loop(
                name="heat",
                sensor="reactor.temperature",
                actuator="reactor.heater",
                mode="auto",
                target=60.0,
                setpoint=45.5,
                output=32.0,
                output_unit="%",
                tuning=Tuning(1.0, 10.0, 0.0),
                scheduled=False,
                autotune="none",
                problem="",
                proposal=None,
                proposal_summary="",
            )
        ]


def test_a_loop_that_is_off_asks_nothing(heated: Served) -> None:
    heated.bench.reactor.loops = (replace(HEAT, mode=LoopMode.OFF, target=nan, setpoint=nan, output=nan),)
    with Ostwald(heated.address) as device:
        loop = device.loops.get("heat")
    assert (loop.mode, loop.target, loop.setpoint, loop.output) == ("off", None, None, None)


def test_a_loop_that_is_not_there_is_said_with_those_that_are(heated: Served) -> None:
    with Ostwald(heated.address) as device, pytest.raises(NotFoundError, match="the rig has heat") as caught:
        device.loops.get("cool")
    assert caught.value.reason == "LOOP_UNKNOWN"


def test_modes_tunings_and_ends_reach_control(heated: Served) -> None:
    with Ostwald(heated.address) as device:
        device.loops.set_mode("heat", "auto")
        device.loops.set_mode("heat", "manual", 30.0)
        device.loops.retune("heat", 2.5, 60.0)
        device.loops.accept("heat")
        device.loops.dismiss("heat")
    assert commands(heated) == [
        SetLoopMode("heat", LoopMode.AUTO),
        SetLoopMode("heat", LoopMode.MANUAL, 30.0),
        Retune("heat", 2.5, 60.0, 0.0),
        EndAutotune("heat", accept=True),
        EndAutotune("heat", accept=False),
    ]


def test_an_output_in_the_loops_unit_is_taken_and_one_in_another_refused(heated: Served) -> None:
    with Ostwald(heated.address) as device:
        device.loops.set_mode("heat", "manual", "30 %")
        device.loops.set_mode("heat", "manual", "31")
        with pytest.raises(QuantityError, match=r"'30 W' is not in %"):
            device.loops.set_mode("heat", "manual", "30 W")
    assert commands(heated) == [
        SetLoopMode("heat", LoopMode.MANUAL, 30.0),
        SetLoopMode("heat", LoopMode.MANUAL, 31.0),
    ]


def test_a_mode_that_is_none_is_not_sent(heated: Served) -> None:
    with Ostwald(heated.address) as device, pytest.raises(OstwaldError, match="use off, manual or auto"):
        device.loops.set_mode("heat", "automatic")
    assert commands(heated) == []


def test_an_experiment_takes_a_target_in_any_unit_of_its_kind(heated: Served) -> None:
    with Ostwald(heated.address) as device:
        device.loops.autotune("heat", "113 degF", "20 %")
        device.loops.autotune("heat", 50.0, 15.0)
    assert commands(heated) == [StartAutotune("heat", 45.0, 20.0), StartAutotune("heat", 50.0, 15.0)]


def test_what_a_run_holds_is_refused_by_its_reason(heated: Served) -> None:
    heated.bench.runs.active = RUN
    with Ostwald(heated.address) as device, pytest.raises(RefusedError) as caught:
        device.loops.retune("heat", 2.5, 60.0)
    assert caught.value.reason == "REACTOR_HELD_BY_RUN"


def test_a_proposal_that_stands_is_not_waited_for(heated: Served) -> None:
    heated.bench.reactor.loops = (PROPOSED,)
    with Ostwald(heated.address) as device:
        found = device.loops.wait_for_proposal("heat")
    assert (found.proposal, found.proposal_summary) == (Tuning(2.0, 40.0, 4.0), "lag 40 s")


@pytest.fixture
async def channel(heated: Served) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(heated.address) as opened:
        yield opened


async def test_a_proposal_is_waited_for_and_the_swing_shown_meanwhile(
    heated: Served, channel: grpc.aio.Channel
) -> None:
    coming = [RUNNING, PROPOSED]
    waits_s = []

    async def pause(duration_s: float) -> None:
        waits_s.append(duration_s)
        heated.bench.reactor.loops = (coming.pop(0),)

    seen: list[tuple[Loop, Reading]] = []
    heated.bench.reactor.loops = (RUNNING,)
    loops = AsyncLoops(channel, heated.address, pause=pause)
    found = await loops.wait_for_proposal("heat", lambda loop, reading: seen.append((loop, reading)))
    assert found.autotune == "proposed"
    assert waits_s == [1.0, 1.0]
    assert [(loop.autotune, reading.value, reading.unit) for loop, reading in seen] == [
        ("running", 25.0, "degC")
    ] * 2


@pytest.mark.parametrize(
    ("after", "words"), [(FAILED, "the swing is lost in the noise"), (HEAT, "nothing is proposed")]
)
async def test_an_experiment_that_ends_without_a_proposal_says_why(
    heated: Served, channel: grpc.aio.Channel, after: LoopStatus, words: str
) -> None:
    async def pause(_: float) -> None:
        heated.bench.reactor.loops = (after,)

    heated.bench.reactor.loops = (RUNNING,)
    with pytest.raises(AutotuneError, match=words):
        await AsyncLoops(channel, heated.address, pause=pause).wait_for_proposal("heat")
