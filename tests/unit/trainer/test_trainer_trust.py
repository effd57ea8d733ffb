"""What the report says of a model is true of it."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from trainer.calibration import calibrate, interval_coverage
from trainer.cli import app
from trainer.columns import Column
from trainer.dataset import Dataset
from trainer.explain import Fit, partial_dependence, permutation_importance
from trainer.learning import LearningCurve, learning_curve, replicate_noise
from trainer.split import make_split
from trainer.surrogate import Prepared
from trainer.trust import area_under_curve, novelty_auc

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.arrays import Floats, Ints


def _dataset(x: Floats, y: Floats, group_of: Ints | None = None) -> Dataset:
    inputs = tuple(Column(f"x{i}", f"x{i}", "", x[:, i]) for i in range(x.shape[1]))
    return Dataset(inputs, (Column("y", "y", "", y),), group_of, "", "made up", ())


def _line(rows: int, noise: float, seed: int = 0) -> Dataset:
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1.0, 1.0, (rows, 3))
    return _dataset(x, 3.0 * x[:, 0] + x[:, 1] + rng.normal(0.0, noise, rows))


@given(count=st.integers(40, 400), seed=st.integers(0, 50), tail=st.floats(1.5, 10.0))
def test_an_interval_of_90_percent_holds_so_many_errors_however_heavy_their_tail(
    count: int, seed: int, tail: float
) -> None:
    ratios = np.abs(np.random.default_rng(seed).standard_t(tail, (count, 1)))
    inside = (ratios <= calibrate(ratios, 0.9)).mean()
    assert 0.9 <= inside <= 0.9 + 2.0 / count


def test_the_coverage_of_an_interval_is_counted_on_rows_that_did_not_make_it() -> None:
    ratios = np.array([[1.0]] * 10 + [[100.0]] * 10)
    assert interval_coverage(ratios, np.repeat([0, 1], 10), 0.9) == 0.5


def test_the_input_that_does_most_is_the_most_important_and_an_idle_one_is_not() -> None:
    dataset = _line(60, 0.05)
    split = make_split("kfold:3", 60, None, 0)
    found = permutation_importance(dataset, split.folds, Fit("ridge", {}, 0))
    assert [each.name for each in found] == ["x0", "x1", "x2"]
    assert found[0].loss > 1.0
    assert abs(found[2].loss) < 0.01


def test_the_partial_dependence_of_a_line_is_its_slope() -> None:
    dataset = _line(60, 0.01)
    surrogate = Prepared.of(dataset.x, dataset.y, dataset.kinds, 0).fit("ridge", 0)
    found = partial_dependence(surrogate, dataset, 0, 0)
    slope = np.diff(found.mean[:, 0]) / np.diff(found.grid)
    assert slope == pytest.approx(np.full(len(slope), 3.0), abs=0.02)
    assert (found.low <= found.mean).all()
    assert (found.mean <= found.high).all()


def _curve(rmse: list[float], noise: float | None = None, gain: float = 0.0) -> LearningCurve:
    return LearningCurve(np.array([10.0, 20.0, 40.0]), np.array([rmse]).T, gain, 0.01, noise)


def test_more_data_would_help_a_curve_that_still_falls() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1.0, 1.0, (160, 2))
    dataset = _dataset(x, np.sin(4.0 * x[:, 0]) * np.cos(3.0 * x[:, 1]))
    folds = make_split("kfold:3", 160, None, 0).folds
    curve = learning_curve(dataset, folds, Fit("gp", {}, 0), lambda _done, _total: None)
    assert curve is not None
    assert (np.diff(curve.rmse.mean(axis=1)) < 0.0).all()
    assert curve.more_would_help
    assert curve.verdict().startswith("More data would help")


def test_more_data_would_not_help_a_line_in_noise() -> None:
    dataset = _line(300, 1.0)
    folds = make_split("kfold:3", 300, None, 0).folds
    curve = learning_curve(dataset, folds, Fit("ridge", {}, 0), lambda _done, _total: None)
    assert curve is not None
    assert not curve.more_would_help
    assert "would not help much" in curve.verdict()


def test_at_the_noise_of_repeats_no_data_help() -> None:
    curve = _curve([0.5, 0.3, 0.21], noise=0.2, gain=0.3)
    assert not curve.more_would_help
    assert "already what repeated experiments differ by" in curve.verdict()


def test_too_few_conditions_give_no_curve() -> None:
    dataset = _line(9, 0.1)
    folds = make_split("kfold:3", 9, None, 0).folds
    assert learning_curve(dataset, folds, Fit("ridge", {}, 0), lambda _done, _total: None) is None


def test_the_noise_of_repeats_is_what_was_added_to_them() -> None:
    rng = np.random.default_rng(0)
    x = np.repeat(rng.uniform(-1.0, 1.0, (200, 1)), 3, axis=0)
    y = 5.0 * x[:, 0] + rng.normal(0.0, 0.4, 600)
    noise = replicate_noise(_dataset(x, y), np.ones(1))
    assert noise == pytest.approx(0.4, rel=0.1)
    assert replicate_noise(_dataset(x[::3], y[::3]), np.ones(1)) is None


def test_the_area_under_a_curve_counts_pairs_in_order() -> None:
    assert area_under_curve(np.array([3.0, 4.0]), np.array([1.0, 2.0])) == 1.0
    assert area_under_curve(np.array([1.0, 2.0]), np.array([1.0, 2.0])) == 0.5
    assert area_under_curve(np.array([1.0]), np.array([1.0, 0.0, 2.0, 3.0])) == pytest.approx(0.375)


def test_novelty_knows_a_group_apart_from_the_others() -> None:
    rng = np.random.default_rng(0)
    group_of = np.repeat(np.arange(4), 25)
    x = rng.normal(0.0, 0.3, (100, 2)) + 5.0 * np.column_stack([group_of % 2, group_of // 2])
    folds = make_split("kfold:4", 100, group_of, 0).folds
    assert novelty_auc(_dataset(x, x[:, 0], group_of), folds, 0) > 0.95
    alike = _dataset(rng.normal(0.0, 1.0, (100, 2)), x[:, 0], group_of)
    assert novelty_auc(alike, folds, 0) == pytest.approx(0.5, abs=0.12)


def test_the_report_of_a_fit_says_what_it_found_and_needs_nothing_else(csv: Path, tmp_path: Path) -> None:
    page = tmp_path / "out.html"
    arguments = ["fit", str(csv), "--target", "peak", "--group-by", "batch", "--split", "kfold:3"]
    result = CliRunner().invoke(app, [*arguments, "--algorithms", "ridge", "--report", str(page), "--json"])
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    text = page.read_text()
    assert told["trust"]["learning_curve"]["verdict"] in text
    for heading in ("Would more data help?", "What matters", "Novelty", "Where it errs", "By ligand"):
        assert heading in text
    assert "By batch (kept whole)" in text
    assert "The score is one of" in text
    assert 'name="viewport"' in text
    assert not re.search(r"(src|href)=\"(?!#)", text)
    assert {each["input"] for each in told["trust"]["importance"]} == {"flow", "ligand", "fwhm"}


def test_report_and_json_show_what_was_found_in_the_data(csv: Path, tmp_path: Path) -> None:
    page = tmp_path / "out.html"
    arguments = ["fit", str(csv), "--target", "peak", "--split", "kfold:3", "--algorithms", "ridge"]
    result = CliRunner().invoke(app, [*arguments, "--report", str(page), "--json"])
    assert result.exit_code == 0, result.stderr
    data, text = json.loads(result.stdout)["data"], page.read_text()
    (twins,) = [finding for finding in data["findings"] if finding["kind"] == "twins"]
    assert twins["columns"] == ["flow (uL/min)", "fwhm (nm)"]
    assert twins["figures"]["correlation"] > 0.999
    assert twins["text"] in data["notes"]
    shown = html.unescape(text)
    assert "What the data show" in shown
    # Once, not again among the notes.
    assert all(shown.count(finding["text"]) == 1 for finding in data["findings"])


def test_a_report_in_no_folder_is_told_before_the_fit(csv: Path, tmp_path: Path) -> None:
    page = tmp_path / "nowhere" / "out.html"
    result = CliRunner().invoke(app, ["fit", str(csv), "--target", "peak", "--report", str(page)])
    assert result.exit_code == 2
    assert "choose another --report" in result.stderr
