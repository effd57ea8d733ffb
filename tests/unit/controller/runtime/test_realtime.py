"""What the kernel grants is held; what it refuses costs one warning with a remedy, and nothing else."""

from __future__ import annotations

import errno
import gc
import os
import resource

import pytest

from controller.domain.plan import RealtimePlan
from controller.runtime import realtime
from controller.runtime.realtime import LinuxKernel, freeze_collector, prepare


class Recorder:
    """A kernel that grants everything but what is named."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused
        self.granted: list[str] = []
        self.descriptor = -1

    def _answer(self, what: str) -> None:
        if what.split(maxsplit=1)[0] in self.refused:
            raise PermissionError(errno.EPERM, "Operation not permitted")
        self.granted.append(what)

    def run_fifo(self, priority: int) -> None:
        self._answer(f"fifo {priority}")

    def stay_on(self, cpu: int) -> None:
        self._answer(f"cpu {cpu}")

    def lock_memory(self) -> None:
        self._answer("lock")

    def keep_memory(self) -> None:
        self._answer("keep")

    def sharpen_timers(self) -> None:
        self._answer("slack")

    def hold_awake(self) -> int:
        self._answer("awake")
        self.descriptor = os.open(os.devnull, os.O_WRONLY)
        return self.descriptor


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def test_all_that_a_plan_asks_for_is_asked_and_nothing_is_said():
    kernel = Recorder()
    held = prepare(RealtimePlan(priority=70, cpu=1), kernel)
    assert held.warnings == ()
    assert sorted(kernel.granted) == ["awake", "cpu 1", "fifo 70", "keep", "lock", "slack"]
    assert kernel.granted[-1] == "fifo 70"
    held.close()


def test_a_plan_that_names_no_cpu_leaves_the_choice_to_the_kernel():
    kernel = Recorder("cpu")
    held = prepare(RealtimePlan(), kernel)
    assert held.warnings == ()
    held.close()


@pytest.mark.parametrize(
    ("refused", "what", "remedy"),
    [
        ("fifo", "SCHED_FIFO priority 80", "LimitRTPRIO=80"),
        ("lock", "lock its memory", "LimitMEMLOCK=infinity"),
        ("awake", "/dev/cpu_dma_latency", "udev rule"),
        ("slack", "timers", "prctl"),
        ("keep", "keep freed memory", "glibc"),
        ("cpu", "stay on cpu 3", "any core"),
    ],
)
def test_each_refusal_is_one_warning_with_its_remedy_and_the_rest_is_granted(refused, what, remedy):
    kernel = Recorder(refused)
    held = prepare(RealtimePlan(cpu=3), kernel)
    (warning,) = held.warnings
    assert what in warning
    assert remedy in warning
    assert "Operation not permitted" in warning
    assert len(kernel.granted) == 5
    held.close()


def test_the_cores_may_sleep_again_after_close_and_closing_twice_is_harmless():
    kernel = Recorder()
    held = prepare(RealtimePlan(), kernel)
    assert is_open(kernel.descriptor)
    held.close()
    assert not is_open(kernel.descriptor)
    held.close()


def test_memory_is_not_locked_under_a_limit_that_it_could_outgrow(monkeypatch):
    limits = [(8 << 20, 8 << 20)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(realtime, "_has_capability", lambda _: False)
    with pytest.raises(PermissionError):
        LinuxKernel().lock_memory()


def test_a_core_that_the_machine_has_not_is_refused_by_the_kernel():
    with pytest.raises(OSError, match="Invalid argument"):
        LinuxKernel().stay_on(1023)


def test_a_priority_that_does_not_exist_is_refused_by_the_kernel():
    with pytest.raises(OSError, match=r"Invalid argument|Operation not permitted"):
        LinuxKernel().run_fifo(1000)


def test_a_latency_file_that_is_not_there_is_an_error_that_names_nothing_held(monkeypatch, tmp_path):
    monkeypatch.setattr(realtime, "_DMA_LATENCY", str(tmp_path / "none"))
    with pytest.raises(FileNotFoundError):
        LinuxKernel().hold_awake()


def test_a_frozen_collector_never_runs():
    runs: list[str] = []
    gc.callbacks.append(lambda phase, _: runs.append(phase))
    try:
        freeze_collector()
        runs.clear()
        for _ in range(5000):
            circle: list[object] = []
            circle.append(circle)
        assert runs == []
    finally:
        gc.callbacks.pop()
        gc.enable()
        gc.unfreeze()
