"""`schema` and `inspect` as a person types them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner, Result

from trainer.cli import app

if TYPE_CHECKING:
    from pathlib import Path


def _run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_a_schema_is_written_edited_and_fitted_by(csv: Path, tmp_path: Path) -> None:
    out = tmp_path / "schema.toml"
    told = _run("schema", csv, "--target", "peak", "--out", out, "--json")
    assert told.exit_code == 0, told.stderr
    document = json.loads(told.stdout)
    assert [column["role"] for column in document["columns"]] == [
        "input",
        "input",
        "group",
        "target",
        "input",
    ]
    out.write_text(
        out.read_text().replace('header = "fwhm (nm)"\nrole = "input"', 'header = "fwhm (nm)"\nrole = "drop"')
    )
    fitted = _run("fit", out, "--target", "peak", "--algorithms", "ridge", "--split", "kfold:3", "--json")
    assert fitted.exit_code == 0, fitted.stderr
    told_data = json.loads(fitted.stdout)
    assert told_data["data"]["inputs"] == ["flow", "ligand"]
    assert told_data["split"]["groups"] == 6
    assert "note: the score is one of a new group: values of 'batch' that were not seen" in fitted.stderr


def test_without_a_file_the_schema_is_printed(csv: Path) -> None:
    result = _run("schema", csv)
    assert result.exit_code == 0
    assert 'header = "flow (uL/min)"' in result.stdout
    assert 'choices = ["PVA", "citrate"]' in result.stdout


def test_edits_of_a_schema_are_never_overwritten(csv: Path, tmp_path: Path) -> None:
    (tmp_path / "schema.toml").write_text("mine")
    result = _run("schema", csv, "--out", tmp_path / "schema.toml")
    assert result.exit_code == 2
    assert "exists, and may hold edits; choose another --out" in result.stderr
    assert (tmp_path / "schema.toml").read_text() == "mine"


def test_files_that_are_joined_stay_joined_in_the_schema(csv: Path, tmp_path: Path) -> None:
    (tmp_path / "batches.csv").write_text(
        "batch,operator\n" + "".join(f"b{n},{'xy'[n % 2]}\n" for n in range(6))
    )
    out = tmp_path / "sub" / "schema.toml"
    out.parent.mkdir()
    assert _run("schema", csv, tmp_path / "batches.csv", "--join", "batch", "--out", out).exit_code == 0
    told = _run("inspect", out, "--target", "peak", "--drop", "fwhm", "--json")
    assert told.exit_code == 0, told.stderr
    document = json.loads(told.stdout)
    assert document["source"] == "Silver prisms.csv + batches.csv"
    assert document["rows"] == 30
    assert [item["name"] for item in document["inputs"]] == ["flow", "ligand"]
    assert document["scored"] == "a new group: values of 'operator' that were not seen"


def test_inspect_tells_people_and_programs_the_same(csv: Path) -> None:
    lines = _run("inspect", csv, "--target", "peak", "--target", "fwhm").stdout.splitlines()
    document = json.loads(_run("inspect", csv, "--target", "peak", "--target", "fwhm", "--json").stdout)
    assert document["notes"] == lines
    (finding,) = [item for item in document["findings"] if item["kind"] == "target in disguise"]
    assert finding["columns"] == ["flow (uL/min)", "fwhm (nm)"]
    assert finding["figures"]["rank_correlation"] == pytest.approx(1.0, abs=1e-3)


def test_inspect_reads_a_table_by_a_schema(csv: Path, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('[[column]]\nheader = "flow (uL/min)"\nunit = "mL/h"\n')
    told = _run("inspect", csv, "--target", "peak", "--schema", tmp_path / "s.toml", "--json")
    assert json.loads(told.stdout)["inputs"][0]["unit"] == "mL/h"
