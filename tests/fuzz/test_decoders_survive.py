"""A short run of `make fuzz` in every test run; and the fuzzer finds what it is there to find."""

from __future__ import annotations

import pytest

from controller.campaign.documents import parse
from controller.config.documents import Document
from controller.domain.errors import DocumentError
from tests.fuzz.material import Chance
from tests.fuzz.measure import fuzz
from tests.fuzz.target import Decoder, Fed, Target, refusing
from tests.fuzz.targets import TARGETS

SHORT_BYTES = 20_000
SAMPLES = (b"RAT 12.5 UM\r", b"VOL\r")


@pytest.mark.parametrize("name", TARGETS)
def test_a_decoder_takes_damage_and_noise_without_a_crash(name: str) -> None:
    assert fuzz(TARGETS[name], SHORT_BYTES, seed=1).crash == ""


def test_a_decoder_that_raises_what_it_does_not_document_is_found_with_its_bytes() -> None:
    def naive(chance: Chance) -> Decoder:
        return refusing(chance.piece, lambda piece: float(piece[4:8]), KeyError)

    outcome = fuzz(Target("naive", lambda: SAMPLES, naive), SHORT_BYTES, seed=1)
    assert not outcome.holds
    assert "CRASH ValueError" in outcome.crash


def test_a_decoder_that_keeps_what_it_hears_is_found() -> None:
    kept: list[bytes] = []

    def hoard(chance: Chance) -> Decoder:
        def step() -> Fed:
            kept.append(chance.stream())
            return Fed(len(kept[-1]), 0)

        return step

    outcome = fuzz(Target("hoarder", lambda: SAMPLES, hoard), 6_000_000, seed=1)
    assert outcome.crash == ""
    assert not outcome.holds


def test_equal_seeds_feed_equal_bytes() -> None:
    first, again, other = (Chance(seed, SAMPLES) for seed in (7, 7, 8))
    pieces = [first.stream() for _ in range(50)]
    assert [again.stream() for _ in range(50)] == pieces
    assert [other.stream() for _ in range(50)] != pieces


@pytest.mark.parametrize("text", ["a = " + "[" * 3000, "a = " + "9" * 5000])
def test_toml_that_python_can_not_read_is_a_fault_of_the_document(text: str) -> None:
    with pytest.raises(DocumentError, match="nests too deeply, or has a number"):
        parse(text, "recipe")
    with pytest.raises(DocumentError, match="nests too deeply, or has a number"):
        Document(text, "rig")
