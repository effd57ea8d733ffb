from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from ostwald.v1 import campaign_pb2, run_pb2
from ostwald.v1.campaign_pb2_grpc import CampaignServiceStub
from ostwald.v1.run_pb2_grpc import RunServiceStub

from tests.unit.controller.rpc.conftest import RUN, SPECTRUM
from tests.unit.controller.rpc.rpc_errors import refused

if TYPE_CHECKING:
    from tests.unit.controller.rpc.conftest import Bench

ANN = (("ostwald-actor", "ann@bench"), ("ostwald-lease", "secret"))


async def test_a_recipe_is_judged_without_acting(bench: Bench) -> None:
    stub = RunServiceStub(bench.channel)
    answer = await stub.ValidateRecipe(run_pb2.ValidateRecipeRequest(recipe_toml="bad"))
    assert [(each.line, each.place) for each in answer.violations] == [(4, "steps[0]")]
    assert bench.runs.started == 0


async def test_a_run_comes_with_its_spectrum_when_asked(bench: Bench) -> None:
    bench.journal.spectra.add(SPECTRUM)
    stub = RunServiceStub(bench.channel)
    assert not (await stub.GetRun(run_pb2.GetRunRequest(run_id="r1"))).HasField("spectrum")
    answer = await stub.GetRun(run_pb2.GetRunRequest(run_id="r1", with_spectrum=True))
    assert list(answer.spectrum.counts) == [9.0, 8.0]
    assert not answer.run.HasField("ended")


async def test_an_unknown_run_is_not_found(bench: Bench) -> None:
    stub = RunServiceStub(bench.channel)
    async with refused() as get:
        await stub.GetRun(run_pb2.GetRunRequest(run_id="zz"))
    async with refused() as watch:
        await stub.WatchRun(run_pb2.WatchRunRequest(run_id="zz")).read()
    assert get.reason == watch.reason == "RUN_UNKNOWN"
    assert get.code is watch.code is grpc.StatusCode.NOT_FOUND


async def test_pages_cover_a_list_without_gap_or_repeat(bench: Bench) -> None:
    stub = RunServiceStub(bench.channel)
    found, token = [], ""
    for expected in (3, 3, 1):
        page = await stub.ListRuns(run_pb2.ListRunsRequest(page_size=3, page_token=token))
        assert len(page.runs) == expected
        found += [each.run_id for each in page.runs]
        token = page.next_page_token
    assert (found, token) == ([f"r{n}" for n in range(7)], "")


@pytest.mark.parametrize("token", ["7", "nonsense!", "ZnJvbTotMQ==", "ZnJvbTo="])
async def test_an_invented_page_token_is_refused(bench: Bench, token: str) -> None:
    async with refused() as refusal:
        await RunServiceStub(bench.channel).ListRuns(run_pb2.ListRunsRequest(page_token=token))
    assert (refusal.reason, refusal.fields) == ("PAGE_TOKEN_INVALID", ["page_token"])


async def test_watching_goes_on_after_a_sequence(bench: Bench) -> None:
    request = run_pb2.WatchRunRequest(run_id="r1", after_sequence=1)
    seen = [each async for each in RunServiceStub(bench.channel).WatchRun(request)]
    assert [each.event.sequence for each in seen] == [2, 3]
    assert seen[0].event.time.boot_id == 7


async def test_a_run_knows_who_asked_for_it_and_under_which_lease(bench: Bench) -> None:
    stub = RunServiceStub(bench.channel)
    plain = await stub.StartRun(run_pb2.StartRunRequest(request_id="a"))
    leased = await stub.StartRun(run_pb2.StartRunRequest(request_id="b"), metadata=ANN)
    assert (plain.run.actor, plain.run.leased) == ("127.0.0.1", False)
    assert (leased.run.actor, leased.run.leased) == ("ann@bench (127.0.0.1)", True)


@pytest.mark.parametrize("repeated", [False, True])
async def test_a_run_is_held_and_resumed_once_a_request(bench: Bench, repeated: bool) -> None:
    stub = RunServiceStub(bench.channel)
    hold = run_pb2.HoldRunRequest(request_id="a", run_id="r1", reason="the stirrer\nstands")
    held = await stub.HoldRun(hold, metadata=ANN)
    assert held.run.state == run_pb2.RUN_STATE_HELD
    assert held.run.detail == "held by ann@bench (127.0.0.1): the stirrer stands"
    resume = run_pb2.ResumeRunRequest(request_id="b", run_id="r1")
    resumed = await stub.ResumeRun(resume, metadata=ANN)
    assert (resumed.run.actor, resumed.run.leased) == ("ann@bench (127.0.0.1)", True)
    if repeated:
        assert await stub.HoldRun(hold, metadata=ANN) == held
        assert await stub.ResumeRun(resume, metadata=ANN) == resumed
        assert bench.runs.holds == bench.runs.resumes == 1


async def test_what_cannot_be_held_or_resumed_says_so_and_may_be_asked_again(bench: Bench) -> None:
    stub = RunServiceStub(bench.channel)
    for _ in range(2):
        async with refused() as hold:
            await stub.HoldRun(run_pb2.HoldRunRequest(request_id="a", run_id="zz"))
        async with refused() as resume:
            await stub.ResumeRun(run_pb2.ResumeRunRequest(request_id="b", run_id="zz"))
        assert hold.code is resume.code is grpc.StatusCode.NOT_FOUND
        assert hold.reason == resume.reason == "RUN_UNKNOWN"


@pytest.mark.parametrize("kind", [run_pb2.HoldRunRequest, run_pb2.ResumeRunRequest, run_pb2.AbortRunRequest])
async def test_every_change_of_a_run_needs_a_request_id(bench: Bench, kind: Any) -> None:
    call = getattr(RunServiceStub(bench.channel), kind.DESCRIPTOR.name.removesuffix("Request"))
    async with refused() as refusal:
        await call(kind(run_id="r1"))
    assert (refusal.reason, refusal.fields) == ("REQUEST_ID_MISSING", ["request_id"])


async def test_an_abort_says_who_and_why(bench: Bench) -> None:
    request = run_pb2.AbortRunRequest(request_id="a", run_id="r1", reason="leak")
    answer = await RunServiceStub(bench.channel).AbortRun(request)
    assert (answer.run.state, answer.run.detail) == (run_pb2.RUN_STATE_ABORTED, "aborted by 127.0.0.1: leak")


async def test_the_longest_reason_is_cut(bench: Bench) -> None:
    request = run_pb2.AbortRunRequest(request_id="a", run_id="r1", reason="x" * 100_000)
    answer = await RunServiceStub(bench.channel).AbortRun(request)
    assert answer.run.detail == "aborted by 127.0.0.1: " + 500 * "x"


async def test_a_campaign_goes_from_created_to_aborted(bench: Bench) -> None:
    stub = CampaignServiceStub(bench.channel)
    created = await stub.CreateCampaign(campaign_pb2.CreateCampaignRequest(request_id="a"))
    assert created.campaign.objectives[0].property == "peak_wavelength"
    started = await stub.StartCampaign(campaign_pb2.StartCampaignRequest(request_id="b", campaign_id="c1"))
    assert started.campaign.state == campaign_pb2.CAMPAIGN_STATE_RUNNING
    got = await stub.GetCampaign(campaign_pb2.GetCampaignRequest(campaign_id="c1"))
    assert got.campaign.trials_budget == 20
    listed = await stub.ListCampaigns(campaign_pb2.ListCampaignsRequest())
    assert len(listed.campaigns) == 1
    ended = await stub.AbortCampaign(campaign_pb2.AbortCampaignRequest(request_id="c", campaign_id="c1"))
    assert ended.campaign.reason == "aborted by 127.0.0.1"


async def test_an_unknown_campaign_is_not_found(bench: Bench) -> None:
    async with refused() as refusal:
        await CampaignServiceStub(bench.channel).ListTrials(campaign_pb2.ListTrialsRequest(campaign_id="x"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "CAMPAIGN_UNKNOWN")


async def test_trials_carry_the_boot_that_their_run_had(bench: Bench) -> None:
    bench.journal.runs.add(replace(RUN, boot_id=5), "")
    request = campaign_pb2.WatchCampaignRequest(campaign_id="c1")
    seen = [each async for each in CampaignServiceStub(bench.channel).WatchCampaign(request)]
    assert [each.sequence for each in seen] == [1, 2]
    assert not seen[0].HasField("trial")
    assert seen[1].trial.started.boot_id == 5


async def test_trials_with_spectra_come_in_short_pages(bench: Bench) -> None:
    bench.journal.spectra.add(SPECTRUM)
    stub = CampaignServiceStub(bench.channel)
    plain = await stub.ListTrials(campaign_pb2.ListTrialsRequest(campaign_id="c1"))
    full = await stub.ListTrials(campaign_pb2.ListTrialsRequest(campaign_id="c1", with_spectra=True))
    assert (len(plain.trials), len(plain.spectra), plain.next_page_token) == (30, 0, "")
    assert len(full.trials) == len(full.spectra) == 20
    assert full.next_page_token
