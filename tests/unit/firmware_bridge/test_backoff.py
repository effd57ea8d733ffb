from __future__ import annotations

import pytest

from firmware_bridge.link.reconnect import Backoff


def attempts_until(end_s: float, backoff: Backoff) -> list[float]:
    times = []
    for tick in range(int(end_s * 16) + 1):
        now_s = tick / 16
        if backoff.due(now_s):
            backoff.attempted(now_s)
            times.append(now_s)
    return times


def test_waits_double_up_to_the_limit() -> None:
    assert attempts_until(8.0, Backoff(first_s=0.25, limit_s=2.0)) == [
        0.0,
        0.25,
        0.75,
        1.75,
        3.75,
        5.75,
        7.75,
    ]


def test_a_reset_makes_an_attempt_due_at_once() -> None:
    backoff = Backoff()
    attempts_until(5.0, backoff)
    backoff.reset()
    assert backoff.due(5.0)
    assert backoff.attempts == 0


@pytest.mark.parametrize(
    ("first_s", "limit_s", "factor"), [(0.0, 1.0, 2.0), (2.0, 1.0, 2.0), (0.1, 1.0, 0.5)]
)
def test_a_backoff_that_would_not_wait_is_refused(first_s: float, limit_s: float, factor: float) -> None:
    with pytest.raises(ValueError, match="no backoff"):
        Backoff(first_s=first_s, limit_s=limit_s, factor=factor)
