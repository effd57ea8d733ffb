"""A small set of experiments, and a place for keys that is not the person's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def config_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "ostwald"


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    lines = ["flow (uL/min),ligand,batch,peak (nm),fwhm (nm)"]
    for row in range(30):
        flow = rng.uniform(10.0, 400.0)
        peak = 450.0 + 60.0 * np.sin(flow / 80.0) + 20.0 * (row % 2) + rng.normal(0.0, 0.5)
        lines.append(f"{flow:.3f},{('PVA', 'citrate')[row % 2]},b{row % 6},{peak:.2f},{40 + flow / 20:.2f}")
    path = tmp_path / "Silver prisms.csv"
    path.write_text("\n".join(lines))
    return path
