"""Reagents of a rig file: which pump delivers what, and how much of it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from pydantic import StringConstraints

from controller.config.documents import Table
from controller.config.signals import is_pump
from controller.config.units import convert
from controller.domain.plan import ChannelPlan, ReagentPlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.config.documents import Document
    from controller.config.lines import Path

LEVEL_SIGNAL: Final = "level"
_MOST_UL: Final = 1e6


class ReagentTable(Table):
    """`volume` is what is there when the rig is first started; with it, what is left is a channel."""

    pump: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    stock: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    volume: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None


def reagent_plans(
    document: Document, tables: Mapping[str, ReagentTable], channels: Mapping[str, ChannelPlan]
) -> tuple[tuple[ReagentPlan, ...], tuple[ChannelPlan, ...]]:
    """Resolve reagents; also the computed channels `reagent.NAME` of those whose volume is kept, in uL."""
    reagents, levels = [], []
    taken: dict[str, str] = {}
    for name, table in tables.items():
        path: Path = ("reagents", name)
        first = taken.setdefault(table.pump, name)
        if first != name:
            document.fault((*path, "pump"), f"{table.pump} already delivers {first}")
        pump = _pump(document, (*path, "pump"), table.pump, channels)
        volume_ul = None if table.volume is None else _volume(document, (*path, "volume"), table.volume)
        if pump is None or volume_ul is None:
            reagents.append(ReagentPlan(name, table.pump, table.stock))
            continue
        level = f"reagent.{name}"
        if level in channels:
            document.fault(path, f"what is left of it is the channel {level}: give the other another name")
        flow_ul_s = convert(1.0, pump.unit, "uL/s")
        reagents.append(ReagentPlan(name, table.pump, table.stock, volume_ul, level, flow_ul_s))
        levels.append(ChannelPlan(level, "", LEVEL_SIGNAL, "uL", 0.0, _MOST_UL))
    return tuple(reagents), tuple(levels)


def _pump(
    document: Document, path: Path, name: str, channels: Mapping[str, ChannelPlan]
) -> ChannelPlan | None:
    channel = channels.get(name)
    if channel is None:
        document.reference(path, name, "channel", document.section("channels"))
    elif not is_pump(channel):
        document.fault(path, f"{name} is {channel.signal}: name a pump")
        return None
    return channel


def _volume(document: Document, path: Path, text: str) -> float | None:
    volume_ul = document.quantity(path, text, "uL")
    if volume_ul is not None and not 0.0 < volume_ul <= _MOST_UL:
        document.fault(path, f"{text} must lie above 0 and up to 1 L")
        return None
    return volume_ul
