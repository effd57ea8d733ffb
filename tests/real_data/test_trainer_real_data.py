"""Published data sets, read as their authors left them, reach what they are known to allow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ostwald.bundle import read_manifest
from typer.testing import CliRunner

from trainer.cli import app
from trainer.parity import run_onnx

DATA = Path(__file__).parents[3] / "shared" / "data"
TASKS = Path(__file__).with_name("benchmark.toml")
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA.is_dir(), reason="the published data sets are not beside the checkout"),
]


@pytest.fixture(autouse=True)
def _own_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def _fit(path: str, *arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["fit", str(DATA / path), *arguments, "--json"])
    assert result.exit_code == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_droplets_grouped_by_condition() -> None:
    told = _fit("agnp_flow/droplets.csv", "--target", "loss", "--group-by", "inputs")
    assert told["split"]["groups"] == told["data"]["distinct_conditions"] == 164
    assert told["data"]["rows"] == 3295
    assert told["best"]["r2"] >= 0.88


def test_averaged_droplets_without_header() -> None:
    assert _fit("olympus/dataset_agnp/data.csv", "--no-header", "--target", "last")["best"]["r2"] >= 0.94


@pytest.mark.parametrize(("algorithm", "rtol"), [("gp", 1e-6), ("forest", 1e-4)])
def test_a_bundle_answers_as_the_fitted_model(tmp_path: Path, algorithm: str, rtol: float) -> None:
    out = tmp_path / "bundle"
    arguments = ("--target", "loss", "--group-by", "inputs", "--algorithms", algorithm, "--split", "7:3")
    told = _fit("agnp_flow/droplets.csv", *arguments, "--out", str(out))
    assert told["parity"]["worst"] <= rtol
    assert told["parity"]["rows"] > 3295
    manifest = read_manifest(out)
    assert [(item.name, item.unit) for item in manifest.inputs][-1] == ("Qtot", "uL/min")
    answer = run_onnx((out / "model.onnx").read_bytes(), np.array(manifest.golden.conditions))
    assert (
        manifest.golden_mismatch(answer.mean.tolist(), answer.std.tolist(), answer.novelty.tolist()) is None
    )


@pytest.mark.parametrize(
    ("path", "arguments", "least_r2"),
    [
        ("olympus/dataset_benzylation/data.csv", ("--no-header", "--target", "last"), 0.94),
        ("olympus/dataset_snar/data.csv", ("--no-header", "--target", "last"), 0.88),
        ("olympus/dataset_lnp3/data.csv", ("--no-header", "--target", "c8"), 0.8),
        ("chiral_aunp/experiment_history.csv", ("--target", "g-factor", "--inputs", "CTAB,Au,AA,GSH"), 0.8),
        (
            "synthesizer_perovskite_npl/dataset_synthesizer.csv",
            ("--target", "peak_pos", "--drop", "encoding,PL_data,fwhm,Sample No."),
            0.84,
        ),
        ("summit_flow/reizman_suzuki_case_1.csv", ("--target", "yld", "--target", "ton"), 0.8),
    ],
)
def test_files_of_many_kinds_reach_their_known_score(
    path: str, arguments: tuple[str, ...], least_r2: float
) -> None:
    assert _fit(path, *arguments, "--algorithms", "gp,forest")["best"]["r2"] >= least_r2


@pytest.mark.parametrize(
    ("task", "algorithm", "least_r2"),
    [
        ("agnp score", "stacking", 0.945),
        ("CdSe absorption", "extra-trees", 0.9),
        ("CdSe absorption, a citation left out", "extra-trees", 0.59),
    ],
)
def test_the_table_of_scores_holds(task: str, algorithm: str, least_r2: float) -> None:
    """Those rows of docs/scores.md that take seconds; `ostwald-trainer benchmark` makes them all."""
    arguments = ["benchmark", str(DATA), "--tasks", str(TASKS), "--only", task, "--algorithms", algorithm]
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["tasks"][0]["models"][0]["r2"] >= least_r2


def test_a_file_that_is_not_utf8_is_read() -> None:
    header = CliRunner().invoke(
        app, ["compare", str(DATA / "chiral_aunp/g_factor_spectra.csv"), "--target", "nothing"]
    )
    assert header.exit_code == 2
    assert "--target 'nothing' is no column" in header.stderr


def test_a_yield_given_as_above_90_percent_is_told_by_line() -> None:
    path = DATA / "summit_flow/baumgartenter_benzamide_cross_coupling.csv"
    result = CliRunner().invoke(app, ["fit", str(path), "--target", "yld"])
    assert result.exit_code == 1
    assert "line 36, column 'yld': '≥90%' is not a number" in result.stderr


def test_a_hundred_columns_of_a_spectrum_are_fitted_at_once(tmp_path: Path) -> None:
    spectra = (DATA / "pozzo_head_aunp/campaign_spectra.csv").read_text().splitlines()
    campaigns = (DATA / "pozzo_head_aunp/campaigns.csv").read_text().splitlines()
    rows = [
        ",".join([*recipe.split(",")[3:5], *spectrum.split(",")[3:]])
        for recipe, spectrum in zip(campaigns[:51], spectra[:51], strict=True)
    ]
    (tmp_path / "spectra.csv").write_text("\n".join(rows))
    arguments = [
        "fit",
        str(tmp_path / "spectra.csv"),
        "--target",
        "[4-9]*",
        "--algorithms",
        "ridge,forest,gp",
    ]
    result = CliRunner().invoke(
        app, [*arguments, "--group-by", "inputs", "--out", str(tmp_path / "b"), "--json"]
    )
    assert result.exit_code == 0, result.stderr
    assert len(json.loads(result.stdout)["data"]["targets"]) == 101
    assert len(read_manifest(tmp_path / "b").outputs) == 101
