"""The tick in which control dies is in its recording."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from controller.control.step import step
from controller.domain.readings import Inputs
from controller.processes import replay as replays
from controller.processes import tick as ticking
from controller.processes.replay import replay
from controller.processes.tick import ControlProcess
from controller.runtime.recorder import Recorder
from controller.storage.recordings import RecordingKeeper
from tests.unit.controller.control.judging import GOOD
from tests.unit.controller.processes.stories import PLAN

if TYPE_CHECKING:
    from pathlib import Path

READINGS = tuple(25.0 for _ in PLAN.channels)
BOARDS: Any = SimpleNamespace(
    read=lambda *_, **__: Inputs(READINGS, (GOOD,) * len(READINGS), True, "", False, True, (False,)),
    write=lambda *_, **__: None,
    health=lambda: (),
)
MAILBOX: Any = SimpleNamespace(connected=True, accepted=0, broadcast=lambda _: None)
WRITER: Any = SimpleNamespace(publish=lambda _: None)


def dies_at(tick: int):
    """Return a `step` with a bug at one tick."""

    def deadly(model, state, inputs, requests, dt_s):
        if round(state.time_s / 0.1) == tick - 1:
            raise ZeroDivisionError("a bug")
        return step(model, state, inputs, requests, dt_s)

    return deadly


def test_a_replay_raises_again_what_ended_control(tmp_path: Path, monkeypatch) -> None:
    ring: Path = tmp_path / "recorder"
    recorder = Recorder(ring, len(PLAN.channels), 1, boot_id=1)
    process = ControlProcess(PLAN, BOARDS, MAILBOX, WRITER, 1, recorder=recorder)
    monkeypatch.setattr(ticking, "step", dies_at(4))
    for _ in range(3):
        process.tick(0.1, [])
    with pytest.raises(ZeroDivisionError):
        process.tick(0.1, [])
    recorder.close()

    keeper = RecordingKeeper(ring, tmp_path / "recordings", PLAN.to_json())
    keeper.drain()
    keeper.close()
    [path] = (tmp_path / "recordings").iterdir()
    monkeypatch.setattr(replays, "step", dies_at(4))
    with pytest.raises(ZeroDivisionError) as raised:
        replay(path)
    assert raised.value.__notes__ == [f"raised again at tick 4 of {path}"]
    monkeypatch.setattr(replays, "step", step)
    assert replay(path).ticks == 4, "once it is mended, the tick can be replayed"
