"""Bundles are taken in, promoted and asked; a damaged one is shown as such and disturbs no other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from controller.domain.errors import ControllerError
from controller.domain.models import Stage
from controller.inference import registry as registry_module
from controller.inference.registry import MAX_SESSIONS, ModelRegistry

if TYPE_CHECKING:
    from pathlib import Path

    from controller.storage.journal import Journal
    from tests.unit.controller.inference.bundles import Foundry


@pytest.fixture(autouse=True)
def vetted(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What was sent to be judged; test_vetting asks how it is judged."""
    seen: list[Path] = []

    async def vet(folder: Path) -> None:
        seen.append(folder)

    monkeypatch.setattr(registry_module, "vet", vet)
    return seen


def refusal(act) -> ControllerError:
    with pytest.raises(ControllerError) as refused:
        act()
    return refused.value


def peak(registry: ModelRegistry, flow: float) -> float:
    _, (answer,) = registry.predict("toy", "", [{"flow": flow}])
    return answer.properties["peak"].mean


async def test_a_bundle_answers_once_it_is_promoted(registry: ModelRegistry, foundry: Foundry) -> None:
    info = await registry.receive(foundry.archive())
    assert (info.record.stage, info.record.serial, info.damage) == (Stage.SHADOW, 1, "")
    assert refusal(lambda: peak(registry, 3.0)).reason == "MODEL_NOT_ACTIVE"
    assert registry.predict("toy", info.record.digest, [{"flow": 3.0}])[0] == info.record.digest
    assert registry.promote("toy").record.stage is Stage.ACTIVE
    assert peak(registry, 3.0) == 7.0
    assert registry.active("toy").inputs == ["flow"]


async def test_a_newer_version_retires_the_old_when_it_is_promoted(
    registry: ModelRegistry, foundry: Foundry
) -> None:
    for serial in (1, 2):
        await registry.receive(foundry.archive(serial))
        registry.promote("toy")
    assert [(each.record.serial, each.record.stage) for each in registry.list("toy")] == [
        (2, Stage.ACTIVE),
        (1, Stage.RETIRED),
    ]
    assert registry.list("other") == []


async def test_the_same_bundle_is_taken_once(
    registry: ModelRegistry, foundry: Foundry, vetted: list[Path]
) -> None:
    archive = foundry.archive()
    first = await registry.receive(archive)
    registry.promote("toy")
    again = await registry.receive(archive)
    assert again == replace(first, record=replace(first.record, stage=Stage.ACTIVE))
    assert len(vetted) == 1


async def test_an_older_serial_is_refused_and_leaves_nothing(
    registry: ModelRegistry, foundry: Foundry
) -> None:
    await registry.receive(foundry.archive(2))
    before = sorted(registry.folder.iterdir())
    with pytest.raises(ControllerError, match="serial 1 is below 3, the lowest that toy may have"):
        await registry.receive(foundry.archive(1))
    assert sorted(registry.folder.iterdir()) == before


async def test_a_bundle_of_an_unknown_key_is_refused(
    tmp_path: Path, journal: Journal, foundry: Foundry
) -> None:
    strict = ModelRegistry(tmp_path / "models", journal.models, [str(tmp_path / "missing.pub")])
    with pytest.raises(ControllerError) as refused:
        await strict.receive(foundry.archive())
    assert refused.value.reason == "NO_TRUSTED_KEY"
    assert list(strict.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda folder: (folder / "manifest.json").write_text("{"), "manifest.json"),
        (lambda folder: (folder / "report.html").unlink(), "report.html is missing"),
        (lambda folder: [each.unlink() for each in folder.iterdir()] and folder.rmdir(), "no such bundle"),
    ],
)
async def test_a_damaged_bundle_is_listed_with_the_reason_beside_the_sound_ones(
    registry: ModelRegistry, foundry: Foundry, harm, said: str
) -> None:
    sound = await registry.receive(foundry.archive(1))
    hurt = await registry.receive(foundry.archive(2))
    harm(registry.folder / hurt.record.digest)
    damaged, other = registry.list()
    assert said in damaged.damage
    assert (damaged.record.serial, damaged.manifest) == (2, None)
    assert other == sound
    assert refusal(lambda: registry.promote("toy")).reason == "MODEL_DAMAGED"
    assert registry.promote("toy", sound.record.digest).record.stage is Stage.ACTIVE


async def test_a_changed_graph_is_never_loaded(registry: ModelRegistry, foundry: Foundry) -> None:
    info = await registry.receive(foundry.archive())
    path = registry.folder / info.record.digest / "model.onnx"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    error = refusal(lambda: registry.promote("toy"))
    assert (error.reason, error.remedy) == ("MODEL_DAMAGED", "push it again with 'ostwald model push DIR'")
    assert "its contents have changed" in error.message


async def test_a_damaged_bundle_is_mended_by_the_same_in_its_stage(
    registry: ModelRegistry, foundry: Foundry
) -> None:
    archive = foundry.archive()
    info = await registry.receive(archive)
    registry.promote("toy")
    (registry.folder / info.record.digest / "report.html").unlink()
    mended = await registry.receive(archive)
    assert (mended.record.stage, mended.damage) == (Stage.ACTIVE, "")
    assert registry.list() == [mended]
    assert peak(registry, 3.0) == 7.0


async def test_what_a_crash_left_without_a_record_is_no_obstacle(
    registry: ModelRegistry, foundry: Foundry, journal: Journal
) -> None:
    archive = foundry.archive()
    info = await registry.receive(archive)
    journal._connection.execute("DELETE FROM models")
    assert (await registry.receive(archive)).record == info.record


async def test_only_some_sessions_are_kept_in_memory(registry: ModelRegistry, foundry: Foundry) -> None:
    for serial in range(1, MAX_SESSIONS + 3):
        info = await registry.receive(foundry.archive(serial))
        registry.predict("toy", info.record.digest, [{"flow": 1.0}])
    assert len(registry._sessions) == MAX_SESSIONS
    assert peak_of_first(registry) == 3.0


def peak_of_first(registry: ModelRegistry) -> float:
    oldest = registry.list("toy")[-1].record.digest
    _, (answer,) = registry.predict("toy", oldest, [{"flow": 1.0}])
    return answer.properties["peak"].mean


def test_an_unknown_model_is_unknown(registry: ModelRegistry) -> None:
    assert refusal(lambda: registry.get("toy")).reason == "MODEL_UNKNOWN"
    assert refusal(lambda: registry.promote("toy")).reason == "MODEL_UNKNOWN"


async def test_a_digest_of_another_model_is_unknown(registry: ModelRegistry, foundry: Foundry) -> None:
    await registry.receive(foundry.archive())
    assert refusal(lambda: registry.get("toy", "0" * 64)).reason == "MODEL_UNKNOWN"


async def test_a_bundle_that_was_changed_after_it_was_signed_is_refused_and_leaves_nothing(
    registry: ModelRegistry, foundry: Foundry
) -> None:
    bundle = foundry.bundle()
    (bundle / "report.html").write_text("changed")
    with pytest.raises(ControllerError, match=r"report\.html: changed after it was signed") as error:
        await registry.receive(foundry.pack(bundle))
    assert error.value.reason == "MODEL_REFUSED"
    assert list(registry.folder.iterdir()) == []
