"""What each family of algorithms learns, and the laws that its models keep."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Lasso, LinearRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.svm import SVR

from trainer.candidates import CANDIDATES, DEFAULT, GROUPS, expand
from trainer.candidates.base import TrainingSet, merge_replicates
from trainer.candidates.ensemble import fit_ensemble
from trainer.candidates.linear import LinearModel, fit_elastic_net, fit_least_squares, fit_ridge
from trainer.candidates.mlp import Design
from trainer.candidates.neighbours import fit_neighbours
from trainer.candidates.pls import fit_pls
from trainer.candidates.quadratic import QuadraticModel
from trainer.candidates.stacking import Stack, _fold_count, _weigh
from trainer.candidates.svr import fit_linear, fit_machine
from trainer.candidates.targets import MAX_COMPONENTS, reduce_targets
from trainer.candidates.tree_sum import TreeSum
from trainer.candidates.trees import fit_forest, fit_tree
from trainer.candidates.tuned import Tuned, grid
from trainer.recipe import Recipe

if TYPE_CHECKING:
    from trainer.arrays import Floats

STIFF_MACHINES = {"svr-linear", "svr-sigmoid"}


def _training(rows: int = 40, features: int = 3, targets: int = 2, seed: int = 0) -> TrainingSet:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(rows, features))
    y = np.column_stack([np.sin(z[:, 0]) + 0.3 * z[:, 1] * (index + 1) for index in range(targets)])
    return TrainingSet(z, y - y.mean(axis=0), np.ones(rows), np.zeros(targets), np.arange(features))


def _r2(truth: Floats, predicted: Floats) -> float:
    return float(1.0 - ((truth - predicted) ** 2).sum() / ((truth - truth.mean(axis=0)) ** 2).sum())


def test_a_group_stands_for_its_members_each_once() -> None:
    assert expand(("gp", "default", "magic")) == ("gp", "ridge", "svr", "forest", "mlp", "magic")
    assert Recipe(targets=("peak",), algorithms=("default", "gp")).algorithms == DEFAULT


def test_groups_name_algorithms_only_and_never_hide_one() -> None:
    assert all(set(members) <= set(CANDIDATES) for members in GROUPS.values())
    assert not set(GROUPS) & set(CANDIDATES)


@pytest.mark.parametrize("name", [name for name, each in CANDIDATES.items() if not each.is_large])
def test_each_learns_what_it_can_of_a_smooth_surface(name: str) -> None:
    data, fresh = _training(90, targets=1), _training(40, targets=1, seed=1)
    # A plane cannot bend, and steps and means of neighbours are coarse; all others follow the surface.
    is_stiff = CANDIDATES[name].family in {"linear", "neighbours", "trees"} or name in STIFF_MACHINES
    model = CANDIDATES[name].load()(data, 0)
    assert _r2(fresh.y, model.predict(fresh.z)[0]) > (0.5 if is_stiff else 0.9)


def test_least_squares_is_scikit_learns_weighted_by_replicates() -> None:
    z, y = np.random.default_rng(3).normal(size=(2, 30, 3))
    same = np.arange(30) // 2
    data = merge_replicates(z[same * 2], y, same, np.arange(3))
    expected = LinearRegression().fit(z[same * 2], y)
    np.testing.assert_allclose(fit_least_squares(data, 0).predict(z)[0], expected.predict(z), atol=1e-9)


def test_least_squares_takes_the_shortest_of_many_solutions() -> None:
    data = _training(20)
    doubled = TrainingSet(np.hstack([data.z, data.z]), data.y, data.counts, data.within, np.arange(6))
    np.testing.assert_allclose(
        fit_least_squares(doubled, 0).predict(doubled.z)[0],
        fit_least_squares(data, 0).predict(data.z)[0],
        atol=1e-9,
    )


def test_lasso_is_scikit_learns_and_leaves_out_what_tells_nothing() -> None:
    data = _training(200, features=6, targets=1)
    model = fit_elastic_net(data, {"penalty": 0.05, "sparsity": 1.0}, 0)
    expected = Lasso(alpha=0.05).fit(data.z, data.y[:, 0])
    np.testing.assert_allclose(model.weights[:, 0], expected.coef_, atol=1e-9)
    assert (model.weights[2:] == 0.0).all()
    assert (model.weights[:2] != 0.0).all()


def test_partial_least_squares_with_every_component_is_least_squares() -> None:
    data = _training(30)
    whole = fit_pls(data, {"components": 20.0}, 0)
    np.testing.assert_allclose(
        whole.predict(data.z)[0], fit_least_squares(data, 0).predict(data.z)[0], atol=1e-6
    )


def test_partial_least_squares_answers_the_mean_where_nothing_varies() -> None:
    data = _training(10)
    flat = TrainingSet(np.ones_like(data.z), data.y, data.counts, data.within, data.input_of)
    np.testing.assert_allclose(fit_pls(flat, {"components": 2.0}, 0).predict(flat.z)[0], 0.0, atol=1e-12)


def test_cross_terms_learn_a_product_that_squares_cannot() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(60, 3))
    data = TrainingSet(z, z[:, :1] * z[:, 1:2], np.ones(60), np.zeros(1), np.arange(3))
    fresh = rng.normal(size=(30, 3))
    truth = fresh[:, :1] * fresh[:, 1:2]
    assert _r2(truth, CANDIDATES["quadratic-cross"].load()(data, 0).predict(fresh)[0]) > 0.999
    assert _r2(truth, CANDIDATES["quadratic"].load()(data, 0).predict(fresh)[0]) < 0.3


def test_a_choice_has_neither_squares_nor_products_with_itself() -> None:
    rng = np.random.default_rng(0)
    z = np.column_stack([np.eye(3)[rng.integers(0, 3, 40)], rng.normal(size=40)])
    data = TrainingSet(z, rng.normal(size=(40, 1)), np.ones(40), np.zeros(1), np.array([0, 0, 0, 1]))
    model = CANDIDATES["quadratic-cross"].load()(data, 0)
    assert isinstance(model, QuadraticModel)
    # The number's square, and the number times each of three values.
    assert model.left.shape == (4, 4)


@pytest.mark.parametrize(
    ("kernel", "options"),
    [
        ("gaussian", {"kernel": "rbf"}),
        ("polynomial", {"kernel": "poly", "degree": 3, "coef0": 1.0}),
        ("sigmoid", {"kernel": "sigmoid", "coef0": -1.0}),
    ],
)
def test_machines_are_scikit_learns(kernel: str, options: dict[str, object]) -> None:
    data = _training(targets=1)
    model = fit_machine(data, {"penalty": 1.0, "width": 0.3}, 0, kernel=kernel)
    expected = SVR(C=1.0, gamma=model.gamma, epsilon=0.05, **options).fit(data.z, data.y[:, 0])
    np.testing.assert_allclose(model.predict(data.z)[0][:, 0], expected.predict(data.z), atol=2e-3)


def test_the_linear_machine_is_a_plane() -> None:
    data = _training(targets=1)
    model = fit_linear(data, {"penalty": 1.0, "width": 1.0}, 0)
    assert isinstance(model, LinearModel)
    machine = fit_machine(data, {"penalty": 1.0, "width": 1.0}, 0, kernel="linear")
    np.testing.assert_allclose(model.predict(data.z)[0], machine.predict(data.z)[0], atol=1e-9)


@pytest.mark.parametrize("number", [1, 4, 7])
def test_equal_neighbours_are_scikit_learns_where_no_two_are_equally_near(number: int) -> None:
    data, fresh = _training(), _training(seed=5)
    model = fit_neighbours(data, {"number": number}, 0, by_distance=False)
    expected = KNeighborsRegressor(number).fit(data.z, data.y)
    np.testing.assert_allclose(model.predict(fresh.z)[0], expected.predict(fresh.z), atol=1e-12)


def test_neighbours_as_near_as_the_last_all_count() -> None:
    z = np.array([[0.0], [1.0], [-1.0], [5.0]])
    data = TrainingSet(z, np.array([[0.0], [3.0], [6.0], [90.0]]), np.ones(4), np.zeros(1), np.arange(1))
    model = fit_neighbours(data, {"number": 2.0}, 0, by_distance=False)
    assert model.predict(np.zeros((1, 1)))[0] == pytest.approx(3.0)


def test_by_distance_a_training_condition_is_answered_with_its_own_value() -> None:
    data = _training()
    model = fit_neighbours(data, {"number": 5.0}, 0, by_distance=True)
    np.testing.assert_allclose(model.predict(data.z)[0], data.y, atol=2e-3)


@given(st.integers(0, 1000), st.integers(1, 12))
@settings(max_examples=25, deadline=None)
def test_neighbours_never_answer_beyond_what_was_seen(seed: int, number: int) -> None:
    data = _training(12)
    fresh = 10.0 * np.random.default_rng(seed).normal(size=(5, 3))
    for by_distance in (False, True):
        mean, _ = fit_neighbours(data, {"number": number}, 0, by_distance=by_distance).predict(fresh)
        assert (mean <= data.y.max(axis=0) + 1e-9).all()
        assert (mean >= data.y.min(axis=0) - 1e-9).all()


@pytest.mark.parametrize(
    ("name", "kind"), [("forest", RandomForestRegressor), ("extra-trees", ExtraTreesRegressor)]
)
def test_sums_of_trees_are_scikit_learns(
    name: str, kind: type[RandomForestRegressor | ExtraTreesRegressor]
) -> None:
    data, fresh = _training(), _training(seed=2)
    algorithm = CANDIDATES[name].load()
    assert isinstance(algorithm, Tuned)
    model = algorithm.fit_with(data, {"trees": 20.0, "features": 0.4, "leaf": 1.0}, 4)
    expected = kind(20, max_features=0.4, random_state=4).fit(data.z, data.y, sample_weight=data.counts)
    np.testing.assert_allclose(model.predict(fresh.z)[0], expected.predict(fresh.z), atol=1e-12)


def test_a_leaf_value_is_a_multiple_and_a_rest_too_small_to_be_rounded_away() -> None:
    model = fit_forest(_training(), {"trees": 30.0, "features": 1.0, "leaf": 1.0}, 0)
    coarse, fine = model._coarse_and_fine()
    np.testing.assert_array_equal(coarse + fine, model.values)
    np.testing.assert_array_equal(coarse.astype(np.float32).astype(np.float64), coarse)
    assert np.abs(fine).max() < 1e-6


def test_many_conditions_make_fewer_trees_not_a_larger_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.candidates.trees.MAX_LEAVES", 200)
    model = fit_forest(_training(40), {"trees": 30.0, "features": 1.0, "leaf": 1.0}, 0)
    assert len(model.sizes) == 5


def test_many_targets_become_components_and_come_back() -> None:
    rng = np.random.default_rng(0)
    data = _training(50, targets=2)
    spectra = data.y @ rng.normal(size=(2, 40)) + 3.0
    reduced, components = reduce_targets(data.with_targets(spectra))
    assert reduced.y.shape == (50, 2)
    np.testing.assert_allclose(reduced.y @ components.mixing + components.offset, spectra, atol=1e-9)
    few, same = reduce_targets(data)
    assert few is data
    np.testing.assert_array_equal(same.mixing, np.eye(2))
    noisy, _ = reduce_targets(data.with_targets(rng.normal(size=(50, 40))))
    assert noisy.y.shape[1] == MAX_COMPONENTS


def test_a_flat_spectrum_is_answered_flat() -> None:
    data = _training(20)
    model = fit_tree(data.with_targets(np.zeros((20, 30))), {"leaf": 1.0}, 0)
    assert isinstance(model, TreeSum)
    assert (model.predict(data.z)[0] == 0.0).all()


@pytest.mark.parametrize("units", ["logistic", "tanh", "relu"])
def test_a_network_is_scikit_learns_on_targets_between_minus_one_and_one(units: str) -> None:
    data, fresh = _training(), _training(seed=3)
    model = Design((8,), units, max_iterations=60).fit(data, {"decay": 0.1}, 0)
    low, high = data.y.min(axis=0), data.y.max(axis=0)
    network = MLPRegressor(
        hidden_layer_sizes=(8,), activation=units, solver="lbfgs", alpha=0.1, max_iter=60, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(data.z, 2.0 * (data.y - low) / (high - low) - 1.0, sample_weight=data.counts)
    expected = (network.predict(fresh.z) + 1.0) / 2.0 * (high - low) + low
    np.testing.assert_allclose(model.predict(fresh.z)[0], expected, atol=1e-9)


def test_equal_seeds_give_equal_ensembles_of_unlike_members() -> None:
    data = _training()
    settings_of_it = {"members": 6.0, "hidden": 4.0, "decay": 0.1}
    model, again = (fit_ensemble(data, settings_of_it, 7) for _ in range(2))
    np.testing.assert_array_equal(model.members.inner, again.members.inner)
    assert model.members.inner.shape == (6, 3, 4)
    assert len({member.tobytes() for member in model.members.inner}) == 6


def test_groups_of_members_are_those_of_any_number_of_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.candidates.ensemble.GROUP", 4)
    monkeypatch.setattr("trainer.candidates.ensemble_training.MIN_STEPS", 30)
    monkeypatch.setattr("trainer.candidates.ensemble_training.MAX_STEPS", 30)
    from joblib import parallel_config

    data = _training()
    options = {"members": 10.0, "hidden": 4.0, "decay": 0.1}
    with parallel_config(backend="threading", n_jobs=1):
        one = fit_ensemble(data, options, 7)
    with parallel_config(backend="threading", n_jobs=2):
        two = fit_ensemble(data, options, 7)
    assert one.members.inner.shape[0] == 10
    np.testing.assert_array_equal(one.members.outer, two.members.outer)


def test_members_disagree_more_far_away_than_among_the_data() -> None:
    data = _training()
    model = fit_ensemble(data, {"members": 20.0, "hidden": 8.0, "decay": 0.1}, 0)
    _, near = model.predict(data.z)
    _, far = model.predict(5.0 * data.z)
    assert np.median(far) > 1.5 * np.median(near)


def test_a_stack_leans_on_the_member_that_is_right() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(40, 3))
    plane = TrainingSet(z, z @ np.array([[1.0], [-2.0], [0.5]]), np.ones(40), np.zeros(1), np.arange(3))
    model = CANDIDATES["stacking"].load()(plane, 0)
    assert isinstance(model, Stack)
    np.testing.assert_allclose(model.weights.sum(axis=0), 1.0)
    assert (model.weights >= 0.0).all()
    assert _r2(plane.y, model.predict(z)[0]) > 0.9999


def test_no_member_of_a_stack_flings_its_answer_far_outside() -> None:
    data = _training(60)
    model = CANDIDATES["stacking"].load()(data, 0)
    far = model.predict(100.0 * data.z)[0]
    assert (far <= data.y.max(axis=0) + 1e-9).all()
    assert (far >= data.y.min(axis=0) - 1e-9).all()


def test_a_stack_on_few_conditions_is_weighed_by_more_folds() -> None:
    assert [_fold_count(conditions) for conditions in (8, 60, 150, 3000)] == [4, 8, 4, 3]


def test_a_member_of_a_stack_that_breaks_down_has_no_weight() -> None:
    weights = _weigh(np.array([[1.0, 4.0], [2.0, np.nan], [0.5, 2.0]]))
    np.testing.assert_allclose(weights.sum(axis=0), 1.0)
    np.testing.assert_allclose(weights[:, 0] / weights[2, 0], [0.125, 0.015625, 1.0])
    assert weights[1, 1] == 0.0


@given(st.lists(st.integers(0, 6), min_size=2, max_size=40), st.integers(2, 5), st.integers(0, 9))
def test_conditions_are_dealt_with_their_groups_whole(groups: list[int], count: int, seed: int) -> None:
    rows, group_of = len(groups), np.array(groups)
    data = TrainingSet(
        np.zeros((rows, 1)), np.zeros((rows, 1)), np.ones(rows), np.zeros(1), np.arange(1), group_of
    )
    part_of = data.deal(count, np.random.default_rng(seed))
    assert ((part_of >= 0) & (part_of < count)).all()
    if (known := len(set(groups))) > 1:
        assert all(len(set(part_of[group_of == group].tolist())) == 1 for group in groups)
        assert len(set(part_of.tolist())) == min(known, count)


def test_settings_and_weights_are_chosen_on_groups_left_out() -> None:
    data = _training(40, targets=1)
    group_of = np.arange(40) // 8
    seen: list[bool] = []

    class Remembering(LinearModel):
        def predict(self, z: Floats) -> tuple[Floats, None]:
            held = {groups_of_row[row.tobytes()] for row in z}
            seen.append(bool(held & known[-1]))
            return super().predict(z)

    groups_of_row = {row.tobytes(): int(group) for row, group in zip(data.z, group_of, strict=True)}
    known: list[set[int]] = []

    def fit(part: TrainingSet, _options: object, _seed: int) -> LinearModel:
        known.append({groups_of_row[row.tobytes()] for row in part.z})
        return Remembering(np.zeros((3, 1)), np.zeros(1))

    Tuned(fit, grid(slack=(0.0, 1.0))).choose(replace(data, group_of=group_of), 0)
    assert len(seen) >= 6
    assert not any(seen)


def test_the_penalty_of_a_ridge_is_that_which_serves_a_new_group() -> None:
    rng = np.random.default_rng(0)
    group_of = np.repeat(np.arange(8), 10)
    # Nine features that only name the group, one that means something.
    names = rng.normal(size=(8, 9))[group_of] + 0.01 * rng.normal(size=(80, 9))
    z = np.column_stack([rng.normal(size=80), names])
    y = z[:, :1] + rng.normal(size=8)[group_of, None]
    data = TrainingSet(z, y, np.ones(80), np.zeros(1), np.arange(10))
    alone, grouped = fit_ridge(data, 0), fit_ridge(replace(data, group_of=group_of), 0)
    assert abs(grouped.weights[1:]).sum() < 0.5 * abs(alone.weights[1:]).sum()
    assert grouped.weights[0, 0] > 0.4


def test_groups_of_one_condition_each_are_no_groups() -> None:
    z, y = np.arange(6.0)[:, None], np.arange(6.0)[:, None]
    assert merge_replicates(z, y, np.arange(6) // 2, np.arange(1), np.arange(6) // 2).group_of is None
    shared = merge_replicates(z, y, np.arange(6), np.arange(1), np.arange(6) // 2).group_of
    assert shared is not None
    assert shared.tolist() == [0, 0, 1, 1, 2, 2]


def test_settings_are_chosen_by_rows_that_a_fit_did_not_see() -> None:
    seen: list[int] = []

    class Remembering:
        def __init__(self, data: TrainingSet, slack: float) -> None:
            self.known, self.slack = {row.tobytes() for row in data.z}, slack

        def predict(self, z: Floats) -> tuple[Floats, None]:
            seen.extend(row.tobytes() in self.known for row in z)
            return np.full((len(z), 1), self.slack), None

        def add_to(self, *_: object) -> tuple[str, None]:
            raise AssertionError

    data = _training(targets=1).with_targets(np.full((40, 1), 0.2))
    tuned = Tuned(lambda part, options, _: Remembering(part, options["slack"]), grid(slack=(0.0, 0.3, 0.9)))
    assert tuned.choose(data, 0) == {"slack": 0.3}
    assert not any(seen)
    assert len(seen) == 3 * 40


def test_settings_that_break_a_fit_are_never_chosen() -> None:
    class Constant:
        def __init__(self, value: float) -> None:
            self.value = value

        def predict(self, z: Floats) -> tuple[Floats, None]:
            return np.full((len(z), 1), self.value), None

        def add_to(self, *_: object) -> tuple[str, None]:
            raise AssertionError

    tuned = Tuned(lambda _, options, __: Constant(options["value"]), grid(value=(np.nan, 5.0)))
    assert tuned.choose(_training(targets=1), 0) == {"value": 5.0}
