from __future__ import annotations

from types import SimpleNamespace

import pytest

from controller.rpc.actors import LONGEST_ACTOR, LONGEST_TOKEN, actor_of, clean, lease_of


def call(peer: str = "ipv4:127.0.0.1:40312", **metadata: str | bytes) -> SimpleNamespace:
    pairs = tuple((key.replace("_", "-"), value) for key, value in metadata.items())
    return SimpleNamespace(invocation_metadata=lambda: pairs, peer=lambda: peer)


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:127.0.0.1:40312", "127.0.0.1"),
        ("ipv6:%5B::1%5D:40312", "::1"),
        ("unix:", "unix"),
        ("", ""),
    ],
)
def test_an_undeclared_client_is_named_by_its_address(peer: str, address: str) -> None:
    assert actor_of(call(peer)) == address


def test_what_a_client_says_of_itself_is_one_short_printable_line() -> None:
    name = "ann\x1b[2J\n" + "x" * 500
    actor = actor_of(call(ostwald_actor=name))
    assert actor.isprintable()
    assert actor.startswith("ann [2J x")
    assert actor.endswith("x (127.0.0.1)")
    assert len(actor) <= LONGEST_ACTOR + len(" (127.0.0.1)")


def test_binary_metadata_names_nobody_and_proves_nothing() -> None:
    context = call(ostwald_actor=b"ann", ostwald_lease=b"token")
    assert (actor_of(context), lease_of(context)) == ("127.0.0.1", "")


def test_a_token_longer_than_ours_is_none() -> None:
    assert lease_of(call(ostwald_lease="t" * LONGEST_TOKEN)) == "t" * LONGEST_TOKEN
    assert lease_of(call(ostwald_lease="t" * (LONGEST_TOKEN + 1))) == ""
    assert lease_of(call()) == ""


def test_blanks_of_every_kind_become_one() -> None:
    assert clean("  the \r\n sensor\u2028drifts ", 500) == "the sensor drifts"
