"""Every link from a page to a file of the repository leads there, to the heading too where it names one."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
_CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
_HEADING = re.compile(r"^#+\s+(.*?)\s*#*$", re.MULTILINE)


def links(text: str) -> list[str]:
    """Return the local addresses that a page links to."""
    found = [first or second for first, second in _LINK.findall(_CODE.sub("", text))]
    return [each for each in found if not re.match(r"[a-z][a-z0-9+.-]*:|//", each)]


def anchors(text: str) -> set[str]:
    """Return what headings can be linked by: in lower case, without punctuation, dashes for spaces."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(text))
    return {heading.replace(" ", "-") for heading in kept}


def broken(page: Path, text: str) -> list[str]:
    """Return the links of a page that lead nowhere."""
    return [address for address in links(text) if not _leads(page, *unquote(address).partition("#")[::2])]


def _leads(page: Path, path: str, anchor: str) -> bool:
    target = page.parent / path if path else page
    if not target.exists() or not target.resolve().is_relative_to(ROOT):
        return False
    return not anchor or target.suffix != ".md" or anchor in anchors(target.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_local_link_leads_somewhere(page: Path) -> None:
    assert broken(page, page.read_text(encoding="utf-8")) == []


def test_a_link_that_leads_nowhere_is_found() -> None:
    text = (
        "[gone](no/such.md) [here](README.md#run-a-reactor) [there](README.md#no-such) [web](https://x.org/y)"
        "\n```\n[code](none.md)\n```\n`[more](none.md)` [out](../../etc/passwd)\n[ref]: docs/nowhere.md\n"
    )
    assert broken(ROOT / "README.md", text) == [
        "no/such.md",
        "README.md#no-such",
        "../../etc/passwd",
        "docs/nowhere.md",
    ]


@pytest.mark.parametrize("page", ["twins/README.md", "measuring.md", "antibacterial.md", "runs.md"])
def test_the_readme_leads_to_the_guides(page: str) -> None:
    assert f"docs/{page}" in links((ROOT / "README.md").read_text(encoding="utf-8"))
