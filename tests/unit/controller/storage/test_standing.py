"""What a restarted control must be asked again, and which one has been asked already."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from controller.domain.commands import Request, Retune, SetAlarmService, SetReagent, ShelveAlarm
from controller.storage.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from controller.storage.standing import StandingStore

BOOT = 2**64 - 1


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    opened = Journal(path, lambda: 1000.0)
    yield opened
    opened.close()


@pytest.fixture
def standing(journal: Journal) -> StandingStore:
    return journal.standing


def test_every_kind_of_request_comes_back_as_it_was(standing: StandingStore) -> None:
    asked = [
        SetReagent("silver", 0.1 + 0.2),
        Retune("zone", -1.5, 20.0, 0.0),
        ShelveAlarm("hot", 60.0, "cleaning"),
        SetAlarmService("cold", in_service=False, reason="sent in"),
    ]
    for command in asked:
        standing.keep(command, "chemist@bench")  # type: ignore[arg-type]
    assert sorted(standing.due(), key=repr) == sorted(
        [Request(command, "chemist@bench") for command in asked],  # type: ignore[arg-type]
        key=repr,
    )


def test_it_outlives_the_journals_process(standing: StandingStore, journal: Journal, path: Path) -> None:
    standing.keep(SetReagent("silver", 900.0), "")
    standing.note_restored(BOOT)
    journal.close()
    again = Journal(path, lambda: 1000.0)
    assert again.standing.due() == [Request(SetReagent("silver", 900.0))]
    assert again.standing.is_restored(BOOT)
    again.close()


def test_a_control_is_asked_again_once_a_boot(standing: StandingStore) -> None:
    assert not standing.is_restored(BOOT)
    standing.note_restored(BOOT)
    assert standing.is_restored(BOOT)
    standing.note_restored(7)
    assert not standing.is_restored(BOOT)
    assert standing.due() == [], "the note itself is nothing to ask for"


def test_a_request_of_another_release_is_forgotten_and_named_and_the_others_stay(
    standing: StandingStore, path: Path
) -> None:
    standing.keep(SetReagent("silver", 900.0), "")
    with sqlite3.connect(path) as other:
        other.execute("""INSERT INTO standing VALUES ('valve/inlet', '{"command": {"kind": "Turn"}}', 1.0)""")
    other.close()
    [forgotten] = standing.purge()
    assert forgotten.startswith("valve/inlet: Request.command: fits none of")
    assert standing.purge() == []
    assert standing.due() == [Request(SetReagent("silver", 900.0))]
