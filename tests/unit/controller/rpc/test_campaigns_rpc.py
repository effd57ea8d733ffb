from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import pytest
from ostwald.v1 import campaign_pb2 as pb
from ostwald.v1.campaign_pb2_grpc import CampaignServiceStub

from tests.unit.controller.rpc.rpc_errors import refused

if TYPE_CHECKING:
    from tests.unit.controller.rpc.conftest import Bench

ANN = (("ostwald-actor", "ann@bench"), ("ostwald-lease", "secret"))


async def test_a_campaign_is_held_and_resumed_once_a_request(bench: Bench) -> None:
    stub = CampaignServiceStub(bench.channel)
    hold = pb.HoldCampaignRequest(request_id="a", campaign_id="c1", reason="the stirrer\nstands")
    resume = pb.ResumeCampaignRequest(request_id="b", campaign_id="c1")
    held = await stub.HoldCampaign(hold, metadata=ANN)
    assert held.campaign.state == pb.CAMPAIGN_STATE_HELD
    assert held.campaign.reason == "held by ann@bench (127.0.0.1): the stirrer stands"
    resumed = await stub.ResumeCampaign(resume, metadata=ANN)
    assert resumed.campaign.reason == "resumed by ann@bench (127.0.0.1) under secret"
    assert await stub.HoldCampaign(hold, metadata=ANN) == held
    assert await stub.ResumeCampaign(resume, metadata=ANN) == resumed
    assert bench.campaigns.holds == bench.campaigns.resumes == 1


async def test_a_hold_may_wait_for_the_end_of_the_trial(bench: Bench) -> None:
    request = pb.HoldCampaignRequest(request_id="a", campaign_id="c1", after_trial=True)
    answer = await CampaignServiceStub(bench.channel).HoldCampaign(request)
    assert answer.campaign.state == pb.CAMPAIGN_STATE_RUNNING


@pytest.mark.parametrize(
    "kind",
    [pb.StartCampaignRequest, pb.HoldCampaignRequest, pb.ResumeCampaignRequest, pb.AbortCampaignRequest],
)
async def test_every_change_of_a_campaign_needs_a_request_id_and_a_campaign(bench: Bench, kind: Any) -> None:
    call = getattr(CampaignServiceStub(bench.channel), kind.DESCRIPTOR.name.removesuffix("Request"))
    async with refused() as nameless:
        await call(kind(campaign_id="c1"))
    assert (nameless.reason, nameless.fields) == ("REQUEST_ID_MISSING", ["request_id"])
    async with refused() as unknown:
        await call(kind(request_id="a", campaign_id="zz"))
    assert (unknown.code, unknown.reason) == (grpc.StatusCode.NOT_FOUND, "CAMPAIGN_UNKNOWN")
