"""CSV as people have it: any usual encoding and delimiter, cells counted by their line."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter

from charset_normalizer import from_bytes

from trainer.errors import TrainerError

_DELIMITERS = ",;\t|"
_SNIFFED_LINES = 50
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_csv_rows(data: bytes, source: str) -> tuple[list[tuple[int, list[str]]], str]:
    """Rows that hold anything, with their line numbers, and the delimiter found."""
    text = _decode(data, source)
    delimiter = _sniff_delimiter(text)
    return _split(text, delimiter, source), delimiter


def _decode(data: bytes, source: str) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decode_as(data, encoding, source)
    if b"\0" in data:
        raise TrainerError(
            f"{source}: not text (or UTF-16 without its mark): byte {data.index(0) + 1} is zero",
            remedy="save it as CSV UTF-8",
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        best = from_bytes(data).best()
    if best is None:
        raise TrainerError(f"{source}: not text in any known encoding", remedy="save it as CSV UTF-8")
    return _decode_as(data, best.encoding, source)


def _decode_as(data: bytes, encoding: str, source: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as problem:
        raise TrainerError(f"{source}: not valid {encoding} ({problem.reason})") from problem


def _sniff_delimiter(text: str) -> str:
    """Return the delimiter that cuts most lines into the same number of cells, more than one."""
    lines = [line for line in text.splitlines()[: 2 * _SNIFFED_LINES] if line.strip()][:_SNIFFED_LINES]

    def score(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if len(row) > 1)
        width, count = widths.most_common(1)[0] if widths else (1, 0)
        return count, width

    return max(_DELIMITERS, key=score)


def _split(text: str, delimiter: str, source: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str]]] = []
    first_line = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((first_line, row))
            first_line = reader.line_num + 1
    except csv.Error as problem:
        raise TrainerError(f"{source} line {reader.line_num}: {problem}") from problem
    return rows
