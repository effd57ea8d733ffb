from __future__ import annotations

from dataclasses import replace
from math import nan

import pytest

from firmware_bridge.devices.board import Board, find_mismatch, to_message
from firmware_bridge.devices.interfaces import (
    Axis,
    BoardConfiguration,
    BoardOutputs,
    BoardState,
    DeviceError,
    FrequencyOutput,
)
from firmware_bridge.link.interfaces import Link, LinkError
from firmware_bridge.link.loopback import loopback_pair
from firmware_bridge.simulator.board import BoardTwin
from firmware_bridge.wire import messages as m
from firmware_bridge.wire.layout import MessageError

CONFIGURATION = BoardConfiguration(
    deadman_s=0.5,
    axes=(Axis(1000.0, 2000, 10.0),),
    safe_heater_duty=(0.0,),
    limit_c=(90.0, None),
    pressures=1,
    lamps=1,
    frequencies=(FrequencyOutput(300.0, 5.0),),
    safe_duty=(0.25,),
    digitals=1,
)
BOARD = m.HelloReply(m.PROTOCOL_VERSION, 1, m.ResetCause.POWER_ON, 1, 1, 2, 1, 1, "firmware", "B-1", 1, 1, 1)

WORK = BoardOutputs((1.0,), (0.0,), 0.0, (0.0,), (0.0,))


def test_a_configuration_is_filled_up_to_the_largest_board() -> None:
    configure = to_message(CONFIGURATION)
    assert configure.deadman_ms == 500
    assert configure.limit_steps_s == (1000.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    assert configure.limit_steps_s2 == (2000, 0, 0, 0, 0, 0)
    assert configure.safe_pump_steps_s[0] == 10.0
    assert configure.limit_c == pytest.approx((90.0, nan, nan, nan), nan_ok=True)
    assert (configure.limit_hz, configure.safe_frequency_hz) == ((300.0, 0.0), (5.0, 0.0))
    assert configure.safe_duty == (0.25, 0.0)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (replace(CONFIGURATION, deadman_s=0.005), "deadman_s 0.005: a board takes 0.02 to 10.0 s"),
        (replace(CONFIGURATION, axes=(Axis(1.0, 1),) * 7), "7 pump axes: the largest board has 6"),
        (replace(CONFIGURATION, safe_heater_duty=(0.0,) * 3), "3 heaters"),
        (replace(CONFIGURATION, limit_c=(None,) * 5), "5 temperatures"),
        (replace(CONFIGURATION, pressures=3), "3 pressures"),
        (replace(CONFIGURATION, lamps=2), "2 lamps"),
        (replace(CONFIGURATION, frequencies=(FrequencyOutput(1.0),) * 3), "3 frequency outputs"),
        (replace(CONFIGURATION, safe_duty=(0.0,) * 3), "3 duty outputs"),
        (replace(CONFIGURATION, digitals=5), "5 digital inputs: the largest board has 4"),
    ],
)
def test_more_than_any_board_has_is_refused_before_it_is_sent(
    wrong: BoardConfiguration, complaint: str
) -> None:
    with pytest.raises(DeviceError, match=complaint):
        to_message(wrong)


@pytest.mark.parametrize(("limit", "slope", "safe"), [(10.0, 100, 11.0), (10.0, 0, 0.0), (10.0, 1, -1.0)])
def test_an_axis_that_makes_no_sense_is_refused(limit: float, slope: int, safe: float) -> None:
    with pytest.raises(DeviceError, match="needs 0 <= safe rate <= limit"):
        Axis(limit, slope, safe)


@pytest.mark.parametrize(("limit", "safe"), [(10.0, 11.0), (10.0, -1.0), (nan, 0.0)])
def test_a_frequency_output_that_makes_no_sense_is_refused(limit: float, safe: float) -> None:
    with pytest.raises(DeviceError, match="needs 0 <= safe frequency <= limit"):
        FrequencyOutput(limit, safe)


@pytest.mark.parametrize(
    ("board", "complaint"),
    [
        (replace(BOARD, axes=0), "the rig uses 1 pump axes, board 'B-1' has 0"),
        (replace(BOARD, heaters=0), "heaters"),
        (replace(BOARD, temperatures=1), "the rig uses 2 temperatures, board 'B-1' has 1"),
        (replace(BOARD, pressures=0), "pressures"),
        (replace(BOARD, lamps=0), "lamps"),
        (replace(BOARD, frequencies=0), "frequency outputs"),
        (replace(BOARD, duties=0), "duty outputs"),
        (replace(BOARD, digitals=0), "the rig uses 1 digital inputs, board 'B-1' has 0"),
    ],
)
def test_a_board_with_too_little_on_it_is_named(board: m.HelloReply, complaint: str) -> None:
    mismatch = find_mismatch(board, CONFIGURATION)
    assert mismatch is not None
    assert complaint in mismatch
    assert find_mismatch(BOARD, CONFIGURATION) is None


def test_a_port_that_cannot_be_opened_is_tried_again_ever_more_slowly() -> None:
    tries: list[float] = []
    now_s = 0.0

    def refuse() -> Link:
        tries.append(now_s)
        raise LinkError("ttyACM0: no such port")

    board = Board(refuse, CONFIGURATION)
    for tick in range(64 * 8):
        now_s = tick / 64
        assert board.poll(now_s) is None
        board.send(WORK, now_s)
        board.estop(now_s)
    assert tries == pytest.approx([0.0, 0.1, 0.3, 0.7, 1.5, 3.1, 5.1, 7.1], abs=0.1)
    assert (board.state, board.problem) == (BoardState.CONNECTING, "ttyACM0: no such port")
    assert board.statistics.frames_sent == 0


def test_a_stop_asked_for_while_unplugged_is_said_first_thing_when_plugged_in() -> None:
    host, far = loopback_pair()
    board = Board(lambda: host, CONFIGURATION)
    board.estop(0.0)
    board.poll(0.0)
    twin = BoardTwin()
    twin.advance(0.1)
    twin.feed(far.read())
    assert twin.status & m.Status.ESTOPPED


def test_outputs_that_a_full_line_refuses_are_counted_not_queued() -> None:
    host, far = loopback_pair()
    twin = BoardTwin()
    twin.advance(0.1)
    board = Board(lambda: host, CONFIGURATION)
    for tick in range(3):
        board.poll(tick * 0.02)
        far.write(twin.feed(far.read()))
    assert board.state is BoardState.READY
    while host.write(bytes(100)):
        pass
    while host.write(b"\0"):
        pass
    board.send(WORK, 0.1)
    assert board.statistics.held == 1


@pytest.mark.parametrize(
    "wrong",
    [
        replace(WORK, pump_steps_s=(nan,)),
        replace(WORK, heater_duty=(1.01,)),
        replace(WORK, pump_steps_s=(1.0, 2.0)),
        replace(WORK, frequency_hz=(-1.0,)),
        replace(WORK, frequency_hz=()),
        replace(WORK, duty=(1.01,)),
    ],
)
def test_outputs_that_no_wire_can_carry_are_the_callers_error(wrong: BoardOutputs) -> None:
    host, far = loopback_pair()
    twin = BoardTwin()
    twin.advance(0.1)
    board = Board(lambda: host, CONFIGURATION)
    for tick in range(3):
        board.poll(tick * 0.02)
        far.write(twin.feed(far.read()))
    with pytest.raises(MessageError, match="Outputs"):
        board.send(wrong, 0.1)
