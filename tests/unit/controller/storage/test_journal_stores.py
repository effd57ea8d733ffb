"""What the journal keeps comes back as it was, also from a journal of any earlier release."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.campaign import CampaignEvent, CampaignState, Trial, TrialState
from controller.domain.errors import ControllerError
from controller.domain.models import ModelRecord, Stage
from controller.domain.readings import EmissionFeatures, Features, Spectrum
from controller.domain.run import Run, RunEvent, RunState
from controller.domain.surrogates import Estimate
from controller.storage.campaigns import CampaignRow
from controller.storage.journal import Journal
from controller.storage.migrations import STEPS
from controller.storage.requests import KEEP_S, KeptRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUN = Run("r1", "silver", RunState.EXECUTE, 3, 2**64 - 1, 1.5, step=2, parameters={"flow": 2.0}, actor="ann")
ROW = CampaignRow(
    "c1", "[campaign]", "[recipe]", {"campaign.seed": "3"}, CampaignState.CREATED, boot_id=2**64 - 1
)
TRIAL = Trial(
    1,
    TrialState.RUNNING,
    "surrogate",
    {"flow": 2.0},
    1.0,
    predicted={"peak": Estimate(520.0, 3.0, "nm")},
    novelty=0.3,
)
SPECTRUM = Spectrum(
    "s1",
    "sample",
    7,
    2.0,
    0.1,
    4,
    (500.0, 501.0),
    (9.0, 8.0),
    (0.1, 0.2),
    Features(500.5, 40.0, 0.2),
    ("dim",),
)


class Wall:
    """The wall clock of a test; each look is a second later."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        self.now_s += 1.0
        return self.now_s


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def journal(tmp_path: Path, wall: Wall) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal.sqlite", wall)
    yield opened
    opened.close()


def structure(path: Path) -> list[tuple[object, ...]]:
    """The tables of a journal, column by column."""
    with sqlite3.connect(path) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master ORDER BY name")]
        found = [
            (table, *row) for table in tables for row in connection.execute(f"PRAGMA table_info({table})")
        ]
    connection.close()
    return found


@pytest.mark.parametrize("version", range(len(STEPS)))
def test_a_journal_of_every_earlier_release_becomes_one_of_this(tmp_path: Path, version: int) -> None:
    old = sqlite3.connect(tmp_path / "old.sqlite")
    for number, script in enumerate(STEPS[:version], start=1):
        old.executescript(f"BEGIN; {script}; PRAGMA user_version = {number}; COMMIT;")
    old.close()
    for name in ("old", "new"):
        Journal(tmp_path / f"{name}.sqlite").close()
    assert structure(tmp_path / "old.sqlite") == structure(tmp_path / "new.sqlite")


def test_what_an_earlier_release_wrote_is_read_by_this(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    first = Journal(path)
    first.runs.add(RUN, "[recipe]")
    first.campaigns.add(ROW)
    first.close()
    again = Journal(path)
    assert again.runs.get("r1") == RUN
    assert again.campaigns.get("c1") == ROW
    again.close()


def test_a_journal_of_a_later_release_is_left_alone_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    Journal(path).close()
    with sqlite3.connect(path) as later:
        later.execute("PRAGMA user_version = 99")
    later.close()
    before = path.read_bytes()
    with pytest.raises(ControllerError, match="its schema is version 99") as error:
        Journal(path)
    assert (error.value.reason, path.read_bytes()) == ("JOURNAL_UNREADABLE", before)
    assert "run the release that wrote it" in error.value.remedy


def test_a_run_and_its_events_come_back_as_they_were(journal: Journal) -> None:
    journal.runs.add(RUN, "[recipe]")
    ended = replace(RUN, state=RunState.COMPLETE, ended_s=9.0, properties={"peak": 520.0}, spectrum_id="s1")
    assert journal.runs.unfinished() == [RUN]
    journal.runs.update(ended)
    assert (journal.runs.get("r1"), journal.runs.unfinished()) == (ended, [])
    assert journal.runs.get("r2") is None
    events = [
        RunEvent("r1", number, float(number), RunState.EXECUTE, 1, f"no {number}") for number in (1, 2, 3)
    ]
    for event in events:
        journal.runs.add_event(event)
    assert journal.runs.events("r1", after=1) == events[1:]
    assert journal.runs.last_event("r1") == events[-1]
    assert (journal.runs.last_event("r2"), journal.runs.events("r2")) == (None, [])


def test_the_newest_run_comes_first_and_pages_do_not_overlap(journal: Journal) -> None:
    for number in range(5):
        journal.runs.add(replace(RUN, run_id=f"r{number}"), "")
    assert [each.run_id for each in journal.runs.newest(2)] == ["r4", "r3"]
    assert [each.run_id for each in journal.runs.newest(9, 2)] == ["r2", "r1", "r0"]


def test_telemetry_comes_back_bit_for_bit_and_a_sample_that_is_told_twice_counts_once(
    journal: Journal,
) -> None:
    samples = [(0.1 * number, (0.1 + number, float("inf"))) for number in range(3)]
    journal.runs.add_telemetry("r1", samples)
    journal.runs.add_telemetry("r1", samples[1:])
    assert journal.runs.telemetry("r1") == samples
    assert journal.runs.telemetry("r2") == []


def test_a_campaign_stands_where_it_was_left(journal: Journal) -> None:
    journal.campaigns.add(ROW)
    assert journal.campaigns.running() == []
    running = replace(ROW, state=CampaignState.RUNNING, reason="to be held", boot_id=5)
    journal.campaigns.update(running)
    assert journal.campaigns.running() == [running]
    journal.campaigns.add(replace(ROW, campaign_id="c2"))
    assert [each.campaign_id for each in journal.campaigns.newest(9)] == ["c2", "c1"]
    assert journal.campaigns.get("c3") is None


def test_a_trial_is_journaled_before_it_acts_and_replaced_after(journal: Journal) -> None:
    journal.campaigns.add(ROW)
    journal.campaigns.put_trial("c1", TRIAL)
    assert journal.campaigns.trials("c1") == [TRIAL]
    assert journal.campaigns.cut_off() == [ROW]
    ended = replace(TRIAL, state=TrialState.COMPLETE, score=0.5, ended_s=3.0)
    journal.campaigns.put_trial("c1", ended)
    journal.campaigns.put_trial("c1", replace(ended, number=2))
    assert journal.campaigns.trials("c1", 1) == [ended]
    assert [each.number for each in journal.campaigns.trials("c1", 9, 1)] == [2]
    assert journal.campaigns.cut_off() == []


def test_the_events_of_a_campaign_go_on_after_a_sequence(journal: Journal) -> None:
    events = [CampaignEvent("c1", number, number - 1, f"no {number}") for number in (1, 2, 3)]
    for event in events:
        journal.campaigns.add_event(event)
    assert journal.campaigns.events("c1", after=2) == events[2:]
    assert journal.campaigns.events("c2") == []


def test_a_spectrum_comes_back_with_its_features_and_the_newest_of_a_kind_is_known(journal: Journal) -> None:
    dark = replace(SPECTRUM, spectrum_id="d1", kind="dark", absorbance=(), features=None, warnings=())
    for each in (SPECTRUM, dark, replace(dark, spectrum_id="d2")):
        journal.spectra.add(each)
    assert journal.spectra.get("s1") == SPECTRUM
    assert journal.spectra.get("zz") is None
    newest = journal.spectra.newest("dark")
    assert newest == replace(dark, spectrum_id="d2")
    assert journal.spectra.newest("reference") is None


def test_an_emission_spectrum_comes_back_as_one(journal: Journal) -> None:
    shown = EmissionFeatures(530.0, 2.34, float("nan"), 900.0)
    emission = replace(SPECTRUM, kind="emission", absorbance=(), emission=(1.5, -0.5), features=shown)
    journal.spectra.add(emission)
    found = journal.spectra.get("s1")
    assert found is not None
    assert isinstance(found.features, EmissionFeatures)
    assert repr(found) == repr(emission)


def test_a_campaign_keeps_the_files_that_it_names(journal: Journal) -> None:
    row = replace(ROW, files={"prisms.csv": "400,0.5\n"})
    journal.campaigns.add(row)
    assert journal.campaigns.get("c1") == row


@given(counts=st.lists(st.floats(allow_nan=False), max_size=20))
def test_every_count_comes_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, counts: list[float]
) -> None:
    path = tmp_path_factory.mktemp("spectra") / "journal.sqlite"
    journal = Journal(path)
    spectrum = replace(SPECTRUM, counts=tuple(counts))
    journal.spectra.add(spectrum)
    assert journal.spectra.get("s1") == spectrum
    journal.close()


def test_one_version_of_a_model_is_active_at_a_time(journal: Journal) -> None:
    for name, serial in (("gold", 1), ("silver", 1), ("silver", 2)):
        journal.models.add(ModelRecord(f"{name}{serial}", name, serial, Stage.SHADOW, "key"))
    for digest in ("gold1", "silver1", "silver2"):
        journal.models.set_stage(digest, Stage.ACTIVE)
    stages = [(each.digest, each.stage) for each in journal.models.all()]
    assert stages == [("gold1", Stage.ACTIVE), ("silver2", Stage.ACTIVE), ("silver1", Stage.RETIRED)]
    active = journal.models.active("silver")
    assert active is not None
    assert active.digest == "silver2"
    journal.models.set_stage("silver2", Stage.CANARY)
    assert journal.models.active("silver") is None
    assert [each.digest for each in journal.models.all("gold")] == ["gold1"]
    assert journal.models.get("zz") is None


def test_no_serial_of_a_model_stands_for_two_bundles(journal: Journal) -> None:
    journal.models.add(ModelRecord("a", "silver", 1, Stage.SHADOW, "key"))
    with pytest.raises(sqlite3.IntegrityError):
        journal.models.add(ModelRecord("b", "silver", 1, Stage.SHADOW, "key"))


def test_a_request_is_noted_answered_and_forgotten_after_a_week(journal: Journal, wall: Wall) -> None:
    digest = bytes(range(32))
    journal.requests.begin("a", "Reset", digest)
    assert journal.requests.get("a", "Reset") == KeptRequest(digest, None)
    journal.requests.finish("a", "Reset", digest, b"done")
    assert journal.requests.get("a", "Reset") == KeptRequest(digest, b"done")
    assert journal.requests.get("a", "StartRun") is None
    wall.now_s += KEEP_S
    assert journal.requests.get("a", "Reset") is None
    journal.requests.finish("b", "Reset", digest, b"")
    (left,) = journal._connection.execute("SELECT count(*) FROM requests").fetchone()
    assert left == 1, "what is old makes room"
    journal.requests.forget("b", "Reset")
    assert journal.requests.get("b", "Reset") is None
