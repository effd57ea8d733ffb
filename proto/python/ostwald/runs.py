"""Executions of recipes, for programs that await and for those that wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc

from ostwald import from_proto as read
from ostwald.calls import DEADLINE_S, LONG_DEADLINE_S, call, new_request_id, translate
from ostwald.v1 import run_pb2, run_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

    from ostwald import values as v
    from ostwald.background import Background


class AsyncRuns:
    """Executions of recipes."""

    def __init__(self, channel: grpc.aio.Channel, address: str) -> None:
        self._stub = run_pb2_grpc.RunServiceStub(channel)
        self._address = address

    async def validate(self, recipe_toml: str, parameters: Mapping[str, str]) -> list[str]:
        """Check a recipe against the rig; return every fault, as text."""
        request = run_pb2.ValidateRecipeRequest(recipe_toml=recipe_toml, parameters=parameters)
        answer = await call(lambda: self._stub.ValidateRecipe(request, timeout=DEADLINE_S), self._address)
        return [
            f"line {each.line}, {each.place}: {each.description}"
            if each.line
            else f"{each.place}: {each.description}"
            for each in answer.violations
        ]

    async def start(self, recipe_toml: str, parameters: Mapping[str, str]) -> v.Run:
        """Start a run; under the lease of this client, if it holds one, whose loss then holds the run."""
        request = run_pb2.StartRunRequest(
            request_id=new_request_id(), recipe_toml=recipe_toml, parameters=parameters
        )
        answer = await call(lambda: self._stub.StartRun(request, timeout=DEADLINE_S), self._address)
        return read.run(answer.run)

    async def get(self, run_id: str) -> v.Run:
        """Return a run as it stands."""
        request = run_pb2.GetRunRequest(run_id=run_id)
        answer = await call(lambda: self._stub.GetRun(request, timeout=DEADLINE_S), self._address)
        return read.run(answer.run)

    async def list(self) -> Sequence[v.Run]:
        """Return the newest runs."""
        request = run_pb2.ListRunsRequest()
        answer = await call(lambda: self._stub.ListRuns(request, timeout=DEADLINE_S), self._address)
        return [read.run(each) for each in answer.runs]

    async def watch(self, run_id: str) -> AsyncIterator[tuple[str, v.Run]]:
        """Yield messages and the run as it stands, until it ends; a held run goes on being watched."""
        try:
            async for each in self._stub.WatchRun(run_pb2.WatchRunRequest(run_id=run_id)):
                yield each.event.message, read.run(each.run)
        except grpc.aio.AioRpcError as error:
            raise translate(error, self._address) from error

    async def hold(self, run_id: str, reason: str) -> v.Run:
        """Hold a run at once: pumps and lamps stop, temperatures stay, unless its recipe says otherwise.

        Returns when it is held, or as it ended instead; needs no lease.
        """
        request = run_pb2.HoldRunRequest(request_id=new_request_id(), run_id=run_id, reason=reason)
        answer = await call(lambda: self._stub.HoldRun(request, timeout=LONG_DEADLINE_S), self._address)
        return read.run(answer.run)

    async def resume(self, run_id: str) -> v.Run:
        """Let a held run go on with the step that was cut off, under the lease of this client, if any."""
        request = run_pb2.ResumeRunRequest(request_id=new_request_id(), run_id=run_id)
        answer = await call(lambda: self._stub.ResumeRun(request, timeout=LONG_DEADLINE_S), self._address)
        return read.run(answer.run)

    async def abort(self, run_id: str, reason: str) -> v.Run:
        """Stop a run, held or not; what it drove goes safe. Needs no lease."""
        request = run_pb2.AbortRunRequest(request_id=new_request_id(), run_id=run_id, reason=reason)
        answer = await call(lambda: self._stub.AbortRun(request, timeout=LONG_DEADLINE_S), self._address)
        return read.run(answer.run)


class Runs:
    """Executions of recipes. Methods are those of `AsyncRuns`; streams are iterators."""

    def __init__(self, loop: Background, runs: AsyncRuns) -> None:
        self._loop = loop
        self._runs = runs

    def validate(self, recipe_toml: str, parameters: Mapping[str, str]) -> list[str]:
        return self._loop.run(self._runs.validate(recipe_toml, parameters))

    def start(self, recipe_toml: str, parameters: Mapping[str, str]) -> v.Run:
        return self._loop.run(self._runs.start(recipe_toml, parameters))

    def get(self, run_id: str) -> v.Run:
        return self._loop.run(self._runs.get(run_id))

    def list(self) -> Sequence[v.Run]:
        return self._loop.run(self._runs.list())

    def watch(self, run_id: str) -> Iterator[tuple[str, v.Run]]:
        return self._loop.iterate(self._runs.watch(run_id))

    def hold(self, run_id: str, reason: str) -> v.Run:
        return self._loop.run(self._runs.hold(run_id, reason))

    def resume(self, run_id: str) -> v.Run:
        return self._loop.run(self._runs.resume(run_id))

    def abort(self, run_id: str, reason: str) -> v.Run:
        return self._loop.run(self._runs.abort(run_id, reason))
