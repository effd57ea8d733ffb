"""What control makes of a spectrometer that the service says is lost."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import pytest

from controller.control.model import compile_plan
from controller.control.state import initial_state
from controller.control.step import step
from controller.domain.alarms import AlarmPlan, AlarmState, Priority
from controller.domain.commands import DONE, Reply, ReportDevice, Request
from controller.domain.conditions import BoardLost
from controller.domain.plan import InterlockPlan, RigPlan, SpectrometerPlan
from controller.domain.readings import Inputs, Quality, ReactorState
from tests.unit.controller.control.judging import rig

EYE = SpectrometerPlan("eye", "heater", 80.0, 0.1, 4, 400.0, 800.0)
PLAN = replace(rig(), spectrometer=EYE, alarms=(AlarmPlan("eye.lost", BoardLost("eye"), Priority.HIGH),))


class Control:
    """Control on a rig that is well, told of its spectrometer."""

    def __init__(self, plan: RigPlan = PLAN) -> None:
        self.model = compile_plan(plan)
        self.state = initial_state(self.model)
        self.inputs = Inputs(
            values=tuple(0.0 if each.is_actuator else nan for each in plan.channels),
            qualities=(int(Quality.GOOD),) * len(plan.channels),
            boards_ready=True,
            stop_cause="",
            stop_pressed=False,
            service_alive=True,
            boards_lost=(False,),
        )
        self.tick()

    def tick(self, *requests: Request) -> list[Reply]:
        outcome = step(self.model, self.state, self.inputs, requests, 0.1)
        self.state = outcome.state
        return list(outcome.replies)

    def tell(self, *, lost: bool, device: str = "eye") -> Reply:
        (reply,) = self.tick(Request(ReportDevice(device, lost), "ostwaldd"))
        self.tick()
        return reply

    def alarm(self) -> AlarmState:
        return self.state.alarms.records[0].state


def test_a_lost_spectrometer_raises_its_alarm_until_it_is_back() -> None:
    control = Control()
    assert control.tell(lost=True) == DONE
    assert control.alarm() is AlarmState.UNACKNOWLEDGED
    assert control.state.state is ReactorState.READY
    control.tell(lost=False)
    assert control.alarm() is AlarmState.RETURNED


def test_an_interlock_on_it_trips() -> None:
    control = Control(replace(PLAN, interlocks=(InterlockPlan("blind", BoardLost("eye")),)))
    control.tell(lost=True)
    assert control.state.reason == "interlock blind: device eye is lost"


@pytest.mark.parametrize("device", ["board", "nobody", "x" * 999])
def test_of_other_devices_control_knows_better(device: str) -> None:
    control = Control()
    reply = control.tell(lost=True, device=device)
    assert reply.refused == "DEVICE_UNKNOWN"
    assert len(reply.detail) < 120
    assert control.alarm() is AlarmState.NORMAL
