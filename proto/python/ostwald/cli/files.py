"""Files that a person names on the command line: read whole, within a bound, or one line says why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ostwald.cli.console import FAILED, fail

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES: Final = 4 << 20
"""The device takes less: this only keeps a wrong name from filling the memory."""


def read_text(path: Path) -> str:
    """Read a file of text, its lines ending as Python has them; else exit."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        fail(f"{path}: {error.strerror}", FAILED)
    except ValueError as error:  # a name with a NUL, which TOML can write
        fail(f"{str(path)!r}: {error}", FAILED)
    if len(content) > MAX_BYTES:
        fail(f"{path}: is larger than {MAX_BYTES >> 20} MiB: is that the file you mean?", FAILED)
    try:
        return content.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        fail(f"{path}: byte {error.start + 1} is no UTF-8: save the file as UTF-8", FAILED)
