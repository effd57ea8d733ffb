"""Only an unchanged bundle signed by a trusted key passes, and what is wrong is named."""

from __future__ import annotations

import base64
import json
import stat
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from ostwald import signing
from ostwald.bundle import CONTENT_NAMES, BundleError, digest, root_digest
from ostwald.errors import OstwaldError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIGNATURE = "signature.sigstore.json"


@pytest.fixture
def keys(tmp_path: Path) -> signing.KeyPair:
    return signing.generate_key(tmp_path / "keys")


@pytest.fixture
def signed(bundle: Path, keys: signing.KeyPair) -> Path:
    signing.sign(bundle, keys.private)
    return bundle


def test_a_signed_bundle_passes_and_tells_its_key(signed: Path, keys: signing.KeyPair) -> None:
    assert signing.verify(signed, [keys.public]) == signing.key_id(keys.public)


def test_the_key_id_is_the_fingerprint_of_the_public_key(keys: signing.KeyPair) -> None:
    der = subprocess.run(
        ["openssl", "ec", "-pubin", "-in", str(keys.public), "-outform", "DER"],
        check=True,
        capture_output=True,
    ).stdout
    sha = subprocess.run(["sha256sum"], input=der, check=True, capture_output=True).stdout
    assert signing.key_id(keys.public) == sha.decode().split()[0]


def test_any_of_several_trusted_keys_will_do(signed: Path, keys: signing.KeyPair, tmp_path: Path) -> None:
    other = signing.generate_key(tmp_path / "other")
    assert signing.verify(signed, [other.public, keys.public]) == signing.key_id(keys.public)


def test_a_bundle_can_be_signed_anew(signed: Path, tmp_path: Path) -> None:
    other = signing.generate_key(tmp_path / "other")
    assert signing.sign(signed, other.private) == signing.verify(signed, [other.public])


def test_a_bundle_without_signature_is_refused(bundle: Path, keys: signing.KeyPair) -> None:
    with pytest.raises(BundleError, match="not signed"):
        signing.verify(bundle, [keys.public])


def test_an_unknown_key_is_refused(signed: Path, tmp_path: Path) -> None:
    stranger = signing.generate_key(tmp_path / "stranger")
    with pytest.raises(BundleError, match="none of the 1 trusted"):
        signing.verify(signed, [stranger.public])


def test_with_no_trusted_key_nothing_passes(signed: Path) -> None:
    with pytest.raises(BundleError, match="none of the 0 trusted"):
        signing.verify(signed, [])


@pytest.mark.parametrize("name", CONTENT_NAMES)
def test_a_changed_byte_names_its_file(signed: Path, keys: signing.KeyPair, name: str) -> None:
    content = bytearray((signed / name).read_bytes())
    content[0] ^= 1
    (signed / name).write_bytes(content)
    with pytest.raises(BundleError, match=rf"{name}: changed after it was signed"):
        signing.verify(signed, [keys.public])


def test_an_added_file_is_refused(signed: Path, keys: signing.KeyPair) -> None:
    (signed / "extra.bin").write_bytes(b"x")
    with pytest.raises(BundleError, match=r"extra\.bin"):
        signing.verify(signed, [keys.public])


def test_a_removed_file_is_refused(signed: Path, keys: signing.KeyPair) -> None:
    (signed / "report.html").unlink()
    with pytest.raises(BundleError, match=r"report\.html is missing"):
        signing.verify(signed, [keys.public])


def _resign(folder: Path, key_path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Sign, properly, a statement that says something else."""
    bundle = json.loads((folder / SIGNATURE).read_text())
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    change(statement)
    payload = json.dumps(statement).encode()
    key = serialization.load_pem_private_key(key_path.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    signature = key.sign(signing._pae(payload), signing._ALGORITHM)
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(signature).decode()
    (folder / SIGNATURE).write_text(json.dumps(bundle))


def _leave_out_a_file(statement: dict[str, Any]) -> None:
    del statement["predicate"]["resources"][0]
    digests = {item["name"]: item["digest"] for item in statement["predicate"]["resources"]}
    statement["subject"][0]["digest"]["sha256"] = root_digest(digests)


def _list_a_file_twice(statement: dict[str, Any]) -> None:
    statement["predicate"]["resources"].append(statement["predicate"]["resources"][0])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_leave_out_a_file, "dataset.csv: not covered by the signature"),
        (_list_a_file_twice, "a file stands twice"),
        (lambda statement: statement.update(predicateType="https://example.org/other"), "predicateType"),
        (lambda statement: statement["subject"][0]["digest"].update(sha256="0" * 64), "do not hash"),
        (lambda statement: statement["subject"].append(statement["subject"][0]), "subject: 2 entries"),
        (lambda statement: statement["predicate"]["serialization"].update(hash_type="md5"), "hash_type"),
    ],
)
def test_a_statement_that_does_not_cover_the_bundle_is_refused_though_signed(
    signed: Path, keys: signing.KeyPair, change: Callable[[dict[str, Any]], None], told: str
) -> None:
    _resign(signed, keys.private, change)
    with pytest.raises(BundleError) as refusal:
        signing.verify(signed, [keys.public])
    assert told in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "not valid JSON"),
        ("{}", "mediaType: missing"),
        ('{"mediaType": "text/plain"}', "mediaType: expected"),
        ("[" * 60_000, "not valid JSON"),
        ("x" * 70_000, "70000 bytes, more than"),
    ],
)
def test_a_malformed_signature_is_refused(bundle: Path, keys: signing.KeyPair, text: str, told: str) -> None:
    (bundle / SIGNATURE).write_text(text)
    with pytest.raises(BundleError) as refusal:
        signing.verify(bundle, [keys.public])
    assert told in str(refusal.value)


def test_a_signature_that_does_not_fit_its_payload_is_refused(signed: Path, keys: signing.KeyPair) -> None:
    content = json.loads((signed / SIGNATURE).read_text())
    payload = base64.b64decode(content["dsseEnvelope"]["payload"]).replace(b"silver", b"golden")
    content["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    (signed / SIGNATURE).write_text(json.dumps(content))
    with pytest.raises(BundleError, match="does not fit"):
        signing.verify(signed, [keys.public])


def test_a_private_key_is_for_its_owner_alone(keys: signing.KeyPair) -> None:
    assert stat.S_IMODE(keys.private.stat().st_mode) == 0o600


def test_a_key_is_never_overwritten(keys: signing.KeyPair) -> None:
    before = keys.private.read_bytes()
    with pytest.raises(OstwaldError, match="there is a key already"):
        signing.generate_key(keys.private.parent)
    assert keys.private.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"no key", b"x" * 20_000])
def test_a_file_that_is_no_key_is_named(bundle: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.pem").write_bytes(content)
    with pytest.raises(OstwaldError, match=r"bad\.pem"):
        signing.sign(bundle, tmp_path / "bad.pem")
    with pytest.raises(OstwaldError, match=r"bad\.pem"):
        signing.key_id(tmp_path / "bad.pem")


def test_a_key_on_another_curve_is_refused(bundle: Path, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    path = tmp_path / "p384.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    with pytest.raises(OstwaldError, match="not an ECDSA P-256 key"):
        signing.sign(bundle, path)


def test_the_signed_subject_is_the_digest_of_the_bundle(signed: Path) -> None:
    content = json.loads((signed / SIGNATURE).read_text())
    statement = json.loads(base64.b64decode(content["dsseEnvelope"]["payload"]))
    assert statement["subject"][0]["digest"]["sha256"] == digest(signed)
