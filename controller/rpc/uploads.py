"""Archives on their way in: kept in part under their digest, so that an upload cut off goes on."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ostwald.bundle import MAX_ARCHIVE_BYTES

from controller.domain.errors import ControllerError, Kind, Violation
from controller.rpc.status import OffsetError

if TYPE_CHECKING:
    from pathlib import Path

MAX_CHUNK: Final = 64 << 10
# A part is at most MAX_ARCHIVE_BYTES: this bounds what forgotten uploads take of the disk.
_MAX_PARTS: Final = 4
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Upload:
    """One archive of `total` bytes that `part` collects."""

    part: Path
    sha256: str
    total: int

    def held(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def begin(self, offset: int) -> None:
        """Take up at `offset`; OffsetError UPLOAD_OFFSET where the part ends elsewhere."""
        if (held := self.held()) > self.total:
            self.part.unlink()
            held = 0
        if offset != held:
            raise OffsetError(
                f"the upload can't begin at {offset}: {held} bytes are held",
                reason="UPLOAD_OFFSET",
                kind=Kind.REFUSED,
                offset=held,
            )
        self.part.parent.mkdir(parents=True, exist_ok=True)
        self._forget_oldest()

    def append(self, chunk: bytes) -> None:
        """Add a chunk; ControllerError for one that is too large or goes beyond the end."""
        if not 0 < len(chunk) <= MAX_CHUNK:
            raise _invalid("chunk", f"has {len(chunk)} bytes; 1 to {MAX_CHUNK} are taken")
        if self.held() + len(chunk) > self.total:
            raise _invalid("chunk", f"goes beyond the archive's {self.total} bytes")
        with self.part.open("ab") as file:
            file.write(chunk)

    def finish(self) -> None:
        """Check the whole; a part whose digest is wrong is discarded."""
        if (held := self.held()) < self.total:
            raise OffsetError(
                f"the upload ended after {held} of {self.total} bytes",
                reason="UPLOAD_INCOMPLETE",
                kind=Kind.UNAVAILABLE,
                offset=held,
            )
        with self.part.open("rb") as file:
            os.fsync(file.fileno())
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != self.sha256:
            self.part.unlink()
            raise ControllerError(
                f"the archive's SHA-256 is {found}, not {self.sha256}",
                reason="UPLOAD_DIGEST",
                remedy="upload it again from offset 0",
            )

    def _forget_oldest(self) -> None:
        others = [path for path in self.part.parent.glob("*.part") if path != self.part]
        others.sort(key=lambda path: path.stat().st_mtime)
        for path in others[: max(0, len(others) - _MAX_PARTS + 1)]:
            path.unlink()


def open_upload(folder: Path, sha256: str, total: int) -> Upload:
    """Check a header and name its part in `folder`; ControllerError UPLOAD_INVALID."""
    if not _SHA256.fullmatch(sha256):
        raise _invalid("header.archive_sha256", "must be 64 lower-case hexadecimal digits")
    if not 0 < total <= MAX_ARCHIVE_BYTES:
        raise _invalid("header.archive_bytes", f"must be from 1 to {MAX_ARCHIVE_BYTES}")
    return Upload(folder / f"{sha256}.part", sha256, total)


def _invalid(place: str, description: str) -> ControllerError:
    return ControllerError(
        "the upload was refused", reason="UPLOAD_INVALID", violations=(Violation(place, description),)
    )
