"""Child processes that end: each is bounded in time, stopped by its own pid, and never left behind."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from typing import IO, TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

_STOP_WITHIN_S: Final = 10.0


class BenchmarkError(Exception):
    """The measurement could not be made; the message says what to do."""


class Child:
    """A process that runs until it is stopped; what it says on stderr goes to `log`."""

    def __init__(self, name: str, arguments: Sequence[str], log: Path) -> None:
        self.name = name
        self._log = log
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def wait_ready(self, within_s: float) -> None:
        """Wait for its first line."""
        stdout = self._stdout()
        readable, _, _ = select.select([stdout], [], [], within_s)
        if not readable or not stdout.readline():
            raise BenchmarkError(f"{self.name} did not start within {within_s:g} s:\n{self.errors()}")

    def check(self) -> None:
        """Raise BenchmarkError if it has ended."""
        code = self.process.poll()
        if code is not None:
            raise BenchmarkError(f"{self.name} ended with code {code}:\n{self.errors()}")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(_STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._stdout().close()

    def errors(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]

    def _stdout(self) -> IO[bytes]:
        assert self.process.stdout is not None
        return self.process.stdout


def run_module(module: str, *arguments: str) -> tuple[str, ...]:
    """Return the command line of a module of ours under this interpreter."""
    return (sys.executable, "-m", module, *arguments)
