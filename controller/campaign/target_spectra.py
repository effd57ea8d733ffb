"""A file with the spectrum that a campaign aims at: CSV of wavelength in nm and absorbance."""

from __future__ import annotations

from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING, Final

from controller.domain.campaign import TargetSpectrum
from controller.domain.errors import ControllerError
from controller.sensing.likeness import LEAST_PIXELS

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_FILES: Final = 8
MAX_CHARACTERS: Final = 500_000
"""Ten thousand points, which no spectrometer has, written with all their digits."""
_LONGEST_NAME: Final = 200


def check_sizes(files: Mapping[str, str]) -> None:
    """Raise ControllerError where what a client sent is more than a campaign may hold."""
    if len(files) > MAX_FILES:
        raise _invalid(f"{len(files)} files: a campaign has at most {MAX_FILES}")
    for name, text in files.items():
        if len(name) > _LONGEST_NAME:
            raise _invalid(f"the file name {name[:40]!r}... is longer than {_LONGEST_NAME} characters")
        if len(text) > MAX_CHARACTERS:
            raise _invalid(f"{name} is longer than {MAX_CHARACTERS} characters")


def parse_target(text: str, window_nm: tuple[float, float]) -> TargetSpectrum:
    """Read it, to be compared where it lies in the spectrometer's window; ControllerError says what is wrong.

    A header, empty lines, lines that begin with # and further columns are passed over.
    """
    points: list[tuple[float, float]] = []
    headed = False
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        point = _point(line)
        if point is not None:
            points.append(point)
        elif points or headed:
            raise _invalid(f'line {number}: {line[:40]!r} is not "wavelength in nm, absorbance"')
        else:
            headed = True
    for (before, _), (after, _) in pairwise(points):
        if not before < after:
            raise _invalid(f"{after:g} nm comes after {before:g} nm: wavelengths must ascend")
    if not any(absorbance > 0.0 for _, absorbance in points):
        raise _invalid("nothing in it absorbs")
    low_nm, high_nm = max(points[0][0], window_nm[0]), min(points[-1][0], window_nm[1])
    if sum(low_nm <= nm <= high_nm for nm, _ in points) < LEAST_PIXELS:
        window = f"{window_nm[0]:g} to {window_nm[1]:g} nm"
        raise _invalid(f"fewer than {LEAST_PIXELS} of its points lie in the spectrometer's window, {window}")
    nm, absorbance = zip(*points, strict=True)
    return TargetSpectrum(nm, absorbance, low_nm, high_nm)


def _point(line: str) -> tuple[float, float] | None:
    columns = line.split(",")
    try:
        nm, absorbance = float(columns[0]), float(columns[1])
    except (ValueError, IndexError):
        return None
    return (nm, absorbance) if isfinite(nm) and isfinite(absorbance) else None


def _invalid(message: str) -> ControllerError:
    return ControllerError(message, reason="TARGET_SPECTRUM_INVALID")
