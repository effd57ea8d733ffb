"""A real daemon with the twin behind its frames, on loopback, stopped by its process id."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
BIN = Path(sys.executable).parent


def until(condition, within_s: float = 20.0):
    """Poll a condition of other processes; the first true answer, or a failure."""
    deadline_s = time.monotonic() + within_s
    while time.monotonic() < deadline_s:
        if answer := condition():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not so within {within_s} s")


class Daemon:
    """One `ostwaldd run` with its folder of state."""

    def __init__(self, folder: Path, *options: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        self.state = folder / "state"
        self.log = folder / "daemon.log"
        rig = EXAMPLES / "rigs" / "silver-twin.toml"
        command = [
            BIN / "ostwaldd",
            "run",
            "--rig",
            rig,
            "--state",
            self.state,
            "--listen",
            self.address,
            *options,
        ]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log)
        self.ostwald("status", "--wait", "30")

    def ostwald(self, *arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [BIN / "ostwald", "--device", self.address, *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, f"{done.stdout}{done.stderr}{self.log.read_text()}"
        return done.stdout if code == 0 else done.stderr

    def kill(self, name: str) -> int:
        pid = int((self.state / "run" / f"{name}.pid").read_text())
        os.kill(pid, signal.SIGKILL)
        return pid

    def stop(self) -> None:
        self.process.terminate()
        assert self.process.wait(20) == 0, self.log.read_text()


@pytest.fixture
def start(tmp_path):
    daemons = []

    def begin(*options: str) -> Daemon:
        daemons.append(Daemon(tmp_path, *options))
        return daemons[-1]

    yield begin
    for daemon in daemons:
        daemon.stop()
