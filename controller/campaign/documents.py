"""Reading TOML documents: values with units, every fault collected with its line."""

from __future__ import annotations

import re
import tomllib
from math import inf
from typing import TYPE_CHECKING

from controller.config.documents import UNREADABLE
from controller.config.lines import Lines, name_of
from controller.config.lines import Path as Place
from controller.config.units import parse_quantity
from controller.domain.errors import ControllerError, DocumentError, Violation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


# The longest recipe that anyone has written is a hundredth of it.
MAX_DOCUMENT = 1_000_000
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")


def parse(text: str, document: str) -> dict[str, object]:
    """Parse TOML; DocumentError with the line of a syntax error."""
    if len(text) > MAX_DOCUMENT:
        raise DocumentError(document, (Violation("document", f"is longer than {MAX_DOCUMENT} characters"),))
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.search(str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        message = _AT_LINE.sub("", str(error)).strip()
        raise DocumentError(document, (Violation("syntax", message, line),)) from None
    except (ValueError, RecursionError):
        raise DocumentError(document, (Violation("syntax", UNREADABLE),)) from None


class Reader:
    """Takes values out of one parsed document. What is wrong is noted, and something harmless returned."""

    def __init__(self, document: str, text: str, raw: Mapping[str, object]) -> None:
        self._document = document
        self._lines = Lines(text)
        self._raw = raw
        self._violations: list[Violation] = []

    def fault(self, place: Place, description: str) -> None:
        self._violations.append(Violation(name_of(place), description, self._lines.of(place)))

    def finish(self) -> None:
        """Raise DocumentError with all that was noted."""
        if self._violations:
            raise DocumentError(self._document, tuple(self._violations))

    def table(self, place: Place, known: Iterable[str] | None = None) -> Mapping[str, object]:
        """Return a table, empty where there is none; keys outside `known` are faults."""
        found = self._at(place)
        if found is None:
            return {}
        if not isinstance(found, dict):
            self.fault(place, "must be a table")
            return {}
        names = set(found if known is None else known)
        for key in found:
            if key not in names:
                self.fault((*place, key), f"is not known here; known: {', '.join(sorted(names))}")
        return found

    def text(self, place: Place, default: str | None = None) -> str:
        found = self._at(place)
        if isinstance(found, str):
            return found
        if found is not None or default is None:
            self.fault(place, "must be given, as text" if found is None else "must be text")
        return default or ""

    def length(self, place: Place) -> int:
        """Return how many tables an array holds; 0 where there is none."""
        found = self._at(place)
        if found is not None and not isinstance(found, list):
            self.fault(place, "must be an array of tables")
        return len(found) if isinstance(found, list) else 0

    def texts(self, place: Place) -> list[str]:
        found = self._at(place)
        if isinstance(found, list) and found and all(isinstance(each, str) for each in found):
            return [str(each) for each in found]
        self.fault(place, "must be a list of names")
        return []

    def whole(self, place: Place, default: int | None = None, *, low: int = 0, high: int = 10**6) -> int:
        found = self._at(place)
        if found is None and default is not None:
            return default
        if isinstance(found, int) and not isinstance(found, bool) and low <= found <= high:
            return found
        self.fault(place, f"must be a whole number from {low} to {high}")
        return low

    def quantity(
        self, place: Place, unit: str, default: float | None = None, *, low: float = -inf, high: float = inf
    ) -> float:
        """Return a quantity in `unit`, within [low, high]."""
        found = self._at(place)
        if found is None and default is not None:
            return default
        if isinstance(found, bool) or not isinstance(found, str | int | float):
            self.fault(place, f"must be a quantity such as '1 {unit}'")
            return max(low, 0.0)
        try:
            value = float(found) if isinstance(found, int | float) else parse_quantity(found, unit)
        except ControllerError as error:
            self.fault(place, str(error))
            return max(low, 0.0)
        if not low <= value <= high:
            self.fault(place, f"{value:g} {unit} is outside {low:g} to {high:g} {unit}")
        return value

    def _at(self, place: Place) -> object:
        found: object = self._raw
        for part in place:
            if isinstance(found, dict):
                found = found.get(part)
            elif isinstance(found, list) and isinstance(part, int) and part < len(found):
                found = found[part]
            else:
                return None
        return found
