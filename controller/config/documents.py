"""A TOML document on its way to plain data: every fault is kept, with its line, until all are known."""

from __future__ import annotations

import re
import tomllib
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from controller.config.lines import Lines, Path, name_of
from controller.config.units import parse_quantity
from controller.domain.errors import ControllerError, DocumentError, Violation

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_SYNTAX: Final = re.compile(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", re.DOTALL)

UNREADABLE: Final = "it nests too deeply, or has a number of more digits than can be read"
"""What tomllib stumbles over without a line: its recursion, and Python's limit on whole numbers."""


class Table(BaseModel):
    """One table of a document: unknown keys are faults, and no value is guessed from another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


TableT = TypeVar("TableT", bound=Table)


class Document:
    """The raw tables of a TOML text and the faults found in them so far."""

    def __init__(self, text: str, name: str) -> None:
        """Raise DocumentError when the text is not TOML."""
        self.name = name
        try:
            self.raw: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            found = _SYNTAX.fullmatch(str(error))
            line = 0 if found is None else int(found[2] or text.count("\n") + 1)
            message = str(error) if found is None else found[1]
            raise DocumentError(name, (Violation("not TOML", message, line),)) from error
        except (ValueError, RecursionError) as error:
            raise DocumentError(name, (Violation("not TOML", UNREADABLE),)) from error
        self._lines = Lines(text)
        self._violations: list[Violation] = []

    def fault(self, path: Path, description: str) -> None:
        self._violations.append(Violation(name_of(path), description, self._lines.of(path)))

    def raise_faults(self) -> None:
        """Raise DocumentError with all faults, in the order of their lines."""
        if self._violations:
            ordered = sorted(self._violations, key=lambda violation: violation.line)
            raise DocumentError(self.name, tuple(ordered))

    def read(self, path: Path, raw: object, model: type[TableT]) -> TableT | None:
        """Validate one table; None when it has faults, which are kept."""
        if not isinstance(raw, dict):
            self.fault(path, "must be a table")
            return None
        try:
            return model.model_validate(raw)
        except ValidationError as error:
            for item in error.errors(include_url=False):
                self.fault((*path, *item["loc"]), _describe(item, model))
            return None

    def section(self, name: str) -> Mapping[str, Any]:
        """Return the tables of `[name.*]`, empty when there are none."""
        raw = self.raw.get(name, {})
        if isinstance(raw, dict):
            return raw
        self.fault((name,), f"must hold tables: [{name}.NAME]")
        return {}

    def quantity(self, path: Path, text: str, unit: str) -> float | None:
        """Convert a written quantity to `unit`; None when it can't be, which is kept as a fault."""
        try:
            return parse_quantity(text, unit)
        except ControllerError as error:
            self.fault(path, str(error))
            return None

    def reference(self, path: Path, name: str, kind: str, known: Collection[str]) -> bool:
        """Check that `name` is declared; else keep a fault with the closest name."""
        if name in known:
            return True
        self.fault(path, unknown(kind, name, known))
        return False


def unknown(kind: str, name: str, known: Collection[str]) -> str:
    """Say that a name is unknown, and which one was probably meant, or which there are."""
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known)) or 'none'}"
    return f"unknown {kind} {name!r}; {hint}"


def _describe(item: Any, model: type[Table]) -> str:
    """Put pydantic's finding into the words of a person who writes TOML."""
    if item["type"] == "extra_forbidden" and len(item["loc"]) == 1:
        return unknown("key", str(item["loc"][0]), model.model_fields)
    if item["type"] == "missing":
        return "is missing"
    message: str = item["msg"].removeprefix("Value error, ")
    return message.replace("Input should be", "must be")
