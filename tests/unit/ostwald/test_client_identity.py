from __future__ import annotations

import getpass
import os
import socket
from typing import TYPE_CHECKING

import pytest
from ostwald.aio import AsyncOstwald
from ostwald.client import DeviceUnreachableError, Ostwald
from ostwald.identity import Identity, user_at_host

from tests.unit.controller.rpc.conftest import BOOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.ostwald.conftest import Served


def test_every_call_says_who_asks_and_under_which_lease(served: Served) -> None:
    with Ostwald(served.address, actor="ann@bench", lease="secret") as device:
        device.set({"pump.silver": 3.0})
        device.emergency_stop("smoke")
    request = served.bench.reactor.asked[0]
    assert (request.actor, request.lease) == ("ann@bench (127.0.0.1)", "secret")
    assert served.bench.reactor.calls[-1] == ("stop", "smoke", "ann@bench (127.0.0.1)")


def test_an_actor_who_says_nothing_is_user_and_host(served: Served) -> None:
    with Ostwald(served.address) as device:
        device.reset()
    assert served.bench.reactor.asked[0].actor == f"{user_at_host()} (127.0.0.1)"


def test_an_account_without_a_name_is_known_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert user_at_host() == f"uid{os.getuid()}@{socket.gethostname()}"


def test_what_no_header_takes_is_replaced() -> None:
    identity = Identity("J\u00f6rg\n@bench")
    assert identity.actor == "J?rg?@bench"


def test_uploads_and_streams_go_through_with_an_identity(served: Served, bundle: Path) -> None:
    with Ostwald(served.address) as device:
        assert device.models.push(bundle).name == "silver"
        first = next(device.telemetry(["pump.silver"]))
    assert (first.boot_id, first.readings[0].value) == (BOOT, 50.0)


def test_a_device_that_is_not_there_is_said_in_one_line() -> None:
    with Ostwald("127.0.0.1:9") as device, pytest.raises(DeviceUnreachableError, match="no Ostwald daemon"):
        device.reactor()


async def test_a_stream_can_be_left(served: Served) -> None:
    async with AsyncOstwald(served.address) as device:
        async for sample in device.telemetry(["pump.silver"]):
            assert sample.sequence == 100
            break
        assert (await device.read("pump.silver")).value == 50.0
