"""Campaigns as they were asked for, their trials and events."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from controller.domain.campaign import CampaignEvent, CampaignState, Trial, TrialState
from controller.domain.surrogates import Estimate

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """A campaign as stored: its documents, which are parsed again on use, and where it stands.

    `files` has the text of what its document names.
    """

    campaign_id: str
    campaign_toml: str
    recipe_toml: str
    overrides: Mapping[str, str]
    state: CampaignState
    reason: str = ""
    reached: bool = False
    boot_id: int = 0
    files: Mapping[str, str] = field(default_factory=dict)


_COLUMNS = "campaign_id, campaign_toml, recipe_toml, overrides, state, reason, reached, boot_id, files"


class CampaignStore:
    def __init__(self, connection: sqlite3.Connection, wall_s: Callable[[], float]) -> None:
        self._connection = connection
        self._wall_s = wall_s

    def add(self, row: CampaignRow) -> None:
        self._connection.execute(
            f"INSERT INTO campaigns (created, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (
                self._wall_s(),
                row.campaign_id,
                row.campaign_toml,
                row.recipe_toml,
                json.dumps(dict(row.overrides)),
                int(row.state),
                row.reason,
                row.reached,
                str(row.boot_id),
                json.dumps(dict(row.files)),
            ),
        )

    def update(self, row: CampaignRow) -> None:
        """Store where the campaign stands; its documents never change."""
        self._connection.execute(
            "UPDATE campaigns SET state = ?, reason = ?, reached = ?, boot_id = ? WHERE campaign_id = ?",
            (int(row.state), row.reason, row.reached, str(row.boot_id), row.campaign_id),
        )

    def get(self, campaign_id: str) -> CampaignRow | None:
        rows = self._select("WHERE campaign_id = ?", campaign_id)
        return rows[0] if rows else None

    def newest(self, limit: int, offset: int = 0) -> list[CampaignRow]:
        return self._select("ORDER BY created DESC, campaign_id LIMIT ? OFFSET ?", limit, offset)

    def running(self) -> list[CampaignRow]:
        return self._select("WHERE state = ? ORDER BY created", int(CampaignState.RUNNING))

    def cut_off(self) -> list[CampaignRow]:
        """Return the campaigns with a trial under way: a dead process left them so."""
        clause = "WHERE campaign_id IN (SELECT campaign_id FROM trials WHERE state = ?) ORDER BY created"
        return self._select(clause, int(TrialState.RUNNING))

    def put_trial(self, campaign_id: str, trial: Trial) -> None:
        """Journal a trial before it acts and after it ends."""
        self._connection.execute(
            "INSERT OR REPLACE INTO trials VALUES (?, ?, ?, ?)",
            (campaign_id, trial.number, int(trial.state), json.dumps(asdict(trial))),
        )

    def trials(self, campaign_id: str, limit: int = -1, offset: int = 0) -> list[Trial]:
        rows = self._connection.execute(
            "SELECT body FROM trials WHERE campaign_id = ? ORDER BY number LIMIT ? OFFSET ?",
            (campaign_id, limit, offset),
        )
        return [_trial(body) for (body,) in rows]

    def add_event(self, event: CampaignEvent) -> None:
        self._connection.execute(
            "INSERT INTO campaign_events VALUES (?, ?, ?, ?)",
            (event.campaign_id, event.sequence, event.trial, event.message),
        )

    def events(self, campaign_id: str, after: int = 0) -> list[CampaignEvent]:
        rows = self._connection.execute(
            "SELECT sequence, trial, message FROM campaign_events"
            " WHERE campaign_id = ? AND sequence > ? ORDER BY sequence",
            (campaign_id, after),
        )
        return [CampaignEvent(campaign_id, *row) for row in rows]

    def _select(self, clause: str, *values: object) -> list[CampaignRow]:
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM campaigns {clause}", values)  # noqa: S608
        return [
            CampaignRow(
                campaign_id=row[0],
                campaign_toml=row[1],
                recipe_toml=row[2],
                overrides=json.loads(row[3]),
                state=CampaignState(row[4]),
                reason=row[5],
                reached=bool(row[6]),
                boot_id=int(row[7]),
                files=json.loads(row[8]),
            )
            for row in rows
        ]


def _trial(body: str) -> Trial:
    fields = json.loads(body)
    predicted = {name: Estimate(**estimate) for name, estimate in fields["predicted"].items()}
    return Trial(**{**fields, "state": TrialState(fields["state"]), "predicted": predicted})
