"""Held-out rows: every row once, groups whole, shares kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.errors import UsageError
from trainer.split import make_split


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
