"""How a device and its line are, in words and numbers that fit a status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from controller.domain.readings import LinkHealth

if TYPE_CHECKING:
    from firmware_bridge.devices.interfaces import LinkStatistics

LONGEST_PROBLEM: Final = 160
LONGEST_IDENTITY: Final = 80
"""Characters: a status has both of each device, and must fit a datagram."""


def health_of(
    name: str, state: str, counted: LinkStatistics, *, problem: str | None, identity: str = ""
) -> LinkHealth:
    """Say how a device or a line is."""
    return LinkHealth(
        name=name,
        state=state,
        frames_sent=counted.frames_sent,
        frames_received=counted.frames_received,
        frames_damaged=counted.damaged,
        retries=counted.retries,
        problem=(problem or "")[:LONGEST_PROBLEM],
        identity=identity,
    )


def identity_text(model: str, serial_number: str, firmware: str = "") -> str:
    """Say what a device is: "NE1000, serial number 1234, firmware 3.928"."""
    parts = (model, serial_number and f"serial number {serial_number}", firmware and f"firmware {firmware}")
    return ", ".join(filter(None, parts))[:LONGEST_IDENTITY]
