"""Held-out rows: every row once, groups whole, shares kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.errors import UsageError
from trainer.split import make_split, what_is_scored


@given(
    groups=st.lists(st.integers(0, 30), min_size=10, max_size=120),
    folds=st.integers(2, 5),
    seed=st.integers(0, 1000),
)
def test_k_folds_hold_out_every_row_once_and_no_group_twice(groups: list[int], folds: int, seed: int) -> None:
    _, group_of = np.unique(groups, return_inverse=True)
    if group_of.max() + 1 < folds:
        with pytest.raises(UsageError):
            make_split(f"kfold:{folds}", len(group_of), group_of, seed)
        return
    split = make_split(f"kfold:{folds}", len(group_of), group_of, seed)
    held_out = np.concatenate([fold.test for fold in split.folds])
    assert sorted(held_out) == list(range(len(group_of)))
    for fold in split.folds:
        assert len(fold.test)
        assert len(fold.train)
        assert not set(group_of[fold.train]) & set(group_of[fold.test])
        assert sorted([*fold.train, *fold.test]) == list(range(len(group_of)))


@given(rows=st.integers(20, 200), seed=st.integers(0, 1000))
def test_two_and_three_part_splits_keep_their_shares(rows: int, seed: int) -> None:
    (fold,) = make_split("7:3", rows, None, seed).folds
    assert abs(len(fold.test) - 0.3 * rows) <= 1.0
    three = make_split("6:2:2", rows, None, seed)
    assert three.final is not None
    assert abs(len(three.final.test) - 0.2 * rows) <= 1.0
    assert abs(len(three.folds[0].train) - 0.6 * rows) <= 1.5
    untouched = set(three.final.test.tolist())
    assert not untouched & {*three.folds[0].train.tolist(), *three.folds[0].test.tolist()}
    assert not untouched & set(three.final.train.tolist())


def test_folds_of_ungrouped_rows_differ_by_one_row_at_most() -> None:
    sizes = [len(fold.test) for fold in make_split("kfold:10", 164, None, 0).folds]
    assert max(sizes) - min(sizes) <= 1


def test_equal_seeds_give_equal_splits_and_others_differ() -> None:
    first, again, other = (make_split("kfold:5", 50, None, seed).folds[0].test.tolist() for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    "kind",
    [
        "kfold",
        "kfold:1",
        "kfold:x",
        "7",
        "7:0",
        "1:2:3:4",
        "a:b",
        "",
        "kfold:5:5",
        "²:1",
        "kfold:500x3",
        "time:0",
    ],
)
def test_a_split_that_is_none_is_wrong_use(kind: str) -> None:
    with pytest.raises(
        UsageError, match="is not understood; use kfold:10, kfold:10x5, 7:3, 6:2:2, logo or time:5"
    ):
        make_split(kind, 100, None, 0)


def test_more_folds_than_groups_are_refused() -> None:
    with pytest.raises(UsageError, match="needs at least 5 groups, there are 2"):
        make_split("kfold:5", 10, np.arange(10) % 2, 0)


def test_repeated_folds_hold_out_every_row_once_a_repeat_and_differ() -> None:
    split = make_split("kfold:4x3", 22, None, 0)
    assert len(split.folds) == 12
    for repeat in range(3):
        held_out = np.concatenate([fold.test for fold in split.folds[4 * repeat : 4 * repeat + 4]])
        assert sorted(held_out) == list(range(22))
    assert split.folds[0].test.tolist() != split.folds[4].test.tolist()
    first = make_split("kfold:4", 22, None, 0).folds[0].test
    assert split.folds[0].test.tolist() == first.tolist()


def test_one_group_is_left_out_at_a_time() -> None:
    group_of = np.array([0, 1, 0, 2, 1, 2, 2])
    split = make_split("logo", 7, group_of, 0)
    assert [fold.test.tolist() for fold in split.folds] == [[0, 2], [1, 4], [3, 5, 6]]
    assert split.describe() == "logo, 3 groups kept whole"


def test_leaving_a_group_out_needs_groups() -> None:
    with pytest.raises(
        UsageError, match="logo leaves out one group at a time; name the groups with --group-by"
    ):
        make_split("logo", 7, None, 0)
    with pytest.raises(UsageError, match="1 groups are not within 2 to 1000"):
        make_split("logo", 7, np.zeros(7, dtype=np.int64), 0)


@given(rows=st.integers(12, 150), parts=st.integers(1, 8), groups=st.integers(0, 40))
def test_later_rows_are_predicted_from_earlier_ones_alone(rows: int, parts: int, groups: int) -> None:
    group_of = np.arange(rows) * groups // rows if groups > parts else None
    if group_of is not None:
        group_of = np.unique(group_of, return_inverse=True)[1]
        if group_of.max() < parts:
            return
    split = make_split(f"time:{parts}", rows, group_of, 0)
    tested = np.concatenate([fold.test for fold in split.folds])
    assert tested.tolist() == sorted(set(tested.tolist()))
    for fold in split.folds:
        assert fold.train.max() < fold.test.min()
        if group_of is not None:
            assert not set(group_of[fold.train]) & set(group_of[fold.test])


def test_time_ordered_parts_are_of_equal_size() -> None:
    assert [len(fold.test) for fold in make_split("time:4", 100, None, 0).folds] == [20] * 4


@pytest.mark.parametrize(
    ("kind", "groups", "by_inputs", "repeats", "told"),
    [
        ("kfold:10", ("chip",), False, True, "a new group"),
        ("kfold:10", (), True, True, "new conditions of a known system"),
        ("7:3", (), False, False, "new conditions of a known system"),
        ("kfold:10", (), False, True, "some of which repeat known conditions"),
        ("time:5", ("chip",), False, True, "later experiments"),
    ],
)
def test_a_score_says_what_it_is_a_score_of(
    kind: str, groups: tuple[str, ...], *, by_inputs: bool, repeats: bool, told: str
) -> None:
    assert told in what_is_scored(kind, groups, groups_by_inputs=by_inputs, repeats=repeats)
