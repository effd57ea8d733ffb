"""Alarms of a rig file: what a person must know of, how soon, and what to do about it.

Each device whose loss is noticed has an alarm: a declared one of kind "board_lost", that of an interlock of
this kind, if it trips without delay, or else one of its own, `DEVICE.lost`, of high priority.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Final, Literal

from controller.config.conditions import owned, read_condition
from controller.config.documents import Table
from controller.config.schema import Text, measured
from controller.domain.alarms import AlarmPlan, Priority
from controller.domain.conditions import BoardLost

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from controller.config.documents import Document
    from controller.config.lines import Path
    from controller.config.lookup import RigContext
    from controller.domain.plan import InterlockPlan

MOST_ALARMS: Final = 64
"""Control judges each of them in every tick; those of devices count."""
_SECTION: Final = "alarms"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_RESPONSE: Final = "check its cable and supply; once it is back, resume what was held"
_Delay = Annotated[float, measured("s", 0.0, 3600.0)]


class AlarmTable(Table):
    """What `[alarms.NAME]` says beside its condition."""

    priority: Literal["low", "medium", "high", "critical"]
    on_delay: _Delay = 0.0
    off_delay: _Delay = 0.0
    latching: bool = False
    response: Text | None = None


def alarm_plans(
    document: Document, context: RigContext, interlocks: Iterable[InterlockPlan]
) -> tuple[AlarmPlan, ...]:
    """Read every `[alarms.NAME]`, and add those of devices; one with faults, which are kept, is left out."""
    tables = document.section(_SECTION)
    found = (_plan(document, name, raw, context) for name, raw in tables.items())
    declared = [plan for plan in found if plan is not None]
    at_once = [each.condition for each in interlocks if not each.delay_s]
    judged = [*(each.condition for each in declared), *at_once]
    watched = {each.device for each in judged if isinstance(each, BoardLost)}
    lost = _lost(document, [name for name in context.losable if name not in watched])
    if (count := len(tables) + len(lost)) > MOST_ALARMS:
        text = f"{count} of them, {len(lost)} of devices: at most {MOST_ALARMS} can be judged in a tick"
        document.fault((_SECTION,), text)
    return (*declared, *lost)


def _lost(document: Document, devices: Sequence[str]) -> list[AlarmPlan]:
    """Give each of these devices the alarm that it is lost."""
    plans = [
        AlarmPlan(f"{device}.lost", BoardLost(device), Priority.HIGH, response=_RESPONSE)
        for device in devices
    ]
    for plan in plans:
        for section in (_SECTION, "interlocks"):
            if plan.name in document.section(section):
                document.fault((section, plan.name), "is the name of the alarm of a device: choose another")
    return plans


def _plan(document: Document, name: str, raw: object, context: RigContext) -> AlarmPlan | None:
    path: Path = (_SECTION, name)
    if not _NAME.fullmatch(name):
        document.fault(path, "a name has up to 64 letters, digits and _ . -, the first a letter or digit")
    if name in document.section("interlocks"):
        document.fault(path, "is an interlock's name, which has an alarm of its own: choose another")
    table = document.read(path, owned(raw, AlarmTable), AlarmTable)
    condition = read_condition(document, path, raw, context, owner=AlarmTable)
    if table is None or condition is None:
        return None
    return AlarmPlan(
        name=name,
        condition=condition,
        priority=Priority[table.priority.upper()],
        on_delay_s=table.on_delay,
        off_delay_s=table.off_delay,
        latching=table.latching,
        response=table.response or "",
    )
