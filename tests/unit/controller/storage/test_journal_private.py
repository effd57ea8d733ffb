from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from controller.storage.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _careless() -> Iterator[None]:
    """A daemon started with a mask that lets everybody read what it writes."""
    before = os.umask(0o000)
    yield
    os.umask(before)


def modes(folder: Path) -> set[str]:
    return {stat.filemode(path.stat().st_mode) for path in folder.glob("journal.sqlite*")}


def test_nobody_else_reads_the_journal_nor_what_is_not_yet_in_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    journal.requests.finish("a", "AcquireLease", bytes(32), b"token")
    assert len(list(tmp_path.glob("journal.sqlite*"))) == 3
    assert modes(tmp_path) == {"-rw-------"}
    journal.close()


def test_a_journal_that_others_could_read_is_made_private(tmp_path: Path) -> None:
    Journal(tmp_path / "journal.sqlite").close()
    (tmp_path / "journal.sqlite").chmod(0o644)
    journal = Journal(tmp_path / "journal.sqlite")
    journal.requests.finish("a", "AcquireLease", bytes(32), b"token")
    assert modes(tmp_path) == {"-rw-------"}
    journal.close()
