from __future__ import annotations

import pytest

from firmware_bridge.link.interfaces import READ_LIMIT, LinkError
from firmware_bridge.link.loopback import CAPACITY, loopback_pair


def test_what_one_end_writes_the_other_reads_once() -> None:
    host, device = loopback_pair()
    host.write(b"ab")
    host.write(b"c")
    device.write(b"z")
    assert (device.read(), device.read(), host.read()) == (b"abc", b"", b"z")


def test_a_read_is_bounded_and_leaves_the_rest() -> None:
    host, device = loopback_pair()
    host.write(b"x" * (READ_LIMIT + 10))
    assert (len(device.read()), len(device.read())) == (READ_LIMIT, 10)


def test_a_full_line_refuses_the_whole_write() -> None:
    host, device = loopback_pair()
    assert host.write(b"x" * CAPACITY)
    assert not host.write(b"y")
    device.read()
    assert host.write(b"y")


def test_closing_one_end_unplugs_the_other_after_what_was_sent() -> None:
    host, device = loopback_pair("bench")
    device.write(b"last words")
    device.close()
    assert host.read() == b"last words"
    for use in (host.read, lambda: host.write(b"x"), device.read):
        with pytest.raises(LinkError, match="bench"):
            use()
    device.close()
