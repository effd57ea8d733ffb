"""`ostwald-trainer simulate`: a table that can be trained on, equal whoever computes it."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from trainer.cli import app
from trainer.errors import TrainerError, UsageError
from trainer.simulate import Request, simulate
from trainer.units import name_and_unit

if TYPE_CHECKING:
    from pathlib import Path

TWIN = "gold-light"


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def request(**changes: object) -> Request:
    asked = {"twin": TWIN, "samples": 20, "design": "lhs", "seed": 3, "jobs": 1, **changes}
    return Request(**asked)  # type: ignore[arg-type]


def test_equal_requests_give_equal_tables_however_many_processes(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    simulate(request(), tmp_path / "one.csv", lambda done, total: told.append((done, total)))
    simulate(request(jobs=2), tmp_path / "two.csv", lambda _done, _total: None)
    one, two = table(tmp_path / "one.csv"), table(tmp_path / "two.csv")
    for row in (*one, *two):
        assert (tmp_path / row.pop("spectrum_file")).is_file()
    assert one == two
    assert told == [(number, 20) for number in range(1, 21)]


def test_headers_carry_units_that_the_trainer_reads(tmp_path: Path) -> None:
    simulate(request(samples=2), tmp_path / "t.csv", lambda _done, _total: None)
    units = dict(name_and_unit(header) for header in table(tmp_path / "t.csv")[0])
    assert units["light"] == units["light_achieved"] == "%"
    assert units["scan_rate"] == "Hz"
    assert units["total_flow"] == "uL/min"
    assert units["peak_wavelength"] == units["diameter"] == "nm"
    assert units["absorbance"] == ""


def test_a_spectrum_shows_the_peak_of_its_row(tmp_path: Path) -> None:
    simulate(request(samples=1), tmp_path / "t.csv", lambda _done, _total: None)
    row = table(tmp_path / "t.csv")[0]
    spectrum = table(tmp_path / row["spectrum_file"])
    top = max(spectrum, key=lambda point: float(point["absorbance"]))
    assert float(top["wavelength(nm)"]) == pytest.approx(float(row["peak_wavelength(nm)"]), abs=5.0)


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    def ask(**changes: object) -> None:
        simulate(request(**changes), tmp_path / "t.csv", lambda _done, _total: None)

    with pytest.raises(UsageError, match="unknown twin 'gold'"):
        ask(twin="gold")
    with pytest.raises(UsageError, match="unknown design"):
        ask(design="grid")
    ask(samples=1)
    with pytest.raises(TrainerError, match="is not empty"):
        ask(samples=1)


def test_the_command_says_what_it_wrote(tmp_path: Path) -> None:
    out = tmp_path / "t.csv"
    answer = CliRunner().invoke(
        app, ["simulate", TWIN, "--samples", "2", "--jobs", "1", "--out", str(out), "--json"]
    )
    assert answer.exit_code == 0, answer.output
    said = json.loads(answer.stdout)
    assert said == {"csv": str(out), "spectra": str(tmp_path / "t-spectra"), "samples": 2, "twin": TWIN}
    wrong = CliRunner().invoke(app, ["simulate", "nope", "--out", str(out)])
    assert wrong.exit_code == 2
    assert "known: " in wrong.output
