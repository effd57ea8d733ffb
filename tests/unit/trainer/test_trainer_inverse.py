"""Conditions that are proposed give what was wanted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from typer.testing import CliRunner

from trainer.cli import app

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def parabola(tmp_path: Path) -> Path:
    """Every size has two flows that give it; their mean, 0, gives another."""
    rng = np.random.default_rng(0)
    flow = rng.uniform(-2.0, 2.0, 80)
    heat = rng.uniform(0.0, 1.0, 80)
    lines = [
        f"{f:.4f},{h:.4f},AB"[:-1] + f",{f * f:.4f},{h + 0.1 * f:.4f}"
        for f, h in zip(flow, heat, strict=True)
    ]
    path = tmp_path / "d.csv"
    path.write_text("flow,heat,ligand,size,peak\n" + "\n".join(lines))
    return path


def _run(*arguments: str | Path) -> dict[str, Any]:
    result = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    assert result.exit_code == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


FIXED = ("--target", "size", "--target", "peak", "--algorithms", "gp", "--split", "kfold:3")


def test_a_proposal_gives_what_was_wanted_even_where_two_ways_lead_to_it(parabola: Path) -> None:
    told = _run("inverse", parabola, *FIXED, "--want", "size=2.25", "--want", "peak=0.5", "--rows", "4")
    assert len(told["proposals"]) == 4
    best = told["proposals"][0]
    assert best["conditions"]["flow"] ** 2 == pytest.approx(2.25, abs=0.6)
    assert best["expected"]["size"] == pytest.approx(2.25, abs=0.5)
    assert best["conditions"]["heat"] + 0.1 * best["conditions"]["flow"] == pytest.approx(0.5, abs=0.2)
    assert best["trusted"]


def test_the_round_trip_is_close_where_the_conditions_are_not_recovered(parabola: Path) -> None:
    told = _run("inverse", parabola, *FIXED)
    assert told["proposals"] == []
    assert told["round_trip_in_std"]["size"] < 0.4
    assert told["recovered"]["flow"] < 0.5
    assert told["recovered"]["heat"] > 0.5


def test_a_want_of_one_target_leaves_the_other_free(parabola: Path) -> None:
    told = _run("inverse", parabola, *FIXED, "--want", "peak=0.8", "--rows", "1")
    assert told["wanted"] == {"peak": 0.8}
    assert told["proposals"][0]["expected"]["peak"] == pytest.approx(0.8, abs=0.1)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--want", "colour=3"), "there are size, peak"),
        (("--want", "size=big"), "'big' is not a number"),
        (("--want", "size=1", "--rows", "0"), "--rows 0"),
    ],
)
def test_a_want_that_makes_no_sense_is_wrong_use(
    parabola: Path, arguments: tuple[str, ...], told: str
) -> None:
    fixed = ["inverse", str(parabola), "--target", "size", "--target", "peak", "--algorithms", "ridge"]
    result = CliRunner().invoke(app, [*fixed, "--split", "7:3", *arguments])
    assert result.exit_code == 2
    assert told in result.stderr
