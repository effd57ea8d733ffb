"""RunService: recipes checked, started, watched, held, resumed, aborted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ostwald.v1 import run_pb2 as pb
from ostwald.v1 import run_pb2_grpc

from controller.rpc import convert
from controller.rpc.actors import LONGEST_REASON, actor_of, clean, lease_of
from controller.rpc.paging import page_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ostwald.v1.run_pb2_grpc import _ServicerContext as Context

    from controller.rpc.idempotency import Once
    from controller.rpc.services import Services


class RunRpc(run_pb2_grpc.RunServiceServicer):
    def __init__(self, services: Services, once: Once) -> None:
        self._runs = services.runs
        self._journal = services.journal
        self._once = once

    async def ValidateRecipe(
        self, request: pb.ValidateRecipeRequest, context: Context
    ) -> pb.ValidateRecipeResponse:
        return pb.ValidateRecipeResponse(
            violations=[
                pb.RecipeViolation(line=each.line, place=each.place, description=each.description)
                for each in self._runs.validate(request.recipe_toml, dict(request.parameters))
            ]
        )

    async def StartRun(self, request: pb.StartRunRequest, context: Context) -> pb.StartRunResponse:
        async def act() -> pb.StartRunResponse:
            run = await self._runs.start(
                request.recipe_toml,
                dict(request.parameters),
                actor=actor_of(context),
                lease=lease_of(context),
            )
            return pb.StartRunResponse(run=convert.run(run))

        return await self._once.answer(request, pb.StartRunResponse(), act)

    async def GetRun(self, request: pb.GetRunRequest, context: Context) -> pb.GetRunResponse:
        run = self._runs.get(request.run_id)
        ids = (run.spectrum_id, run.emission_id) if request.with_spectrum else ("", "")
        spectrum, emission = (self._journal.spectra.get(each) for each in ids)
        return pb.GetRunResponse(
            run=convert.run(run),
            spectrum=None if spectrum is None else convert.spectrum(spectrum),
            emission=None if emission is None else convert.spectrum(emission),
        )

    async def ListRuns(self, request: pb.ListRunsRequest, context: Context) -> pb.ListRunsResponse:
        page = page_of(request)
        runs, token = page.cut(self._runs.list(page.limit + 1, page.offset))
        return pb.ListRunsResponse(runs=[convert.run(each) for each in runs], next_page_token=token)

    async def WatchRun(
        self, request: pb.WatchRunRequest, context: Context
    ) -> AsyncIterator[pb.WatchRunResponse]:
        async for event, run in self._runs.watch(request.run_id, request.after_sequence):
            yield pb.WatchRunResponse(event=convert.run_event(event, run.boot_id), run=convert.run(run))

    async def HoldRun(self, request: pb.HoldRunRequest, context: Context) -> pb.HoldRunResponse:
        async def act() -> pb.HoldRunResponse:
            run = await self._runs.hold(request.run_id, because("held", actor_of(context), request.reason))
            return pb.HoldRunResponse(run=convert.run(run))

        return await self._once.answer(request, pb.HoldRunResponse(), act, repeatable=True)

    async def ResumeRun(self, request: pb.ResumeRunRequest, context: Context) -> pb.ResumeRunResponse:
        async def act() -> pb.ResumeRunResponse:
            run = await self._runs.resume(request.run_id, actor=actor_of(context), lease=lease_of(context))
            return pb.ResumeRunResponse(run=convert.run(run))

        return await self._once.answer(request, pb.ResumeRunResponse(), act)

    async def AbortRun(self, request: pb.AbortRunRequest, context: Context) -> pb.AbortRunResponse:
        async def act() -> pb.AbortRunResponse:
            run = await self._runs.abort(
                request.run_id, because("aborted", actor_of(context), request.reason)
            )
            return pb.AbortRunResponse(run=convert.run(run))

        return await self._once.answer(request, pb.AbortRunResponse(), act, repeatable=True)


def because(deed: str, actor: str, reason: str) -> str:
    """Say who did it and why: "held by chemist@bench (127.0.0.1): the stirrer stands"."""
    why = clean(reason, LONGEST_REASON)
    return f"{deed} by {actor}" + (f": {why}" if why else "")
