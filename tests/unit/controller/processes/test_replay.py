"""A recording replays bit for bit; what does not is found at its first tick and channel."""

from __future__ import annotations

import struct
from dataclasses import replace
from math import nan
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.control.state import ControlState
from controller.control.step import step
from controller.domain import commands as k
from controller.domain import plain
from controller.domain.errors import ControllerError
from controller.domain.readings import ReactorState
from controller.processes import replay as replays
from controller.processes.replay import Replay, cut, find_recordings, replay
from controller.runtime.recorder import tick_layout
from tests.unit.controller.processes.stories import (
    DT_S,
    INDEX,
    PLAN,
    Story,
    rewritten,
    with_another_bit,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from controller.domain.events import LoggedEvent


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    with Story(tmp_path) as begun:
        yield begun


def alike(one: object, other: object) -> bool:
    """Whether two states are equal to the type and bit; NaN is equal to NaN."""
    return repr(one) == repr(other) and plain.to_json(one) == plain.to_json(other)


def test_a_recorded_run_replays_to_the_same_outputs_bit_for_bit(story: Story) -> None:
    story.run(0.2)
    story.tick(k.SetTargets({"zone": 45.0, "total": 300.0, "silver.share": 0.25}))
    story.run(30.0)
    [path] = story.recordings()
    found = replay(path)
    assert found == replace(found, ticks=story.count, deviation=None, gap_after=None)
    assert (found.rig, found.equal) == ("bench", True)
    assert found.seconds == pytest.approx(story.count * DT_S)
    assert found.describe() == f"{path}: bench, 303 ticks, 30.3 s: equal, bit for bit"
    outputs = {state.outputs[INDEX["heater"]] for state in story.states}
    assert len(outputs) > 200, "outputs that all are alike would show nothing"


COMMANDS = st.one_of(
    st.builds(
        k.SetTargets,
        st.dictionaries(
            st.sampled_from(["zone", "wall", "heater", "silver", "seed", "total", "silver.share", "none"]),
            st.floats(-10.0, 120.0) | st.sampled_from([0.0, 0.5, 1.0, nan]),
            min_size=1,
            max_size=3,
        ),
    ),
    st.builds(
        k.SetLoopMode,
        st.sampled_from(["zone", "wall"]),
        st.sampled_from(k.LoopMode),
        st.none() | st.floats(0, 100),
    ),
    st.builds(k.Retune, st.just("wall"), st.floats(0.5, 8.0), st.floats(5.0, 60.0), st.floats(0.0, 2.0)),
    st.builds(k.StartAutotune, st.just("wall"), st.floats(30.0, 50.0), st.floats(10.0, 40.0)),
    st.builds(k.EndAutotune, st.just("wall"), st.booleans()),
    st.builds(k.AcknowledgeAlarm, st.sampled_from(["", "warm", "off", "hot"])),
    st.builds(k.ShelveAlarm, st.sampled_from(["warm", "off", "hot"]), st.floats(0.0, 3.0), st.just("test")),
    st.builds(k.SetAlarmService, st.sampled_from(["warm", "off"]), st.booleans(), st.just("test")),
    st.builds(k.HoldLease, st.just("me"), st.sampled_from(["a", "b"]), st.floats(1.0, 3.0)),
    st.builds(k.ReleaseLease, st.sampled_from(["a", "b"])),
    st.builds(k.SetReagent, st.just("silver"), st.floats(0.0, 600.0)),
    st.just(k.MakeSafe()),
    st.just(k.EmergencyStop("test")),
    st.just(k.Reset()),
)
FAULTS = st.sampled_from(["leaking", "lost", "pressed", "alone", "clogged", "zone", "wall", "pressure", ""])
STEPS = st.tuples(FAULTS, st.lists(COMMANDS, max_size=2), st.integers(1, 40), st.sampled_from(["", "a"]))


def tell(story: Story, fault: str, asked: list[k.Command], ticks: int, lease: str) -> None:
    for name in ("leaking", "lost", "pressed", "alone", "clogged"):
        setattr(story, name, name == fault)
    story.bad = {fault}
    story.tick(*asked, lease=lease)
    story.run((ticks - 1) * DT_S)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEPS, min_size=1, max_size=12), st.integers(0, 11))
def test_whatever_happens_it_replays_equally_from_any_checkpoint(tmp_path_factory, told, checkpoint) -> None:
    with Story(tmp_path_factory.mktemp("story")) as story:
        for place, each in enumerate(told):
            if place == checkpoint:
                story.checkpoint()
            tell(story, *each)
        found = [replay(path) for path in story.recordings()]
        for each in found:
            assert each.equal, each.describe()
        assert sum(each.ticks for each in found) == story.count
        assert sum(each.events for each in found) == len(story.told)
        back = plain.from_json(ControlState, plain.to_json(story.state))
        assert alike(back, story.state)


def test_an_experiment_alarms_and_a_lease_that_stand_at_the_checkpoint_go_on(story: Story) -> None:
    story.run(0.2)
    story.tick(k.HoldLease("me", "a", 300.0), k.ShelveAlarm("off", 500.0, "tuning"))
    story.tick(k.SetTargets({"heater": 35.0}), lease="a")
    story.run(150.0)
    assert story.tick(k.StartAutotune("wall", 50.0, 20.0), lease="a") == (k.DONE,)
    story.run(52.0)
    relay = story.state.loops[1].autotune
    assert relay is not None
    assert relay.time_s > 50.0
    assert len(relay.switches) > 5
    assert story.state.lease.held
    assert story.state.alarms.records[0].active
    assert story.state.alarms.records[1].shelved_left_s > 0.0
    story.checkpoint()
    assert alike(plain.from_json(ControlState, plain.to_json(story.state)), story.state)
    story.run(400.0)
    told = " / ".join(event.text for _, event in story.told)
    for text in ("auto-tune proposes", "the lease of me ran out", "shelf time is over"):
        assert text in told
    first, second = (replay(path) for path in story.recordings())
    assert (first.equal, second.equal) == (True, True)
    assert second.ticks == 4000


def test_the_events_of_the_replay_are_those_of_the_run(story: Story) -> None:
    story.run(0.2)
    story.leaking = True
    story.run(1.0)
    story.leaking = False
    story.tick(k.Reset())
    heard: list[LoggedEvent] = []
    [path] = story.recordings()
    assert replay(path, heard.append).events == len(heard)
    assert [(each.time_s, each.event) for each in heard] == story.told
    assert [each.sequence for each in heard] == list(range(1, len(heard) + 1))


@pytest.fixture
def recorded(story: Story) -> Path:
    """Twelve ticks on the way to a target."""
    story.run(0.2)
    story.tick(k.SetTargets({"zone": 45.0}))
    story.run(0.9)
    [path] = story.recordings()
    return path


def test_a_bit_that_differs_in_an_output_is_found_with_its_tick_and_channel(recorded: Path, story) -> None:
    found = replay(rewritten(recorded, with_another_bit("heater", (7, 9))))
    deviation = found.deviation
    assert deviation is not None
    assert (deviation.tick, deviation.what, found.ticks, found.equal) == (7, "heater", 7, False)
    right = story.states[6].outputs[INDEX["heater"]]
    assert deviation.replayed == repr(right)
    assert deviation.recorded == repr(flipped(right))
    assert f"differs at tick 7, 0.700 s: heater recorded {flipped(right)!r} replayed" in found.describe()


def flipped(value: float) -> float:
    """Change the last bit."""
    (bits,) = struct.unpack("<Q", struct.pack("<d", value))
    return float(struct.unpack("<d", struct.pack("<Q", bits ^ 1))[0])


def test_another_state_of_the_reactor_is_found(recorded: Path) -> None:
    at = struct.calcsize("<QdB")

    def trip(tick: int, body: bytes) -> list[bytes]:
        state = int(ReactorState.TRIPPED if tick == 5 else body[at])
        return [body[:at] + bytes([state]) + body[at + 1 :]]

    found = replay(rewritten(recorded, trip)).deviation
    assert found is not None
    assert (found.tick, found.what, found.recorded, found.replayed) == (
        5,
        "the reactor's state",
        "tripped",
        "ready",
    )


def test_it_ends_where_ticks_are_missing_and_says_so(recorded: Path) -> None:
    found = replay(rewritten(recorded, lambda tick, body: [] if tick == 6 else [body]))
    assert (found.ticks, found.gap_after, found.deviation, found.equal) == (5, 5, None, False)
    assert found.describe().endswith("equal so far, but ticks are missing after tick 5")


def test_a_tick_that_comes_twice_is_no_recording_of_ours_either(recorded: Path) -> None:
    found = replay(rewritten(recorded, lambda _, body: [body, body]))
    assert (found.ticks, found.gap_after) == (1, 1)


def test_a_recording_that_was_cut_off_replays_as_far_as_it_goes(recorded: Path, tmp_path) -> None:
    cut = tmp_path / "cut.rec"
    data = recorded.read_bytes()
    cut.write_bytes(data[: int(len(data) * 0.97)])
    found = replay(cut)
    assert found.equal
    assert 0 < found.ticks < 12


def unreadable(path: Path) -> str:
    with pytest.raises(ControllerError) as raised:
        replay(path)
    assert raised.value.reason == "RECORDING_UNREADABLE"
    assert "with the release that recorded it" in raised.value.remedy
    return str(raised.value)


def test_a_recording_of_another_release_is_refused_with_what_does_not_fit(story: Story, tmp_path) -> None:
    path = tmp_path / "other.rec"
    plan, state = PLAN.to_json(), plain.to_json(story.state)
    newer = plan.replace('"orphan_hold_s"', '"centrifuges": 2, "orphan_hold_s"', 1)
    assert "centrifuges" in unreadable(written(path, newer, state))
    older = state.replace('"fractions"', '"shares"', 1)
    assert "shares" in unreadable(written(path, plan, older))
    other_rig = tick_layout(2, 0).pack(1, 0.1, 0, 2, 0, 0.0, 0.0, 0.0, 0.0, 1, 1)
    assert "no tick of this rig" in unreadable(written(path, plan, state, other_rig))


def test_a_deviation_from_what_another_release_recorded_names_both() -> None:
    found = Replay("x.rec", "0.0.1", "bench", 6, 0.6, 0, gap_after=6)
    assert found.describe().partition("; ")[2].startswith("recorded by 0.0.1, replayed by ")


def test_what_ended_control_ends_its_replay_with_the_place(recorded: Path, monkeypatch) -> None:
    def breaking(model, state, inputs, requests, dt_s):
        if requests:
            raise ZeroDivisionError("division by zero")
        return step(model, state, inputs, requests, dt_s)

    monkeypatch.setattr(replays, "step", breaking)
    with pytest.raises(ZeroDivisionError) as raised:
        replay(recorded)
    assert raised.value.__notes__ == [f"raised again at tick 3 of {recorded}"]


def test_a_folder_stands_for_its_recordings_in_their_order(story: Story) -> None:
    story.run(0.5)
    story.checkpoint()
    story.run(0.5)
    paths = story.recordings()
    assert len(paths) == 2
    assert find_recordings(story.folder / "recordings") == paths
    assert find_recordings(paths[0]) == [paths[0]]
    with pytest.raises(ControllerError, match="holds no recording; name the folder recordings"):
        find_recordings(story.folder)


def test_a_part_that_was_cut_out_replays_on_its_own(recorded: Path, tmp_path) -> None:
    part = tmp_path / "part.rec"
    assert cut(recorded, 5, 9, part) == 5
    found = replay(part)
    assert (found.equal, found.ticks) == (True, 5)
    assert found.seconds == pytest.approx(0.5)
    assert cut(recorded, 1, 12, tmp_path / "all.rec") == 12
    assert replay(tmp_path / "all.rec").ticks == 12


def test_a_part_holds_what_step_gives_now_so_that_a_mended_bug_stays_mended(recorded: Path, tmp_path) -> None:
    # As if the release that recorded it had given another output at tick 7, by a bug since mended.
    wrong = rewritten(recorded, with_another_bit("heater", (7,)))
    assert not replay(wrong).equal
    part = tmp_path / "part.rec"
    assert cut(wrong, 6, 9, part) == 4
    assert replay(part).equal


@pytest.mark.parametrize(
    ("first", "last", "why"),
    [
        (0, 3, "from tick 1 on"),
        (4, 3, "from tick 1 on"),
        (1, 20_001, "at most 20000 of them"),
        (3, 13, "its last tick is 12"),
        (20, 21, "its last tick is 12"),
        (8, 9, "differs at tick 7: choose FIRST up to there"),
    ],
)
def test_ticks_that_can_not_be_cut_out_are_refused_and_nothing_is_written(
    recorded: Path, tmp_path, first, last, why
) -> None:
    path = rewritten(recorded, with_another_bit("heater", (7,))) if first == 8 else recorded
    with pytest.raises(ControllerError, match=why) as raised:
        cut(path, first, last, tmp_path / "part.rec")
    assert raised.value.reason == "TICKS_UNKNOWN"
    assert not (tmp_path / "part.rec").exists()


def test_a_recording_that_exists_is_not_written_over(recorded: Path) -> None:
    before = recorded.read_bytes()
    with pytest.raises(ControllerError, match="name another file"):
        cut(recorded, 5, 9, recorded)
    assert recorded.read_bytes() == before
