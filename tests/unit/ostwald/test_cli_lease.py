from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.ostwald.command_line import ostwald

if TYPE_CHECKING:
    from tests.unit.ostwald.conftest import Served


def test_the_token_alone_goes_to_stdout_so_that_a_shell_can_keep_it(served: Served) -> None:
    said = ostwald(served.address, "lease", "acquire", "--for", "2min")
    (token,) = said.lines
    assert served.bench.reactor.lease_state.digest == token
    assert said.err.endswith("holds the lease for 2 min\n")


def test_with_the_token_in_the_environment_commands_act_under_the_lease(served: Served) -> None:
    token = ostwald(served.address, "lease", "acquire", "--json").json["token"]
    refused = ostwald(served.address, "set", "pump.silver", "3 uL/min")
    assert refused.code == 3
    assert "holds the lease for another 300 s" in refused.err
    assert ostwald(served.address, "set", "pump.silver", "3 uL/min", OSTWALD_LEASE=token).code == 0
    assert ostwald(served.address, "--lease", token, "set", "pump.silver", "4 uL/min").code == 0
    assert served.bench.reactor.calls == [{"pump.silver": 3.0}, {"pump.silver": 4.0}]


def test_the_holder_is_shown_with_the_time_left(served: Served) -> None:
    assert ostwald(served.address, "lease").lines == ["nobody holds the lease"]
    served.bench.hold_lease(ttl_s=65.0)
    assert ostwald(served.address, "lease", "show").lines == [
        "ann@bench holds the lease for another 1 min 5 s"
    ]
    assert ostwald(served.address, "lease", "--json").json["holder"] == "ann@bench"
    served.bench.reactor.pass_time(66.0)
    assert ostwald(served.address, "lease").lines == [
        "nobody holds the lease; the last one ran out without being released"
    ]


def test_a_lease_is_renewed_and_released_by_its_token(served: Served) -> None:
    served.bench.hold_lease("secret", ttl_s=5.0)
    renewed = ostwald(served.address, "lease", "renew", "--for", "90 s", OSTWALD_LEASE="secret")
    assert renewed.lines == ["the lease runs for 1 min 30 s"]
    assert ostwald(served.address, "--lease", "secret", "lease", "renew", "--json").json == {"left_s": 300.0}
    assert ostwald(served.address, "lease", "release", OSTWALD_LEASE="secret").lines == ["released"]
    assert served.bench.reactor.lease().holder == ""


def test_a_token_of_an_earlier_lease_does_not_hinder_the_next(served: Served) -> None:
    assert ostwald(served.address, "lease", "acquire", OSTWALD_LEASE="of yesterday").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("renew",), 1, "say its token with --lease"),
        (("release",), 1, "say its token with --lease"),
        (("acquire", "--for", "1 h"), 3, "1 to 300 s"),
        (("acquire", "--for", "ever"), 2, "ever"),
        (("--json", "acquire"), 2, "put --json behind 'acquire'"),
    ],
)
def test_what_can_not_be_had_is_said_with_its_exit_code(
    served: Served, arguments: tuple[str, ...], code: int, error: str
) -> None:
    said = ostwald(served.address, "lease", *arguments)
    assert (said.code, said.out) == (code, "")
    assert error in said.err


def test_a_lease_that_is_gone_is_refused(served: Served) -> None:
    said = ostwald(served.address, "lease", "renew", OSTWALD_LEASE="of yesterday")
    assert said.code == 3
    assert "acquire a new one" in said.err
