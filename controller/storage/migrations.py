"""The journal's schema, as the steps that lead to it. A step that has shipped is never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

STEPS: tuple[str, ...] = (
    """
    CREATE TABLE runs (
        run_id TEXT PRIMARY KEY, campaign_id TEXT NOT NULL, created REAL NOT NULL, state INTEGER NOT NULL,
        document TEXT NOT NULL, body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX runs_by_age ON runs (created DESC, run_id);
    CREATE TABLE run_events (
        run_id TEXT NOT NULL, sequence INTEGER NOT NULL, time_s REAL NOT NULL, state INTEGER NOT NULL,
        step INTEGER NOT NULL, message TEXT NOT NULL, PRIMARY KEY (run_id, sequence)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE campaigns (
        campaign_id TEXT PRIMARY KEY, created REAL NOT NULL, campaign_toml TEXT NOT NULL,
        recipe_toml TEXT NOT NULL, overrides TEXT NOT NULL, state INTEGER NOT NULL, reason TEXT NOT NULL,
        reached INTEGER NOT NULL, boot_id TEXT NOT NULL
    ) STRICT;
    CREATE INDEX campaigns_by_age ON campaigns (created DESC, campaign_id);
    CREATE TABLE campaign_events (
        campaign_id TEXT NOT NULL, sequence INTEGER NOT NULL, trial INTEGER NOT NULL, message TEXT NOT NULL,
        PRIMARY KEY (campaign_id, sequence)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE trials (
        campaign_id TEXT NOT NULL, number INTEGER NOT NULL, state INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (campaign_id, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE spectra (
        spectrum_id TEXT PRIMARY KEY, kind TEXT NOT NULL, created REAL NOT NULL, body TEXT NOT NULL,
        wavelengths BLOB NOT NULL, counts BLOB NOT NULL, absorbance BLOB NOT NULL
    ) STRICT;
    CREATE INDEX spectra_by_kind ON spectra (kind, created DESC);
    CREATE TABLE requests (
        request_id TEXT NOT NULL, method TEXT NOT NULL, created REAL NOT NULL, response BLOB NOT NULL,
        PRIMARY KEY (request_id, method)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX requests_by_age ON requests (created);
    CREATE TABLE models (
        digest TEXT PRIMARY KEY, name TEXT NOT NULL, serial INTEGER NOT NULL, stage INTEGER NOT NULL,
        signed_by TEXT NOT NULL, created REAL NOT NULL, UNIQUE (name, serial)
    ) STRICT;
    CREATE TABLE telemetry (
        run_id TEXT NOT NULL, time_s REAL NOT NULL, body BLOB NOT NULL, PRIMARY KEY (run_id, time_s)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    CREATE TABLE events (
        id INTEGER PRIMARY KEY AUTOINCREMENT, boot_id TEXT NOT NULL, sequence INTEGER NOT NULL,
        time_s REAL NOT NULL, logged REAL NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
        text TEXT NOT NULL, actor TEXT NOT NULL, UNIQUE (boot_id, sequence)
    ) STRICT;
    CREATE INDEX events_by_kind ON events (kind, id);
    CREATE INDEX events_by_subject ON events (subject, id);
    CREATE INDEX events_by_age ON events (logged);
    CREATE TABLE standing (
        key TEXT PRIMARY KEY, body TEXT NOT NULL, kept REAL NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
    """
    ALTER TABLE requests ADD COLUMN finished INTEGER NOT NULL DEFAULT 1;
    """,
    """
    ALTER TABLE spectra ADD COLUMN emission BLOB NOT NULL DEFAULT x'';
    """,
    """
    ALTER TABLE campaigns ADD COLUMN files TEXT NOT NULL DEFAULT '{}';
    """,
)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a journal of any earlier version to this one; ValueError when it is of a later one."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(STEPS):
        raise ValueError(f"its schema is version {version}; this release knows up to {len(STEPS)}")
    for number, script in enumerate(STEPS[version:], start=version + 1):
        connection.executescript(f"BEGIN; {script}; PRAGMA user_version = {number}; COMMIT;")
