"""Alarms of a rig file: what a person must know of, how soon, and what to do about it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Final, Literal

from controller.config.conditions import owned, read_condition
from controller.config.documents import Table
from controller.config.schema import Text, measured
from controller.domain.alarms import AlarmPlan, Priority

if TYPE_CHECKING:
    from controller.config.documents import Document
    from controller.config.lines import Path
    from controller.config.lookup import RigContext

MOST_ALARMS: Final = 64
"""Control judges each of them in every tick."""
_SECTION: Final = "alarms"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_Delay = Annotated[float, measured("s", 0.0, 3600.0)]


class AlarmTable(Table):
    """What `[alarms.NAME]` says beside its condition."""

    priority: Literal["low", "medium", "high", "critical"]
    on_delay: _Delay = 0.0
    off_delay: _Delay = 0.0
    latching: bool = False
    response: Text | None = None


def alarm_plans(document: Document, context: RigContext) -> tuple[AlarmPlan, ...]:
    """Read every `[alarms.NAME]`; those with faults, which are kept, are left out."""
    tables = document.section(_SECTION)
    if len(tables) > MOST_ALARMS:
        document.fault((_SECTION,), f"{len(tables)} of them: at most {MOST_ALARMS} can be judged in a tick")
    found = (_plan(document, name, raw, context) for name, raw in tables.items())
    return tuple(plan for plan in found if plan is not None)


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
