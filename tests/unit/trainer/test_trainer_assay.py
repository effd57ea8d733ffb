"""`ostwald-trainer simulate antibacterial`: a table of wells that the trainer reads as it stands."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from trainer.assay import simulate
from trainer.cli import app
from trainer.errors import UsageError
from trainer.units import name_and_unit

if TYPE_CHECKING:
    from pathlib import Path


def test_the_command_writes_wells_whose_headers_the_trainer_reads(tmp_path: Path) -> None:
    out = tmp_path / "wells.csv"
    words = ["simulate", "antibacterial", "--samples", "30", "--seed", "2", "--out", str(out), "--json"]
    answer = CliRunner().invoke(app, words)
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout) == {"csv": str(out), "samples": 30, "assay": "antibacterial"}
    with out.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 30
    units = dict(name_and_unit(header) for header in rows[0])
    assert (units["diameter"], units["dose"], units["inhibition"]) == ("nm", "ug/mL", "%")
    assert {row["outcome"] for row in rows} <= {"grows", "slowed", "stopped"}
    assert all(float(row["dose(ug/mL)"]) > 0.0 for row in rows)


def test_equal_arguments_give_equal_files(tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("two", 5), ("other", 6)):
        simulate("sobol", 20, seed, tmp_path / name)
    one, two, other = ((tmp_path / name).read_bytes() for name in ("one", "two", "other"))
    assert one == two != other


def test_a_design_that_there_is_not_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown design 'grid'"):
        simulate("grid", 10, 1, tmp_path / "t.csv")
    assert not (tmp_path / "t.csv").exists()


def test_the_trainer_learns_the_doses_from_the_table(tmp_path: Path) -> None:
    out = tmp_path / "wells.csv"
    simulate("lhs", 240, 1, out)
    words = ["fit", str(out), "--target", "inhibition", "--inputs", "diameter,dose,species,coating"]
    answer = CliRunner().invoke(app, [*words, "--algorithms", "forest", "--split", "kfold:3", "--json"])
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout)["best"]["r2"] > 0.75


def test_no_outcome_is_taken_for_a_gap(tmp_path: Path) -> None:
    out = tmp_path / "wells.csv"
    simulate("lhs", 120, 1, out)
    words = ["classify", str(out), "--target", "outcome", "--inputs", "diameter,dose,species,coating"]
    answer = CliRunner().invoke(app, [*words, "--algorithms", "tree", "--split", "kfold:3"])
    assert answer.exit_code == 0, answer.output
    assert "left out" not in answer.output
    assert "grows was taken for" in answer.output
