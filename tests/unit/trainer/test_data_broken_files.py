"""Files as they go wrong in practice: each is told in one line that names the place and the remedy."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from trainer.cli import app

if TYPE_CHECKING:
    from pathlib import Path

FAILED, WRONG_USE = 1, 2
ROWS = [f"{10 + row},{row % 4},{row * 1.5}" for row in range(12)]
HEADER = "flow (uL/min),ratio,peak (nm)"


def _table(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows]).encode()


def _noise() -> bytes:
    return bytes(random.Random(0).choices(range(1, 256), k=4000))


# What is in the file, the exit code, and how the line begins.
BROKEN: dict[str, tuple[bytes, int, str]] = {
    "UTF-16 without its mark": (
        _table(*ROWS).decode().encode("utf-16-le"),
        FAILED,
        r"data\.csv: not text \(or UTF-16 without its mark\): byte 2 is zero; save it as CSV UTF-8",
    ),
    "ragged rows": (
        _table(*ROWS[:3], "13,1", *ROWS[4:]),
        FAILED,
        r"data\.csv line 5: 2 cells, expected 3; quote a text that holds the delimiter, or fill the row up",
    ),
    "two headers": (
        _table("Flow,Ratio,Peak", *ROWS),
        FAILED,
        r"data\.csv line 2: a second header \('Flow', 'Ratio', 'Peak'\); keep one line of names",
    ),
    "two tables pasted together": (
        _table(*ROWS[:6], HEADER, *ROWS[6:]),
        FAILED,
        r"data\.csv line 8: repeats the header, as if two tables were pasted together; delete the line",
    ),
    "units mixed in a column": (
        _table(*(f"{row} {'mL' if row == 5 else 'uL'},1,{row}" for row in range(12))),
        FAILED,
        r"data\.csv line 7, column 'flow \(uL/min\)': in mL, but line 2 in uL; write one unit in",
    ),
    "an empty target": (
        _table(*(row.rsplit(",", 1)[0] + "," for row in ROWS)),
        WRONG_USE,
        r"data\.csv: target 'peak \(nm\)' is empty; choose another target",
    ),
    "a constant target": (
        _table(*(row.rsplit(",", 1)[0] + ",450" for row in ROWS)),
        FAILED,
        r"data\.csv: target 'peak \(nm\)' is 450 in every row: nothing to learn; choose another target",
    ),
    "three rows": (
        _table(*ROWS[:3]),
        FAILED,
        r"data\.csv: 3 rows with every target present, at least 8 are needed; add rows",
    ),
    "a date that a spreadsheet made": (
        _table(*ROWS[:4], "2024-03-05,1,3", *ROWS[5:]),
        FAILED,
        r"data\.csv line 6, column 'flow \(uL/min\)': '2024-03-05' is a date, not a number; pass --drop",
    ),
    "dates to predict": (
        _table(*(f"{row},1,2024-03-{row + 1:02d}" for row in range(12))),
        FAILED,
        r"data\.csv line 2, column 'peak \(nm\)': '2024-03-01' is a date, not a number; pass --drop",
    ),
    "duplicated columns": (
        _table(*ROWS, header="flow,flow,peak"),
        FAILED,
        r"data\.csv line 1: two columns are named 'flow' \(columns 1 and 2\); rename or delete one",
    ),
    "a number that can't be": (
        _table(*ROWS[:7], "1e300,1,3", *ROWS[8:]),
        FAILED,
        r"data\.csv line 9, column 'flow \(uL/min\)': 1e\+300 is beyond any measurement \(1e\+60\)",
    ),
    "an old workbook": (
        b"\xd0\xcf\x11\xe0" + bytes(600),
        FAILED,
        r"data\.csv: a workbook of Excel before 2007; save it as \.xlsx or CSV",
    ),
    "nothing": (b"\n\n", FAILED, r"data\.csv: empty"),
}


@pytest.mark.parametrize("kind", list(BROKEN))
def test_a_broken_file_is_told_in_one_line_with_place_and_remedy(tmp_path: Path, kind: str) -> None:
    content, code, told = BROKEN[kind]
    (tmp_path / "data.csv").write_bytes(content)
    result = CliRunner().invoke(app, ["fit", str(tmp_path / "data.csv"), "--target", "peak"])
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == code
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert re.match(f"error: {told}", line), line


def test_noise_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_bytes(_noise())
    result = CliRunner().invoke(app, ["fit", str(tmp_path / "data.csv"), "--target", "peak"])
    assert isinstance(result.exception, SystemExit), result.exception
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: data.csv")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (
            [f"{row},{10 + row},,{row * 1.5}" for row in range(12)],
            "note: column 'empty' is empty: left out",
        ),
        (
            [f"2024-03-{row + 1:02d},{10 + row},1,{row * 1.5}" for row in range(12)],
            "note: column 'day' holds dates: left out (a schema may make it the order)",
        ),
    ],
)
def test_a_column_that_is_of_no_use_is_left_out_and_told(tmp_path: Path, rows: list[str], told: str) -> None:
    (tmp_path / "data.csv").write_bytes(_table(*rows, header="day,flow,empty,peak"))
    arguments = ["fit", str(tmp_path / "data.csv"), "--target", "peak", "--algorithms", "ridge"]
    result = CliRunner().invoke(app, [*arguments, "--split", "7:3"])
    assert result.exit_code == 0, result.stderr
    assert told in result.stderr.splitlines()
