"""A real daemon whose devices go away during a run, and come back: what a person sees and does then."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from ostwald.client import Ostwald, RefusedError

from tests.scenario.conftest import BIN, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.scenario
RECIPE = """
[recipe]
name = "unplugged"
[[steps]]
set = {"reactor.temperature" = "30 degC", "pump.seed" = "120 uL/min"}
[[steps]]
dwell = {time = "5 s"}
"""


@contextmanager
def twin(ports: Path) -> Iterator[subprocess.Popen[str]]:
    """Serve the twin on pseudo-terminals, until it is killed."""
    command = [str(BIN / "ostwaldd"), "twin", "silver", "--pty", str(ports)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("board ")
            yield process
        finally:
            process.kill()


@pytest.fixture
def ports(tmp_path: Path) -> Path:
    return tmp_path / "ports"


def test_a_run_waits_for_its_devices_and_goes_on(ports: Path, start) -> None:
    with twin(ports) as first:
        daemon = start("--link", f"board={ports}/board", "--link", f"spectrometer={ports}/spectrometer")
        device = Ostwald(daemon.address)
        run_id = device.runs.start(RECIPE, {}).run_id
        until(lambda: device.read("pump.seed").value > 0.0)
        first.kill()
        until(lambda: device.runs.get(run_id).state == "held")

    def standing() -> set[str]:
        return {each.name for each in device.alarms.list(only_standing=True) if each.active}

    until(lambda: {"board.lost", "board_lost", "spectrometer.lost"} <= standing())
    with pytest.raises(RefusedError) as refused:
        device.runs.resume(run_id)
    assert refused.value.reason == "REACTOR_NOT_READY"
    with twin(ports):
        until(lambda: not standing() & {"board.lost", "spectrometer.lost"})
        device.reset()
        until(lambda: device.reactor().state == "ready")
        assert device.read("pump.seed").value == 0.0
        device.runs.resume(run_id)
        until(lambda: device.runs.get(run_id).state == "complete")
        device.close()
        daemon.stop()
