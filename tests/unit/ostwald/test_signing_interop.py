"""OpenSSF's own model-signing accepts our signatures, and we accept theirs."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from ostwald import signing
from ostwald.bundle import BundleError

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("model_signing", exc_type=ImportError)
SIGNATURE = "signature.sigstore.json"


def _model_signing(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "model_signing", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def keys(tmp_path: Path) -> signing.KeyPair:
    return signing.generate_key(tmp_path / "keys")


def test_their_verifier_accepts_our_signature_and_refuses_a_change(
    bundle: Path, keys: signing.KeyPair
) -> None:
    signing.sign(bundle, keys.private)
    verify = ("verify", "key", "--public_key", keys.public, "--signature", bundle / SIGNATURE, bundle)
    accepted = _model_signing(*verify)
    assert accepted.returncode == 0, accepted.stderr
    (bundle / "dataset.csv").write_text("changed")
    assert _model_signing(*verify).returncode != 0


def test_our_verifier_accepts_their_signature_and_refuses_a_change(
    bundle: Path, keys: signing.KeyPair
) -> None:
    made = _model_signing(
        "sign", "key", "--private_key", keys.private, "--signature", bundle / SIGNATURE, bundle
    )
    assert made.returncode == 0, made.stderr
    assert signing.verify(bundle, [keys.public]) == signing.key_id(keys.public)
    (bundle / "dataset.csv").write_text("changed")
    with pytest.raises(BundleError, match=r"dataset\.csv: changed"):
        signing.verify(bundle, [keys.public])
