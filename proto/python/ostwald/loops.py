"""Loops of a device: how they stand, their modes and tunings, and auto-tune."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from ostwald import from_proto as read
from ostwald.calls import DEADLINE_S, NotFoundError, call, new_request_id
from ostwald.errors import AutotuneError, OstwaldError
from ostwald.quantities import number_in, split
from ostwald.v1 import loops_pb2, reactor_pb2, reactor_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    import grpc

    from ostwald import values as v
    from ostwald.background import Background

    Progress = Callable[[v.Loop, v.Reading], None]

_MODES: Final[Mapping[str, loops_pb2.LoopMode.ValueType]] = {
    "off": loops_pb2.LOOP_MODE_OFF,
    "manual": loops_pb2.LOOP_MODE_MANUAL,
    "auto": loops_pb2.LOOP_MODE_AUTO,
}
# Control tells of its loops once a second.
_POLL_S: Final = 1.0


class AsyncLoops:
    """Loops by name. While another holds the lease, or a run the reactor, they can only be looked at."""

    def __init__(
        self,
        channel: grpc.aio.Channel,
        address: str,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._stub = reactor_pb2_grpc.ReactorServiceStub(channel)
        self._address = address
        self._pause = pause

    async def list(self) -> Sequence[v.Loop]:
        """Return all loops, in the order of the rig file."""
        request = loops_pb2.ListLoopsRequest()
        answer = await call(lambda: self._stub.ListLoops(request, timeout=DEADLINE_S), self._address)
        return [read.loop(each) for each in answer.loops]

    async def get(self, name: str) -> v.Loop:
        """Return one loop; NotFoundError LOOP_UNKNOWN."""
        loops = await self.list()
        for each in loops:
            if each.name == name:
                return each
        known = ", ".join(each.name for each in loops)
        raise NotFoundError(
            f"there is no loop '{name}'",
            reason="LOOP_UNKNOWN",
            remedy=f"the rig has {known}" if known else "declare one in [loops] of the rig file",
        )

    async def set_mode(self, name: str, mode: str, output: float | str | None = None) -> None:
        """Switch a loop to "off", "manual" or "auto", without a bump.

        `output` is what a manual loop holds, in its output unit ("30 %"); None: what it gives now.
        """
        if mode not in _MODES:
            raise OstwaldError(f"'{mode}' is no mode of a loop", remedy="use off, manual or auto")
        request = loops_pb2.SetLoopModeRequest(
            request_id=new_request_id(),
            loop=name,
            mode=_MODES[mode],
            output=None if output is None else await self._output(name, output),
        )
        await call(lambda: self._stub.SetLoopMode(request, timeout=DEADLINE_S), self._address)

    async def retune(self, name: str, gain: float, integral_s: float, derivative_s: float = 0.0) -> None:
        """Put other parameters into a loop, without a bump; the gain in output unit per unit of its sensor.

        They stand over restarts, until others are put there.
        """
        request = loops_pb2.RetuneLoopRequest(
            request_id=new_request_id(),
            loop=name,
            tuning=loops_pb2.Tuning(gain=gain, integral_s=integral_s, derivative_s=derivative_s),
        )
        await call(lambda: self._stub.RetuneLoop(request, timeout=DEADLINE_S), self._address)

    async def autotune(self, name: str, target: float | str, amplitude: float | str) -> None:
        """Start an experiment that swings a loop around `target` and ends in a proposal.

        `target` is "45 degC", or a number in the sensor's unit; `amplitude` is how far the output may swing
        from its balance, in the output's unit ("20 %").
        """
        number, unit = split(target) if isinstance(target, str) else (target, "")
        request = loops_pb2.StartAutotuneRequest(
            request_id=new_request_id(),
            loop=name,
            target=number,
            target_unit=unit,
            amplitude=await self._output(name, amplitude),
        )
        await call(lambda: self._stub.StartAutotune(request, timeout=DEADLINE_S), self._address)

    async def wait_for_proposal(self, name: str, on_progress: Progress | None = None) -> v.Loop:
        """Wait until an experiment ends; return the loop with what is proposed for it.

        `on_progress` is called once a second, with the loop and what its sensor reads. Raises AutotuneError
        when the experiment fails, or when none runs.
        """
        while (loop := await self.get(name)).autotune == "running":
            if on_progress is not None:
                on_progress(loop, await self._reading(loop.sensor))
            await self._pause(_POLL_S)
        if loop.autotune == "failed":
            raise AutotuneError(f"the experiment in {name} failed: {loop.problem}")
        if loop.proposal is None:
            raise AutotuneError(
                f"no experiment runs in {name}, and nothing is proposed",
                remedy="start one with 'ostwald loop autotune'",
            )
        return loop

    async def accept(self, name: str) -> None:
        """Put the proposed tuning into the loop."""
        await self._end(name, accept=True)

    async def dismiss(self, name: str) -> None:
        """Drop what is proposed; while an experiment runs, end it."""
        await self._end(name, accept=False)

    async def _end(self, name: str, *, accept: bool) -> None:
        request = loops_pb2.EndAutotuneRequest(request_id=new_request_id(), loop=name, accept=accept)
        await call(lambda: self._stub.EndAutotune(request, timeout=DEADLINE_S), self._address)

    async def _output(self, name: str, value: float | str) -> float:
        """Read an output; the device is asked for the unit only when one is written."""
        if not isinstance(value, str):
            return value
        number, unit = split(value)
        return number_in(value, (await self.get(name)).output_unit) if unit else number

    async def _reading(self, channel: str) -> v.Reading:
        request = reactor_pb2.ReadChannelsRequest(channels=[channel])
        answer = await call(lambda: self._stub.ReadChannels(request, timeout=DEADLINE_S), self._address)
        return read.reading(answer.readings[0])


class Loops:
    """`AsyncLoops` for programs that wait."""

    def __init__(self, background: Background, loops: AsyncLoops) -> None:
        self._background = background
        self._loops = loops

    def list(self) -> Sequence[v.Loop]:
        return self._background.run(self._loops.list())

    def get(self, name: str) -> v.Loop:
        return self._background.run(self._loops.get(name))

    def set_mode(self, name: str, mode: str, output: float | str | None = None) -> None:
        self._background.run(self._loops.set_mode(name, mode, output))

    def retune(self, name: str, gain: float, integral_s: float, derivative_s: float = 0.0) -> None:
        self._background.run(self._loops.retune(name, gain, integral_s, derivative_s))

    def autotune(self, name: str, target: float | str, amplitude: float | str) -> None:
        self._background.run(self._loops.autotune(name, target, amplitude))

    def wait_for_proposal(self, name: str, on_progress: Progress | None = None) -> v.Loop:
        """Wait as `AsyncLoops` does; `on_progress` is called in the client's own thread."""
        return self._background.run(self._loops.wait_for_proposal(name, on_progress))

    def accept(self, name: str) -> None:
        self._background.run(self._loops.accept(name))

    def dismiss(self, name: str) -> None:
        self._background.run(self._loops.dismiss(name))
