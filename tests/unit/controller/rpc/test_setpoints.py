from __future__ import annotations

from dataclasses import replace

import pytest
from ostwald.v1 import reactor_pb2 as pb

from controller.domain.errors import ControllerError
from controller.domain.plan import ChannelPlan, FlowGroupPlan, FlowMember
from controller.rpc.setpoints import targets_of
from tests.unit.controller.rpc.conftest import PLAN

FEED = replace(
    PLAN,
    channels=(
        *PLAN.channels,
        ChannelPlan("feed.total", "", "total", "uL/min", 0.0, 1000.0),
        ChannelPlan("feed.silver", "", "fraction", "1", 0.0, 1.0),
        ChannelPlan("reagent.silver", "", "level", "uL", 0.0, 1e6),
    ),
    flows=(FlowGroupPlan("feed", "feed.total", (FlowMember("pump.silver", "feed.silver"),)),),
)


def asked(channel: str, value: float, unit: str = "") -> pb.Setpoint:
    return pb.Setpoint(channel=channel, value=value, unit=unit)


def test_a_flow_group_takes_a_total_and_fractions() -> None:
    wanted = [asked("feed.total", 0.3, "mL/min"), asked("feed.silver", 1.0)]
    assert targets_of(FEED, wanted) == {"feed.total": 300.0, "feed.silver": 1.0}


@pytest.mark.parametrize("channel", ["reactor.pressure", "reagent.silver"])
def test_what_nothing_drives_is_only_read(channel: str) -> None:
    with pytest.raises(ControllerError) as caught:
        targets_of(FEED, [asked(channel, 1.0)])
    (violation,) = caught.value.violations
    assert violation.place == f"setpoints[0].{channel}"
    assert "only read" in violation.description
