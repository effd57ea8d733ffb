"""The daemon as a person and an accident meet it."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from tests.scenario.conftest import BIN, EXAMPLES, until

pytestmark = pytest.mark.scenario
TARGET = EXAMPLES / "campaigns" / "silver-explore.toml"


def test_a_person_reads_sets_and_stops_the_reactor(start):
    daemon = start("--clock", "scaled:5")
    assert json.loads(daemon.ostwald("status", "--json"))["state"] == "ready"
    taken = json.loads(daemon.ostwald("set", "reactor.temperature", "113 degF", "--json"))
    assert taken["reactor.temperature"]["value"] == pytest.approx(45.0)
    assert len(daemon.ostwald("watch", "--count", "3", "--interval", "0.5", "--json").splitlines()) == 3
    until(lambda: json.loads(daemon.ostwald("read", "reactor.heater", "--json"))[0]["value"] > 0.0)
    daemon.ostwald("estop")
    until(lambda: json.loads(daemon.ostwald("read", "reactor.heater", "--json"))[0]["value"] == 0.0)
    assert "stopped" in daemon.ostwald("set", "pump.seed", "10 uL/min", code=3)
    daemon.ostwald("reset")
    until(lambda: json.loads(daemon.ostwald("status", "--json"))["state"] == "ready")
    assert "CHANNEL" not in daemon.ostwald("set", "no.channel", "1", code=3)


def test_a_killed_service_goes_on_with_its_campaign(start):
    daemon = start("--clock", "lockstep")
    daemon.ostwald("campaign", "start", str(TARGET), "--set", "budget.trials=40")

    def trials():
        return json.loads(daemon.ostwald("campaign", "show", "silver-explore", "--json"))["trials"]

    finished = until(lambda: [t for t in trials() if t["state"] == "complete"][:3])
    daemon.kill("service")
    daemon.ostwald("status", "--wait", "30")
    until(
        lambda: (
            json.loads(daemon.ostwald("campaign", "show", "silver-explore", "--json"))["campaign"]["state"]
            == "complete"
        ),
        60,
    )
    after = trials()
    complete = [t for t in after if t["state"] == "complete"]
    assert len(complete) == 40
    assert len({json.dumps(t["asked"]) for t in complete}) == 40
    assert [t for t in after if t["number"] <= len(finished)] == finished
    assert sum(t["state"] == "interrupted" for t in after) <= 1


def test_a_killed_control_leaves_the_board_to_its_dead_man(start):
    daemon = start("--clock", "realtime")
    daemon.ostwald("set", "reactor.temperature", "50 degC", "pump.seed", "50 uL/min")
    until(lambda: json.loads(daemon.ostwald("read", "reactor.heater", "--json"))[0]["value"] > 0.0)
    daemon.kill("control")
    said = until(lambda: re.search(r"twin: t=.*dead-man.*", daemon.log.read_text()))
    assert "safe" in said[0]
    daemon.ostwald("status", "--wait", "30")
    until(lambda: json.loads(daemon.ostwald("read", "reactor.heater", "--json"))[0]["value"] == 0.0)


def test_equal_seeds_give_equal_campaigns(tmp_path, start):
    seen = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        daemon = start("--clock", "lockstep", "--seed", "3", "--state", str(tmp_path / name))
        told = daemon.ostwald(
            "campaign", "start", str(TARGET), "--set", "budget.trials=4", "--seed", "5", "--wait", "--json"
        )
        seen.append([(t["asked"], t["properties"]) for t in json.loads(told)["trials"]])
    assert seen[0] == seen[1]


def test_the_twin_behind_a_pseudo_terminal_behaves_the_same(tmp_path, start):
    ports = tmp_path / "ports"
    with subprocess.Popen(
        [BIN / "ostwaldd", "twin", "silver", "--pty", ports], stdout=subprocess.PIPE, text=True
    ) as twin:
        try:
            assert twin.stdout is not None
            assert twin.stdout.readline().startswith("board ")
            daemon = start("--link", f"board={ports}/board", "--link", f"spectrometer={ports}/spectrometer")
            daemon.ostwald("set", "lamp.power", "80 %")
            assert json.loads(daemon.ostwald("spectrum", "reference", "--json"))["counts"]
            daemon.ostwald("set", "lamp.power", "0 %")
        finally:
            twin.terminate()


def test_each_mistake_is_one_line_with_place_and_remedy(tmp_path, start):
    daemon = start("--clock", "lockstep")
    rig = tmp_path / "rig.toml"
    text = (EXAMPLES / "rigs" / "silver-twin.toml").read_text()
    rig.write_text(text.replace('"ostwald-board"', '"nobody"'))
    for command, said in (
        (["ostwaldd", "run", "--rig", rig], "unknown driver"),
        (["ostwaldd", "check", "--rig", tmp_path / "none.toml"], "none.toml"),
        (["ostwald", "--device", "127.0.0.1:1", "status"], "no Ostwald daemon answers at 127.0.0.1:1"),
        (
            ["ostwaldd", "run", "--rig", EXAMPLES / "rigs" / "silver-twin.toml", "--listen", daemon.address,
             "--state", tmp_path / "other"],
            daemon.address,
        ),
    ):  # fmt: skip
        done = subprocess.run(
            [BIN / command[0], *command[1:]], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 1
        assert said in done.stderr
        assert len([line for line in done.stderr.splitlines() if line.startswith("error: ")]) == 1
        assert "Traceback" not in done.stderr
