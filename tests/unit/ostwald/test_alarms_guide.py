"""The examples of docs/alarms.md: rig files load, programs run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from controller.config.rig import parse_rig
from controller.domain.events import Event, EventKind

if TYPE_CHECKING:
    from tests.unit.ostwald.conftest import Served

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "alarms.md").read_text(encoding="utf-8")
RIG = (ROOT / "examples" / "rigs" / "silver-twin.toml").read_text(encoding="utf-8")
DRIVERS = {"ostwald-board": "board", "ostwald-spectrometer": "spectrometer"}


def test_there_are_examples_of_both_kinds() -> None:
    assert (len(examples("toml")), len(examples("python"))) == (5, 3)


def examples(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("example", examples("toml"))
def test_each_block_is_a_part_of_a_rig_file_that_loads(example: str) -> None:
    before = parse_rig(RIG, "alarms.md", DRIVERS)
    plan = parse_rig(f"{RIG}\n{example}", "alarms.md", DRIVERS)
    assert plan != before


@pytest.mark.parametrize("program", examples("python"))
def test_each_program_runs(served: Served, program: str, capsys: pytest.CaptureFixture[str]) -> None:
    served.bench.reactor.pass_time(0.5, reactor_temperature=70.0)
    served.log(Event(EventKind.TRIP, "hot", "tripped"), Event(EventKind.STATE, "reactor", "tripped"))
    assert "127.0.0.1:50051" in program
    here = program.replace("127.0.0.1:50051", served.address).replace("reactor_warm", "warm")
    exec(here, {})
    assert capsys.readouterr().out
