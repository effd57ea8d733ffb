"""A bundle: the folder of one model, its digest, and the archive in which it travels. Stdlib only."""

from __future__ import annotations

import hashlib
import io
import stat
import tarfile
from typing import TYPE_CHECKING

from ostwald.errors import BundleError
from ostwald.manifest import MAX_MANIFEST_BYTES, Golden, Input, Manifest, Output, Provenance

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

__all__ = [
    "CONTENT_NAMES",
    "MAX_ARCHIVE_BYTES",
    "MAX_BYTES",
    "SIGNATURE_NAME",
    "BundleError",
    "Golden",
    "Input",
    "Manifest",
    "Output",
    "Provenance",
    "digest",
    "file_digests",
    "pack_archive",
    "read_manifest",
    "root_digest",
    "unpack_archive",
]

SIGNATURE_NAME = "signature.sigstore.json"
# What a Raspberry Pi can load beside its other work, and far above what a sound surrogate needs.
MAX_BYTES = {
    "dataset.csv": 16 << 20,
    "manifest.json": MAX_MANIFEST_BYTES,
    "model.onnx": 32 << 20,
    "recipe.toml": 64 << 10,
    "report.html": 8 << 20,
    SIGNATURE_NAME: 64 << 10,
}
CONTENT_NAMES = tuple(sorted(set(MAX_BYTES) - {SIGNATURE_NAME}))
# Every file at its limit, a header and padding each, and the closing record.
MAX_ARCHIVE_BYTES = sum(MAX_BYTES.values()) + len(MAX_BYTES) * 1024 + tarfile.RECORDSIZE


def read_manifest(folder: Path) -> Manifest:
    """Read and check the manifest of a complete bundle folder."""
    names = _check_folder(folder)
    manifest = Manifest.from_json((folder / "manifest.json").read_bytes())
    model_bytes = names["model.onnx"]
    if manifest.model_bytes != model_bytes:
        raise BundleError(
            f"manifest.json.sizes.model_bytes: says {manifest.model_bytes}, but model.onnx has {model_bytes}"
        )
    return manifest


def file_digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each content file, hexadecimal, in the order of their names; the signature is left out."""
    _check_folder(folder)
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in CONTENT_NAMES}


def root_digest(digests: dict[str, str]) -> str:
    """One digest over all files, as OpenSSF model-signing defines its subject: SHA-256 over their digests."""
    joined = b"".join(bytes.fromhex(digests[name]) for name in sorted(digests))
    return hashlib.sha256(joined).hexdigest()


def digest(folder: Path) -> str:
    """Return the identity of a bundle's contents; the signature does not change it."""
    return root_digest(file_digests(folder))


def pack_archive(folder: Path) -> bytes:
    """Return the bundle as an uncompressed tar. Equal folders give equal bytes."""
    names = _check_folder(folder)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(names):
            content = (folder / name).read_bytes()
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def unpack_archive(data: bytes | Path, dest: Path) -> None:
    """Write an archive's files into `dest`, a folder that is made, or that is there and empty.

    Raises BundleError before anything is written when an entry is no plain file, has an unknown, repeated or
    missing name, or is too large.
    """
    content = _read_archive(data)
    if dest.is_dir() and any(dest.iterdir()):
        raise BundleError(f"{dest}: not empty", remedy="unpack into a new folder")
    dest.mkdir(parents=True, exist_ok=True)
    for name, body in content.items():
        with (dest / name).open("xb") as file:
            file.write(body)


def _read_archive(data: bytes | Path) -> dict[str, bytes]:
    size = len(data) if isinstance(data, bytes) else data.stat().st_size
    if size > MAX_ARCHIVE_BYTES:
        raise BundleError(f"archive: {size} bytes, more than the {MAX_ARCHIVE_BYTES} allowed")
    content: dict[str, bytes] = {}
    source = io.BytesIO(data) if isinstance(data, bytes) else data.open("rb")
    try:
        with source, tarfile.open(fileobj=source, mode="r:") as archive:
            for entry in archive:
                _check_entry(entry, seen=content.keys())
                content[entry.name] = _read_entry(archive, entry)
    except tarfile.TarError as problem:
        raise BundleError(f"archive: not a readable tar ({problem})") from problem
    _require_complete(content.keys(), "archive")
    return content


def _check_entry(entry: tarfile.TarInfo, seen: Container[str]) -> None:
    label = f"archive entry {entry.name[:80]!r}"
    if entry.name not in MAX_BYTES:
        raise BundleError(f"{label}: not a file of a bundle")
    if entry.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or entry.issparse():
        raise BundleError(f"{label}: not a plain file")
    if entry.name in seen:
        raise BundleError(f"{label}: stands twice")
    _check_size(entry.name, entry.size)


def _read_entry(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(entry)
    body = b"" if file is None else file.read(entry.size)
    if len(body) != entry.size:
        raise BundleError(f"archive entry {entry.name!r}: cut off after {len(body)} of {entry.size} bytes")
    return body


def _check_folder(folder: Path) -> dict[str, int]:
    """Sizes by name; the signature may be absent, anything else unexpected is an error."""
    if not folder.is_dir():
        raise BundleError(f"{folder}: no such bundle folder")
    sizes: dict[str, int] = {}
    for path in sorted(folder.iterdir()):
        if path.name not in MAX_BYTES:
            raise BundleError(f"{path}: not a file of a bundle", remedy="remove it")
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise BundleError(f"{path}: not a plain file")
        _check_size(path.name, status.st_size)
        sizes[path.name] = status.st_size
    _require_complete(sizes.keys(), str(folder))
    return sizes


def _check_size(name: str, size: int) -> None:
    if size > MAX_BYTES[name]:
        raise BundleError(f"{name}: {size} bytes, more than the {MAX_BYTES[name]} allowed")


def _require_complete(names: Container[str], where: str) -> None:
    for name in CONTENT_NAMES:
        if name not in names:
            raise BundleError(f"{where}: {name} is missing")
