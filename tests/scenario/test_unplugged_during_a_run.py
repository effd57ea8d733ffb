"""Each device of both example rigs is unplugged during a run, and plugged in again.

Outputs are safe at once, an alarm is raised, the run is held; it goes on to its end when a person resumes it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from controller.domain.errors import ControllerError
from controller.domain.readings import ReactorState
from controller.domain.run import RunState
from tests.scenario.run_bench import RunBench, load

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

RECIPE = """
[recipe]
name = "unplugged"

[[steps]]
acquire = {kind = "dark", scans = 2}

[[steps]]
acquire = {kind = "reference", scans = 2}

[[steps]]
set = {"reactor.temperature" = "30 degC", "mixer.temperature" = "28 degC", "lamp.power" = "40 %"}

[[steps]]
flows.total = "900 uL/min"
flows.fractions = {agno3 = "20 %", pva = "20 %", citrate = "20 %", seed = "20 %"}
flows.balance = "reductant"

[[steps]]
dwell = {volumes = 0.3}

[[steps]]
dwell = {time = "8 s"}

[[steps]]
acquire = {kind = "sample", scans = 2}
"""
DEVICES = [(rig, each.name) for rig in ("silver-twin", "silver-instruments") for each in load(rig).devices]
SEEN_WITHIN_S = 4.0
"""Five pumps on a line are asked in turn: the fifth time-out in a row is one of the lost one."""
ALONE_WITHIN_S = 6.0
"""A New Era pump that hears nothing stops after 5 s; Eurotherm's remote setpoint falls back sooner."""
WITHOUT_WATCHDOG = {"lamp"}
"""Goes on by itself when its cable is cut, as its page says; put behind a relay what may not."""
BACK_WITHIN_S = 15.0


class Rig(RunBench):
    """A bench whose runs are guarded."""

    def well(self) -> bool:
        return self.state is ReactorState.READY

    def moves(self) -> list[float]:
        """What the pumps and the lamp do to the plant."""
        drive, bench = self.simulation.rig.board.drive, self.simulation.rig.bench
        actions = [] if bench is None else [each.action for each in bench.twins.values()]
        own = [value for action in actions for value in (action.flow_ul_s, action.light)]
        return [*drive.pump_steps_s, drive.lamp_duty, *own]

    async def bring_back(self) -> None:
        """Reset until it is granted, as a person would, and wait until the reactor is ready."""
        for _ in range(30):
            with suppress(ControllerError):
                await self.reactor.reset(actor="ann")
                break
            self.pass_time(0.5)
        await self.until(self.well, BACK_WITHIN_S)


@pytest.fixture
async def rig(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    made = Rig(tmp_path, request.param)
    guard = asyncio.create_task(made.runs.guard())
    yield made
    guard.cancel()
    with suppress(asyncio.CancelledError):
        await guard
    await made.runs.stop()
    made.close()


async def working(rig: Rig) -> str:
    """Start a run and let everything act; its id."""
    run = await rig.runs.start(RECIPE, {}, actor="ann")
    await rig.until(lambda: rig.active is not None and rig.active.step == 6, 60.0)
    rig.pass_time(2.0)
    assert all(value > 0.0 for name, value in rig.acts().items() if name not in ("mixer", "reactor"))
    return run.run_id


async def finish(rig: Rig, run_id: str) -> None:
    assert not any(rig.acts().values()), "nothing acts again by itself"
    await rig.runs.resume(run_id, actor="ann")
    await rig.until(lambda: rig.active is None, 240.0)
    run = rig.runs.get(run_id)
    assert run.state is RunState.COMPLETE, run.detail
    assert run.spectrum_id


def controlled(name: str) -> bool:
    return name != "spectrometer"


@pytest.mark.parametrize(
    ("rig", "device"), [each for each in DEVICES if controlled(each[1])], indirect=["rig"]
)
async def test_a_device_that_acts(rig: Rig, device: str) -> None:
    run_id = await working(rig)
    rig.plug(device, unplugged=True)
    await rig.until(lambda: f"{device}.lost" in rig.standing(), SEEN_WITHIN_S)
    await rig.until(rig.is_held, 0.5)
    assert rig.state is not ReactorState.READY
    await rig.until(lambda: not any(value for name, value in rig.acts().items() if name != device), 2.0)
    await rig.until(lambda: device in WITHOUT_WATCHDOG or not rig.acts()[device], ALONE_WITHIN_S)
    with pytest.raises(ControllerError) as refused:
        await rig.runs.resume(run_id, actor="ann")
    assert refused.value.reason == "REACTOR_NOT_READY"
    rig.plug(device, unplugged=False)
    await rig.bring_back()
    rig.pass_time(1.0)
    assert f"{device}.lost" not in rig.standing()
    await finish(rig, run_id)


@pytest.mark.parametrize(
    ("rig", "link"), [("silver-instruments", "pumps"), ("silver-instruments", "modbus")], indirect=["rig"]
)
async def test_a_port_with_all_its_devices(rig: Rig, link: str) -> None:
    run_id = await working(rig)
    here = [each.name for each in rig.plan.devices if each.link == link]
    rig.cables[link].cut(cut=True)
    await rig.until(lambda: {f"{name}.lost" for name in here} <= set(rig.standing()), SEEN_WITHIN_S)
    await rig.until(rig.is_held, 0.5)
    await rig.until(lambda: not any(value for name, value in rig.acts().items() if name not in here), 2.0)
    rig.cables[link].cut(cut=False)
    await rig.bring_back()
    await finish(rig, run_id)


@pytest.mark.parametrize("rig", ["silver-twin", "silver-instruments"], indirect=True)
async def test_the_spectrometer_which_an_exposure_misses(rig: Rig) -> None:
    run_id = await working(rig)
    rig.plug("spectrometer", unplugged=True)
    await rig.until(rig.is_held, 60.0)
    run = rig.runs.get(run_id)
    assert run.detail.startswith("the spectrometer does not answer: ")
    await rig.until(lambda: "spectrometer.lost" in rig.standing(), 1.0)
    # A hold keeps temperatures; pumps and lamp stop.
    await rig.until(lambda: not any(rig.moves()), 2.0)
    rig.plug("spectrometer", unplugged=False)
    await rig.spectrometry.look()
    rig.pass_time(1.5)
    assert "spectrometer.lost" not in rig.standing()
    await rig.runs.resume(run_id, actor="ann")
    await rig.until(lambda: rig.active is None, 240.0)
    assert rig.runs.get(run_id).state is RunState.COMPLETE


@pytest.mark.parametrize("rig", ["silver-twin", "silver-instruments"], indirect=True)
async def test_the_spectrometer_between_exposures(rig: Rig) -> None:
    await rig.spectrometry.look()
    rig.plug("spectrometer", unplugged=True)
    await rig.spectrometry.look()
    rig.pass_time(1.5)
    assert rig.standing() == ["spectrometer.lost"]
    assert [each.state for each in rig.reactor.links() if each.name == "spectrometer"] == ["lost"]


@pytest.mark.parametrize(
    ("rig", "device"), [("silver-twin", "board"), ("silver-instruments", "seed")], indirect=["rig"]
)
async def test_a_device_that_is_away_for_a_moment_only(rig: Rig, device: str) -> None:
    run_id = await working(rig)
    rig.plug(device, unplugged=True)
    await rig.until(lambda: not rig.well(), SEEN_WITHIN_S)
    rig.plug(device, unplugged=False)
    await rig.until(rig.is_held, 0.5)
    await rig.bring_back()
    rig.pass_time(1.5)
    waiting = {each.name for each in rig.reactor.alarms() if each.state.name == "RETURNED"}
    assert f"{device}.lost" in waiting, "it tells why the run is held"
    await finish(rig, run_id)
