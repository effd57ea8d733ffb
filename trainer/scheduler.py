"""The dask scheduler that `--cluster` names: connecting, what workers must have, how a loss is told."""

from __future__ import annotations

import platform
from concurrent.futures import CancelledError
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from trainer.errors import TrainerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CONNECT_S = 20.0
# With other versions of these a fit may not be read, or may differ in its last digits.
_SAME = ("ostwald", "numpy", "scipy", "scikit-learn")


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Yield a dask client of the scheduler; TrainerError if it has no fitting workers, or loses them."""
    try:
        from distributed import Client, KilledWorker  # noqa: PLC0415 - an optional dependency
        from distributed.comm import CommClosedError  # noqa: PLC0415
    except ImportError as problem:
        raise UsageError("--cluster needs dask", remedy="pip install 'ostwald[cluster]'") from problem
    try:
        client = Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as problem:
        raise TrainerError(
            f"--cluster {address}: no scheduler answers ({problem})", remedy="start one: dask scheduler"
        ) from problem
    try:
        _check_workers(client, address)
        yield client
    except (KilledWorker, CancelledError, CommClosedError) as problem:
        raise TrainerError(
            f"--cluster {address}: its workers were lost ({type(problem).__name__})",
            remedy="see their logs, often it is memory; then run this again",
        ) from problem
    finally:
        client.close()


def own_versions() -> dict[str, str]:
    """Return what must be the same on every computer that takes part."""
    return {
        "python": ".".join(platform.python_version_tuple()[:2]),
        **{name: version(name) for name in _SAME},
    }


def _check_workers(client: Any, address: str) -> None:
    if not client.scheduler_info()["workers"]:
        raise TrainerError(f"--cluster {address}: has no workers", remedy=f"start one: dask worker {address}")
    try:
        answers: Mapping[str, Mapping[str, str]] = client.run(own_versions)
    except ImportError as problem:
        raise TrainerError(
            f"--cluster {address}: a worker lacks {problem.name}",
            remedy="there, pip install 'ostwald[trainer,cluster]'",
        ) from problem
    if told := find_difference(answers):
        raise TrainerError(
            f"--cluster {address}: {told}", remedy="install the same versions on all computers"
        )


def find_difference(answers: Mapping[str, Mapping[str, str]]) -> str:
    """Say what the first worker with other versions than this process has; nothing if there is none."""
    for worker, versions in answers.items():
        for name, here in own_versions().items():
            if versions.get(name) != here:
                return f"worker {worker} has {name} {versions.get(name)}, here is {here}"
    return ""
