"""The supervisor restarts what dies, ever more slowly, and ends what must end together, in order."""

from __future__ import annotations

import os
import socket
import subprocess
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from controller.domain.errors import ControllerError
from controller.processes import supervisor as module
from controller.processes.job import FINAL, Job, new_boot_id
from controller.processes.notify import notify
from controller.processes.supervisor import Child, Supervisor
from tests.unit.controller.campaign.simulated_rig import PLAN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Process:
    """A child that ends when a test says so; `stubborn` ones have to be killed."""

    pid = 4711

    def __init__(self, name: str, ended: list[str], *, stubborn: bool = False) -> None:
        self.name = name
        self.code: int | None = None
        self._ended = ended
        self._stubborn = stubborn

    def poll(self) -> int | None:
        return self.code

    def terminate(self) -> None:
        if not self._stubborn:
            self._end(0)

    def kill(self) -> None:
        self._end(-9)

    def wait(self, timeout_s: float | None = None) -> int:
        if self.code is None:
            raise subprocess.TimeoutExpired(self.name, timeout_s or 0.0)
        return self.code

    def _end(self, code: int) -> None:
        self.code = code
        self._ended.append(self.name)


class House:
    """A supervisor whose clock and children are a test's."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 0.0
        self.said: list[str] = []
        self.ended: list[str] = []
        self.started: list[str] = []
        self.stubborn: set[str] = set()
        self.supervisor = Supervisor(
            Job(PLAN, folder, folder, "realtime", 1.0, "127.0.0.1:0"), self.said.append
        )
        monkeypatch.setattr(module, "_spawn", self._spawn)
        monkeypatch.setattr("controller.processes.supervisor.time.monotonic", lambda: self.now_s)

    def _spawn(self, name: str, _run_dir: Path) -> Any:
        self.started.append(name)
        return Process(name, self.ended, stubborn=name in self.stubborn)

    def start(self, *names: str) -> list[Child]:
        children = [self.supervisor._start(Child(name)) for name in names]
        self.supervisor.children += children
        return children

    def die(self, child: Child, code: int = 1) -> None:
        process: Any = child.process
        process.code = code

    def tend(self, child: Child) -> bool:
        return self.supervisor._tend(child)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    return House(tmp_path, monkeypatch)


def test_a_child_that_dies_is_told_of_and_started_again_when_its_pause_is_over(house: House) -> None:
    (child,) = house.start("service")
    house.now_s = 1.0
    house.die(child, -11)
    assert house.tend(child)
    assert house.said == ["service ended with code -11; starts again in 0.4 s"]
    house.now_s = 1.39
    assert house.tend(child)
    assert house.started == ["service"]
    house.now_s = 1.41
    assert house.tend(child)
    assert (house.started, child.restarts) == (["service", "service"], 1)


def test_who_dies_again_and_again_waits_ever_longer_up_to_a_bound(house: House) -> None:
    (child,) = house.start("service")
    pauses = []
    for _ in range(8):
        house.die(child)
        house.tend(child)
        pauses.append(child.due_s - house.now_s)
        house.now_s = child.due_s
        house.tend(child)
    assert pauses == sorted(pauses)
    assert pauses[0] == pytest.approx(0.4)
    assert pauses[-1] == pytest.approx(5.0)


def test_who_lived_long_is_started_quickly_again(house: House) -> None:
    (child,) = house.start("service")
    child.backoff_s = 5.0
    house.now_s = 31.0
    house.die(child)
    house.tend(child)
    assert child.due_s - house.now_s == pytest.approx(0.2)


def test_who_ended_for_good_is_not_started_again(house: House) -> None:
    (child,) = house.start("control")
    house.die(child, FINAL)
    assert not house.tend(child)
    assert (house.started, house.said) == (["control"], [])


def test_the_pid_of_a_child_is_left_where_a_person_looks(house: House) -> None:
    house.start("control")
    assert (house.supervisor.job.run_dir / "control.pid").read_text() == "4711\n"


def test_the_service_ends_before_control_and_control_before_the_twin(house: House) -> None:
    house.start("twin", "control", "service")
    house.supervisor._end()
    assert house.ended == ["service", "control", "twin"]


def test_who_does_not_end_is_killed_and_told_of(house: House) -> None:
    house.stubborn = {"service"}
    _, service = house.start("control", "service")
    process: Any = service.process
    assert process.poll() is None
    house.supervisor._end()
    assert house.ended == ["service", "control"]
    assert house.said == ["service did not end in 5 s and is killed"]


def test_who_is_dead_already_is_not_ended_again(house: House) -> None:
    (child,) = house.start("service")
    house.die(child, 0)
    house.supervisor._end()
    assert house.ended == []


def test_systemd_is_fed_only_while_control_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    fed: list[str] = []
    monkeypatch.setattr(module, "notify", fed.append)

    class Ring:
        def __init__(self, tick: int | None) -> None:
            self._tick = tick

        def newest(self) -> Any:
            if self._tick is None:
                raise ControllerError("control is gone", reason="CONTROL_GONE")
            return SimpleNamespace(tick=self._tick)

    def feed(tick: int | None, ticks: int) -> int:
        ring: Any = Ring(tick)
        return module._feed_watchdog(ring, ticks)

    assert (feed(5, 4), fed) == (5, ["WATCHDOG=1"])
    assert (feed(5, 5), fed) == (5, ["WATCHDOG=1"])
    assert (feed(None, 5), fed) == (5, ["WATCHDOG=1"])


def test_a_job_is_read_as_it_was_written(tmp_path: Path) -> None:
    job = Job(PLAN, tmp_path / "run", tmp_path / "state", "scaled", 50.0, "127.0.0.1:50051")
    job.run_dir.mkdir()
    assert Job.read(job.write()) == job
    assert Job.read(replace(job, clock="lockstep", speed=1.0).write()).clock == "lockstep"


def test_what_processes_share_lies_in_one_folder(tmp_path: Path) -> None:
    job = Job(PLAN, tmp_path, tmp_path / "state", "realtime", 1.0, "127.0.0.1:0")
    paths = {job.snapshots_path, job.mailbox_path, job.recorder_path, job.chip_path, job.ports_dir}
    assert len(paths) == 5
    assert {path.parent for path in paths} == {tmp_path}


def test_a_boot_has_an_identity_of_its_own() -> None:
    drawn = {new_boot_id() for _ in range(100)}
    assert len(drawn) == 100
    assert all(0 < each < 2**64 for each in drawn)


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The socket on which systemd listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        path = tmp_path / "notify"
        listening.bind(str(path))
        listening.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        yield listening


def test_systemd_hears_every_word(systemd: socket.socket) -> None:
    for word in ("READY=1", "WATCHDOG=1"):
        notify(word)
    assert [systemd.recv(99) for _ in range(2)] == [b"READY=1", b"WATCHDOG=1"]


def test_an_abstract_socket_is_found_too(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"ostwald-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{name}")
        listening.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        notify("READY=1")
        assert listening.recv(99) == b"READY=1"


def test_without_systemd_nothing_is_said(systemd: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET")
    notify("READY=1")
    with pytest.raises(BlockingIOError):
        systemd.recv(99)
