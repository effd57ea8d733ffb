"""A far host that does not answer holds nobody up for longer than was said."""

from __future__ import annotations

from threading import Event

import pytest

from firmware_bridge.link.interfaces import Link, LinkError
from firmware_bridge.link.loopback import loopback_pair
from firmware_bridge.link.opening import OpenedAside, OpenedWithin, is_network

LONG_S = 60.0


class FarHost:
    """Answers once its gate is open, or refuses."""

    def __init__(self) -> None:
        self.link: Link = loopback_pair()[0]
        self.gate = Event()
        self.refusal = ""
        self.calls = 0

    def __call__(self) -> Link:
        self.calls += 1
        self.gate.wait(LONG_S)
        if self.refusal:
            raise LinkError(self.refusal)
        return self.link


@pytest.fixture
def host() -> FarHost:
    return FarHost()


def test_a_line_that_opens_in_time_is_returned(host: FarHost) -> None:
    host.gate.set()
    assert OpenedWithin(host, "socket://far", LONG_S)() is host.link


def test_a_line_that_is_late_is_an_error_and_is_there_for_who_calls_again(host: FarHost) -> None:
    opened = OpenedWithin(host, "socket://far", 0.0)
    with pytest.raises(LinkError, match=r"socket://far: not open after 0 s: check the far host"):
        opened()
    with pytest.raises(LinkError, match="not open"):
        opened()
    host.gate.set()
    opened._aside.wait(LONG_S)
    assert opened() is host.link
    assert host.calls == 1, "nobody asks a slow host twice at a time"


def test_who_calls_while_a_line_is_being_opened_does_not_wait_again(host: FarHost) -> None:
    opened = OpenedWithin(host, "socket://far", LONG_S)
    assert opened._aside() is None
    with pytest.raises(LinkError, match="not open"):
        opened()
    host.gate.set()


def test_a_refusal_is_told_as_it_is_and_the_next_call_tries_anew(host: FarHost) -> None:
    host.gate.set()
    host.refusal = "nobody listens there"
    opened = OpenedWithin(host, "socket://far", LONG_S)
    for _ in range(2):
        with pytest.raises(LinkError, match="nobody listens there"):
            opened()
    assert host.calls == 2


def test_who_must_not_wait_takes_what_has_come(host: FarHost) -> None:
    opened = OpenedAside(host)
    assert not opened.is_busy
    assert opened() is None
    assert opened() is None
    assert opened.is_busy
    host.gate.set()
    opened.wait(LONG_S)
    assert opened() is host.link
    assert not opened.is_busy


@pytest.mark.parametrize(
    ("url", "far"), [("socket://lamp:4001", True), ("rfc2217://lamp:4001", True), ("/dev/ttyACM0", False)]
)
def test_only_what_is_on_the_network_may_be_slow_to_open(url: str, far: bool) -> None:
    assert is_network(url) is far
