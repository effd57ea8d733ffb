"""A loaded surrogate answers rows by input name, and says which row it can't read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from ostwald.bundle import Input, read_manifest

from controller.domain.errors import ControllerError
from controller.inference.sessions import MAX_ROWS, Session, is_loadable
from tests.unit.controller.inference.bundles import MANIFEST, linear

if TYPE_CHECKING:
    import onnx

    from tests.unit.controller.inference.bundles import Foundry


@pytest.fixture
def session(foundry: Foundry) -> Session:
    folder = foundry.bundle()
    return Session(folder, read_manifest(folder))


def refusal(act) -> ControllerError:
    with pytest.raises(ControllerError) as refused:
        act()
    return refused.value


def test_rows_are_answered_in_order_with_units_and_trust(session: Session) -> None:
    inside, outside = session.predict([{"flow": 3.0}, {"flow": 20.0}])
    assert (inside.properties["peak"].mean, inside.properties["peak"].std) == (7.0, 0.5)
    assert inside.properties["peak"].unit == "nm"
    assert (inside.trusted, outside.trusted, outside.novelty) == (True, False, 2.0)


@pytest.mark.parametrize("count", [0, MAX_ROWS + 1])
def test_nobody_asks_for_too_many_rows_or_none(session: Session, count: int) -> None:
    assert refusal(lambda: session.predict([{"flow": 1.0}] * count)).reason == "TOO_MANY_ROWS"


def test_every_fault_of_a_row_is_named(session: Session) -> None:
    error = refusal(lambda: session.predict([{"flow": 1.0}, {"flwo": 1.0}]))
    assert error.reason == "CONDITIONS_INVALID"
    assert {(each.place, each.description) for each in error.violations} == {
        ("rows[1].flow", "is missing"),
        ("rows[1].flwo", "is no input"),
    }
    assert "its inputs are flow" in str(error)
    assert refusal(lambda: session.predict([{"flow": "much"}])).violations[0].place == "rows[0].flow"


def test_a_choice_is_given_by_its_name(foundry: Foundry) -> None:
    manifest = replace(MANIFEST, inputs=(Input("ligand", "", 0.0, 1.0, ("none", "PVA")),))
    session = Session(foundry.bundle(), manifest)
    (answer,) = session.predict([{"ligand": "PVA"}])
    assert answer.properties["peak"].mean == 3.0
    error = refusal(lambda: session.predict([{"ligand": 1.0}]))
    assert error.violations[0].description == "1.0: give none, PVA"


def test_an_answer_that_is_no_number_is_an_error(session: Session) -> None:
    assert refusal(lambda: session.predict([{"flow": float("nan")}])).reason == "MODEL_NOT_FINITE"


def test_a_graph_that_can_not_be_loaded_is_said_so_in_one_line(foundry: Foundry) -> None:
    def break_off(model: onnx.ModelProto) -> None:
        model.graph.node[0].input[1] = "nowhere"

    folder = foundry.bundle(spoil=break_off)
    error = refusal(lambda: Session(folder, MANIFEST))
    assert error.reason == "MODEL_UNLOADABLE"
    assert "\n" not in str(error)


def test_rows_of_another_width_are_an_error_of_the_model(session: Session) -> None:
    assert refusal(lambda: session.run([[1.0, 2.0]])).reason == "MODEL_FAILED"


def test_the_runtime_says_whether_it_takes_a_graph() -> None:
    model = linear()
    assert is_loadable(model.SerializeToString())
    model.opset_import[0].version = 999
    assert not is_loadable(model.SerializeToString())
