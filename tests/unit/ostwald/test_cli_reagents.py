from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from controller.domain.commands import SetReagent
from tests.unit.controller.rpc.test_reagents_rpc import REAGENTS, STOCKED
from tests.unit.ostwald.command_line import ostwald

if TYPE_CHECKING:
    from tests.unit.ostwald.command_line import Said
    from tests.unit.ostwald.conftest import Served


@pytest.fixture
def stocked(served: Served) -> Served:
    served.bench.reactor.plan = STOCKED
    served.bench.reactor.reagents_ul = (12_000.0,)
    return served


def reagent(served: Served, *arguments: str) -> Said:
    return ostwald(served.address, "reagent", *arguments)


def test_reagents_are_listed_in_units_that_fit(stocked: Served) -> None:
    _, water, silver = (line.split() for line in reagent(stocked, "list").lines)
    assert water == ["water", "not", "kept", "not", "kept", "water", "pump.water"]
    assert silver == ["silver", "12", "mL", "50", "mL", "AgNO3", "1", "mmol/L", "pump.silver"]


def test_brackets_in_a_stocks_name_are_no_markup(stocked: Served) -> None:
    bracketed = replace(REAGENTS[0], stock="buffer [old]")
    stocked.bench.reactor.plan = replace(STOCKED, reagents=(bracketed,))
    stocked.bench.reactor.reagents_ul = ()
    assert "buffer [old]" in reagent(stocked, "list").out


def test_reagents_are_listed_as_one_document(stocked: Served) -> None:
    documents = reagent(stocked, "list", "--json").json
    assert [each["left_ul"] for each in documents] == [None, 12_000.0]


def test_a_rig_without_reagents_says_so(served: Served) -> None:
    assert reagent(served, "list").out == "this rig has no reagents\n"


@pytest.mark.parametrize(
    ("arguments", "volume_ul", "told"),
    [((), 50_000.0, "50 mL"), (("200 mL",), 200_000.0, "200 mL"), (("0",), 0.0, "0 uL")],
)
def test_a_refill_takes_a_volume_with_its_unit(
    stocked: Served, arguments: tuple[str, ...], volume_ul: float, told: str
) -> None:
    assert reagent(stocked, "refill", "silver", *arguments).out == f"silver: {told} there\n"
    assert stocked.bench.reactor.asked[0].command == SetReagent("silver", volume_ul)


def test_a_refill_has_a_document(stocked: Served) -> None:
    document = reagent(stocked, "refill", "silver", "--json").json
    assert (document["name"], document["left_ul"]) == ("silver", 50_000.0)


def test_a_volume_without_a_unit_is_wrong_use(stocked: Served) -> None:
    assert reagent(stocked, "refill", "silver", "200").code == 2
    assert stocked.bench.reactor.asked == []


def test_a_reagent_that_is_not_there_is_refused_in_one_line(stocked: Served) -> None:
    answer = reagent(stocked, "refill", "sliver")
    assert (answer.code, answer.err) == (
        3,
        "error: there is no reagent 'sliver'; did you mean silver?\n",
    )
