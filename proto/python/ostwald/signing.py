"""Signatures on bundles, in the OpenSSF model-signing format with a plain ECDSA P-256 key.

A Sigstore bundle (JSON) holds a DSSE envelope, and that an in-toto Statement v1 that lists the SHA-256 of
every file: https://github.com/ossf/model-signing-spec and, for what is signed,
https://github.com/secure-systems-lab/dsse/blob/v1.0.0/protocol.md.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ostwald.bundle import MAX_BYTES, SIGNATURE_NAME, file_digests, root_digest
from ostwald.errors import BundleError, OstwaldError
from ostwald.strict_json import Fields, as_text, loads

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://model_signing/signature/v1.0"
PRIVATE_NAME = "signing-key.pem"
PUBLIC_NAME = "signing-key.pub"
MAX_KEY_BYTES = 16 << 10
# A bundle has five files; a foreign tool may list a few more, which are then refused by name.
_MAX_RESOURCES = 64
_SHA256 = r"[0-9a-f]{64}"
_ALGORITHM = ec.ECDSA(hashes.SHA256())


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Where the two halves of a signing key lie."""

    private: Path
    public: Path


def generate_key(folder: Path) -> KeyPair:
    """Make `signing-key.pem` (mode 0600) and `signing-key.pub`; an existing key is never overwritten."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    pair = KeyPair(folder / PRIVATE_NAME, folder / PUBLIC_NAME)
    for path in (pair.private, pair.public):
        if path.exists():
            raise OstwaldError(
                f"{path}: there is a key already", remedy="remove it, or choose another folder"
            )
    key = ec.generate_private_key(ec.SECP256R1())
    private_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write_new(pair.private, private_pem, mode=0o600)
    _write_new(pair.public, _pem(key.public_key()), mode=0o644)
    return pair


def key_id(public_key_path: Path) -> str:
    """SHA-256 fingerprint of a public key in DER, hexadecimal."""
    return _fingerprint(_load_public(public_key_path))


def private_key_id(private_key_path: Path) -> str:
    """Return the id of a private key's public half; OstwaldError when it could not sign."""
    return _fingerprint(_load_private(private_key_path).public_key())


def sign(folder: Path, private_key_path: Path) -> str:
    """Sign a complete bundle folder, anew if it was signed; returns the key's id (see `key_id`)."""
    key = _load_private(private_key_path)
    statement = _statement(folder.resolve().name, file_digests(folder))
    payload = json.dumps(statement, sort_keys=True).encode()
    envelope = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"sig": base64.b64encode(key.sign(_pae(payload), _ALGORITHM)).decode(), "keyid": ""}],
    }
    material = {"publicKey": {"hint": _hint(key.public_key())}, "tlogEntries": []}
    content = {"mediaType": MEDIA_TYPE, "verificationMaterial": material, "dsseEnvelope": envelope}
    (folder / SIGNATURE_NAME).write_text(json.dumps(content), encoding="utf-8")
    return _fingerprint(key.public_key())


def verify(folder: Path, trusted_public_keys: Sequence[Path]) -> str:
    """Check that a trusted key signed exactly these files; returns the key's id (see `key_id`).

    Raises BundleError when the bundle is not signed, the key is not trusted, the signature does not fit, or a
    file was changed, added or removed (naming it).
    """
    path = folder / SIGNATURE_NAME
    actual = file_digests(folder)
    if not path.exists():
        raise BundleError(f"{folder}: not signed", remedy="sign it with a key that the device trusts")
    hint, payload, signature = _read_signature(path.read_bytes())
    key = _find_signer(hint, payload, signature, [_load_public(key) for key in trusted_public_keys])
    signed = _read_statement(payload)
    for name in sorted(signed.keys() | actual.keys()):
        if name not in actual:
            raise BundleError(f"{folder / name}: signed, but missing")
        if name not in signed:
            raise BundleError(f"{folder / name}: not covered by the signature")
        if signed[name] != actual[name]:
            raise BundleError(f"{folder / name}: changed after it was signed", remedy="get the bundle again")
    return _fingerprint(key)


def _find_signer(
    hint: str | None, payload: bytes, signature: bytes, keys: Sequence[ec.EllipticCurvePublicKey]
) -> ec.EllipticCurvePublicKey:
    candidates = [key for key in keys if hint is None or _hint(key) == hint]
    for key in candidates:
        try:
            key.verify(signature, _pae(payload), _ALGORITHM)
        except InvalidSignature:
            continue
        return key
    if candidates and hint is not None:
        raise BundleError(f"{SIGNATURE_NAME}: the signature does not fit what it signs")
    raise BundleError(
        f"{SIGNATURE_NAME}: signed by a key that is none of the {len(keys)} trusted",
        remedy="trust that public key, or sign with a trusted one",
    )


def _read_signature(data: bytes) -> tuple[str | None, bytes, bytes]:
    """Key hint, payload and signature of a Sigstore bundle with one DSSE signature."""
    fields = Fields(
        loads(data, where=SIGNATURE_NAME, max_bytes=MAX_BYTES[SIGNATURE_NAME]), where=SIGNATURE_NAME
    )
    _expect(fields, "mediaType", MEDIA_TYPE)
    material = fields.fields("verificationMaterial")
    if not material.has("publicKey"):
        raise BundleError(f"{material.path('publicKey')}: missing", remedy="sign with a plain key")
    public_key = material.fields("publicKey")
    hint = public_key.text("hint", pattern=_SHA256) if public_key.has("hint") else None
    envelope = fields.fields("dsseEnvelope")
    _expect(envelope, "payloadType", PAYLOAD_TYPE)
    (signature,) = envelope.items("signatures", Fields, least=1, most=1)
    return hint, _base64(envelope, "payload"), _base64(signature, "sig")


def _read_statement(payload: bytes) -> dict[str, str]:
    """Digest by file name, from a statement whose signature holds already."""
    where = "signed statement"
    fields = Fields(loads(payload, where=where, max_bytes=MAX_BYTES[SIGNATURE_NAME]), where)
    _expect(fields, "_type", STATEMENT_TYPE)
    _expect(fields, "predicateType", PREDICATE_TYPE)
    predicate = fields.fields("predicate")
    serialization_fields = predicate.fields("serialization")
    _expect(serialization_fields, "method", "files")
    _expect(serialization_fields, "hash_type", "sha256")
    resources = predicate.items("resources", _read_resource, most=_MAX_RESOURCES)
    (subject,) = fields.items("subject", Fields, least=1, most=1)
    signed = dict(resources)
    if len(signed) != len(resources):
        raise BundleError(f"{where}: a file stands twice")
    if subject.fields("digest").text("sha256", pattern=_SHA256) != root_digest(signed):
        raise BundleError(f"{where}: its files do not hash to its subject")
    return signed


def _read_resource(value: object, where: str) -> tuple[str, str]:
    fields = Fields(value, where)
    _expect(fields, "algorithm", "sha256")
    return as_text(fields.value("name"), fields.path("name")), fields.text("digest", pattern=_SHA256)


def _statement(name: str, digests: dict[str, str]) -> dict[str, object]:
    resources = [
        {"name": file, "algorithm": "sha256", "digest": value} for file, value in sorted(digests.items())
    ]
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": root_digest(digests)}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "serialization": {
                "method": "files",
                "hash_type": "sha256",
                "allow_symlinks": False,
                "ignore_paths": [SIGNATURE_NAME],
            },
            "resources": resources,
        },
    }


def _pae(payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: what is signed."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _expect(fields: Fields, key: str, value: str) -> None:
    found = fields.text(key)
    if found != value:
        raise BundleError(f"{fields.path(key)}: expected {value!r}, found {found!r}")


def _base64(fields: Fields, key: str) -> bytes:
    text = fields.text(key, max_length=MAX_BYTES[SIGNATURE_NAME])
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise BundleError(f"{fields.path(key)}: not base64") from problem


def _load_private(path: Path) -> ec.EllipticCurvePrivateKey:
    data = _read_key(path)
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        raise OstwaldError(
            f"{path}: not a private key in PEM without a password",
            remedy="make one with `ostwald-trainer keygen`",
        ) from problem
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise OstwaldError(f"{path}: not an ECDSA P-256 key", remedy="make one with `ostwald-trainer keygen`")
    return key


def _load_public(path: Path) -> ec.EllipticCurvePublicKey:
    data = _read_key(path)
    try:
        key = serialization.load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as problem:
        raise OstwaldError(f"{path}: not a public key in PEM") from problem
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise OstwaldError(f"{path}: not an ECDSA P-256 public key")
    return key


def _read_key(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_KEY_BYTES + 1)
    except OSError as problem:
        raise OstwaldError(f"{path}: cannot read the key ({problem.strerror})") from problem
    if len(data) > MAX_KEY_BYTES:
        raise OstwaldError(f"{path}: too large for a key")
    return data


def _write_new(path: Path, data: bytes, *, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)


def _pem(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _hint(key: ec.EllipticCurvePublicKey) -> str:
    """How model-signing names a key: SHA-256 of its PEM."""
    return hashlib.sha256(_pem(key)).hexdigest()


def _fingerprint(key: ec.EllipticCurvePublicKey) -> str:
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()
