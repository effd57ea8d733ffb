"""Where fits run: in this process, in several of this machine, or on a dask cluster that is there already.

Whatever the place, results come in the order of the tasks, so the answer is the same. A fit that is long by
itself is divided, too: see `shared_out`.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager, nullcontext
from multiprocessing import current_process
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from trainer.errors import UsageError
from trainer.scheduler import connected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

MAX_JOBS = 256
Shared = TypeVar("Shared")
Item = TypeVar("Item")
Result = TypeVar("Result")


class Workers(Protocol):
    """Runs a module's function for each item, with something large that all of them need.

    Results are yielded in the order of the items, as they come.
    """

    def map(
        self, function: Callable[[Shared, Item], Result], shared: Shared, items: Sequence[Item]
    ) -> Iterator[Result]: ...


class InProcess:
    """One after another, here."""

    def map(
        self, function: Callable[[Shared, Item], Result], shared: Shared, items: Sequence[Item]
    ) -> Iterator[Result]:
        return (function(shared, item) for item in items)


class Processes:
    """Several processes of this machine, kept alive between calls."""

    def __init__(self, jobs: int) -> None:
        from joblib import Parallel  # noqa: PLC0415 - only when asked for

        self._parallel = Parallel(n_jobs=jobs, return_as="generator")

    def map(
        self, function: Callable[[Shared, Item], Result], shared: Shared, items: Sequence[Item]
    ) -> Iterator[Result]:
        from joblib import delayed  # noqa: PLC0415 - only when asked for

        results: Iterator[Result] = self._parallel(delayed(function)(shared, item) for item in items)
        return results


class Cluster:
    """Workers behind a dask scheduler; `shared` goes to each of them once a call."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def map(
        self, function: Callable[[Shared, Item], Result], shared: Shared, items: Sequence[Item]
    ) -> Iterator[Result]:
        spread = self._client.scatter(shared, broadcast=True)
        # Not pure: equal keys would give back an earlier result instead of asking a worker.
        futures = [self._client.submit(function, spread, item, pure=False) for item in items]
        return (future.result() for future in futures)


@contextmanager
def open_workers(jobs: int, cluster: str | None) -> Iterator[Workers]:
    """Yield workers for `--jobs` or `--cluster HOST:PORT`; errors say what is missing."""
    if not 1 <= jobs <= MAX_JOBS:
        raise UsageError(f"--jobs {jobs} is not within 1 to {MAX_JOBS}")
    if cluster is None:
        yield InProcess() if jobs == 1 else Processes(jobs)
        return
    if jobs != 1:
        raise UsageError("--jobs and --cluster exclude each other", remedy="leave one out")
    from joblib import parallel_config  # noqa: PLC0415 - only when asked for

    # One job where nothing is asked: only `shared_out` goes to the cluster, not every small forest.
    with connected(cluster) as client, parallel_config(backend="dask", client=client, n_jobs=1):
        yield Cluster(client)


def shared_out(
    function: Callable[[Shared, Item], Result], shared: Shared, items: Sequence[Item]
) -> list[Result]:
    """Run the parts of one fit on all there is: the cluster in use, or this machine's processors.

    Within a task of a cluster, its other workers take parts; a process that may have no children does all
    itself. Results come in the order of the items.
    """
    from joblib import Parallel, delayed, parallel_config  # noqa: PLC0415 - the module stays light

    within = parallel_config(backend="dask") if _is_cluster_task() else nullcontext()
    jobs = 1 if len(items) == 1 or (current_process().daemon and not _is_cluster_task()) else -1
    with within:
        return list(Parallel(n_jobs=jobs)(delayed(function)(shared, item) for item in items))


def _is_cluster_task() -> bool:
    """Return whether a dask worker runs this."""
    if "distributed" not in sys.modules:
        return False
    from distributed import get_worker  # noqa: PLC0415 - an optional dependency

    try:
        get_worker()
    except ValueError:
        return False
    return True
