"""Sizing curves against the points that their papers print or that are measured beside them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.simulator.optics.confinement import (
    dot_diameter_nm,
    lead_sulfide_gap_ev,
    platelet_exciton_ev,
    wavelength_nm,
)

MEASURED = Path(__file__).parents[3] / ".." / "shared" / "data" / "haonguyen_qd" / "CdSe_BetterthanRaw.csv"


@pytest.mark.parametrize(("first_maximum_nm", "diameter_nm"), [(500.0, 2.35), (550.0, 3.0), (600.0, 4.4)])
def test_the_curve_of_cdse_gives_the_diameters_in_common_use(
    first_maximum_nm: float, diameter_nm: float
) -> None:
    assert dot_diameter_nm("CdSe", first_maximum_nm) == pytest.approx(diameter_nm, abs=0.2)


@pytest.mark.parametrize(
    ("material", "low_nm", "high_nm"), [("CdSe", 420, 660), ("CdTe", 570, 730), ("CdS", 350, 445)]
)
def test_redder_dots_are_larger(material: str, low_nm: int, high_nm: int) -> None:
    diameters = [dot_diameter_nm(material, float(nm)) for nm in range(low_nm, high_nm, 5)]
    assert diameters == sorted(diameters)
    assert 1.0 < diameters[0] < diameters[-1] < 9.0


@pytest.mark.real_data
def test_measured_cdse_dots_lie_about_the_curve() -> None:
    if not MEASURED.exists():
        pytest.skip(f"{MEASURED.name} is not beside the checkout")
    with MEASURED.open(encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    pairs = [(_number(row, "Absorb"), _number(row, "Diameter")) for row in rows]
    known = [(nm, size_nm) for nm, size_nm in pairs if 420.0 <= nm <= 660.0 and size_nm > 0.0]
    ratios = [size_nm / dot_diameter_nm("CdSe", nm) for nm, size_nm in known]
    assert len(ratios) > 50
    assert 0.85 < float(np.median(ratios)) < 1.15


def _number(row: dict[str, str], column: str) -> float:
    """Read the column whose header begins so; NaN where the cell is no number."""
    text = next(cell for header, cell in row.items() if header.startswith(column))
    try:
        return float(text)
    except ValueError:
        return float("nan")


def test_a_curve_is_not_used_where_nothing_was_measured() -> None:
    with pytest.raises(ValueError, match="measured from 400 to 670"):
        dot_diameter_nm("CdSe", 700.0)
    with pytest.raises(ValueError, match="no sizing curve of 'InP'; there are CdSe"):
        dot_diameter_nm("InP", 500.0)


def test_lead_sulfide_reaches_its_bulk_gap_and_3_nm_dots_absorb_near_950_nm() -> None:
    assert lead_sulfide_gap_ev(np.array(1e3)) == pytest.approx(0.41, abs=1e-3)
    assert wavelength_nm(lead_sulfide_gap_ev(np.array(3.1))) == pytest.approx(960.0, abs=30.0)


def test_platelets_absorb_where_they_are_known_to() -> None:
    """Bohn et al., Nano Lett. 18, 5231 (2018): 2 to 6 monolayers emit from 432 to 497 nm."""
    known_nm = {2: 432.0, 6: 497.0}
    found = wavelength_nm(platelet_exciton_ev(np.array([2.0, 3.0, 4.0, 5.0, 6.0])))
    assert (np.diff(found) > 0.0).all()
    assert found[0] == pytest.approx(known_nm[2], abs=6.0)
    assert found[-1] == pytest.approx(known_nm[6], abs=6.0)
