"""What the byte-level twin of a lab instrument is, and what it and the plant show each other.

A twin speaks as the manual says, error replies included, from a factory-fresh start. It knows nothing of its
driver: both are written from the manual, and the golden transcripts hold them to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nan
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class TwinSettings:
    """What one simulated instrument is set to by its keys and switches, in the words of the rig file.

    `address` is its place on the line, empty where it is alone; `options` are those of its driver, so that a
    twin finds there what a person would have set at the instrument.
    """

    address: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    serial_number: str = ""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Action:
    """What an instrument does to the plant now. Zeros and None: nothing."""

    flow_ul_s: float = 0.0
    """Out of a pump; below zero it draws in."""
    heat: float = 0.0
    """Of the zone's full heating power, 0 to 1; below zero it cools, where it can."""
    light: float = 0.0
    """Of the lamp's full power, 0 to 1."""
    position: int | None = None
    """Of a valve, counted as its maker counts."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the plant shows an instrument where it is fitted; NaN: there is nothing to see."""

    temperature_c: float = nan
    pressure_kpa: float = nan
    flow_ul_s: float = nan


class InstrumentTwin(Protocol):
    """One simulated instrument. Lives in simulated time: `advance` moves it, `feed` is its serial port."""

    def feed(self, chunk: bytes) -> bytes:
        """Take what the host has sent and return what the instrument has answered by now.

        Every instrument on a line gets every byte, in pieces of any size, and answers only what is meant for
        it. Fed with nothing, it returns what has become due since.
        """
        ...

    def advance(self, dt_s: float) -> None:
        """Let `dt_s` pass: ramps, plungers, watchdogs, its own control."""
        ...

    def sense(self, surroundings: Surroundings) -> None:
        """Show it the plant, at the end of each step."""
        ...

    @property
    def action(self) -> Action:
        """What it does to the plant now."""
        ...

    @property
    def log(self) -> list[str]:
        """The newest things that a person beside it would want to have seen: every command it carried out."""
        ...

    def power_cycle(self) -> None:
        """Lose the supply and get it back: what it does not keep is gone, and it may ask for attention."""
        ...
