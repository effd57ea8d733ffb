"""`[flows.NAME]`: which channels a group makes, what is refused, and why."""

from __future__ import annotations

from math import inf

import pytest

from controller.config.documents import Document
from controller.config.flows import flow_plans
from controller.domain.errors import DocumentError
from controller.domain.plan import ChannelPlan, FlowGroupPlan, FlowMember

FEED = """\
[channels.broken]
signal = "pump.9"
[flows.feed]
fractions = { agno3 = "pump.a", seed = "pump.b" }
high = "0.6 mL/min"
ramp = "1.2 mL/min/min"
"""


def pump(name: str, number: int, unit: str = "uL/min", *, low: float = 0.0, safe: float = 0.0) -> ChannelPlan:
    return ChannelPlan(name, "board", f"pump.{number}", unit, low, 500.0, safe_value=safe)


CHANNELS = {
    channel.name: channel
    for channel in (
        pump("pump.a", 0),
        pump("pump.b", 1, safe=20.0),
        pump("pump.c", 2),
        pump("pump.d", 5),
        pump("pump.ml", 3, "mL/min"),
        pump("pump.idling", 4, low=2.0, safe=2.0),
        ChannelPlan("heater", "board", "heater.0", "%", 0.0, 100.0, safe_value=0.0),
        ChannelPlan("zone", "board", "temperature.0", "degC", 0.0, 150.0),
    )
}


def read(text: str) -> tuple[tuple[FlowGroupPlan, ...], tuple[ChannelPlan, ...]]:
    document = Document(text, "rig.toml")
    plans = flow_plans(document, CHANNELS)
    document.raise_faults()
    return plans


def faults(text: str) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        read(text)
    return [str(violation) for violation in caught.value.violations]


def edited(old: str, new: str) -> str:
    assert FEED.count(old) == 1
    return FEED.replace(old, new)


def test_a_group_and_its_channels_are_read_with_units_converted():
    groups, channels = read(FEED)
    members = (FlowMember("pump.a", "feed.agno3"), FlowMember("pump.b", "feed.seed"))
    assert groups == (FlowGroupPlan("feed", "feed.total", members, ramp_per_s=20.0),)
    assert channels == (
        ChannelPlan("feed.total", "", "total", "uL/min", 0.0, 600.0),
        ChannelPlan("feed.agno3", "", "fraction", "1", 0.0, 1.0),
        ChannelPlan("feed.seed", "", "fraction", "1", 0.0, 1.0),
    )
    assert all(channel.is_computed and not channel.is_actuator for channel in channels)


def test_without_limits_a_total_reaches_what_all_pumps_deliver_and_has_no_ramp():
    (group,), channels = read(edited('high = "0.6 mL/min"\nramp = "1.2 mL/min/min"\n', ""))
    assert (channels[0].high, group.ramp_per_s) == (1000.0, 0.0)


def test_a_rig_without_the_section_has_no_groups():
    assert read("[rig]\n") == ((), ())


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            '"pump.b"',
            '"pump.sed"',
            "line 4, flows.feed.fractions.seed: unknown channel 'pump.sed'; did you mean 'pump.d'?",
        ),
        ('"pump.b"', '"heater"', "line 4, flows.feed.fractions.seed: heater is heater.0: name a pump"),
        ('"pump.b"', '"zone"', "line 4, flows.feed.fractions.seed: zone is temperature.0: name a pump"),
        ('"pump.b"', '"pump.a"', "pump.a already delivers feed.agno3: a pump belongs to one share"),
        ('"pump.b"', '"pump.ml"', "pump.ml is in mL/min, pump.a in uL/min: flows add in one unit"),
        ('"pump.b"', '"pump.idling"', "pump.idling never delivers less than 2 uL/min: let its range begin"),
        (', seed = "pump.b"', "", "line 4, flows.feed.fractions: a group has 2 to 16 pumps, not 1"),
        ('{ agno3 = "pump.a", seed = "pump.b" }', "{}", "a group has 2 to 16 pumps, not 0"),
        ("agno3 =", "total =", "flows.feed.fractions.total: there already is a channel feed.total"),
        ("agno3 =", '"" =', "its channel is called 'feed.': a name has 1 to 64 characters"),
        ("agno3 =", f"{'a' * 60} =", "a name has 1 to 64 characters"),
        ("[flows.feed]", '[flows.""]', "its channel is called '.total': a name has 1 to 64 characters"),
        ("fractions =", "shares =", "line 3, flows.feed.fractions: is missing"),
        ("fractions =", "fraktions =", "flows.feed.fraktions: unknown key 'fraktions'; did you mean"),
        ('"0.6 mL/min"', '"1.2 mL/min"', "line 5, flows.feed.high: is more than the 1000 uL/min that"),
        ('"0.6 mL/min"', '"10 uL/min"', "is less than the 20 uL/min of the pumps' safe values together"),
        ('"0.6 mL/min"', '"0 mL/min"', "line 5, flows.feed.high: 0 mL/min is not above zero"),
        ('"0.6 mL/min"', '"6 degC"', "'degC' does not convert to 'uL/min'"),
        ('"1.2 mL/min/min"', '"1 mL/min"', "line 6, flows.feed.ramp: 'mL/min' does not convert"),
        ('"1.2 mL/min/min"', '"-1 mL/min/s"', "line 6, flows.feed.ramp: -1 mL/min/s is not above zero"),
        ("[channels.broken]", '[channels."feed.seed"]', "there already is a channel feed.seed: give one of"),
    ],
)
def test_a_group_that_makes_no_sense_is_refused(old, new, fault):
    assert any(fault in each for each in faults(edited(old, new)))


@pytest.mark.parametrize("text", ["flows = 5", "[flows]\nfeed = 5"])
def test_what_is_no_table_is_refused(text):
    (fault,) = faults(text)
    assert "must" in fault


def test_every_fault_is_told_with_its_line():
    broken = FEED.replace('"pump.a"', '"pump.x"').replace("0.6 mL/min", "0 mL/min").replace("1.2 mL", "-1 mL")
    assert faults(broken) == [
        "line 4, flows.feed.fractions.agno3: unknown channel 'pump.x'; did you mean 'pump.d'?",
        "line 5, flows.feed.high: 0 mL/min is not above zero",
        "line 6, flows.feed.ramp: -1 mL/min/min is not above zero",
    ]


def test_two_groups_share_no_pump():
    second = '[flows.quench]\nfractions = { acid = "pump.c", base = "pump.a" }\n'
    assert faults(FEED + second) == [
        "line 8, flows.quench.fractions.base: pump.a already delivers feed.agno3: a pump belongs to one share"
    ]


def test_two_groups_stand_side_by_side():
    groups, channels = read(FEED + '[flows.quench]\nfractions = { acid = "pump.c", base = "pump.d" }\n')
    assert [group.channels for group in groups] == [
        ("feed.total", "feed.agno3", "feed.seed"),
        ("quench.total", "quench.acid", "quench.base"),
    ]
    assert len(channels) == 6


@pytest.mark.parametrize("key", ["actuator", "cooler"])
def test_a_pump_follows_a_group_or_a_loop_but_not_both(key):
    (fault,) = faults(f'{FEED}[loops.level]\n{key} = "pump.b"\n')
    assert fault == (
        "line 4, flows.feed.fractions.seed: pump.b is driven by loop level: "
        "take it out of the loop, or out of the group"
    )


def test_loops_that_are_no_tables_are_left_to_their_own_reader():
    for loops in ("loops = 5\n", "loops = { level = 5 }\n", "loops = { level = { actuator = 5 } }\n"):
        assert len(read(loops + FEED)[0]) == 1


def test_what_a_fault_hides_adds_no_faults_elsewhere():
    document = Document(edited('"pump.b"', '"broken"'), "rig.toml")
    (group,), channels = flow_plans(document, CHANNELS)
    document.raise_faults()
    assert [member.pump for member in group.members] == ["pump.a"]
    assert [channel.name for channel in channels] == ["feed.total", "feed.agno3", "feed.seed"]
    assert channels[0].high == inf
