from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from ostwald.v1 import reagents_pb2 as pb
from ostwald.v1.reactor_pb2_grpc import ReactorServiceStub

from controller.domain.commands import SetReagent
from controller.domain.plan import ChannelPlan, ReagentPlan
from tests.unit.controller.rpc.conftest import PLAN, RUN
from tests.unit.controller.rpc.rpc_errors import refused

if TYPE_CHECKING:
    from tests.unit.controller.rpc.conftest import Bench

LEVEL = ChannelPlan("reagent.silver", "", "level", "uL", 0.0, 1e6)
# Water stands first: what is left is told of those alone whose volume is kept.
REAGENTS = (
    ReagentPlan("water", "pump.water", "water"),
    ReagentPlan("silver", "pump.silver", "AgNO3 1 mmol/L", 50_000.0, "reagent.silver", 1.0 / 60.0),
)
STOCKED = replace(PLAN, channels=(*PLAN.channels, LEVEL), reagents=REAGENTS)


@pytest.fixture
def stocked(bench: Bench) -> Bench:
    bench.reactor.plan = STOCKED
    bench.reactor.reagents_ul = (12_000.0,)
    return bench


def stub(bench: Bench) -> Any:
    return ReactorServiceStub(bench.channel)


def refill(name: str, volume_ul: float | None = None) -> pb.RefillReagentRequest:
    return pb.RefillReagentRequest(request_id="a", name=name, volume_ul=volume_ul)


async def test_reagents_are_told_with_what_is_left_where_it_is_kept(stocked: Bench) -> None:
    answer = await stub(stocked).ListReagents(pb.ListReagentsRequest())
    water, silver = answer.reagents
    assert (silver.name, silver.pump, silver.stock) == ("silver", "pump.silver", "AgNO3 1 mmol/L")
    assert (silver.left_ul, silver.full_ul) == (12_000.0, 50_000.0)
    assert (water.HasField("left_ul"), water.HasField("full_ul")) == (False, False)
    assert answer.time.seconds == 2.0


async def test_a_rig_without_reagents_has_an_empty_list(bench: Bench) -> None:
    assert not (await stub(bench).ListReagents(pb.ListReagentsRequest())).reagents


async def test_levels_that_control_has_not_told_of_can_be_asked_for_again(stocked: Bench) -> None:
    stocked.reactor.reagents_ul = ()
    async with refused() as refusal:
        await stub(stocked).ListReagents(pb.ListReagentsRequest())
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAVAILABLE, "REAGENTS_UNKNOWN")


async def test_a_refill_without_a_volume_is_a_full_one(stocked: Bench) -> None:
    metadata = (("ostwald-actor", "ann@bench"), ("ostwald-lease", "secret"))
    answer = await stub(stocked).RefillReagent(refill("silver"), metadata=metadata)
    asked = stocked.reactor.asked[0]
    assert asked.command == SetReagent("silver", 50_000.0)
    assert (asked.actor, asked.lease) == ("ann@bench (127.0.0.1)", "secret")
    assert (answer.reagent.left_ul, answer.reagent.full_ul) == (50_000.0, 50_000.0)


@pytest.mark.parametrize("volume_ul", [0.0, 7.5, 1e6])
async def test_a_volume_is_taken_as_it_is_said(stocked: Bench, volume_ul: float) -> None:
    answer = await stub(stocked).RefillReagent(refill("silver", volume_ul))
    assert stocked.reactor.asked[0].command == SetReagent("silver", volume_ul)
    assert answer.reagent.left_ul == volume_ul


@pytest.mark.parametrize("volume_ul", [-1.0, 1e6 + 1.0, float("nan"), float("inf")])
async def test_a_volume_outside_its_channel_is_refused(stocked: Bench, volume_ul: float) -> None:
    async with refused() as refusal:
        await stub(stocked).RefillReagent(refill("silver", volume_ul))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "OUT_OF_RANGE")
    assert refusal.fields == ["volume_ul"]
    assert stocked.reactor.asked == []


async def test_a_misspelt_reagent_brings_up_the_closest(stocked: Bench) -> None:
    async with refused() as refusal:
        await stub(stocked).RefillReagent(refill("sliver"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "REAGENT_UNKNOWN")
    assert refusal.metadata["remedy"] == "did you mean silver?"


async def test_a_reagent_of_a_rig_without_any_says_where_to_declare_one(bench: Bench) -> None:
    async with refused() as refusal:
        await stub(bench).RefillReagent(refill("silver"))
    assert refusal.metadata["remedy"] == "declare one in [reagents] of the rig file"


async def test_what_is_not_kept_cannot_be_refilled(stocked: Bench) -> None:
    async with refused() as refusal:
        await stub(stocked).RefillReagent(refill("water"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "REAGENT_NOT_KEPT")
    assert "[reagents.water]" in refusal.metadata["remedy"]


async def test_a_refill_is_taken_while_a_run_goes_on_and_acts_once(stocked: Bench) -> None:
    stocked.runs.active = RUN
    await stub(stocked).RefillReagent(refill("silver"))
    await stub(stocked).RefillReagent(refill("silver"))
    assert len(stocked.reactor.asked) == 1
