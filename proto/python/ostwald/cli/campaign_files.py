"""A campaign's file and those that it names, read where the command runs: the device gets their text."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, Final

from ostwald.cli.console import FAILED, fail
from ostwald.cli.files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_FILE_KEY: Final = "target_spectrum"


def read_campaign(path: Path, overrides: Mapping[str, str]) -> tuple[str, str, dict[str, str]]:
    """Return the text of a campaign, of its recipe, and of the files it names, from beside it; else exit."""
    text = read_text(path)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        fail(f"{path}: {error}", FAILED)
    except (ValueError, RecursionError):
        # Python's limit on the digits of a whole number, and tomllib's own recursion: neither knows a line.
        fail(f"{path}: it nests too deeply, or has a number of more digits than can be read", FAILED)
    recipe = _table(raw, "campaign").get("recipe")
    if not isinstance(recipe, str):
        fail(f'{path}: [campaign] names no recipe; add recipe = "FILE"', FAILED)
    files = {name: read_text(path.parent / name) for name in _named(raw, overrides)}
    return text, read_text(path.parent / recipe), files


def _named(raw: Mapping[str, Any], overrides: Mapping[str, str]) -> Iterator[str]:
    """Yield the names of files: what replaces one stands for it."""
    for name, objective in _table(raw, "objectives").items():
        found = objective.get(_FILE_KEY) if isinstance(objective, dict) else None
        found = overrides.get(f"objectives.{name}.{_FILE_KEY}", found)
        if isinstance(found, str) and found:
            yield found


def _table(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = raw.get(name, {})
    return found if isinstance(found, dict) else {}
