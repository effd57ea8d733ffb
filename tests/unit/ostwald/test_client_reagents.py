from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ostwald.client import InvalidError, NotFoundError, Ostwald
from ostwald.values import Reagent

from controller.domain.commands import SetReagent
from tests.unit.controller.rpc.test_reagents_rpc import STOCKED

if TYPE_CHECKING:
    from tests.unit.ostwald.conftest import Served


@pytest.fixture
def stocked(served: Served) -> Served:
    served.bench.reactor.plan = STOCKED
    served.bench.reactor.reagents_ul = (12_000.0,)
    return served


def test_reagents_are_read_with_what_is_left_where_it_is_kept(stocked: Served) -> None:
    with Ostwald(stocked.address) as device:
        assert device.reagents.list() == [
            Reagent("water", "pump.water", "water", None, None),
            Reagent("silver", "pump.silver", "AgNO3 1 mmol/L", 12_000.0, 50_000.0),
        ]


def test_a_refill_is_full_unless_a_volume_is_said(stocked: Served) -> None:
    with Ostwald(stocked.address) as device:
        full, some = device.reagents.refill("silver"), device.reagents.refill("silver", 7.5)
    assert (full.left_ul, some.left_ul) == (50_000.0, 7.5)
    assert [each.command for each in stocked.bench.reactor.asked] == [
        SetReagent("silver", 50_000.0),
        SetReagent("silver", 7.5),
    ]


def test_a_wrong_refill_is_told_by_its_class(stocked: Served) -> None:
    with Ostwald(stocked.address) as device:
        with pytest.raises(NotFoundError, match="did you mean silver"):
            device.reagents.refill("sliver")
        with pytest.raises(InvalidError, match=r"-1 is outside 0 to 1e\+06 uL"):
            device.reagents.refill("silver", -1.0)
