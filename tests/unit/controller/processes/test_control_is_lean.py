"""The control process stays small: what it loads decides how well it keeps time."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("numpy", "scipy", "grpc", "onnxruntime", "pydantic", "google.protobuf", "asyncio", "ssl", "hashlib")


def test_control_loads_none_of_the_heavy_libraries():
    loaded = subprocess.run(
        [sys.executable, "-c", "import controller.processes.control, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "controller.control.step" in loaded
    assert [name for name in HEAVY if name in loaded] == []
