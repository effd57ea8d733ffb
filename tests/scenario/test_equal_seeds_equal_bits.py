"""A stretch of a day of every rig, twice: control, drivers, frames, board, plant, detector, bit for bit."""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING, Any

import pytest

from controller.domain.run import RunState
from firmware_bridge.simulator.twins.registry import TWINS
from tests.scenario.run_bench import RunBench

if TYPE_CHECKING:
    from pathlib import Path

    from controller.domain.plan import RigPlan


class Recorded(RunBench):
    """A rig of which every tick is kept, as the bits of what its channels read and what they are asked."""

    def __init__(self, folder: Path, name: str) -> None:
        self.bits: list[bytes] = []
        super().__init__(folder, name)

    def tick(self, mail: list[Any] | None = None) -> None:
        super().tick(mail)
        now = self.reactor.snapshot()
        numbers = (now.time_s, *now.values, *now.setpoints)
        self.bits.append(struct.pack(f"<{len(numbers)}d{len(now.qualities)}B", *numbers, *now.qualities))


def recipe_of(plan: RigPlan) -> str:
    """Ask something of every loop and actuator, let it act, and look at what comes of it."""
    driven = {loop.actuator for loop in plan.loops}
    asked = {loop.sensor: 0.35 for loop in plan.loops}
    asked |= {each.name: 0.1 for each in plan.channels if each.is_actuator and each.name not in driven}
    found = [channel for channel in plan.channels if channel.name in asked]
    targets = ", ".join(
        f'"{each.name}" = "{each.low + asked[each.name] * (each.high - each.low):.6f} {each.unit}"'
        for each in found
    )
    steps = (
        'acquire = {kind = "dark", scans = 2}',
        f"set = {{{targets}}}",
        'dwell = {time = "12 s"}',
        'acquire = {kind = "sample", scans = 2}',
    )
    return '[recipe]\nname = "stretch"\n' + "".join(f"\n[[steps]]\n{step}\n" for step in steps)


async def live(folder: Path, name: str) -> tuple[list[bytes], list[tuple[float, ...]]]:
    """Return the bits of every tick, and what the detector counted."""
    bench = Recorded(folder, name)
    try:
        run = await bench.runs.start(recipe_of(bench.plan), {})
        while bench.active is not None:
            await asyncio.sleep(0)
        ended = bench.runs.get(run.run_id)
        assert ended.state is RunState.COMPLETE, ended.detail
        spectra = [bench.journal.spectra.newest("dark"), bench.journal.spectra.newest("sample")]
        return bench.bits, [each.counts for each in spectra if each is not None]
    finally:
        bench.close()


@pytest.mark.parametrize("twin", TWINS.values(), ids=lambda twin: twin.name)
async def test_equal_seeds_give_equal_bits(tmp_path, twin):
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
    bits, counts = await live(folders[0], twin.rig_file.stem)
    assert len(bits) > 100
    assert len(counts) == 2
    assert len(set(bits)) == len(bits)
    assert (bits, counts) == await live(folders[1], twin.rig_file.stem)
