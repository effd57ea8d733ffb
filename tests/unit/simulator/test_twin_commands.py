"""`ostwaldd twins` and `ostwaldd run --twin`, without starting a daemon."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from controller.__main__ import app
from firmware_bridge.simulator.twins import pages
from firmware_bridge.simulator.twins.registry import TWINS

if TYPE_CHECKING:
    from pathlib import Path


def invoke(*words: str):
    return CliRunner().invoke(app, list(words))


def test_twins_are_listed_with_what_they_take_and_yield() -> None:
    answer = invoke("twins", "--json")
    assert answer.exit_code == 0
    listed = {each["name"]: each for each in json.loads(answer.stdout)}
    assert set(listed) == set(TWINS)
    light = next(each for each in listed["gold-light"]["inputs"] if each["name"] == "light")
    assert (light["unit"], light["low"], light["high"]) == ("%", 20.0, 100.0)
    assert {"name": "diameter", "unit": "nm", "meaning": "mean by number"} in listed["gold-light"][
        "properties"
    ]
    text = invoke("twins").stdout
    assert all(f"{name}: {twin.title}" in text for name, twin in TWINS.items())


@pytest.mark.parametrize("words", [("run",), ("run", "--rig", "rig.toml", "--twin", "silver")])
def test_a_rig_file_and_a_twin_exclude_each_other(words: tuple[str, ...]) -> None:
    answer = invoke(*words)
    assert answer.exit_code == 2
    assert "either --rig FILE or --twin NAME" in answer.output


def test_a_twin_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    answer = invoke("run", "--twin", "bronze")
    assert answer.exit_code == 1
    assert "unknown twin 'bronze'; known: " in answer.output


def test_pages_are_written_with_their_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_POINTS", 3)
    answer = invoke("twins", "--docs", str(tmp_path / "pages"), "--json")
    assert answer.exit_code == 0, answer.output
    written = json.loads(answer.stdout)["written"]
    found = {path.name for path in (tmp_path / "pages").glob("*.md")}
    assert found == {"README.md", *(f"{name}.md" for name in TWINS)}
    assert len(written) == len(TWINS) + sum(len(twin.surfaces) for twin in TWINS.values())
    assert all((tmp_path / path).read_text() for path in written)
