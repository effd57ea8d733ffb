"""Spectra, their columns as doubles in blobs."""

from __future__ import annotations

import json
from array import array
from dataclasses import asdict
from typing import TYPE_CHECKING

from controller.domain.readings import EmissionFeatures, Features, Spectrum

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

_COLUMNS = "body, wavelengths, counts, absorbance, emission"
_ARRAYS = ("wavelengths_nm", "counts", "absorbance", "emission")


class SpectrumStore:
    def __init__(self, connection: sqlite3.Connection, wall_s: Callable[[], float]) -> None:
        self._connection = connection
        self._wall_s = wall_s

    def add(self, spectrum: Spectrum) -> None:
        fields = asdict(spectrum)
        blobs = [array("d", fields.pop(name)).tobytes() for name in _ARRAYS]
        self._connection.execute(
            f"INSERT INTO spectra (spectrum_id, kind, created, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (spectrum.spectrum_id, spectrum.kind, self._wall_s(), json.dumps(fields), *blobs),
        )

    def get(self, spectrum_id: str) -> Spectrum | None:
        return self._first("WHERE spectrum_id = ?", spectrum_id)

    def newest(self, kind: str) -> Spectrum | None:
        """Return the newest of a kind: the dark and reference that samples refer to."""
        return self._first("WHERE kind = ? ORDER BY created DESC LIMIT 1", kind)

    def _first(self, clause: str, value: str) -> Spectrum | None:
        row = self._connection.execute(f"SELECT {_COLUMNS} FROM spectra {clause}", (value,)).fetchone()  # noqa: S608
        if row is None:
            return None
        fields = json.loads(row[0])
        features = fields.pop("features")
        fields["warnings"] = tuple(fields["warnings"])
        for name, blob in zip(_ARRAYS, row[1:], strict=True):
            fields[name] = tuple(array("d", blob))
        read = EmissionFeatures if fields["kind"] == "emission" else Features
        return Spectrum(**fields, features=read(**features) if features else None)
