"""Rules across channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.config.documents import Document
    from controller.config.lines import Path
    from controller.domain.plan import ChannelPlan


def check_signals(document: Document, channels: Sequence[ChannelPlan]) -> None:
    """Allow one channel a signal: two would fight over it."""
    taken: dict[tuple[str, str], str] = {}
    for channel in channels:
        first = taken.setdefault((channel.device, channel.signal), channel.name)
        if first != channel.name:
            place: Path = ("channels", channel.name, "signal")
            document.fault(place, f"{channel.signal} of {channel.device} already is {first}")
