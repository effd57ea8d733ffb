"""Soft sensors: from spectra with known bands to bundles that answer, and what is said where they can't."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ostwald import signing
from ostwald.bundle import read_manifest
from ostwald.manifest import SOFT_SENSOR
from typer.testing import CliRunner

from trainer.cli import app
from trainer.errors import TrainerError, UsageError
from trainer.parity import check_parity, run_onnx
from trainer.soft import conv
from trainer.soft.fit import SoftRecipe, fit_table
from trainer.soft.spectra import SpectraRequest, load_spectra

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 60
NM = np.arange(398.0, 702.0, 1.5)


def measured(size_nm: float, rng: np.random.Generator) -> np.ndarray:
    """A band that moves red and grows with size, on a slope, with noise: another dilution each time."""
    band = np.exp(-0.5 * ((NM - 500.0 - 1.5 * size_nm) / (20.0 + 0.2 * size_nm)) ** 2)
    return rng.uniform(0.5, 1.0) * (band + 0.3 * (700.0 - NM) / 300.0) + rng.normal(0.0, 0.002, len(NM))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    folder = tmp_path / "spectra"
    folder.mkdir()
    lines = ["batch,size (nm),file"]
    for row in range(ROWS):
        size_nm = rng.uniform(10.0, 50.0)
        text = "\n".join(f"{nm},{value:.5f}" for nm, value in zip(NM, measured(size_nm, rng), strict=True))
        (folder / f"{row}.csv").write_text(f"wavelength(nm),absorbance\n{text}\n")
        lines.append(f"b{row // 3},{size_nm:.3f},spectra/{row}.csv")
    path = tmp_path / "particles.csv"
    path.write_text("\n".join(lines))
    return path


def request(**others: Any) -> SpectraRequest:
    return SpectraRequest(**{"targets": ("size",), "spectra": "file", **others})


def fit(table: Path, method: str, treatment: str = "none", split: str = "kfold:3", **others: Any):
    recipe = SoftRecipe(request(**others), (method,), treatment, split)
    return fit_table(table, recipe, lambda _done, _total: None)


@pytest.mark.parametrize("method", ["pls", "mlp-features", "mlp"])
def test_every_method_tells_the_size_and_its_graph_agrees(table, method):
    fitted = fit(table, method, "snv", "7:3", step_nm=10.0)
    assert fitted.judged.score.r2 > 0.95
    model = fitted.sensor.to_onnx("size")
    parity = check_parity(model, fitted.sensor, fitted.spectra.x, ["size"], 1e-6)
    assert parity.rows == ROWS


def test_the_treatment_that_takes_the_dilution_out_is_found(table):
    fitted = fit(table, "pls", "auto")
    assert "snv" in fitted.sensor.front.name or "derivative" in fitted.sensor.front.name


def test_intervals_of_unseen_spectra_hold_about_as_often_as_they_say(table):
    assert 0.8 <= fit(table, "pls").judged.coverage_90 <= 1.0


def test_a_spectrum_of_another_kind_is_novel_and_its_deviation_grows(table):
    fitted = fit(table, "pls")
    nm = np.array(fitted.spectra.grid.wavelengths_nm)
    strange = np.exp(-0.5 * ((nm - 450.0) / 5.0) ** 2)[None, :]
    answer = run_onnx(fitted.sensor.to_onnx("size"), np.vstack([fitted.spectra.x[:1], strange]))
    assert answer.novelty[0] <= 1.0 < answer.novelty[1]
    assert answer.std[1, 0] > answer.std[0, 0]


def test_groups_stay_whole(table):
    fitted = fit(table, "pls", group_by=("batch",))
    group_of = fitted.spectra.group_of
    for fold in fitted.split.folds:
        assert not set(group_of[fold.train]) & set(group_of[fold.test])
    assert "new group" in fitted.spectra.scored


def test_the_grid_is_as_fine_as_measured_or_as_fine_as_a_graph_takes(table):
    spectra = load_spectra(table, request(), "kfold:3")
    assert len(spectra.grid.wavelengths_nm) <= 128
    assert spectra.grid.step_nm == 2.5
    asked = load_spectra(table, request(range_nm=(450.0, 650.0), step_nm=5.0), "kfold:3").grid
    assert (asked.wavelengths_nm[0], asked.wavelengths_nm[-1], asked.step_nm) == (450.0, 650.0, 5.0)


def test_wide_spectra_and_what_a_bundle_keeps_of_them_give_the_same_scores(table, tmp_path):
    fitted = fit(table, "pls", range_nm=(400.0, 700.0), step_nm=5.0)
    again = tmp_path / "wide.csv"
    again.write_bytes(fitted.spectra.to_csv())
    repeated = fit(again, "pls", spectra="wide")
    assert repeated.spectra.grid == fitted.spectra.grid
    # The average over a step is taken once more: what is a line stays one, what bends does so a little less.
    assert repeated.judged.score.r2 == pytest.approx(fitted.judged.score.r2, abs=0.01)


def test_a_signed_bundle_answers_spectra_on_the_command_line(table, tmp_path):
    runner, out = CliRunner(), tmp_path / "bundle"
    arguments = ["soft-sensor", "fit", str(table), "--spectra", "file", "--target", "size"]
    options = ["--method", "pls,mlp-features", "--treatment", "snv", "--split", "7:3"]
    result = runner.invoke(app, [*arguments, *options, "--out", str(out), "--json"])
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert {each["method"] for each in told["methods"]} == {"pls", "mlp-features"}
    assert told["bundle"]["parity"] <= 1e-6
    signing.verify(out, [tmp_path / "config" / "ostwald" / signing.PUBLIC_NAME])
    manifest = read_manifest(out)
    assert manifest.kind == SOFT_SENSOR
    assert manifest.spectrum is not None
    assert [each.name for each in manifest.inputs] == list(manifest.spectrum.names())
    answer = runner.invoke(
        app, ["soft-sensor", "predict", str(out), str(tmp_path / "spectra/0.csv"), "--json"]
    )
    [found] = json.loads(answer.stdout)["answers"]
    asked = float(table.read_text().splitlines()[1].split(",")[1])
    assert found["trusted"]
    assert found["readings"][0]["mean"] == pytest.approx(asked, abs=5.0 * found["readings"][0]["std"])


def test_a_surrogate_is_no_soft_sensor(csv, tmp_path):
    out = tmp_path / "surrogate"
    runner = CliRunner()
    fitted = runner.invoke(
        app, ["fit", str(csv), "--target", "peak", "--algorithms", "linear", "--out", str(out)]
    )
    assert fitted.exit_code == 0, fitted.stderr
    result = runner.invoke(app, ["soft-sensor", "predict", str(out), str(csv)])
    assert result.exit_code == 2
    assert "no soft sensor" in result.stderr


def test_a_spectrum_that_is_too_short_for_a_sensor_is_refused_by_name(table, tmp_path):
    out = tmp_path / "bundle"
    runner = CliRunner()
    arguments = ["soft-sensor", "fit", str(table), "--spectra", "file", "--target", "size", "--out", str(out)]
    made = runner.invoke(app, [*arguments, "--method", "pls", "--treatment", "none", "--split", "kfold:3"])
    assert made.exit_code == 0, made.stderr
    short = tmp_path / "short.csv"
    short.write_text("wavelength(nm),absorbance\n" + "\n".join(f"{nm},0.5" for nm in range(450, 700)))
    result = runner.invoke(app, ["soft-sensor", "predict", str(out), str(short)])
    assert result.exit_code == 1
    assert "short.csv: reaches from 450 to 699 nm, the sensor needs 400 to 700 nm" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("wavelength(nm),absorbance\n400,0.1\n500,0.2,0.3\n", "expected 2"),
        ("wavelength(nm),absorbance\n400,0.1\n400,0.2\n", "stands twice"),
        ("wavelength(nm),absorbance\n400,\n500,\n", "holds no value"),
        ("wavelength(nm),absorbance\n400,much\n500,0.2\n600,0.2\n", "'much' is not a number"),
        ("wavelength(nm),dark,reference\n400,1,2\n500,1,2\n", "has no column 'absorbance'"),
        ("wavelength(nm),absorbance\n,0.1\n500,0.2\n", "gap in the wavelengths"),
    ],
)
def test_a_broken_spectrum_is_named_with_what_is_wrong(table, tmp_path, content, said):
    (tmp_path / "spectra" / "7.csv").write_text(content)
    with pytest.raises(TrainerError, match=said) as caught:
        load_spectra(table, request(), "kfold:3")
    assert "7.csv" in str(caught.value)


def test_a_gap_within_the_grid_is_refused(table, tmp_path):
    path = tmp_path / "spectra" / "7.csv"
    lines = path.read_text().splitlines()
    lines[100] = lines[100].split(",")[0] + ","
    path.write_text("\n".join(lines))
    with pytest.raises(Exception, match=r"7\.csv: no value at 546\.5 nm"):
        load_spectra(table, request(), "kfold:3")


def test_a_missing_file_is_named_with_its_line(table, tmp_path):
    (tmp_path / "spectra" / "3.csv").unlink()
    with pytest.raises(TrainerError, match=r"line 5, column 'file': there is no file 'spectra/3\.csv'"):
        load_spectra(table, request(), "kfold:3")


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"spectra": "wide"}, "fewer than 8"),
        ({"spectra": "spectrum"}, "has no column 'spectrum'"),
        ({"signal": "emission"}, "0.csv: has no column 'emission', but 'wavelength"),
        ({"signal": "raman"}, "--signal 'raman' is unknown"),
        ({"range_nm": (400.0, 410.0)}, "was asked for"),
        ({"step_nm": 0.0}, "not above zero"),
        ({"range_nm": (300.0, 700.0)}, "the sensor needs 300 to 700 nm"),
    ],
)
def test_a_request_that_makes_no_sense_is_answered_in_one_line(table, others, said):
    with pytest.raises(Exception, match=said) as caught:
        load_spectra(table, request(**others), "kfold:3")
    assert "\n" not in str(caught.value)


def test_unknown_methods_and_treatments_are_named(table):
    with pytest.raises(UsageError, match="--method 'forest' is unknown"):
        SoftRecipe(request(), ("forest",))
    with pytest.raises(UsageError, match="--treatment 'msc' is unknown"):
        fit(table, "pls", "msc")


def test_without_torch_the_remedy_is_told_before_anything_is_read(monkeypatch):
    monkeypatch.setattr(conv, "find_spec", lambda _name: None)
    with pytest.raises(UsageError, match=r"pip install 'ostwald\[deep\]'"):
        SoftRecipe(request(), ("conv",))


def test_a_convolution_as_a_matrix_does_what_a_convolution_does():
    rng = np.random.default_rng(0)
    kernel, bias, signal = rng.normal(size=(3, 2, 5)), rng.normal(size=3), rng.normal(size=(4, 2, 21))
    matrix, biases = conv.Convolution(kernel, bias, stride=2).as_matrix(21)
    windows = np.lib.stride_tricks.sliding_window_view(signal, 5, axis=2)[:, :, ::2]
    direct = np.einsum("ncpw,ocw->nop", windows, kernel) + bias[None, :, None]
    assert (signal.reshape(4, -1) @ matrix + biases).reshape(direct.shape) == pytest.approx(direct)
