"""Emission spectra over the contract: asked for, with their run, with their trials."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from ostwald.v1 import campaign_pb2, reactor_pb2, run_pb2
from ostwald.v1.campaign_pb2_grpc import CampaignServiceStub
from ostwald.v1.reactor_pb2_grpc import ReactorServiceStub
from ostwald.v1.run_pb2_grpc import RunServiceStub

from controller.domain.run import RunState
from tests.unit.controller.rpc.conftest import CAMPAIGN, EMISSION, RUN, SPECTRUM, trial

if TYPE_CHECKING:
    from tests.unit.controller.rpc.conftest import Bench


@pytest.fixture(autouse=True)
def kept(bench: Bench) -> None:
    for each in (SPECTRUM, EMISSION):
        bench.journal.spectra.add(each)


async def test_emission_is_asked_for_by_its_kind_also_while_a_run_is_held(bench: Bench) -> None:
    bench.runs.active = replace(RUN, state=RunState.HELD)
    request = reactor_pb2.AcquireSpectrumRequest(request_id="a", kind=reactor_pb2.SPECTRUM_KIND_EMISSION)
    await ReactorServiceStub(bench.channel).AcquireSpectrum(request)
    assert bench.reactor.calls == [("emission", None, None)]


async def test_a_run_comes_with_its_emission_and_features_that_are_there(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.runs, "get", lambda _run_id: replace(RUN, emission_id="e1"))
    stub = RunServiceStub(bench.channel)
    answer = await stub.GetRun(run_pb2.GetRunRequest(run_id="r1", with_spectrum=True))
    assert (answer.run.emission_id, answer.spectrum.spectrum_id) == ("e1", "s1")
    assert list(answer.emission.emission) == [7.0, 9e3]
    assert set(answer.emission.features) == {"emission_peak", "emission_energy", "emission_intensity"}
    assert not (await stub.GetRun(run_pb2.GetRunRequest(run_id="r1"))).HasField("emission")


async def test_trials_come_with_both_their_spectra(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [replace(trial(1), emission_id="e1")]
    monkeypatch.setattr(bench.campaigns, "trials", lambda _campaign_id, _limit, _offset: found)
    request = campaign_pb2.ListTrialsRequest(campaign_id="c1", with_spectra=True)
    answer = await CampaignServiceStub(bench.channel).ListTrials(request)
    assert [each.spectrum_id for each in answer.spectra] == ["s1", "e1"]
    assert answer.trials[0].emission_id == "e1"


async def test_a_campaign_lists_what_its_trials_show_in_order(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = {"peak_wavelength": "nm", "fwhm": "nm", "emission_peak": "nm", "impedance": "ohm"}
    monkeypatch.setattr(bench.campaigns, "get", lambda _campaign_id: replace(CAMPAIGN, units=units))
    request = campaign_pb2.GetCampaignRequest(campaign_id="c1")
    answer = await CampaignServiceStub(bench.channel).GetCampaign(request)
    assert [(each.name, each.unit) for each in answer.campaign.properties] == list(units.items())


async def test_the_files_of_a_campaign_arrive_with_it(bench: Bench) -> None:
    request = campaign_pb2.CreateCampaignRequest(request_id="a", files={"prisms.csv": "400,1\n"})
    await CampaignServiceStub(bench.channel).CreateCampaign(request)
    assert bench.campaigns.files == {"prisms.csv": "400,1\n"}
