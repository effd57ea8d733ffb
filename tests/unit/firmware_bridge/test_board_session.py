from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import nan
from typing import TYPE_CHECKING

import pytest

from firmware_bridge.devices.interfaces import BoardState
from firmware_bridge.devices.session import HANDSHAKE_LIMIT_S, MAX_IN_FLIGHT, BoardSession, Timing
from firmware_bridge.wire import framing
from firmware_bridge.wire import messages as m
from firmware_bridge.wire.framing import Frame

if TYPE_CHECKING:
    from firmware_bridge.wire.layout import Layout, Message

PAIR = (0.0, 0.0)
CONFIGURE = m.Configure(
    500, (0.0,) * 6, PAIR, 0.0, (nan,) * 4, (1000.0,) * 6, (1000,) * 6, PAIR, (300.0, 0.0), PAIR
)
OUTPUTS = m.Outputs((1.0,) * 6, PAIR, 0.0, PAIR, PAIR)
INPUTS = m.Inputs(5, m.Status.CONFIGURED, (20.0,) * 4, (100.0,) * 2, (0.0,) * 6, PAIR, 0.0, PAIR, PAIR, 0)
HELLO_REPLY = m.HelloReply(
    m.PROTOCOL_VERSION, 77, m.ResetCause.POWER_ON, 6, 2, 4, 2, 1, "firmware", "B-1", 2, 2, 4
)
CONFIGURED = m.Configured(m.digest(CONFIGURE))
TIMING = Timing(repeat_s=0.05, reply_s=0.25, silence_s=0.5)


def said(data: bytes) -> list[tuple[int, Message]]:
    """What the host has put on the wire, with its sequence numbers."""
    table: dict[int, Layout] = dict(m.BOARD_REQUESTS)
    return [(frame.sequence, m.decode(frame, table)) for frame in framing.FrameStream().feed(data)]


def kinds(data: bytes) -> list[type[Message]]:
    return [type(message) for _, message in said(data)]


class Talk:
    """A session, and a hand that plays its board."""

    def __init__(self, *, ready: bool = True, vetting: str | None = None) -> None:
        self.vetting = vetting
        self.session = BoardSession(CONFIGURE, TIMING, lambda _reply: self.vetting)
        self.session.link_up()
        if ready:
            self.greet(0.0)

    def state(self) -> BoardState:
        return self.session.state

    def greet(self, now_s: float, reply: m.HelloReply = HELLO_REPLY) -> None:
        self.answer_all(self.session.due(now_s), reply, now_s)
        self.answer_all(self.session.due(now_s), CONFIGURED, now_s)

    def answer_all(self, request: bytes, reply: Message, now_s: float) -> None:
        for sequence, _ in said(request):
            self.session.receive(m.encode(sequence, reply), now_s)

    def tick(self, now_s: float, reply: Message = INPUTS) -> m.Inputs | None:
        ((sequence, _),) = said(self.session.outputs(OUTPUTS, now_s))
        return self.session.receive(m.encode(sequence, reply), now_s + 0.01)


def test_it_greets_then_configures_then_is_ready() -> None:
    talk = Talk(ready=False)
    ((sequence, hello),) = said(talk.session.due(0.0))
    assert hello == m.Hello(m.PROTOCOL_VERSION)
    talk.session.receive(m.encode(sequence, HELLO_REPLY), 0.01)
    assert talk.state() is BoardState.CONFIGURING
    ((sequence, configure),) = said(talk.session.due(0.01))
    assert type(configure) is m.Configure
    talk.session.receive(m.encode(sequence, CONFIGURED), 0.02)
    assert talk.state() is BoardState.READY
    assert talk.session.problem is None
    assert talk.session.identity == HELLO_REPLY


def test_no_outputs_are_said_before_the_board_is_ready() -> None:
    talk = Talk(ready=False)
    assert talk.session.outputs(OUTPUTS, 0.0) == b""
    talk.answer_all(talk.session.due(0.0), HELLO_REPLY, 0.0)
    assert talk.session.outputs(OUTPUTS, 0.0) == b""


def test_greetings_are_repeated_more_slowly_up_to_a_limit() -> None:
    talk = Talk(ready=False)
    times = []
    for tick in range(160):
        now_s = tick / 32
        talk.session.receive(b"", now_s)
        if talk.session.due(now_s):
            times.append(now_s)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps == [0.25, *[pytest.approx(HANDSHAKE_LIMIT_S, abs=1 / 32)] * 11]
    assert talk.session.statistics.retries == 12
    assert talk.state() is BoardState.CONNECTING
    assert talk.session.problem is not None
    assert "has not answered for 5.0 s: check its power and cable" in talk.session.problem


@pytest.mark.parametrize(("protocol", "remedy"), [(1, "flash the board"), (9, "update Ostwald")])
def test_a_board_with_another_protocol_is_not_configured(protocol: int, remedy: str) -> None:
    talk = Talk(ready=False)
    talk.greet(0.0, replace(HELLO_REPLY, protocol=protocol))
    assert talk.state() is BoardState.CONNECTING
    assert talk.session.problem == f"the board speaks protocol {protocol}, this driver 2: {remedy}"


def test_a_board_that_is_not_the_right_one_is_not_configured() -> None:
    talk = Talk(ready=False, vetting="this is board 'X'")
    talk.greet(0.0)
    assert (talk.state(), talk.session.problem) == (BoardState.CONNECTING, "this is board 'X'")


def test_a_configuration_taken_wrongly_is_sent_again() -> None:
    talk = Talk(ready=False)
    talk.answer_all(talk.session.due(0.0), HELLO_REPLY, 0.0)
    talk.answer_all(talk.session.due(0.0), m.Configured(0xBAD), 0.0)
    assert talk.state() is BoardState.CONFIGURING
    assert "00000bad" in str(talk.session.problem)
    talk.answer_all(talk.session.due(0.3), CONFIGURED, 0.3)
    assert talk.state() is BoardState.READY


def test_a_refused_configuration_is_a_problem_in_words() -> None:
    talk = Talk(ready=False)
    talk.answer_all(talk.session.due(0.0), HELLO_REPLY, 0.0)
    talk.answer_all(talk.session.due(0.0), m.Refused(2, m.Refusal.OUT_OF_RANGE), 0.0)
    assert talk.session.problem == "the board refused CONFIGURE: out of range"


def test_outputs_bring_inputs_and_a_round_trip_time() -> None:
    talk = Talk()
    inputs = talk.tick(1.0)
    assert inputs is not None
    assert inputs.tick_ms == 5
    assert talk.session.statistics.round_trip_max_s == pytest.approx(0.01)


def test_the_newest_of_several_inputs_is_the_one_returned() -> None:
    talk = Talk()
    requests = [said(talk.session.outputs(OUTPUTS, 1.0))[0][0] for _ in range(3)]
    wire = b"".join(m.encode(s, replace(INPUTS, tick_ms=i)) for i, s in enumerate(requests))
    newest = talk.session.receive(wire, 1.02)
    assert newest is not None
    assert newest.tick_ms == 2


def test_an_answer_that_comes_after_a_later_one_is_dropped() -> None:
    talk = Talk()
    first, second = (said(talk.session.outputs(OUTPUTS, 1.0))[0][0] for _ in range(2))
    talk.session.receive(m.encode(second, INPUTS), 1.01)
    assert talk.session.receive(m.encode(first, INPUTS), 1.02) is None
    assert (talk.session.statistics.lost, talk.session.statistics.out_of_order) == (1, 1)


def test_an_answer_nobody_asked_for_is_dropped() -> None:
    talk = Talk()
    assert talk.session.receive(m.encode(4000, INPUTS), 1.0) is None
    ((sequence, _),) = said(talk.session.outputs(OUTPUTS, 1.0))
    assert talk.session.receive(m.encode(sequence, HELLO_REPLY), 1.0) is None
    assert talk.session.statistics.out_of_order == 2


def test_a_repeated_answer_counts_once() -> None:
    talk = Talk()
    ((sequence, _),) = said(talk.session.outputs(OUTPUTS, 1.0))
    answer = m.encode(sequence, INPUTS)
    assert talk.session.receive(answer, 1.0) is not None
    assert talk.session.receive(answer, 1.0) is None


def test_sequence_numbers_wrap_without_a_stumble() -> None:
    talk = Talk()
    talk.session._sequence = framing.SEQUENCES - 5
    for tick in range(10):
        assert talk.tick(tick * 0.02) is not None
    statistics = talk.session.statistics
    assert (statistics.lost, statistics.out_of_order) == (0, 0)


def test_damaged_and_misunderstood_frames_are_counted_together() -> None:
    talk = Talk()
    talk.session.receive(
        b"\x09\x01\0" + framing.encode(1, 0x83, b"short") + framing.encode(1, 0x02, b""), 1.0
    )
    assert talk.session.statistics.damaged == 3


def test_a_board_that_lost_its_configuration_is_greeted_and_configured_before_any_outputs() -> None:
    talk = Talk()
    talk.tick(1.0, replace(INPUTS, status=m.Status(0)))
    assert talk.state() is BoardState.CONNECTING
    assert talk.session.outputs(OUTPUTS, 1.02) == b""
    talk.greet(1.02, replace(HELLO_REPLY, boot_id=78))
    assert talk.state() is BoardState.READY
    assert talk.session.statistics.reboots == 1


def test_a_silent_board_is_lost_and_found_again() -> None:
    talk = Talk()
    for tick in range(30):
        now_s = 1.0 + tick * 0.02
        talk.session.outputs(OUTPUTS, now_s)
        talk.session.receive(b"", now_s)
    assert talk.state() is BoardState.LOST
    assert "has not answered" in str(talk.session.problem)
    talk.greet(2.0)
    assert (talk.state(), talk.session.problem) == (BoardState.READY, None)
    assert talk.session.statistics.reboots == 0


def test_a_host_that_asks_nothing_loses_no_board() -> None:
    talk = Talk()
    talk.session.receive(b"", 60.0)
    assert talk.state() is BoardState.READY


def test_outputs_wait_while_too_many_are_unanswered_and_go_on_when_those_are_lost() -> None:
    talk = Talk()
    sent = [talk.session.outputs(OUTPUTS, 1.0) for _ in range(MAX_IN_FLIGHT + 3)]
    assert sum(map(bool, sent)) == MAX_IN_FLIGHT
    assert talk.session.statistics.held == 3
    talk.session.receive(b"", 1.3)
    assert talk.session.outputs(OUTPUTS, 1.3)
    assert talk.session.statistics.lost == MAX_IN_FLIGHT


def test_a_stop_is_repeated_until_the_board_confirms_that_very_stop() -> None:
    talk = Talk()
    ((earlier, _),) = said(talk.session.outputs(OUTPUTS, 1.0))
    talk.session.stop()
    assert kinds(talk.session.due(1.0)) == [m.Estop]
    stopped = replace(INPUTS, status=m.Status.CONFIGURED | m.Status.ESTOPPED)
    talk.session.receive(m.encode(earlier, stopped), 1.01)  # stopped before: no word on this one
    assert talk.session.due(1.02) == b""
    again = talk.session.due(1.06)
    assert kinds(again) == [m.Estop]
    talk.answer_all(again, INPUTS, 1.07)
    again = talk.session.due(1.2)
    assert kinds(again) == [m.Estop]
    talk.answer_all(again, stopped, 1.21)
    assert talk.session.due(2.0) == b""


def test_a_stop_goes_out_even_to_a_board_that_is_not_ready() -> None:
    talk = Talk(ready=False)
    talk.session.stop()
    assert kinds(talk.session.due(0.0)) == [m.Hello, m.Estop]


def test_a_clear_waits_for_the_stop_before_it() -> None:
    talk = Talk()
    talk.session.stop()
    talk.session.clear()
    request = talk.session.due(1.0)
    assert kinds(request) == [m.Estop]
    talk.answer_all(request, replace(INPUTS, status=m.Status.CONFIGURED | m.Status.ESTOPPED), 1.01)
    request = talk.session.due(1.02)
    assert kinds(request) == [m.Clear]
    talk.answer_all(request, INPUTS, 1.03)
    assert talk.session.due(2.0) == b""


def test_a_stop_takes_back_a_clear() -> None:
    talk = Talk()
    talk.session.clear()
    talk.session.stop()
    assert kinds(talk.session.due(1.0)) == [m.Estop]


def test_a_refused_clear_is_not_repeated_and_is_told() -> None:
    talk = Talk()
    talk.session.clear()
    talk.answer_all(talk.session.due(1.0), m.Refused(5, m.Refusal.CAUSE_STANDS), 1.01)
    assert talk.session.due(2.0) == b""
    assert talk.session.problem == "the board refused CLEAR: cause stands"


def test_a_clear_does_not_outlive_the_board_it_was_meant_for() -> None:
    talk = Talk()
    talk.session.clear()
    talk.session.due(1.0)
    talk.session.link_down("unplugged")
    talk.session.link_up()
    talk.greet(2.0)
    assert talk.state() is BoardState.READY
    assert talk.session.due(2.1) == b""


def test_faults_are_asked_for_until_they_come() -> None:
    talk = Talk()
    talk.session.request_faults()
    assert kinds(talk.session.due(1.0)) == [m.Faults]
    reply = m.FaultsReply(1, 2, 3, 4, 5, 6, m.TripCause.DEADMAN, 7)
    talk.answer_all(talk.session.due(1.1), reply, 1.11)
    assert talk.session.faults == reply
    assert talk.session.due(2.0) == b""


def test_half_a_frame_of_an_old_line_does_not_spoil_the_new_one() -> None:
    talk = Talk()
    talk.session.receive(m.encode(1, INPUTS)[:9], 1.0)
    talk.session.link_down("unplugged")
    talk.session.link_up()
    talk.greet(1.5)
    assert talk.state() is BoardState.READY
    assert talk.session.statistics.damaged == 0


def test_a_frame_is_what_the_board_would_read() -> None:
    talk = Talk(ready=False)
    assert framing.FrameStream().feed(talk.session.due(0.0)) == [Frame(0, 0x01, b"\x02")]
