"""When to try again: each failed attempt doubles the wait, up to a limit. Time is passed in."""

from __future__ import annotations

from math import inf


class Backoff:
    """Paces repeated attempts. Without an attempt so far, one is due at once."""

    def __init__(self, *, first_s: float = 0.1, limit_s: float = 2.0, factor: float = 2.0) -> None:
        if not 0.0 < first_s <= limit_s or factor < 1.0:
            raise ValueError(f"no backoff from {first_s} s to {limit_s} s by a factor of {factor}")
        self._first_s = first_s
        self._limit_s = limit_s
        self._factor = factor
        self._wait_s = first_s
        self._next_s = -inf
        self.attempts = 0
        """Attempts since the last reset."""

    def due(self, now_s: float) -> bool:
        return now_s >= self._next_s

    def attempted(self, now_s: float) -> None:
        """Note an attempt made now; the next one is due after a wait longer than the one before."""
        self._next_s = now_s + self._wait_s
        self._wait_s = min(self._wait_s * self._factor, self._limit_s)
        self.attempts += 1

    def reset(self) -> None:
        """Forget the past: an attempt is due at once."""
        self._wait_s = self._first_s
        self._next_s = -inf
        self.attempts = 0
