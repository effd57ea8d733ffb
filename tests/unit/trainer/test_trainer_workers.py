"""Wherever fits run, the answers come in the order of the tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from trainer.errors import UsageError
from trainer.workers import Cluster, InProcess, Processes, Workers, open_workers

if TYPE_CHECKING:
    from collections.abc import Callable


class _Future:
    def __init__(self, value: int) -> None:
        self._value = value

    def result(self) -> int:
        return self._value


class _Client:
    """The part of a dask client that is used; it runs what it is given at once."""

    def scatter(self, shared: int, *, broadcast: bool) -> int:
        assert broadcast
        return shared

    def submit(self, function: Callable[..., int], *arguments: Any, pure: bool) -> _Future:
        assert not pure
        return _Future(function(*arguments))


def _times(shared: int, item: int) -> int:
    return shared * item


@pytest.mark.parametrize("workers", [InProcess(), Processes(1), Cluster(_Client())])
def test_answers_come_in_the_order_of_the_tasks(workers: Workers) -> None:
    assert list(workers.map(_times, 3, range(5))) == [0, 3, 6, 9, 12]
    assert list(workers.map(_times, 3, [])) == []


def test_one_job_needs_no_other_process() -> None:
    with open_workers(1, None) as workers:
        assert isinstance(workers, InProcess)


@pytest.mark.parametrize("jobs", [0, -1, 257])
def test_a_number_of_jobs_that_makes_no_sense_is_told(jobs: int) -> None:
    with pytest.raises(UsageError, match=f"--jobs {jobs} is not within"), open_workers(jobs, None):
        pass
