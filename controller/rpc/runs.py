"""RunService: recipes checked, started, watched, aborted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ostwald.v1 import run_pb2 as pb
from ostwald.v1 import run_pb2_grpc

from controller.rpc import convert
from controller.rpc.paging import page_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ostwald.v1.run_pb2_grpc import _ServicerContext as Context

    from controller.rpc.idempotency import Once
    from controller.rpc.services import Services

LONGEST_REASON: Final = 500


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
            run = await self._runs.start(request.recipe_toml, dict(request.parameters))
            return pb.StartRunResponse(run=convert.run(run))

        return await self._once.answer(request, pb.StartRunResponse(), act)

    async def GetRun(self, request: pb.GetRunRequest, context: Context) -> pb.GetRunResponse:
        run = self._runs.get(request.run_id)
        spectrum = self._journal.spectra.get(run.spectrum_id) if request.with_spectrum else None
        return pb.GetRunResponse(
            run=convert.run(run), spectrum=None if spectrum is None else convert.spectrum(spectrum)
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

    async def AbortRun(self, request: pb.AbortRunRequest, context: Context) -> pb.AbortRunResponse:
        async def act() -> pb.AbortRunResponse:
            reason = request.reason[:LONGEST_REASON] or "aborted by a client"
            return pb.AbortRunResponse(run=convert.run(await self._runs.abort(request.run_id, reason)))

        return await self._once.answer(request, pb.AbortRunResponse(), act)
