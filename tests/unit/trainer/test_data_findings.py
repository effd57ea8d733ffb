"""What the data show is told with numbers: leaks, groups, repeats, parts of a whole, odd values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.columns import Column
from trainer.composition import find_compositions
from trainer.dataset import load_dataset
from trainer.findings import estimate_noise
from trainer.outliers import OutlierRule, find_outliers
from trainer.recipe import Recipe
from trainer.target_shape import prefers_bounded, prefers_log
from trainer.units import convert, name_and_unit

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.arrays import Floats
    from trainer.findings import Finding

RNG = np.random.default_rng(0)
NOISE = RNG.normal(size=60)
X = RNG.uniform(1.0, 9.0, 60)


def _findings(folder: Path, columns: dict[str, Floats | list[str]], *group_by: str) -> list[Finding]:
    rows = [",".join(str(values[row]) for values in columns.values()) for row in range(len(X))]
    (folder / "d.csv").write_text("\n".join([",".join(columns), *rows]))
    return list(load_dataset(folder / "d.csv", Recipe(targets=("y",), group_by=group_by)).findings)


def _only(found: list[Finding], kind: str) -> Finding:
    (finding,) = [finding for finding in found if finding.kind == kind]
    return finding


def test_clean_data_have_nothing_to_tell(tmp_path: Path) -> None:
    assert _findings(tmp_path, {"x": X, "y": X + NOISE}) == []


def test_a_row_number_is_no_condition(tmp_path: Path) -> None:
    found = _findings(tmp_path, {"No.": np.arange(60.0), "x": X, "y": X + NOISE})
    assert _only(found, "row number").columns == ("No.",)


def test_rows_left_out_do_not_hide_a_row_number(tmp_path: Path) -> None:
    numbers = np.sort(RNG.permutation(np.arange(80.0))[:60])
    assert _only(_findings(tmp_path, {"No.": numbers, "x": X, "y": X + NOISE}), "row number")


def test_time_in_a_unit_is_a_condition(tmp_path: Path) -> None:
    assert _findings(tmp_path, {"t (s)": np.arange(60.0), "x": X, "y": X + NOISE}) == []


def test_a_target_in_disguise_is_told_however_it_is_bent(tmp_path: Path) -> None:
    y = X + NOISE
    finding = _only(_findings(tmp_path, {"x": X, "z": -np.exp(y), "y": y}), "target in disguise")
    assert finding.columns == ("z", "y")
    assert finding.figures["rank_correlation"] == pytest.approx(-1.0)


def test_columns_that_say_the_same_are_told(tmp_path: Path) -> None:
    finding = _only(_findings(tmp_path, {"x": X, "z": 3.0 * X + 1.0, "y": X + NOISE}), "twins")
    assert finding.columns == ("x", "z")


def test_groups_that_folds_would_split_are_told_with_numbers(tmp_path: Path) -> None:
    batch = [f"b{row // 6}" for row in range(60)]
    y = X + 40.0 * np.repeat(RNG.normal(size=10), 6)
    columns: dict[str, Floats | list[str]] = {"x": X, "batch": batch, "y": y}
    finding = _only(_findings(tmp_path, columns), "groups split")
    assert finding.figures["groups"] == 10
    assert finding.figures["variance_between"] > 0.9
    assert finding.figures["rows_split"] == 1.0
    assert "--group-by 'batch'" in finding.text
    assert _findings(tmp_path, columns, "batch") == []


def test_groups_that_do_not_matter_are_not_told(tmp_path: Path) -> None:
    batch = [f"b{row % 10}" for row in range(60)]
    assert _findings(tmp_path, {"x": X, "batch": batch, "y": X + NOISE}) == []


def test_repeats_bound_the_score_that_can_be_reached(tmp_path: Path) -> None:
    x = np.repeat(X[:20], 3)
    found = _findings(tmp_path, {"x": x, "y": 3.0 * x + NOISE})
    assert _only(found, "replicates").figures["rows"] == 40
    noise = _only(found, "noise").figures
    assert noise["std"] == pytest.approx(1.0, abs=0.25)
    assert 0.95 < noise["r2_ceiling"] < 1.0


def test_noise_is_the_spread_within_equal_conditions() -> None:
    same = np.repeat(np.arange(4000), 2)
    y = np.repeat(np.random.default_rng(1).normal(0.0, 2.0, 4000), 2)
    y += np.random.default_rng(2).normal(0.0, 1.0, 8000)
    std, ceiling = estimate_noise(y, same)
    assert std == pytest.approx(1.0, abs=0.03)
    assert ceiling == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize("total", [1.0, 100.0])
def test_parts_of_a_whole_are_found_with_the_row_that_breaks_it(tmp_path: Path, total: float) -> None:
    parts = np.random.default_rng(3).dirichlet([1.0, 2.0, 3.0], 60) * total
    parts[7] *= 1.5
    columns = {f"part {index} (%)": parts[:, index] for index in range(3)}
    finding = _only(_findings(tmp_path, {**columns, "x": X, "y": X + NOISE}), "composition")
    assert finding.columns == ("part 0 (%)", "part 1 (%)", "part 2 (%)")
    assert finding.figures["total"] == total
    assert "not in line 9" in finding.text


def test_numbers_that_only_happen_to_be_below_one_are_no_composition() -> None:
    data = np.random.default_rng(4).uniform(0.0, 1.0, (50, 3))
    assert find_compositions([Column(f"c{n}", f"c{n}", "", data[:, n]) for n in range(3)]) == []


def test_a_target_over_decades_reads_better_as_logarithm() -> None:
    rng = np.random.default_rng(5)
    x = rng.uniform(0.0, 1.0, (80, 1))
    y = 10.0 ** (3.0 * x[:, 0] + 0.1 * rng.normal(size=80))
    gain = prefers_log(x, y)
    assert gain is not None
    assert gain > 50.0
    assert prefers_log(x, 1.0 + 20.0 * x[:, 0] + 0.1 * rng.uniform(size=80)) is None
    assert prefers_log(x, y - y.mean()) is None


def test_a_few_values_near_zero_do_not_make_a_target_log_like() -> None:
    rng = np.random.default_rng(6)
    x = rng.uniform(0.0, 1.0, (80, 1))
    y = x[:, 0] + 0.1 * rng.normal(size=80)
    y = np.where(y < 0.05, 1e-4 * (1.0 + x[:, 0]), y)
    assert prefers_log(x, y) is None


def test_a_share_that_saturates_reads_better_as_logit() -> None:
    x = np.random.default_rng(8).normal(size=(120, 1))
    percent = 100.0 / (1.0 + np.exp(-3.0 * x[:, 0] + 0.2 * np.random.default_rng(9).normal(size=120)))
    gain = prefers_bounded(x, percent, 0.0, 100.0)
    assert gain is not None
    assert gain > 50.0
    assert prefers_bounded(x, 50.0 + x[:, 0], 0.0, 100.0) is None
    assert prefers_bounded(x, 200.0 * x[:, 0], 0.0, 100.0) is None


@given(shift=st.floats(-1e3, 1e3), scale=st.floats(1e-2, 1e2), seed=st.integers(0, 99))
def test_outliers_do_not_depend_on_the_unit(shift: float, scale: float, seed: int) -> None:
    y = np.random.default_rng(seed).standard_t(2, (50, 2))
    same = np.repeat(np.arange(10), 5)
    for name in ("mad", "iqr", "replicates"):
        rule = OutlierRule(name, 3.0, drops=True)
        np.testing.assert_array_equal(
            find_outliers(rule, y, same), find_outliers(rule, y * scale + shift, same)
        )


def test_a_repeat_that_differs_from_its_like_is_found_where_others_hide_it() -> None:
    same = np.repeat(np.arange(20), 5)
    y = (100.0 * same + np.random.default_rng(6).normal(size=100))[:, None]
    y[42] += 50.0
    assert not find_outliers(OutlierRule("mad", 5.0, drops=True), y, same).any()
    assert np.flatnonzero(find_outliers(OutlierRule("replicates", 8.0, drops=True), y, same)).tolist() == [42]


def test_conditions_measured_twice_have_no_outlier_among_them() -> None:
    y = np.random.default_rng(7).standard_cauchy((20, 1))
    assert not find_outliers(OutlierRule("replicates", 1.0, drops=True), y, np.repeat(np.arange(10), 2)).any()


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        (1.0, "mL/min", "uL/min", 1000.0),
        (25.0, "C", "K", 298.15),
        (1.0, "h", "min", 60.0),
        (2.0, "mM", "mol/L", 0.002),
        (50.0, "wt%", "-", 0.5),
        (3.0, "L^-1", "mL-1", 0.003),
        (7.0, "nm", "nm", 7.0),
    ],
)
def test_units_convert(value: float, source: str, target: str, expected: float) -> None:
    assert float(convert(np.array(value), source, target, "x")) == pytest.approx(expected)


def test_a_name_is_no_unit_though_physics_might_read_one() -> None:
    assert name_and_unit("share (PVA)") == ("share (PVA)", "")
