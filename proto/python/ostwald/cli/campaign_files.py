"""A campaign's file and those that it names, read where the command runs: the device gets their text."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from ostwald.cli.console import FAILED, fail

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_FILE_KEY = "target_spectrum"


def read_campaign(path: Path, overrides: Mapping[str, str]) -> tuple[str, str, dict[str, str]]:
    """Return the text of a campaign, of its recipe, and of the files it names, from beside it; else exit."""
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text)
        recipe = _table(raw, "campaign").get("recipe")
        if not isinstance(recipe, str):
            fail(f'{path}: [campaign] names no recipe; add recipe = "FILE"', FAILED)
        names = _named(raw, overrides)
        files = {name: (path.parent / name).read_text(encoding="utf-8") for name in names}
        return text, (path.parent / str(recipe)).read_text(encoding="utf-8"), files
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        fail(f"{path}: {error}", FAILED)
        raise


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
