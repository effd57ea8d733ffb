"""A line is primed by the account of its reagent, alone, and its pump stands still afterwards."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from controller.campaign.steps import StepContext, perform
from controller.domain.commands import SetReagent
from controller.domain.errors import ControllerError, DocumentError
from controller.domain.modes import State
from controller.domain.plan import ChannelPlan, ReagentPlan
from controller.domain.recipe import Flows, Prime
from tests.unit.controller.campaign.simulated_rig import ANN, BOOT, PLAN, SimulatedRig, recipe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SILVER = ReagentPlan("silver", "pump.silver", "1 mM", 5000.0, "reagent.silver", 1.0 / 60.0)
STOCKED = replace(
    PLAN,
    channels=(*PLAN.channels, ChannelPlan("reagent.silver", "", "level", "uL", 0.0, 1e6)),
    reagents=(SILVER, PLAN.reagents[1]),
)
HEAD = '[recipe]\nname = "try"\n[parameters.line]\nunit = "uL"\nlow = 10\nhigh = 500\ndefault = 200\n'


@pytest.fixture
def stocked(tmp_path: Path) -> Iterator[SimulatedRig]:
    made = SimulatedRig(tmp_path, STOCKED)
    yield made
    made.close()


def context(rig: SimulatedRig, **parameters: float) -> StepContext:
    return StepContext(rig.reactor, rig.journal, parameters, "r1", BOOT)


def left_ul(rig: SimulatedRig) -> float:
    return rig.reactor.snapshot().values[-1]


def step(line: str) -> str:
    return f"{HEAD}[[steps]]\nprime = {{{line}}}\n"


async def test_so_much_is_delivered_by_one_pump_alone_which_then_stands_still(stocked: SimulatedRig) -> None:
    at = context(stocked, line=200.0)
    await perform(Flows(400.0, {"silver": 50.0}, "water"), at)
    before_ul, began_s = left_ul(stocked), stocked.clock.now_s()
    await perform(Prime("silver", "line", 100.0), at)
    assert (stocked.output("pump.silver"), stocked.output("pump.water")) == (0.0, 0.0)
    assert stocked.clock.now_s() - began_s == pytest.approx(120.0, abs=2.0)
    assert before_ul - left_ul(stocked) == pytest.approx(200.0, abs=3.0)
    assert ("set pump.silver 100 uL/min, pump.water 0 uL/min", "run r1") in stocked.log
    assert at.washed is None


async def test_a_pump_in_another_unit_delivers_the_same(tmp_path: Path) -> None:
    channels = tuple(
        replace(each, unit="mL/min", high=1.0) if each.name == "pump.silver" else each
        for each in STOCKED.channels
    )
    reagents = (replace(SILVER, flow_ul_s=1000.0 / 60.0), PLAN.reagents[1])
    rig = SimulatedRig(tmp_path, replace(STOCKED, channels=channels, reagents=reagents))
    await perform(Prime("silver", 200.0, 100.0), context(rig))
    assert rig.clock.now_s() == pytest.approx(120.0, abs=3.0)
    assert 5000.0 - left_ul(rig) == pytest.approx(200.0, abs=3.0)
    rig.close()


async def test_what_is_filled_in_meanwhile_is_not_taken_for_a_flow_backwards(stocked: SimulatedRig) -> None:
    priming = asyncio.create_task(perform(Prime("silver", 200.0, 100.0), context(stocked)))
    await stocked.until(lambda: left_ul(stocked) < 4900.0)
    await stocked.reactor.request(SetReagent("silver", 9000.0), actor=ANN)
    await priming
    assert left_ul(stocked) == pytest.approx(8900.0, abs=5.0)


async def test_what_runs_out_is_not_waited_for(stocked: SimulatedRig) -> None:
    priming = asyncio.create_task(perform(Prime("silver", 200.0, 100.0), context(stocked)))
    await stocked.until(lambda: left_ul(stocked) < 4900.0)
    await stocked.reactor.request(SetReagent("silver", 20.0), actor=ANN)
    with pytest.raises(ControllerError, match="silver ran out: ") as short:
        await priming
    assert short.value.reason == "REAGENT_SHORT"


async def test_too_little_is_refused_before_anything_moves(stocked: SimulatedRig) -> None:
    await stocked.reactor.request(SetReagent("silver", 150.0), actor=ANN)
    stocked.pass_time(0.5)
    with pytest.raises(ControllerError, match="150 uL is left of silver, 200 uL is wanted") as refused:
        await perform(Prime("silver", 200.0, 100.0), context(stocked))
    assert refused.value.reason == "REAGENT_SHORT"
    assert "ostwald reagent refill silver" in refused.value.remedy
    assert stocked.output("pump.silver") == 0.0


async def test_a_blocked_pump_is_given_up_rather_than_waited_for(stocked: SimulatedRig) -> None:
    stocked.hardware.blocked.add("pump.silver")
    stocked.pass_time(0.5)
    with pytest.raises(ControllerError, match=r"delivers too little: 0.0 of 100 uL in 180 s") as given_up:
        await perform(Prime("silver", 100.0, 100.0), context(stocked))
    assert given_up.value.reason == "NO_FLOW"


async def test_a_primed_line_is_journaled_and_a_hold_stops_it_until_it_is_resumed(
    stocked: SimulatedRig,
) -> None:
    found = recipe(step('reagent = "silver", volume = "$line", flow = "100 uL/min"'), STOCKED)
    run = await stocked.runs.start(found.document, {}, actor=ANN)
    await stocked.until(lambda: stocked.output("pump.silver") > 0.0)
    held = await stocked.runs.hold(run.run_id, "look at the line")
    assert (held.state, stocked.output("pump.silver")) == (State.HELD, 0.0)
    await stocked.runs.resume(run.run_id, actor=ANN)
    await stocked.until(lambda: stocked.runs.active is None)
    assert stocked.runs.get(run.run_id).state is State.COMPLETE
    assert "prime silver" in [event.message for event in stocked.journal.runs.events(run.run_id)]


@pytest.mark.parametrize(
    ("line", "place", "said"),
    [
        ('reagent = "gold", volume = 1, flow = 1', ".reagent", "'gold' is not a reagent of this rig"),
        ('reagent = "water", volume = 1, flow = 1', ".reagent", "give it a volume in [reagents.water]"),
        ('reagent = "silver", volume = "6 mL", flow = 1', ".volume", "outside 0.1 to 5000 uL"),
        ('reagent = "silver", volume = 0, flow = 1', ".volume", "outside 0.1 to"),
        ('reagent = "silver", volume = 1, flow = "2 mL/min"', ".flow", "outside 0.001 to 1000 uL/min"),
        ('reagent = "silver", volume = 1, flow = "$line"', ".flow", "is in uL, and uL/min is needed here"),
        ('reagent = "silver", volume = 1', ".flow", "must be a quantity"),
        ('reagent = "silver", volume = 1, flow = 1, total = 1', ".total", "is not known here"),
    ],
)
def test_a_fault_names_its_place(line: str, place: str, said: str) -> None:
    with pytest.raises(DocumentError) as error:
        recipe(step(line), STOCKED)
    found = {each.place: each.description for each in error.value.violations}
    assert said in found[f"steps[0].prime{place}"]


def test_a_step_is_read_with_its_units() -> None:
    found = recipe(step('reagent = "silver", volume = "0.2 mL", flow = "100 uL/min"'), STOCKED)
    assert found.steps[0].action == Prime("silver", 200.0, 100.0)
