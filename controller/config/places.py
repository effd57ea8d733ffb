"""Where in a TOML file a key stands: tomllib tells values, people need lines."""

from __future__ import annotations

import re
import tomllib

from controller.domain.errors import DocumentError, Violation

_HEADER = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"\s*((?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+))*)\s*="
)
_PART = re.compile(r"\"([^\"]*)\"|'([^']*)'|([A-Za-z0-9_-]+)")
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")
# A rig of hundreds of channels takes a tenth of this.
MAX_DOCUMENT = 1_000_000

Path = tuple[str | int, ...]


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


class Places:
    """Lines of keys by their path, tables in arrays counted from 0."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {}
        self._walk(text)

    def line(self, path: Path) -> int:
        """Return the line of a key, or of the nearest table around it; 0 when there is none."""
        for length in range(len(path), 0, -1):
            if found := self._lines.get(path[:length]):
                return found
        return 0

    def _walk(self, text: str) -> None:
        table: Path = ()
        counts: dict[Path, int] = {}
        for number, line in enumerate(text.splitlines(), start=1):
            if header := _HEADER.match(line):
                table = _parts(header[2])
                if header[1] == "[[":
                    counts[table] = counts.get(table, -1) + 1
                    table = (*table, counts[table])
                self._lines.setdefault(table, number)
            elif key := _KEY.match(line):
                path = (*table, *_parts(key[1]))
                for length in range(len(table) + 1, len(path) + 1):
                    self._lines.setdefault(path[:length], number)


def _parts(text: str) -> Path:
    return tuple(a or b or c for a, b, c in _PART.findall(text))


def dotted(path: Path) -> str:
    """Write a path as people do: `devices.board.driver`."""
    return ".".join(str(part) for part in path)
