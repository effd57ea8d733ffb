"""`schema` and `inspect` as a person types them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from trainer.cli import app
from trainer.parity import run_onnx
from trainer.recipe import read_recipe

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


@pytest.mark.parametrize(("asked", "told"), [(("--target", "peak"), "\n"), ((), " --target COLUMN\n")])
def test_a_written_schema_tells_the_command_that_fits_by_it(
    csv: Path, tmp_path: Path, asked: tuple[str, ...], told: str
) -> None:
    result = _run("schema", csv, *asked, "--out", tmp_path / "s.toml")
    assert f"ostwald-trainer fit {tmp_path / 's.toml'}{told}" in result.stdout


def test_a_target_of_the_schema_need_not_be_asked_for(csv: Path, tmp_path: Path) -> None:
    schema = tmp_path / "s.toml"
    assert _run("schema", csv, "--target", "peak", "--out", schema).exit_code == 0
    result = _run("inspect", schema, "--json")
    assert result.exit_code == 0, result.stderr
    assert [each["name"] for each in json.loads(result.stdout)["targets"]] == ["peak"]


def test_a_fit_to_nothing_is_wrong_use(csv: Path) -> None:
    result = _run("compare", csv)
    assert result.exit_code == 2
    assert "no target is named; pass --target COLUMN, or give a column of a schema this role" in result.stderr


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


def _fit(csv: Path, *arguments: str | Path) -> tuple[dict[str, Any], str]:
    always = (
        "--target",
        "peak",
        "--drop",
        "batch,fwhm",
        "--algorithms",
        "ridge",
        "--split",
        "kfold:3",
        "--json",
    )
    result = _run("fit", csv, *always, *arguments)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout), result.stderr


def test_a_target_is_modelled_on_the_scale_that_is_asked_for(csv: Path, tmp_path: Path) -> None:
    plain, _ = _fit(csv)
    log, told = _fit(csv, "--scale", "peak=log", "--out", tmp_path / "b")
    assert "note: target 'peak (nm)' is modelled as log (as asked)" in told
    assert log["best"]["r2"] != plain["best"]["r2"]
    assert log["parity"]["worst"] <= 1e-6
    recipe = read_recipe(tmp_path / "b" / "recipe.toml")
    assert recipe.scales == ("peak (nm)=log",)
    again = _run("refit", tmp_path / "b", "--out", tmp_path / "c", "--json")
    assert json.loads(again.stdout)["best"]["r2"] == pytest.approx(log["best"]["r2"])


def test_evidence_decides_where_it_may(csv: Path) -> None:
    _, told = _fit(csv, "--scale", "auto")
    assert "modelled as" not in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--scale", "peek=log"), "--scale 'peek=log' is not understood; use auto, or TARGET=log of 'peak'"),
        (("--scale", "peak=cube"), "scale 'cube' is not understood"),
        (("--missing", "guess"), "missing 'guess' is unknown; choose of fill, drop, neighbours, iterative"),
        (("--outliers", "drop"), "outliers 'drop' is not understood; use report, drop:mad:6"),
        (("--schema", "nowhere.toml"), "nowhere.toml: cannot be read"),
    ],
)
def test_what_is_asked_wrongly_of_the_data_is_told(csv: Path, arguments: tuple[str, ...], told: str) -> None:
    result = _run("fit", csv, "--target", "peak", *arguments)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert told in line


@pytest.mark.parametrize("method", ["fill", "neighbours", "iterative"])
def test_gaps_are_filled_inside_the_bundle(csv: Path, tmp_path: Path, method: str) -> None:
    lines = csv.read_text().splitlines()
    header, rows = (
        lines[0] + ",flow again",
        [f"{line},{float(line.split(',')[0]) * 2 + 1}" for line in lines[1:]],
    )
    rows[::4] = ["," + row.split(",", 1)[1] for row in rows[::4]]
    csv.write_text("\n".join([header, *rows]))
    told, _ = _fit(csv, "--missing", method, "--out", tmp_path / "b")
    assert told["data"]["rows"] == 30
    assert told["parity"]["worst"] <= 1e-6
    model = (tmp_path / "b" / "model.onnx").read_bytes()
    # Whatever fills it, a gap is answered.
    answer = run_onnx(model, np.array([[np.nan, 1.0, 761.0], [380.0, 1.0, 761.0]]))
    assert np.isfinite(answer.mean).all()
    difference = abs(answer.mean[0, 0] - answer.mean[1, 0])
    assert (difference < 4.0) == (method != "fill"), difference


def test_rows_with_gaps_or_outliers_go_on_request(csv: Path) -> None:
    lines = csv.read_text().splitlines()
    lines[3] = "," + lines[3].split(",", 1)[1]
    flow, ligand, batch, _, fwhm = lines[9].split(",")
    lines[9] = f"{flow},{ligand},{batch},9000.0,{fwhm}"
    csv.write_text("\n".join(lines))
    told, notes = _fit(csv, "--missing", "drop", "--outliers", "drop:mad:6")
    assert told["data"]["rows"] == 28
    assert "left out 1 of 29 rows as outliers by mad:6 (line 10): no score counts them" in notes
