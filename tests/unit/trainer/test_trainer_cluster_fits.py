"""A fit on a dask cluster of two workers is the fit on this machine, to the last bit."""

from __future__ import annotations

import json
import socket
import threading
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest
from distributed import KilledWorker, LocalCluster, get_worker
from distributed.comm import CommClosedError
from joblib import parallel_config
from typer.testing import CliRunner

from trainer.candidates.base import TrainingSet
from trainer.candidates.ensemble import GROUP, fit_ensemble
from trainer.cli import app
from trainer.errors import TrainerError
from trainer.scheduler import find_difference, own_versions
from trainer.workers import open_workers, shared_out

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from trainer.arrays import Floats
    from trainer.candidates.ensemble import NetworkEnsemble

BOTH_AT_WORK: Final = threading.Barrier(2)
SETTINGS: Final = {"members": 2.0 * GROUP + 3.0, "hidden": 2.0, "decay": 0.3}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Two workers as threads of this process, behind a real scheduler on loopback."""
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
    ) as cluster:
        yield cluster.scheduler_address.removeprefix("tcp://")


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.candidates.ensemble_training.MIN_STEPS", 30)
    monkeypatch.setattr("trainer.candidates.ensemble_training.MAX_STEPS", 30)


@pytest.fixture
def data() -> TrainingSet:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(40, 3))
    return TrainingSet(z, np.sin(z[:, :2]), np.ones(40), np.zeros(2), np.arange(3))


def _fit(data: TrainingSet, seed: int) -> NetworkEnsemble:
    return fit_ensemble(data, SETTINGS, seed)


def _fit_here(data: TrainingSet, seed: int) -> NetworkEnsemble:
    with parallel_config(backend="sequential"):
        return _fit(data, seed)


def _is_same(one: NetworkEnsemble, other: NetworkEnsemble, z: Floats) -> bool:
    pairs = zip(one.predict(z), other.predict(z), strict=True)
    return all(np.array_equal(mine, theirs) for mine, theirs in pairs)


@pytest.mark.usefixtures("few_steps")
def test_an_ensemble_trained_by_two_workers_is_the_one_trained_here(data: TrainingSet, address: str) -> None:
    with open_workers(1, address):
        shared = _fit(data, 1)
    assert _is_same(shared, _fit_here(data, 1), data.z)
    assert not _is_same(shared, _fit_here(data, 2), data.z)


@pytest.mark.usefixtures("few_steps")
def test_fits_within_tasks_of_a_cluster_are_those_made_here(data: TrainingSet, address: str) -> None:
    with open_workers(1, address) as workers:
        fitted = list(workers.map(_fit, data, [1, 2, 3]))
    for seed, each in zip([1, 2, 3], fitted, strict=True):
        assert _is_same(each, _fit_here(data, seed), data.z)


def _meet(offset: int, part: int) -> int:
    """Wait for another part: if only one is at work at a time, this ends in an error."""
    BOTH_AT_WORK.wait(timeout=20.0)
    return offset + part


def test_parts_of_a_fit_go_to_both_workers(address: str) -> None:
    with open_workers(1, address):
        assert shared_out(_meet, 10, [1, 2]) == [11, 12]


def _name_task(_: None, part: int) -> tuple[int, str]:
    return part, get_worker().get_current_task()


def _name_all_tasks(_: None, parts: list[int]) -> tuple[str, list[tuple[int, str]]]:
    return get_worker().get_current_task(), shared_out(_name_task, None, parts)


def test_parts_of_a_task_are_tasks_that_any_worker_may_take(address: str) -> None:
    with open_workers(1, address) as workers:
        ((whole, parts),) = workers.map(_name_all_tasks, None, [[1, 2, 3]])
    assert [number for number, _ in parts] == [1, 2, 3]
    assert len({whole, *(task for _, task in parts)}) == 4


def test_a_comparison_on_a_cluster_tells_the_same_as_here(csv: Path, address: str) -> None:
    arguments = [
        "compare",
        str(csv),
        "--target",
        "peak",
        "--split",
        "kfold:3",
        "--algorithms",
        "ridge,gp",
    ]
    told = [CliRunner().invoke(app, [*arguments, "--json", *where]) for where in ([], ["--cluster", address])]
    assert [each.exit_code for each in told] == [0, 0], told[1].stderr
    assert json.loads(told[0].stdout) == json.loads(told[1].stdout)


def test_an_address_without_a_scheduler_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.scheduler._CONNECT_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(TrainerError, match=f"--cluster 127.0.0.1:{port}: no scheduler answers"):
        open_workers(1, f"127.0.0.1:{port}").__enter__()


def test_a_scheduler_without_workers_is_told() -> None:
    with (
        LocalCluster(
            n_workers=0, processes=False, protocol="tcp", host="127.0.0.1", dashboard_address="127.0.0.1:0"
        ) as empty,
        pytest.raises(TrainerError, match="has no workers"),
        open_workers(1, empty.scheduler_address),
    ):
        pass


def test_a_worker_with_other_versions_is_told() -> None:
    here = own_versions()
    assert find_difference({"tcp://a": here}) == ""
    told = find_difference({"tcp://a": here, "tcp://b": {**here, "numpy": "1.0"}})
    assert told == f"worker tcp://b has numpy 1.0, here is {here['numpy']}"


@pytest.mark.parametrize("loss", [CommClosedError("gone"), CancelledError(), KilledWorker("fit", None, 3)])
def test_lost_workers_end_in_one_line(address: str, loss: Exception) -> None:
    told = f"its workers were lost .{type(loss).__name__}"
    with pytest.raises(TrainerError, match=told), open_workers(1, address):
        raise loss
