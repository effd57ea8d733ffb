"""`ostwald events`: what happened, when, why and by whom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from ostwald.cli import durations
from ostwald.cli.console import Json, device, print_json, say
from ostwald.client import Ostwald
from ostwald.errors import OstwaldError
from ostwald.events import KINDS
from ostwald.values import Event, WatchedEvent


def events(
    kind: Annotated[list[str] | None, typer.Option(help=f"Only {', '.join(KINDS)}; may be repeated.")] = None,
    subject: Annotated[str, typer.Option(help="Only about this interlock, alarm, loop or channel.")] = "",
    since: Annotated[str, typer.Option(help='Only since then: "2 h" ago, or 2026-03-01T08:00.')] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="The newest so many.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what happens.")] = False,
    as_json: Json = False,
) -> None:
    """Show the event log, oldest first; with --follow and --json, one document a line."""
    with device() as opened:
        begin = _moment(since) if since else None
        if not follow:
            found = opened.events.list(kind or (), subject, begin, limit)[::-1]
            if as_json:
                print_json(found)
            else:
                _show(found)
            return
        try:
            _follow(opened, kind or (), subject, begin, limit, as_json=as_json)
        except KeyboardInterrupt:
            return


def _follow(
    opened: Ostwald, kinds: Sequence[str], subject: str, begin: datetime | None, limit: int, *, as_json: bool
) -> None:
    newest = opened.events.list(limit=1)
    after = newest[0].event_id if newest else 0
    for event in reversed(opened.events.list(kinds, subject, begin, limit)):
        # What came since is left to the watch.
        if event.event_id <= after:
            _tell(WatchedEvent(event, 0), as_json=as_json)
    for watched in opened.events.watch(after, kinds, subject):
        _tell(watched, as_json=as_json)


def _tell(watched: WatchedEvent, *, as_json: bool) -> None:
    if as_json:
        print_json(watched)
        return
    if watched.lost:
        say(f"({watched.lost} events lost)")
    if watched.event is not None:
        say(_line(watched.event))


def _show(found: Sequence[Event]) -> None:
    for each in found:
        say(_line(each))
    if not found:
        say("no such event is logged")


def _line(event: Event) -> str:
    when = event.logged.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    actor = f" ({event.actor})" if event.actor and event.actor not in event.text else ""
    return f"{when}  {event.kind:7}  {event.subject}: {event.text}{actor}"


def _moment(text: str) -> datetime:
    """Read "2 h", meaning ago, or a date and time, local unless it says its zone."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        pass
    try:
        return datetime.now(UTC) - timedelta(seconds=durations.read_s(text))
    except (OstwaldError, OverflowError):
        remedy = 'write "2 h" or 2026-03-01T08:00'
        raise OstwaldError(f"'{text}' is neither a duration nor a moment", remedy=remedy) from None
