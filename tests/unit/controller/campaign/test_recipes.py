"""A recipe's faults are all reported at once, each with its line; what is read means what it says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.campaign.recipes import MAX_STEPS, bind
from controller.domain.errors import DocumentError
from controller.domain.recipe import Acquire, Dwell, Flows, Flush, Hold, Set, WaitSteady
from tests.unit.controller.campaign.simulated_rig import PLAN, RECIPE, recipe, with_group

HEAD = '[recipe]\nname = "try"\n\n[parameters.flow]\nunit = "uL/min"\nlow = 10.0\nhigh = 500.0\n\n'


def faults(text: str, plan=PLAN) -> list[tuple[int, str, str]]:
    with pytest.raises(DocumentError) as error:
        recipe(text, plan)
    return [(each.line, each.place, each.description) for each in error.value.violations]


def step(line: str) -> str:
    return f"{HEAD}[[steps]]\n{line}\n"


def flows(reagent: str) -> str:
    return f'flows = {{total = 1, fractions = {{{reagent} = 2}}, balance = "water"}}'


def steady(name: str) -> str:
    return f'wait_steady = {{property = "{name}", tolerance = 1, window = "5 s", timeout = "9 s"}}'


def test_every_kind_of_step_is_read_with_its_units() -> None:
    found = recipe()
    assert [type(each.action) for each in found.steps] == [
        Flush, Acquire, Acquire, Set, Flows, WaitSteady, Dwell, Acquire,
    ]  # fmt: skip
    assert found.steps[0].action == Flush("water", 1.0, 600.0)
    assert found.steps[3].action == Set({"reactor.temperature": "temperature"})
    assert found.steps[4].action == Flows("total", {"silver": "silver"}, "water")
    assert found.steps[5].action == WaitSteady(2.0, "peak_wavelength", 1.0, 16.0, 120.0)
    assert (found.hold, found.document) == (Hold(), RECIPE)


def test_quantities_are_converted_and_steps_may_be_rare() -> None:
    found = recipe(step('dwell = {time = "2 min"}\nevery = 10'))
    assert (found.steps[0].action, found.steps[0].every) == (Dwell(time_s=120.0), 10)


@pytest.mark.parametrize(
    ("table", "hold"),
    [
        ("", Hold(keeps_flows=False, keeps_temperatures=True)),
        ('flows = "keep"', Hold(keeps_flows=True, keeps_temperatures=True)),
        ('temperatures = "safe"', Hold(keeps_flows=False, keeps_temperatures=False)),
    ],
)
def test_a_recipe_says_what_a_hold_leaves_as_it_is(table: str, hold: Hold) -> None:
    assert recipe(f"{RECIPE}\n[hold]\n{table}\n").hold == hold


@pytest.mark.parametrize(
    ("line", "place", "description"),
    [
        ("wash = {volumes = 1}", ".wash", "is not known here"),
        ("every = 2", "", "a step does one thing of: set, flows,"),
        ('dwell = {time = "1 s"}\nacquire = {}', "", "a step does one thing of"),
        ('dwell = {time = "1 s", volumes = 2}', ".dwell", "give either time or volumes"),
        ('dwell = {time = "1 mL"}', ".dwell.time", "mL"),
        ('set = {"no.channel" = 1}', '.set."no.channel"', "this rig has no such channel"),
        ('set = {"pump.silver" = 2000}', '.set."pump.silver"', "is outside 0 to 1000 uL/min"),
        ('set = {"pump.silver" = "$a"}', '.set."pump.silver"', "$a is not a parameter; parameters: flow"),
        ('set = {"lamp.power" = "$flow"}', '.set."lamp.power"', "$flow is in uL/min, and % is needed here"),
        (flows("gold"), ".flows.fractions.gold", "not a reagent of this rig; reagents: silver, water"),
        (flows("water"), ".flows.balance", "water has a fraction already"),
        ('acquire = {kind = "bright"}', ".acquire.kind", "must be one of: sample, dark, reference"),
        (steady("smell"), ".wait_steady.property", "is not measured; known: peak_wavelength"),
        ('flush = {reagent = "water", volumes = 1, total = 0}', ".flush.total", "outside 1 to"),
    ],
)
def test_a_fault_of_a_step_names_its_line_and_place(line: str, place: str, description: str) -> None:
    found_line, found_place, said = faults(step(line))[0]
    # A fault of the step as a whole stands at its header.
    assert found_line == (9 if place == "" else 10)
    assert found_place == f"steps[0]{place}"
    assert description in said


def test_all_faults_come_at_once() -> None:
    text = (
        RECIPE.replace("volumes = 1", "volumes = -1").replace('"dark"', '"dim"') + '\n[hold]\nflow = "keep"\n'
    )
    assert [place for _, place, _ in faults(text)] == [
        "steps[0].flush.volumes",
        "steps[1].acquire.kind",
        "hold.flow",
    ]


def test_a_channel_that_nothing_drives_takes_no_target_but_a_flow_group_does() -> None:
    plan = replace(with_group(), loops=())
    (found,) = faults(step('set = {"reactor.temperature" = 40}'), plan)
    assert found[2] == "is a sensor that no loop controls"
    grouped = recipe(step('set = {"flow.total" = "$flow", "flow.silver" = 0.5}'), plan)
    assert grouped.steps[0].action == Set({"flow.total": "flow", "flow.silver": 0.5})


def test_a_rig_without_a_spectrometer_acquires_nothing() -> None:
    (found,) = faults(step("acquire = {}"), replace(PLAN, spectrometer=None))
    assert found[2] == "this rig has no spectrometer"


@pytest.mark.parametrize("count", [0, MAX_STEPS + 1])
def test_a_recipe_has_steps_but_not_without_end(count: int) -> None:
    (found,) = faults(HEAD + count * '[[steps]]\ndwell = {time = "1 s"}\n')
    assert found[1:] == ("steps", f"a recipe has 1 to {MAX_STEPS} [[steps]]")


@pytest.mark.parametrize(
    ("limits", "place"),
    [
        ("low = 9.0\nhigh = 1.0", "parameters.x"),
        ("low = 1.0\nhigh = 9.0\ndefault = 10.0", "parameters.x.default"),
    ],
)
def test_limits_of_a_parameter_hold_its_default(limits: str, place: str) -> None:
    text = (
        f'[recipe]\nname = "x"\n[parameters.x]\nunit = "degC"\n{limits}\n[[steps]]\ndwell = {{volumes = 1}}\n'
    )
    assert [each[1] for each in faults(text)] == [place]


def test_a_syntax_error_has_its_line() -> None:
    (found,) = faults('[recipe]\nname = "x\n')
    assert found[:2] == (2, "syntax")


def test_parameters_get_their_values_in_their_own_units() -> None:
    assert bind(recipe(), {"total": "0.3 mL/min", "temperature": 30.0}) == {
        "total": 300.0,
        "silver": 20.0,
        "temperature": 30.0,
    }


@pytest.mark.parametrize(
    ("given_", "description"),
    [
        ({"salt": "1 %"}, "the recipe has no such parameter"),
        ({"total": "5 uL/min"}, "5 is outside 100 to 900 uL/min"),
        ({"total": "5 degC"}, "degC"),
        ({"total": float("nan")}, "nan is outside"),
    ],
)
def test_a_value_that_cannot_be_is_refused(given_: dict[str, str | float], description: str) -> None:
    with pytest.raises(DocumentError) as error:
        bind(recipe(), given_)
    assert description in error.value.violations[0].description


def test_a_parameter_without_default_must_be_given() -> None:
    with pytest.raises(DocumentError, match="must be given"):
        bind(recipe(step('set = {"pump.silver" = "$flow"}')), {})


@given(st.floats(allow_nan=True))
def test_what_is_bound_lies_within_its_limits(value: float) -> None:
    try:
        bound = bind(recipe(), {"silver": value})
    except DocumentError:
        assert not 0.0 <= value <= 50.0
    else:
        assert 0.0 <= bound["silver"] <= 50.0
