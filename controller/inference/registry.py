"""The models on this device: received, judged, stored by digest, promoted, asked."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ostwald.bundle import digest as digest_of
from ostwald.bundle import read_manifest, unpack_archive
from ostwald.errors import OstwaldError
from ostwald.signing import verify

from controller.domain.errors import ControllerError, Kind
from controller.domain.models import ModelRecord, Stage
from controller.inference.sessions import Session
from controller.inference.vetting import refused, vet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ostwald.manifest import Manifest

    from controller.domain.models import ModelRecords
    from controller.domain.surrogates import Prediction

MAX_SESSIONS = 8


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A version. `damage` says why its stored bundle can't be read; it then has no manifest."""

    record: ModelRecord
    manifest: Manifest | None
    damage: str = ""


class ModelRegistry:
    """Bundles below `folder`, what is known of them in `store`. Implements `domain.ports.Surrogates`."""

    def __init__(self, folder: Path, store: ModelRecords, trusted_keys: Sequence[str]) -> None:
        self._folder = folder
        self._store = store
        self._trusted_keys = trusted_keys
        self._sessions: dict[str, Session] = {}
        # One bundle at a time: between its judgement and its record, no other may take its serial.
        self._receiving = asyncio.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def folder(self) -> Path:
        """Where uploads may be staged, on the same file system as the models."""
        return self._folder

    async def receive(self, archive: Path) -> ModelInfo:
        """Judge and store a bundle in stage SHADOW.

        ControllerError MODEL_REFUSED leaves nothing behind. A bundle that is here already stays in its stage;
        if what was stored of it is damaged, it is stored anew.
        """
        async with self._receiving:
            return await self._receive(archive)

    async def _receive(self, archive: Path) -> ModelInfo:
        with tempfile.TemporaryDirectory(dir=self._folder, prefix="incoming-") as staging:
            bundle = Path(staging) / "bundle"
            # Reads every byte several times: streams go on meanwhile.
            signed_by, manifest, digest = await asyncio.to_thread(_unpack, archive, bundle, self._keys())
            known = self._store.get(digest)
            if known is not None and not self._find_damage(known):
                return ModelInfo(known, manifest)
            if known is None:
                self._check_serial(manifest)
            await vet(bundle)
            # What is damaged, or what a crash before the next lines left that the journal does not know.
            shutil.rmtree(self._folder / digest, ignore_errors=True)
            bundle.rename(self._folder / digest)
        record = known or ModelRecord(digest, manifest.name, manifest.serial, Stage.SHADOW, signed_by)
        if known is None:
            self._store.add(record)
        return ModelInfo(record, manifest)

    def list(self, name: str = "") -> Sequence[ModelInfo]:
        """By name, newest serial first; damaged ones too."""
        return [self._info(record) for record in self._store.all(name)]

    def get(self, name: str, digest: str = "") -> ModelInfo:
        """Return the active version, or the one with this digest; MODEL_UNKNOWN, MODEL_NOT_ACTIVE."""
        versions = self._store.all(name)
        if not versions:
            raise ControllerError(
                f"there is no model {name}",
                reason="MODEL_UNKNOWN",
                kind=Kind.NOT_FOUND,
                remedy="see 'ostwald model list', or push one with 'ostwald model push DIR'",
            )
        if digest:
            found = next((each for each in versions if each.digest == digest), None)
        else:
            found = self._store.active(name)
        if found is None:
            raise ControllerError(
                f"model {name} has no version {digest}"
                if digest
                else f"no version of model {name} is active",
                reason="MODEL_UNKNOWN" if digest else "MODEL_NOT_ACTIVE",
                kind=Kind.NOT_FOUND if digest else Kind.REFUSED,
                remedy=f"see 'ostwald model list', or 'ostwald model promote {name}'",
            )
        return self._info(found)

    def promote(self, name: str, digest: str = "", stage: Stage = Stage.ACTIVE) -> ModelInfo:
        """Move a version, the newest by default, to a stage.

        Raises ControllerError: MODEL_UNKNOWN; for ACTIVE also MODEL_DAMAGED, MODEL_UNLOADABLE.
        """
        versions = self._store.all(name)
        chosen = digest or (versions[0].digest if versions else "")
        info = self.get(name, chosen)
        if stage is Stage.ACTIVE:
            self._session(info.record)
        self._store.set_stage(info.record.digest, stage)
        return self.get(name, info.record.digest)

    def active(self, name: str) -> Session:
        """Return the active version's session; ControllerError as `get`, MODEL_DAMAGED, MODEL_UNLOADABLE."""
        return self._session(self.get(name).record)

    def predict(
        self, name: str, digest: str, rows: Sequence[Mapping[str, float | str]]
    ) -> tuple[str, Sequence[Prediction]]:
        """Ask the active version, or the one named by digest; return its digest and answers."""
        info = self.get(name, digest)
        return info.record.digest, self._session(info.record).predict(rows)

    def _session(self, record: ModelRecord) -> Session:
        digest = record.digest
        if digest not in self._sessions:
            # Asked here alone: a list need not read every byte of every model.
            if damage := self._find_damage(record):
                raise ControllerError(
                    f"the stored bundle of model {record.name} {digest[:12]} is damaged: {damage}",
                    reason="MODEL_DAMAGED",
                    kind=Kind.REFUSED,
                    remedy="push it again with 'ostwald model push DIR'",
                )
            if len(self._sessions) >= MAX_SESSIONS:
                self._sessions.pop(next(iter(self._sessions)))
            self._sessions[digest] = Session(self._folder / digest, read_manifest(self._folder / digest))
        return self._sessions[digest]

    def _info(self, record: ModelRecord) -> ModelInfo:
        try:
            return ModelInfo(record, read_manifest(self._folder / record.digest))
        except (OstwaldError, OSError) as error:
            return ModelInfo(record, None, str(error))

    def _find_damage(self, record: ModelRecord) -> str:
        """Read a stored bundle to the last byte; say what is wrong with it, or nothing."""
        folder = self._folder / record.digest
        try:
            read_manifest(folder)
            found = digest_of(folder)
        except (OstwaldError, OSError) as error:
            return str(error)
        return "" if found == record.digest else f"its contents have changed: their digest is {found[:12]}"

    def _check_serial(self, manifest: Manifest) -> None:
        """Refuse what is not newer than all that was taken: an old signature stays valid for ever."""
        # A manifest's min_serial is never above its serial, so the newest serial is the floor as well.
        newest = max((each.serial for each in self._store.all(manifest.name)), default=0)
        if manifest.serial <= newest:
            raise refused(
                f"serial {manifest.serial} is below {newest + 1}, the lowest that {manifest.name} may have"
            )

    def _keys(self) -> Sequence[Path]:
        paths = [Path(key).expanduser() for key in self._trusted_keys]
        found = [path for path in paths if path.is_file()]
        if not found:
            named = ", ".join(str(path) for path in paths) or "none are named in [security] of the rig file"
            raise ControllerError(
                f"no trusted key is on this device: {named}",
                reason="NO_TRUSTED_KEY",
                kind=Kind.REFUSED,
                remedy="copy the trainer's signing-key.pub there",
            )
        return found


def _unpack(archive: Path, bundle: Path, keys: Sequence[Path]) -> tuple[str, Manifest, str]:
    """Unpack a bundle into its folder; return who signed it, its manifest and its digest."""
    try:
        unpack_archive(archive, bundle)
        return verify(bundle, keys), read_manifest(bundle), digest_of(bundle)
    except OstwaldError as error:
        raise refused(str(error)) from error
