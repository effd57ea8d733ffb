from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ostwald.client import InvalidError, NotFoundError, Ostwald, RefusedError

if TYPE_CHECKING:
    from tests.unit.ostwald.conftest import Served


def test_alarms_are_plain_values(served: Served) -> None:
    served.bench.reactor.pass_time(0.5, reactor_temperature=70.0)
    with Ostwald(served.address) as device:
        warm, *others = device.alarms.list()
        assert [warm] == device.alarms.list(only_standing=True)
    assert (warm.name, warm.state, warm.priority, warm.active) == ("warm", "unacknowledged", "high", True)
    assert (warm.value, warm.unit, warm.since_s, warm.shelved_left_s) == (70.0, "degC", 2.5, None)
    assert (warm.standing, warm.waiting, warm.trip) == (True, True, False)
    assert {(each.standing, each.waiting, each.value) for each in others} == {(False, False, None)}


def test_an_alarm_is_acknowledged_by_name_or_with_all_others(served: Served) -> None:
    served.bench.reactor.pass_time(0.5, reactor_temperature=70.0, reactor_pressure=0.2)
    with Ostwald(served.address, actor="ann@bench") as device:
        device.alarms.acknowledge("warm")
        assert [each.waiting for each in device.alarms.list(only_standing=True)] == [True, False]
        device.alarms.acknowledge()
        found = device.alarms.list(only_standing=True)
    assert [(each.state, each.by) for each in found] == [("acknowledged", "ann@bench (127.0.0.1)")] * 2


def test_an_alarm_is_shelved_for_a_while_and_brought_back(served: Served) -> None:
    with Ostwald(served.address) as device:
        device.alarms.shelve("warm", 90.5, "cleaning the cell")
        assert [(each.state, each.shelved_left_s) for each in device.alarms.list(only_standing=True)] == [
            ("shelved", 90.5)
        ]
        device.alarms.unshelve("warm")
        assert device.alarms.list(only_standing=True) == []


def test_an_alarm_is_taken_out_of_service_and_put_back(served: Served) -> None:
    with Ostwald(served.address) as device:
        device.alarms.out_of_service("warm", "sensor sent in")
        assert [each.state for each in device.alarms.list(only_standing=True)] == ["out_of_service"]
        device.alarms.in_service("warm")
        assert device.alarms.list(only_standing=True) == []


def test_refusals_come_with_reason_and_remedy(served: Served) -> None:
    with Ostwald(served.address) as device:
        with pytest.raises(NotFoundError, match="did you mean warm"):
            device.alarms.acknowledge("wram")
        with pytest.raises(InvalidError, match="reason: must say why"):
            device.alarms.shelve("warm", 60.0, "")
        with pytest.raises(RefusedError) as caught:
            device.alarms.shelve("hot", 60.0, "in the way")
    assert caught.value.reason == "TRIP_NOT_SHELVABLE"
