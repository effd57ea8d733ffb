"""Where the keys of a TOML document stand: tomllib tells no lines.

Takes a document that tomllib has accepted; each header and key is read by tomllib itself.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Path = tuple[str | int, ...]

_TOKEN: Final = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|[\n\[\]{}=]|[^"\'#\n\[\]{}=]+',
    re.DOTALL,
)
_NESTING: Final = {"[": 1, "{": 1, "]": -1, "}": -1}
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


class Lines:
    """Line numbers, from 1, by the path of a key; elements of arrays of tables count from 0."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}
        table: Path = ()
        for line, head, is_header in _statements(text):
            if is_header:
                table = self._open(head)
                self._lines.setdefault(table, line)
            else:
                self._note(table, _keys(f"{head} = 0"), line)

    def of(self, path: Path) -> int:
        """Return the line of `path`, else that of the nearest table around it, else 0."""
        for length in range(len(path), 0, -1):
            line = self._lines.get(path[:length])
            if line is not None:
                return line
        return 0

    def _open(self, header: str) -> Path:
        """Resolve a header; a name that is an array of tables stands for its newest element."""
        keys = _keys(header)
        path: Path = ()
        for position, key in enumerate(keys):
            path = (*path, key)
            if header.startswith("[[") and position == len(keys) - 1:
                self._counts[path] = self._counts.get(path, -1) + 1
            if path in self._counts:
                path = (*path, self._counts[path])
        return path

    def _note(self, table: Path, keys: list[str], line: int) -> None:
        for length in range(1, len(keys) + 1):
            self._lines.setdefault((*table, *keys[:length]), line)


def name_of(path: Path) -> str:
    """Write a path as TOML does: `channels."pump.agno3".safe`, `steps[2]`."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
            continue
        bare = key if _BARE.fullmatch(key) else f'"{key}"'
        text += f".{bare}" if text else bare
    return text


def _statements(text: str) -> Iterator[tuple[int, str, bool]]:
    """Yield line, head and whether it is a header; of `key = value` the head is the key."""
    line = start = 1
    depth = 0
    head, in_value = "", False
    for match in _TOKEN.finditer(text + "\n"):
        token = match[0]
        if token == "\n" and depth == 0:  # noqa: S105 - a token of TOML
            stripped = head.strip()
            if stripped:
                yield start, stripped, not in_value
            head, in_value = "", False
        elif token == "=" and depth == 0:  # noqa: S105
            in_value = True
        elif not token.startswith("#"):
            if not head.strip():
                start = line
            depth += _NESTING.get(token, 0)
            head += "" if in_value else token
        line += token.count("\n")


def _keys(statement: str) -> list[str]:
    node: Mapping[str, object] | object = tomllib.loads(statement)
    keys: list[str] = []
    while isinstance(node, (dict, list)) and node:
        if isinstance(node, list):
            node = node[0]
            continue
        key, node = next(iter(node.items()))
        keys.append(key)
    return keys
