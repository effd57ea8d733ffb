"""A campaign is held and resumed by its name, from a program and from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ostwald.client import Ostwald

from tests.unit.ostwald.command_line import ostwald

if TYPE_CHECKING:
    from tests.unit.ostwald.conftest import Served


def test_a_campaign_is_held_and_resumed_in_the_clients_name(served: Served) -> None:
    with Ostwald(served.address, actor="ann@bench", lease="secret") as device:
        held = device.campaigns.hold("silver", "the stirrer stands")
        later = device.campaigns.hold("silver", "lunch", after_trial=True)
        resumed = device.campaigns.resume("silver")
    assert (held.state, held.reason) == ("held", "held by ann@bench (127.0.0.1): the stirrer stands")
    assert (later.state, later.reason) == ("running", "held by ann@bench (127.0.0.1): lunch")
    assert (resumed.state, resumed.reason) == ("running", "resumed by ann@bench (127.0.0.1) under secret")


def test_the_command_line_says_whether_a_campaign_is_held_or_will_be(served: Served) -> None:
    now = ostwald(served.address, "campaign", "hold", "silver", "--reason", "lunch").lines[-1]
    assert now.startswith("silver is held: held by ")
    assert now.endswith("(127.0.0.1): lunch")
    later = ostwald(served.address, "campaign", "hold", "silver", "--after-trial").lines[-1]
    assert later.startswith("silver will be held after this trial: held by ")


def test_a_held_campaign_is_told_as_one_json_document(served: Served) -> None:
    held = ostwald(served.address, "campaign", "hold", "c1", "--json").json
    assert (held["campaign_id"], held["state"]) == ("c1", "held")
    resumed = ostwald(served.address, "campaign", "resume", "c1", "--json").json
    assert resumed["campaign"]["state"] == "running"
    assert len(served.bench.campaigns.trials("c1", 99, 0)) == len(resumed["trials"])
