"""Every decoder, by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.fuzz import documents, instruments, recordings, text_spectrometer, wire
from tests.fuzz.measure import Outcome, fuzz

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fuzz.target import Target

TARGETS: Final[Mapping[str, Target]] = {
    target.name: target
    for group in (wire, text_spectrometer, instruments, recordings, documents)
    for target in group.TARGETS
}


def fuzz_named(name: str, size_bytes: int, seed: int) -> Outcome:
    """Feed the decoder of this name: a function that a process can be told to run."""
    return fuzz(TARGETS[name], size_bytes, seed)
