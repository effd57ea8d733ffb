"""CampaignService: campaigns stored, started, watched, held, resumed, aborted, and their trials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ostwald.v1 import campaign_pb2 as pb
from ostwald.v1 import campaign_pb2_grpc

from controller.rpc import convert
from controller.rpc.actors import actor_of, lease_of
from controller.rpc.paging import MAX_SIZE, page_of
from controller.rpc.runs import because

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ostwald.v1.campaign_pb2_grpc import _ServicerContext as Context

    from controller.domain.campaign import Campaign, Trial
    from controller.rpc.idempotency import Once
    from controller.rpc.services import Services

# Each has two spectra of three columns of some 3600 pixels, 90 KB: below the 4 MiB that clients take.
_MAX_WITH_SPECTRA: Final = 20


class CampaignRpc(campaign_pb2_grpc.CampaignServiceServicer):
    def __init__(self, services: Services, once: Once) -> None:
        self._campaigns = services.campaigns
        self._journal = services.journal
        self._once = once

    async def CreateCampaign(
        self, request: pb.CreateCampaignRequest, context: Context
    ) -> pb.CreateCampaignResponse:
        async def act() -> pb.CreateCampaignResponse:
            campaign = self._campaigns.create(
                request.campaign_toml, request.recipe_toml, dict(request.overrides), dict(request.files)
            )
            return pb.CreateCampaignResponse(campaign=convert.campaign(campaign))

        return await self._once.answer(request, pb.CreateCampaignResponse(), act)

    async def StartCampaign(
        self, request: pb.StartCampaignRequest, context: Context
    ) -> pb.StartCampaignResponse:
        async def act() -> pb.StartCampaignResponse:
            campaign = await self._campaigns.start(
                request.campaign_id, actor=actor_of(context), lease=lease_of(context)
            )
            return pb.StartCampaignResponse(campaign=convert.campaign(campaign))

        return await self._once.answer(request, pb.StartCampaignResponse(), act)

    async def GetCampaign(self, request: pb.GetCampaignRequest, context: Context) -> pb.GetCampaignResponse:
        return pb.GetCampaignResponse(campaign=convert.campaign(self._campaigns.get(request.campaign_id)))

    async def ListCampaigns(
        self, request: pb.ListCampaignsRequest, context: Context
    ) -> pb.ListCampaignsResponse:
        page = page_of(request)
        campaigns, token = page.cut(self._campaigns.list(page.limit + 1, page.offset))
        return pb.ListCampaignsResponse(
            campaigns=[convert.campaign(each) for each in campaigns], next_page_token=token
        )

    async def WatchCampaign(
        self, request: pb.WatchCampaignRequest, context: Context
    ) -> AsyncIterator[pb.WatchCampaignResponse]:
        watched = self._campaigns.watch(request.campaign_id, request.after_sequence)
        async for event, campaign, trial in watched:
            yield pb.WatchCampaignResponse(
                sequence=event.sequence,
                campaign=convert.campaign(campaign),
                trial=None if trial is None else self._trial(trial, campaign),
                message=event.message,
            )

    async def HoldCampaign(
        self, request: pb.HoldCampaignRequest, context: Context
    ) -> pb.HoldCampaignResponse:
        async def act() -> pb.HoldCampaignResponse:
            reason = because("held", actor_of(context), request.reason)
            campaign = await self._campaigns.hold(
                request.campaign_id, reason, after_trial=request.after_trial
            )
            return pb.HoldCampaignResponse(campaign=convert.campaign(campaign))

        return await self._once.answer(request, pb.HoldCampaignResponse(), act, repeatable=True)

    async def ResumeCampaign(
        self, request: pb.ResumeCampaignRequest, context: Context
    ) -> pb.ResumeCampaignResponse:
        async def act() -> pb.ResumeCampaignResponse:
            campaign = await self._campaigns.resume(
                request.campaign_id, actor=actor_of(context), lease=lease_of(context)
            )
            return pb.ResumeCampaignResponse(campaign=convert.campaign(campaign))

        return await self._once.answer(request, pb.ResumeCampaignResponse(), act)

    async def AbortCampaign(
        self, request: pb.AbortCampaignRequest, context: Context
    ) -> pb.AbortCampaignResponse:
        async def act() -> pb.AbortCampaignResponse:
            reason = because("aborted", actor_of(context), request.reason)
            campaign = await self._campaigns.abort(request.campaign_id, reason)
            return pb.AbortCampaignResponse(campaign=convert.campaign(campaign))

        return await self._once.answer(request, pb.AbortCampaignResponse(), act, repeatable=True)

    async def ListTrials(self, request: pb.ListTrialsRequest, context: Context) -> pb.ListTrialsResponse:
        page = page_of(request, _MAX_WITH_SPECTRA if request.with_spectra else MAX_SIZE)
        campaign = self._campaigns.get(request.campaign_id)
        found = self._campaigns.trials(request.campaign_id, page.limit + 1, page.offset)
        trials, token = page.cut(found)
        wanted = trials if request.with_spectra else ()
        ids = [*(each.spectrum_id for each in wanted), *(each.emission_id for each in wanted)]
        spectra = [self._journal.spectra.get(each) for each in ids if each]
        return pb.ListTrialsResponse(
            trials=[self._trial(each, campaign) for each in trials],
            spectra=[convert.spectrum(each) for each in spectra if each is not None],
            next_page_token=token,
        )

    def _trial(self, trial: Trial, campaign: Campaign) -> pb.Trial:
        """Earlier trials may have run on an earlier boot: their runs know which."""
        run = self._journal.runs.get(trial.run_id) if trial.run_id else None
        return convert.trial(trial, campaign.boot_id if run is None else run.boot_id)
