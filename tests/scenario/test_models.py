"""A model's way from a CSV to the device's answer, and a damaged one's end."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from tests.scenario.conftest import BIN, EXAMPLES, Daemon

pytestmark = pytest.mark.scenario


def test_a_bundle_is_pushed_promoted_and_asked_and_a_changed_one_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    rows = [f"{a},{b},{400 + 3 * a - b}" for a in range(8) for b in range(4)]
    (tmp_path / "trials.csv").write_text("\n".join(["a (%),b (%),peak (nm)", *rows]))
    bundle, keys = tmp_path / "toy", tmp_path / "keys"
    trainer = str(BIN / "ostwald-trainer")
    subprocess.run([trainer, "keygen", "--out", str(keys)], check=True, capture_output=True)
    fit = [
        "fit",
        "trials.csv",
        "--target",
        "peak",
        "--algorithms",
        "ridge,gp",
        "--name",
        "toy",
        "--out",
        str(bundle),
    ]
    subprocess.run(
        [trainer, *fit, "--key", str(keys / "signing-key.pem")], check=True, capture_output=True, cwd=tmp_path
    )
    rig = tmp_path / "rig.toml"
    text = (EXAMPLES / "rigs" / "silver-twin.toml").read_text()
    rig.write_text(text.replace("~/.config/ostwald/signing-key.pub", str(keys / "signing-key.pub")))
    daemon = Daemon(tmp_path, "--clock", "lockstep", "--rig", str(rig))
    try:
        changed = tmp_path / "changed"
        shutil.copytree(bundle, changed)
        data = bytearray((changed / "model.onnx").read_bytes())
        data[len(data) // 2] ^= 1
        (changed / "model.onnx").write_bytes(data)
        assert "model.onnx: changed after it was signed" in daemon.ostwald(
            "model", "push", str(changed), code=3
        )
        assert json.loads(daemon.ostwald("model", "list", "--json")) == []
        daemon.ostwald("model", "push", str(bundle))
        assert "promote" in daemon.ostwald("model", "predict", "toy", "a=4", "b=2", code=3)
        daemon.ostwald("model", "promote", "toy")
        answer = json.loads(daemon.ostwald("model", "predict", "toy", "--json", "a=4", "b=2"))
        assert answer["properties"]["peak"]["mean"] == pytest.approx(410.0, abs=1.0)
        assert answer["trusted"]
        assert not json.loads(daemon.ostwald("model", "predict", "toy", "--json", "a=90", "b=2"))["trusted"]
    finally:
        daemon.stop()
