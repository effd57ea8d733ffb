"""A spectrum as text: wavelengths in nm in the first column, a signal in another. Pure; stdlib only."""

from __future__ import annotations

from math import nan

from ostwald.spectral import MAX_PIXELS, SIGNALS, SpectrumError


def parse_spectrum(text: str, signal: str, where: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return wavelengths in nm and values of the column `signal`, or of the only one beside the wavelengths.

    Commas, semicolons or tabs divide columns; lines that begin with # and empty ones are passed over; an
    empty cell is NaN. SpectrumError says which line of `where` does not fit.
    """
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not lines or len(lines) > MAX_PIXELS + 1:
        raise SpectrumError(f"{where}: {len(lines)} lines of a spectrum, not 2 to {MAX_PIXELS}")
    delimiter = max(",;\t", key=lines[0][1].count)
    rows = [(number, line.split(delimiter)) for number, line in lines]
    header = rows.pop(0)[1] if _number(rows[0][1][0]) is None else []
    column = _column(header, len(rows[0][1]) if rows else len(header), signal, where)
    points = []
    for number, row in rows:
        cells = [_number(row[index]) if index < len(row) else None for index in (0, column)]
        if cells[0] is None or cells[1] is None:
            raise SpectrumError(f"{where} line {number}: is not a wavelength in nm and a value")
        points.append((cells[0], cells[1]))
    nm, values = zip(*points, strict=True) if points else ((), ())
    return nm, values


def _column(header: list[str], width: int, signal: str, where: str) -> int:
    names = [name.split("(")[0].split("[")[0].strip().casefold() for name in header]
    if signal in names[1:]:
        return names.index(signal, 1)
    if width == 2 and names[-1:] not in [[other] for other in SIGNALS]:
        return 1
    raise SpectrumError(
        f"{where}: has {width} columns, none of them named {signal!r}",
        remedy="name the column in the first line",
    )


def _number(cell: str) -> float | None:
    text = cell.strip()
    if not text:
        return nan
    try:
        return float(text)
    except ValueError:
        return None
