"""Whatever a line does, twin and firmware obey nothing that was not sent, and recover within a second.

Proved by two logs: what the host wrote before the line could touch it, and what the board told of itself
after every frame that it took, before the line could touch that. The sequence number joins the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_bridge.devices.board import Board
from firmware_bridge.devices.interfaces import (
    Axis,
    BoardConfiguration,
    BoardInputs,
    BoardOutputs,
    BoardState,
    FrequencyOutput,
)
from firmware_bridge.link.loopback import loopback_pair
from firmware_bridge.simulator.boards import TWIN
from firmware_bridge.simulator.endpoint import DevicePort, LoopbackEndpoint
from firmware_bridge.simulator.faults import FaultyPort, LineFaults
from firmware_bridge.wire import messages as m
from firmware_bridge.wire.framing import FrameStream
from tests.contract.board_hand import BOARDS, BOOT_S, WARM, make_board

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firmware_bridge.link.interfaces import Link
    from firmware_bridge.wire.layout import Layout, Message

TICK_S = 0.02
RECOVERY_S = 1.0
JUMP = 4_000_000_000
"""An acceleration without a ramp: then every rate ever driven is one that was asked for."""
CONFIGURATION = BoardConfiguration(
    deadman_s=0.5,
    axes=(Axis(1000.0, JUMP), Axis(1000.0, JUMP, safe_steps_s=50.0)),
    safe_heater_duty=(0.0,),
    limit_c=(90.0, None),
    frequencies=(FrequencyOutput(limit_hz=300.0, safe_hz=10.0),),
    safe_duty=(0.2,),
    lamps=1,
)
OFF = m.Outputs((0.0,) * 6, (0.0, 0.0), 0.0, (0.0, 0.0), (0.0, 0.0))
SAFE = m.Outputs(
    (0.0, 50.0, 0.0, 0.0, 0.0, 0.0), (0.0, 0.0), 0.0, (10.0, 0.0), (round(0.2 * 65535) / 65535, 0.0)
)


class Ears:
    """Notes the messages in a stream of bytes, by sequence number."""

    def __init__(self, table: Mapping[int, Layout]) -> None:
        self._table = table
        self._frames = FrameStream()
        self.heard: list[tuple[int, Message]] = []

    def hear(self, data: bytes) -> None:
        self.heard += [(frame.sequence, m.decode(frame, self._table)) for frame in self._frames.feed(data)]


class TappedPort:
    """The board's port, with ears on what it answers."""

    def __init__(self, board: DevicePort, ears: Ears) -> None:
        self._board, self._ears = board, ears

    def feed(self, chunk: bytes) -> bytes:
        reply = self._board.feed(chunk)
        self._ears.hear(reply)
        return reply


class TappedLink:
    """The host's end of the line, with ears on what it sends."""

    name = "tapped"

    def __init__(self, link: Link, ears: Ears) -> None:
        self._link, self._ears = link, ears
        self.read, self.close = link.read, link.close

    def write(self, data: bytes) -> bool:
        written = self._link.write(data)
        if written:
            self._ears.hear(data)
        return written


@dataclass(frozen=True)
class Judgement:
    """What the two logs say."""

    obeyed: int
    distinct: int


class Bench:
    """Host, bad line and board, with both logs."""

    def __init__(self, name: str, seed: int = 1) -> None:
        self.simulated = make_board(name)
        self.asked, self.told = Ears(m.BOARD_REQUESTS), Ears(m.BOARD_REPLIES)
        self.port = FaultyPort(TappedPort(self.simulated, self.told), LineFaults(), seed=seed)
        host, far = loopback_pair()
        self._endpoint = LoopbackEndpoint(far, self.port)
        self.board = Board(lambda: TappedLink(host, self.asked), CONFIGURATION)
        self.now_s = 0.0
        self.ticks = 0
        self.inputs: BoardInputs | None = None
        for _ in range(round(BOOT_S / TICK_S)):
            self._advance()

    def tick(self, seconds: float) -> None:
        """Run the control loop with outputs that are new at every tick."""
        for _ in range(round(seconds / TICK_S)):
            self.inputs = self.board.poll(self.now_s) or self.inputs
            self.board.send(self.command(), self.now_s)
            self._endpoint.pump()
            self._advance()
            self._endpoint.pump()
            self.ticks += 1

    def command(self) -> BoardOutputs:
        step = self.ticks % 900
        duty = step / 900
        return BoardOutputs((float(step), 1000.0 - step), (duty,), duty, (step / 8.0,), (duty,))

    def seconds_to_recover(self) -> float:
        """Repair the line, and wait for a board that is ready and answers."""
        self.port.faults = LineFaults()
        repaired_s = self.now_s
        while self.now_s < repaired_s + 10.0:
            self.tick(TICK_S)
            fresh = self.inputs is not None and self.inputs.received_s > repaired_s
            if fresh and self.board.state is BoardState.READY:
                break
        return self.now_s - repaired_s

    def judge(self) -> Judgement:
        """Hold every answer of the board against what it was asked; any difference is a wrong command."""
        asked = dict(self.asked.heard)
        obeyed = [OFF]
        for sequence, told in self.told.heard:
            request = asked[sequence]  # a board that answers what nobody asked is a KeyError here
            if not isinstance(told, m.Inputs):
                continue
            goals = [goal for goal in allowed(told.status, request, obeyed[-1]) if is_at(told, goal)]
            assert goals, f"{told} after {request}"
            obeyed.append(goals[0])
        obeyed = [goal for goal in obeyed if goal not in (OFF, SAFE)]
        rates = {goal.pump_steps_s for goal in (OFF, SAFE, *obeyed)}
        # Pumps that jump to their rates are never found at one that was not asked for.
        for _, told in self.told.heard:
            if isinstance(told, m.Inputs) and not told.status & m.TRIPS:
                assert told.pump_steps_s in rates
        return Judgement(len(obeyed), len(set(obeyed)))

    def _advance(self) -> None:
        self.simulated.sense(WARM)
        self.simulated.advance(TICK_S)
        self.port.advance(TICK_S)
        self.now_s += TICK_S


def allowed(status: m.Status, request: Message, before: m.Outputs) -> tuple[m.Outputs, ...]:
    """What a board with this status, asked this, may be steered to."""
    if not status & m.Status.CONFIGURED:
        return (OFF,)
    if status & m.TRIPS:
        return (SAFE,)
    # A CLEAR changes nothing: safe stays safe, and where nothing had tripped the last command goes on.
    return (request,) if isinstance(request, m.Outputs) else (SAFE, before)


def is_at(told: m.Inputs, goal: m.Outputs) -> bool:
    """Whether a board tells this goal of what has no ramp."""
    return (told.heater_duty, told.lamp_duty, told.frequency_hz, told.duty) == (
        goal.heater_duty,
        goal.lamp_duty,
        goal.frequency_hz,
        goal.duty,
    )


FAULTS = {
    "1 % of bits flipped": LineFaults(flip_per_byte=1.0 - 0.99**8),
    "20 % of bytes lost": LineFaults(loss_per_byte=0.2),
    "single bytes": LineFaults(single=True),
    "200 ms each way": LineFaults(delay_s=0.2),
    "babble": LineFaults(babble_bytes_s=5000.0),
    "all at once": LineFaults(0.01, 0.01, split=True, delay_s=0.1, babble_bytes_s=500.0),
}


@pytest.mark.parametrize("name", BOARDS)
@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS.keys())
def test_nothing_wrong_is_obeyed_and_the_line_recovers_within_a_second(name: str, faults: LineFaults) -> None:
    bench = Bench(name)
    bench.tick(0.5)
    assert bench.board.state is BoardState.READY
    bench.port.faults = faults
    bench.tick(3.0)
    assert bench.seconds_to_recover() <= RECOVERY_S
    bench.board.clear(bench.now_s)
    bench.tick(0.3)
    assert bench.inputs is not None
    assert not bench.inputs.status & m.TRIPS
    judgement = bench.judge()
    assert judgement.obeyed >= judgement.distinct > 20


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS.keys())
def test_recovery_does_not_hang_on_the_moment_of_the_repair(faults: LineFaults) -> None:
    bench = Bench(TWIN)
    for moment in range(20):
        bench.port.faults = faults
        bench.tick(2.0 + moment * TICK_S)
        assert bench.seconds_to_recover() <= RECOVERY_S
        bench.board.clear(bench.now_s)
        bench.tick(0.2)
    bench.judge()


@pytest.mark.parametrize("name", BOARDS)
@settings(max_examples=10, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32),
    faults=st.builds(
        LineFaults,
        flip_per_byte=st.sampled_from([0.0005, 0.002, 0.005]),
        loss_per_byte=st.sampled_from([0.0, 0.001, 0.002]),
        split=st.booleans(),
        delay_s=st.sampled_from([0.0, 0.03]),
    ),
)
def test_no_command_is_obeyed_that_was_not_sent(name: str, seed: int, faults: LineFaults) -> None:
    bench = Bench(name, seed)
    bench.port.faults = faults
    bench.tick(3.0)
    assert bench.judge().distinct > 5


@pytest.mark.parametrize("name", BOARDS)
def test_damaged_frames_are_dropped_and_counted_at_both_ends(name: str) -> None:
    bench = Bench(name)
    bench.tick(0.2)
    bench.port.faults = LineFaults(flip_per_byte=0.002, split=True)
    bench.tick(6.0)
    bench.port.faults = LineFaults()
    bench.board.request_faults(bench.now_s)
    bench.tick(0.2)
    assert bench.board.faults is not None
    assert bench.board.faults.bad_crc + bench.board.faults.bad_cobs > 10
    assert bench.board.statistics.damaged > 10
    assert bench.board.statistics.lost >= bench.board.statistics.damaged
    assert bench.board.faults.malformed == bench.board.faults.unknown_type == 0
    assert not bench.simulated.status & m.TRIPS
