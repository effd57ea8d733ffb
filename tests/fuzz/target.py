"""One decoder as the fuzzer sees it."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from tests.fuzz.material import Chance


class Fed(NamedTuple):
    """What one step has fed, and how often it was refused by an error that the decoder documents."""

    size_bytes: int
    refused: int


Decoder: TypeAlias = Callable[[], Fed]
"""Takes its next piece; whatever it raises is a defect."""


@dataclass(frozen=True, slots=True)
class Target:
    """`samples` gives valid material; `open` begins a decoder that draws damaged material from it."""

    name: str
    samples: Callable[[], tuple[bytes, ...]]
    open: Callable[[Chance], Decoder]


def refusing(draw: Callable[[], bytes], take: Callable[[bytes], object], *errors: type[Exception]) -> Decoder:
    """Make a decoder of a function that takes a piece, and may refuse it by these errors alone."""

    def step() -> Fed:
        piece = draw()
        try:
            take(piece)
        except errors:
            return Fed(len(piece), 1)
        return Fed(len(piece), 0)

    return step


def from_file(
    name: str,
    read: Callable[[Path], object],
    *errors: type[Exception],
    pack: Callable[[bytes], bytes] = bytes,
) -> Callable[[Chance], Decoder]:
    """Begin a decoder that reads each piece from a file; `pack` makes the file's bytes of it."""

    def begin(chance: Chance) -> Decoder:
        folder = tempfile.mkdtemp()
        atexit.register(shutil.rmtree, folder)
        path = Path(folder) / name

        def take(piece: bytes) -> None:
            # A new file each time: filesystems flush one that is truncated and written again.
            path.unlink(missing_ok=True)
            path.write_bytes(pack(piece))
            read(path)

        return refusing(chance.piece, take, *errors)

    return begin
