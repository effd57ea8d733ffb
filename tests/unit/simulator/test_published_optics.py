"""The optics against published numbers beside the checkout; skipped where these are missing."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.simulator.optics.constants import gold_permittivity, silver_permittivity
from firmware_bridge.simulator.optics.sphere import extinction_efficiency

PUBLISHED = Path(__file__).parents[3] / ".." / "shared" / "data" / "optical_constants"

pytestmark = pytest.mark.real_data


def rows(name: str) -> list[dict[str, str]]:
    path = PUBLISHED / name
    if not path.exists():
        pytest.skip(f"{name} is not beside the checkout")
    with path.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_mie_efficiencies_are_the_published_ones() -> None:
    checked = 0
    for row in rows("mie_reference.csv"):
        # Where nothing is absorbed, what is scattered is all that is lost.
        lost = row["Qext"] or (row["Qsca"] if float(row["m_imag_negative_convention"]) == 0.0 else "")
        if not lost:
            continue
        index = np.array([complex(float(row["m_real"]), -float(row["m_imag_negative_convention"]))])
        mine = extinction_efficiency(index, np.array([float(row["x"])]))[0]
        assert mine == pytest.approx(float(lost), abs=float(row["abs_tol"])), row["case"]
        checked += 1
    assert checked >= 18


def test_the_silver_model_follows_johnson_and_christy() -> None:
    data = [
        (float(r["wavelength_um"]) * 1e3, complex(float(r["n"]), float(r["k"])))
        for r in rows("Ag_Johnson.csv")
    ]
    inside = [(nm, index**2) for nm, index in data if 350.0 <= nm <= 850.0]
    measured = np.array([permittivity for _, permittivity in inside])
    deviation = np.abs(silver_permittivity(np.array([nm for nm, _ in inside])) - measured)
    assert np.sqrt(np.mean(deviation**2)) < 0.25
    assert (deviation / np.abs(measured)).max() < 0.08


def test_gold_is_johnson_and_christys() -> None:
    data = [
        (float(r["wavelength_um"]) * 1e3, complex(float(r["n"]), float(r["k"])))
        for r in rows("Au_Johnson.csv")
    ]
    inside = [(nm, index**2) for nm, index in data if 300.0 <= nm <= 1050.0]
    measured = np.array([permittivity for _, permittivity in inside])
    assert gold_permittivity(np.array([nm for nm, _ in inside])) == pytest.approx(measured, abs=1e-9)
