"""Campaigns, for programs that await and for those that wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc

from ostwald import from_proto as read
from ostwald.calls import DEADLINE_S, LONG_DEADLINE_S, call, new_request_id, translate
from ostwald.v1 import campaign_pb2, campaign_pb2_grpc
from ostwald.values import CampaignEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

    from ostwald import values as v
    from ostwald.background import Background


class AsyncCampaigns:
    """Campaigns, by id or by name; a name means the newest campaign of it."""

    def __init__(self, channel: grpc.aio.Channel, address: str) -> None:
        self._stub = campaign_pb2_grpc.CampaignServiceStub(channel)
        self._address = address

    async def create(
        self,
        campaign_toml: str,
        recipe_toml: str,
        overrides: Mapping[str, str] | None = None,
        files: Mapping[str, str] | None = None,
    ) -> v.Campaign:
        """Check and store a campaign; nothing moves yet.

        `files` has the text of every file that the campaign names, by that name: a target spectrum.
        """
        request = campaign_pb2.CreateCampaignRequest(
            request_id=new_request_id(),
            campaign_toml=campaign_toml,
            recipe_toml=recipe_toml,
            overrides=overrides or {},
            files=files or {},
        )
        answer = await call(lambda: self._stub.CreateCampaign(request, timeout=DEADLINE_S), self._address)
        return read.campaign(answer.campaign)

    async def start(self, campaign: str) -> v.Campaign:
        """Start a created or held campaign, under the lease of this client if it holds one."""
        found = await self.get(campaign)
        request = campaign_pb2.StartCampaignRequest(
            request_id=new_request_id(), campaign_id=found.campaign_id
        )
        answer = await call(lambda: self._stub.StartCampaign(request, timeout=DEADLINE_S), self._address)
        return read.campaign(answer.campaign)

    async def get(self, campaign: str) -> v.Campaign:
        """Return a campaign as it stands."""
        for each in await self.list():
            if campaign in (each.campaign_id, each.name):
                return each
        request = campaign_pb2.GetCampaignRequest(campaign_id=campaign)
        answer = await call(lambda: self._stub.GetCampaign(request, timeout=DEADLINE_S), self._address)
        return read.campaign(answer.campaign)

    async def list(self) -> Sequence[v.Campaign]:
        """Return the newest campaigns."""
        request = campaign_pb2.ListCampaignsRequest(page_size=200)
        answer = await call(lambda: self._stub.ListCampaigns(request, timeout=DEADLINE_S), self._address)
        return [read.campaign(each) for each in answer.campaigns]

    async def watch(self, campaign: str) -> AsyncIterator[v.CampaignEvent]:
        """Yield events from the first until the campaign ends or is held."""
        found = await self.get(campaign)
        request = campaign_pb2.WatchCampaignRequest(campaign_id=found.campaign_id)
        try:
            async for each in self._stub.WatchCampaign(request):
                trial = read.trial(each.trial) if each.HasField("trial") else None
                yield CampaignEvent(each.sequence, each.message, read.campaign(each.campaign), trial)
        except grpc.aio.AioRpcError as error:
            raise translate(error, self._address) from error

    async def hold(self, campaign: str, reason: str, *, after_trial: bool = False) -> v.Campaign:
        """Hold a running campaign: within its trial, or `after_trial` before the next. Needs no lease.

        Returns when it is held, or as it ended instead; with `after_trial` at once.
        """
        found = await self.get(campaign)
        request = campaign_pb2.HoldCampaignRequest(
            request_id=new_request_id(),
            campaign_id=found.campaign_id,
            reason=reason,
            after_trial=after_trial,
        )
        answer = await call(lambda: self._stub.HoldCampaign(request, timeout=LONG_DEADLINE_S), self._address)
        return read.campaign(answer.campaign)

    async def resume(self, campaign: str) -> v.Campaign:
        """Let a held campaign go on, under the lease of this client if it holds one."""
        found = await self.get(campaign)
        request = campaign_pb2.ResumeCampaignRequest(
            request_id=new_request_id(), campaign_id=found.campaign_id
        )
        answer = await call(
            lambda: self._stub.ResumeCampaign(request, timeout=LONG_DEADLINE_S), self._address
        )
        return read.campaign(answer.campaign)

    async def abort(self, campaign: str, reason: str) -> v.Campaign:
        """End a campaign and its run, held or not; finished trials are kept. Needs no lease."""
        found = await self.get(campaign)
        request = campaign_pb2.AbortCampaignRequest(
            request_id=new_request_id(), campaign_id=found.campaign_id, reason=reason
        )
        answer = await call(lambda: self._stub.AbortCampaign(request, timeout=LONG_DEADLINE_S), self._address)
        return read.campaign(answer.campaign)

    async def trials(self, campaign: str, *, with_spectra: bool = False) -> Sequence[v.Trial]:
        """Return all trials in order."""
        request = campaign_pb2.ListTrialsRequest(
            campaign_id=(await self.get(campaign)).campaign_id, with_spectra=with_spectra
        )
        trials: list[v.Trial] = []
        while True:
            answer = await call(lambda: self._stub.ListTrials(request, timeout=DEADLINE_S), self._address)
            spectra = {each.spectrum_id: read.spectrum(each) for each in answer.spectra}
            trials += [
                read.trial(each, spectra.get(each.spectrum_id), spectra.get(each.emission_id))
                for each in answer.trials
            ]
            request.page_token = answer.next_page_token
            if not request.page_token:
                return trials


class Campaigns:
    """Campaigns, by id or by name. Methods are those of `AsyncCampaigns`; streams are iterators."""

    def __init__(self, loop: Background, campaigns: AsyncCampaigns) -> None:
        self._loop = loop
        self._campaigns = campaigns

    def create(
        self,
        campaign_toml: str,
        recipe_toml: str,
        overrides: Mapping[str, str] | None = None,
        files: Mapping[str, str] | None = None,
    ) -> v.Campaign:
        return self._loop.run(self._campaigns.create(campaign_toml, recipe_toml, overrides, files))

    def start(self, campaign: str) -> v.Campaign:
        return self._loop.run(self._campaigns.start(campaign))

    def get(self, campaign: str) -> v.Campaign:
        return self._loop.run(self._campaigns.get(campaign))

    def list(self) -> Sequence[v.Campaign]:
        return self._loop.run(self._campaigns.list())

    def watch(self, campaign: str) -> Iterator[v.CampaignEvent]:
        return self._loop.iterate(self._campaigns.watch(campaign))

    def hold(self, campaign: str, reason: str, *, after_trial: bool = False) -> v.Campaign:
        return self._loop.run(self._campaigns.hold(campaign, reason, after_trial=after_trial))

    def resume(self, campaign: str) -> v.Campaign:
        return self._loop.run(self._campaigns.resume(campaign))

    def abort(self, campaign: str, reason: str) -> v.Campaign:
        return self._loop.run(self._campaigns.abort(campaign, reason))

    def trials(self, campaign: str, *, with_spectra: bool = False) -> Sequence[v.Trial]:
        return self._loop.run(self._campaigns.trials(campaign, with_spectra=with_spectra))
