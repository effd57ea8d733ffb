"""Designs keep their bounds and constraints, and are what their names promise."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from trainer.cli import app
from trainer.designs.constraints import read_constraint
from trainer.designs.factors import Factor, from_unit, read_factor
from trainer.designs.first import d_optimal, factorial, latin_hypercube, model_matrix, sobol
from trainer.errors import TrainerError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

FLOW = read_factor("flow (uL/min)=10..400")
SEED = read_factor("Q seed=0..20")
LIGAND = read_factor("ligand=PVA|citrate|none")


def test_a_factor_is_read_with_its_unit_or_its_choices() -> None:
    assert Factor("flow (uL/min)", "flow", "uL/min", 10.0, 400.0) == FLOW
    assert LIGAND.choices == ("PVA", "citrate", "none")


@pytest.mark.parametrize(
    "text", ["flow", "=1..2", "x=2..1", "x=1..1", "x=A", "x=A|A", "x=A||B", "x=1..1e999"]
)
def test_a_factor_that_makes_no_sense_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="--factor"):
        read_factor(text)


@settings(max_examples=8, deadline=None)
@given(rows=st.integers(2, 40), seed=st.integers(0, 1000))
def test_a_latin_hypercube_has_one_point_in_each_part_of_every_range(rows: int, seed: int) -> None:
    points = latin_hypercube([FLOW, SEED], [], rows, seed)
    for column, factor in zip(points.T, (FLOW, SEED), strict=True):
        part = (column - factor.low) / (factor.high - factor.low) * rows
        assert sorted(np.floor(np.minimum(part - 1e-4, rows - 0.5)).clip(0).astype(int)) == list(range(rows))


@pytest.mark.parametrize("make", [latin_hypercube, sobol])
def test_every_point_meets_the_constraints(make: Any) -> None:
    constraint = read_constraint("flow / 100 + Q seed <= 5", [FLOW, SEED, LIGAND])
    points = make([FLOW, SEED, LIGAND], [constraint], 30, 0)
    assert points.shape == (30, 3)
    assert (points[:, 0] / 100.0 + points[:, 1] <= 5.0).all()
    assert set(points[:, 2]) <= {0.0, 1.0, 2.0}
    assert len(np.unique(points, axis=0)) == 30


def test_a_longer_sobol_design_begins_with_a_shorter() -> None:
    assert (sobol([FLOW, SEED], [], 50, 3)[:20] == sobol([FLOW, SEED], [], 20, 3)).all()


def test_a_factorial_design_has_every_combination_once() -> None:
    points = factorial([FLOW, LIGAND], [], 4)
    assert len(points) == len(np.unique(points, axis=0)) == 12
    assert set(points[:, 0]) == {10.0, 140.0, 270.0, 400.0}


def test_a_d_optimal_design_of_two_factors_takes_the_corners() -> None:
    points = d_optimal([FLOW, SEED], [], 4, "interactions", 0)
    assert {tuple(point) for point in points} == {(10.0, 0.0), (10.0, 20.0), (400.0, 0.0), (400.0, 20.0)}


def test_a_d_optimal_design_beats_chance() -> None:
    factors = [FLOW, SEED, LIGAND]

    def information(points: Any) -> float:
        matrix = model_matrix(factors, points, "quadratic")
        return float(np.linalg.slogdet(matrix.T @ matrix)[1])

    best = information(d_optimal(factors, [], 16, "quadratic", 0))
    assert best > max(information(latin_hypercube(factors, [], 16, seed)) for seed in range(5)) + 2.0


def test_constraints_that_nothing_meets_are_told() -> None:
    impossible = read_constraint("flow > 500", [FLOW])
    with pytest.raises(TrainerError, match="fewer than 5 points meet flow > 500"):
        latin_hypercube([FLOW], [impossible], 5, 0)


@pytest.mark.parametrize(
    "text",
    [
        "flow",
        "flow +",
        "flow == 3",
        "ligand <= 1",
        "other <= 1",
        "__import__('os') <= 1",
        "flow.real <= 1",
        "flow[0] < 1",
        "flow ** 9 < 1",
        "'a' < flow",
        "True < flow",
        "flow < " + "1" * 600,
    ],
)
def test_a_constraint_is_arithmetic_of_numbers_and_nothing_else(text: str) -> None:
    with pytest.raises(UsageError, match="--where"):
        read_constraint(text, [FLOW, LIGAND])


def test_a_constraint_without_a_value_does_not_hold() -> None:
    held = read_constraint("1 / Q seed >= 0", [SEED]).holds(np.array([[0.0], [1.0]]))
    assert held.tolist() == [False, True]


def test_chained_comparisons_bound_both_sides() -> None:
    held = read_constraint("20 <= flow < 40", [FLOW]).holds(np.array([[10.0], [20.0], [40.0]]))
    assert held.tolist() == [False, True, False]


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20))
def test_values_stay_within_their_bounds(parts: list[float]) -> None:
    unit = np.tile(np.array(parts)[:, None], (1, 2))
    values = from_unit([Factor("a", "a", "", 1 / 3, 2 / 3), LIGAND], unit)
    assert ((values[:, 0] >= 1 / 3) & (values[:, 0] <= 2 / 3)).all()
    assert ((values[:, 1] >= 0) & (values[:, 1] <= 2)).all()


def _json(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["design", *arguments, "--json"])
    assert result.exit_code == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


@pytest.mark.parametrize("method", ["lhs", "sobol", "factorial", "d-optimal"])
def test_every_method_is_reached_by_its_command(method: str) -> None:
    told = _json(method, "--factor", "flow (uL/min)=10..400", "--factor", "ligand=PVA|citrate", "--rows", "8")
    assert told["columns"] == ["flow (uL/min)", "ligand"]
    assert told["rows"] == (6 if method == "factorial" else 8)
    assert {each["ligand"] for each in told["experiments"]} == {"PVA", "citrate"}


def test_a_design_is_written_as_a_table(tmp_path: Path) -> None:
    out = tmp_path / "d.csv"
    _json("lhs", "--factor", "flow (uL/min)=10..400", "--rows", "5", "--out", str(out))
    lines = out.read_text().splitlines()
    assert lines[0] == "flow (uL/min)"
    assert len(lines) == 6


@pytest.fixture
def hole(tmp_path: Path) -> Path:
    """A peak that was measured everywhere but in the middle."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(0, 3, 15), rng.uniform(7, 10, 15)])
    path = tmp_path / "d.csv"
    path.write_text("x,y\n" + "\n".join(f"{a:.4f},{np.sin(a / 2):.5f}" for a in x))
    return path


def test_the_next_experiment_is_where_the_model_is_unsure(hole: Path) -> None:
    told = _json("next", "--data", str(hole), "--target", "y", "--rows", "3")
    chosen = [each["x"] for each in told["experiments"]]
    assert 3.0 < chosen[0] < 7.0
    assert len(set(chosen)) == 3


def test_the_next_experiment_toward_a_maximum_is_near_it(hole: Path) -> None:
    told = _json("next", "--data", str(hole), "--target", "y", "--rows", "1", "--aim", "maximise")
    assert told["experiments"][0]["x"] == pytest.approx(np.pi, abs=1.0)


def test_the_next_experiment_keeps_to_given_bounds_and_constraints(hole: Path) -> None:
    arguments = ("--factor", "x=2..12", "--where", "x >= 11", "--rows", "2")
    told = _json("next", "--data", str(hole), "--target", "y", *arguments)
    assert all(11.0 <= each["x"] <= 12.0 for each in told["experiments"])


@pytest.mark.parametrize("factor", ["flow (mL/min)=0.1..0.15", "flow=100..150", "flow (uL/min)=100..150"])
def test_bounds_of_the_next_experiment_are_in_the_unit_that_the_factor_names(
    tmp_path: Path, factor: str
) -> None:
    path = tmp_path / "d.csv"
    path.write_text("flow (uL/min),y\n" + "\n".join(f"{10 + 9 * a},{np.sin(a / 5):.5f}" for a in range(30)))
    asked = ("--data", str(path), "--target", "y", "--algorithm", "ridge", "--rows", "2")
    told = _json("next", *asked, "--factor", factor)
    assert all(100.0 <= each["flow (uL/min)"] <= 150.0 for each in told["experiments"])


@pytest.mark.parametrize(
    ("factor", "told"),
    [("x (mL/min)=1..2", "'x' has no unit in d.csv"), ("z=1..2", "'z' is no input of d.csv")],
)
def test_a_factor_that_does_not_fit_the_data_is_wrong_use(hole: Path, factor: str, told: str) -> None:
    arguments = ["design", "next", "--data", str(hole), "--target", "y", "--factor", factor]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_constraint_may_name_a_factor_with_its_unit() -> None:
    constraint = read_constraint("2 * flow (uL/min) <= 100", [FLOW])
    assert constraint.holds(np.array([[40.0], [60.0]])).tolist() == [True, False]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("lhs", "--factor", "a=1..2", "--out", "nowhere/d.csv"), "nowhere: is no folder"),
        (("magic",), "design 'magic' is unknown"),
        (("lhs",), "0 factors"),
        (("next",), "pass --data CSV"),
        (("lhs", "--factor", "a=1..2", "--factor", "a=1..3"), "two factors are named 'a'"),
        (("lhs", "--factor", "a=1..2", "--rows", "0"), "--rows 0"),
        (("factorial", "--factor", "a=1..2", "--levels", "1"), "--levels 1"),
        (("d-optimal", "--factor", "a=1..2", "--rows", "2"), "ask for more --rows"),
    ],
)
def test_a_design_that_makes_no_sense_is_wrong_use(arguments: tuple[str, ...], told: str) -> None:
    result = CliRunner().invoke(app, ["design", *arguments])
    assert result.exit_code == 2
    assert told in result.stderr
