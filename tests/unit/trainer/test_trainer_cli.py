"""The commands as a person types them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ostwald import signing
from ostwald.bundle import CONTENT_NAMES, digest, read_manifest, unpack_archive
from typer.testing import CliRunner, Result

from trainer.cli import app
from trainer.parity import run_onnx

FAST = ("--algorithms", "ridge,gp", "--split", "kfold:3")


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def _json(*arguments: str | Path) -> dict[str, Any]:
    result = _run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    assert len(result.stdout.splitlines()) == 1
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def _error(*arguments: str | Path) -> tuple[int, str]:
    result = _run(*arguments)
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.stdout == ""
    lines = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, result.stderr
    return result.exit_code, lines[0]


def test_fit_tells_the_best_and_all_models(csv: Path) -> None:
    told = _json("fit", csv, "--target", "peak", "--drop", "batch,fwhm", *FAST)
    assert told["best"]["algorithm"] == "gp"
    assert set(told["best"]) >= {"algorithm", "r2", "rmse", "mae"}
    assert [model["algorithm"] for model in told["models"]] == ["gp", "ridge"]
    assert told["best"]["r2"] == max(model["r2"] for model in told["models"]) > 0.8
    assert told["split"].pop("scored") == "new conditions of a known system"
    assert told["split"] == {"kind": "kfold:3", "folds": 3, "groups": None, "group_by": [], "seed": 0}
    assert told["data"]["inputs"] == ["flow", "ligand"]
    assert told["bundle"] is None


def test_fit_scores_groups_that_were_not_seen(csv: Path) -> None:
    told = _json("fit", csv, "--target", "peak", "--drop", "fwhm", "--group-by", "batch", *FAST)
    assert told["split"]["groups"] == 6
    assert told["data"]["inputs"] == ["flow", "ligand"]


def test_a_three_part_split_scores_the_best_on_rows_that_did_not_choose_it(csv: Path) -> None:
    told = _json("fit", csv, "--target", "peak", "--drop", "batch,fwhm", *FAST[:2], "--split", "6:2:2")
    chosen = next(model for model in told["models"] if model["algorithm"] == told["best"]["algorithm"])
    assert chosen["r2"] != told["best"]["r2"]


def test_fit_shows_people_a_table(csv: Path) -> None:
    result = _run("fit", csv, "--target", "peak", *FAST)
    assert result.exit_code == 0
    assert "gp" in result.stdout
    assert "best: gp, R2 " in result.stdout


def test_fit_writes_a_bundle_that_a_device_can_trust(csv: Path, tmp_path: Path, config_folder: Path) -> None:
    out = tmp_path / "out" / "bundle"
    result = _run("fit", csv, "--target", "peak", "--target", "fwhm", "--drop", "batch", *FAST, "--out", out)
    assert result.exit_code == 0, result.stderr
    assert "made a signing key" in result.stderr
    public = config_folder / "signing-key.pub"
    assert signing.verify(out, [public]) == signing.key_id(public)
    manifest = read_manifest(out)
    assert manifest.name == "silver-prisms"
    assert manifest.algorithm == "gp"
    assert [(item.name, item.unit, item.choices) for item in manifest.inputs] == [
        ("flow", "uL/min", ()),
        ("ligand", "", ("PVA", "citrate")),
    ]
    assert [(item.name, item.unit) for item in manifest.outputs] == [("peak", "nm"), ("fwhm", "nm")]
    answer = run_onnx((out / "model.onnx").read_bytes(), np.array(manifest.golden.conditions))
    assert (
        manifest.golden_mismatch(answer.mean.tolist(), answer.std.tolist(), answer.novelty.tolist()) is None
    )
    assert list(tmp_path.glob("out/.*")) == []


def test_a_second_bundle_takes_the_place_of_the_first_with_a_higher_serial(csv: Path, tmp_path: Path) -> None:
    fit = ("fit", csv, "--target", "peak", *FAST, "--out", tmp_path / "b")
    _json(*fit, "--serial", "5", "--min-serial", "2", "--name", "mine", "--latency-budget-ms", "7.5")
    first = read_manifest(tmp_path / "b")
    assert (first.name, first.serial, first.min_serial, first.latency_budget_ms) == ("mine", 5, 2, 7.5)
    told = _json(*fit)
    assert read_manifest(tmp_path / "b").serial > 20_260_000_000_000
    assert told["digest"] == digest(tmp_path / "b")
    assert told["parity"]["worst"] <= told["parity"]["rtol"] == 1e-6


def test_the_report_needs_nothing_else_and_names_what_was_done(csv: Path, tmp_path: Path) -> None:
    _json("fit", csv, "--target", "peak", *FAST, "--out", tmp_path / "b")
    report = (tmp_path / "b" / "report.html").read_text()
    assert "<svg" in report
    for told in ("Gaussian process", "ridge regression", "peak (nm)", "kfold:3", "PVA, citrate"):
        assert told in report
    assert "src=" not in report
    assert "<script" not in report


def test_text_from_a_csv_is_escaped_in_the_report(csv: Path, tmp_path: Path) -> None:
    csv.write_text(csv.read_text().replace("citrate", "<script>alert(1)</script>"))
    _json("fit", csv, "--target", "peak", *FAST, "--out", tmp_path / "b")
    assert "<script" not in (tmp_path / "b" / "report.html").read_text()


def test_refit_gives_the_same_model_again(csv: Path, tmp_path: Path) -> None:
    _json("fit", csv, "--target", "peak", "--group-by", "batch", *FAST, "--out", tmp_path / "a")
    told = _json("refit", tmp_path / "a", "--out", tmp_path / "b")
    assert read_manifest(tmp_path / "b").name == read_manifest(tmp_path / "a").name
    for name in ("model.onnx", "dataset.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert told["split"]["groups"] == 6


def test_refit_takes_newer_data(csv: Path, tmp_path: Path) -> None:
    _json("fit", csv, "--target", "peak", "--drop", "batch", *FAST, "--out", tmp_path / "a")
    csv.write_text(csv.read_text() + "\n200.0,PVA,b9,470.0,50.0")
    told = _json("refit", tmp_path / "a", "--data", csv, "--out", tmp_path / "b")
    assert told["data"]["rows"] == 31


def test_pack_writes_the_archive_of_a_bundle_one_can_vouch_for(csv: Path, tmp_path: Path) -> None:
    _json("fit", csv, "--target", "peak", *FAST, "--out", tmp_path / "b")
    told = _json("pack", tmp_path / "b", "--out", tmp_path / "b.tar")
    unpack_archive(tmp_path / "b.tar", tmp_path / "again")
    assert digest(tmp_path / "again") == told["digest"]
    (tmp_path / "b" / "dataset.csv").write_text("changed")
    code, line = _error("pack", tmp_path / "b", "--out", tmp_path / "c.tar")
    assert code == 1
    assert "dataset.csv: changed after it was signed" in line
    assert not (tmp_path / "c.tar").exists()


def test_keygen_makes_a_pair_once(tmp_path: Path) -> None:
    told = _json("keygen", "--out", tmp_path / "keys")
    assert signing.key_id(Path(told["public"])) == told["key_id"]
    code, line = _error("keygen", "--out", tmp_path / "keys")
    assert code == 1
    assert "there is a key already" in line


def test_a_given_key_signs(csv: Path, tmp_path: Path, config_folder: Path) -> None:
    keys = _json("keygen", "--out", tmp_path / "keys")
    told = _json("fit", csv, "--target", "peak", *FAST, "--out", tmp_path / "b", "--key", keys["private"])
    assert told["signed_by"] == keys["key_id"]
    assert not config_folder.exists()


def test_compare_tells_the_same_as_fit(csv: Path) -> None:
    arguments = (csv, "--target", "peak", *FAST)
    assert _json("compare", *arguments) == _json("fit", *arguments)


def test_a_text_among_numbers_fails_in_one_line(csv: Path) -> None:
    lines = csv.read_text().splitlines()
    lines[16] = "abc" + lines[16][lines[16].index(",") :]
    csv.write_text("\n".join(lines))
    code, line = _error("fit", csv, "--target", "peak")
    assert code == 1
    assert line == (
        "error: Silver prisms.csv line 17, column 'flow (uL/min)': 'abc' is not a number; "
        "correct the cell, or pass --categorical 'flow (uL/min)'"
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--target", "peek"), "closest are 'peak (nm)'"),
        (("--target", "peak", "--split", "9"), "--split '9' is not understood"),
        (("--target", "peak", "--algorithms", "magic"), "--algorithms 'magic' is unknown"),
        (("--target", "peak", "--seed", "-1"), "--seed -1"),
        (("--target", "peak", "--out", "x", "--serial", "0"), "serials 0 (least) and 0"),
        (("--target", "peak", "--out", "x", "--latency-budget-ms", "0"), "--latency-budget-ms 0"),
    ],
)
def test_wrong_use_has_its_own_exit_code(csv: Path, arguments: tuple[str, ...], told: str) -> None:
    code, line = _error("fit", csv, *arguments)
    assert code == 2
    assert told in line


def test_a_missing_file_is_wrong_use(tmp_path: Path) -> None:
    code, line = _error("fit", tmp_path / "nowhere.csv", "--target", "y")
    assert code == 2
    assert "nowhere.csv: cannot be read" in line


def test_other_files_are_never_overwritten(csv: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("")
    code, line = _error("fit", csv, "--target", "peak", *FAST, "--out", tmp_path / "mine")
    assert code == 2
    assert "thesis.tex" in line
    assert (tmp_path / "mine" / "thesis.tex").exists()


def test_a_fit_that_fails_leaves_the_earlier_bundle_alone(csv: Path, tmp_path: Path) -> None:
    _json("fit", csv, "--target", "peak", *FAST, "--out", tmp_path / "b")
    before = digest(tmp_path / "b")
    (tmp_path / "bad.pem").write_text("no key")
    code, line = _error(
        "fit", csv, "--target", "peak", *FAST, "--out", tmp_path / "b", "--key", tmp_path / "bad.pem"
    )
    assert code == 1
    assert "bad.pem: not a private key" in line
    assert digest(tmp_path / "b") == before
    names = {path.name for path in (tmp_path / "b").iterdir()}
    assert names == {*CONTENT_NAMES, "signature.sigstore.json"}
    assert list(tmp_path.glob(".b-*")) == []


def test_a_key_that_cannot_sign_is_told_before_the_fit(csv: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("no key")
    csv.write_text("no table")
    _, line = _error("fit", csv, "--target", "peak", "--out", tmp_path / "b", "--key", tmp_path / "bad.pem")
    assert "bad.pem: not a private key" in line


def test_a_gap_that_only_held_out_rows_have_does_not_spoil_the_score(csv: Path) -> None:
    lines = csv.read_text().splitlines()
    lines[5] = "None" + lines[5][lines[5].index(",") :]
    csv.write_text("\n".join(lines))
    told = _json("fit", csv, "--target", "peak", "--drop", "batch,fwhm", *FAST)
    assert told["best"]["r2"] > 0.5


def test_too_few_distinct_conditions_are_told(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("x,y\n" + "1,2\n2,3\n" * 6)
    code, line = _error("fit", tmp_path / "d.csv", "--target", "y", "--split", "kfold:2")
    assert code == 1
    assert "2 distinct conditions to train on, 4 are needed" in line


def test_help_does_not_wait_for_the_mathematics() -> None:
    heavy = ("numpy", "sklearn", "onnx", "matplotlib")
    check = f"import sys, trainer.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
