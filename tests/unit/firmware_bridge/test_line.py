"""A line with several instruments, told apart by the first letter of what they are asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import pytest

from firmware_bridge.devices.instrument_session import InstrumentSession
from firmware_bridge.devices.instruments.base import (
    Ask,
    Identity,
    InstrumentSettings,
    Purpose,
    RestartedError,
    Script,
    SignalFacts,
)
from firmware_bridge.devices.interfaces import BoardState, DeviceError
from firmware_bridge.devices.line import LONGEST_ANSWER, Line
from firmware_bridge.link.interfaces import LinkError
from firmware_bridge.link.loopback import loopback_pair
from firmware_bridge.link.opening import OpenedAside

if TYPE_CHECKING:
    from collections.abc import Mapping

TICK_S = 0.02


def line_end(received: bytes) -> int:
    if received.startswith(b"!"):
        raise ValueError("begins with '!'")
    return received.find(b"\n") + 1


class Toy:
    """Asks "aI", "aC", "aR", "aW5.0", "aS": a letter for its address, one for what it wants."""

    PURPOSE: ClassVar[Purpose] = Purpose.PUMP
    OPTIONS: ClassVar[Mapping[str, str]] = {}

    def __init__(self, settings: InstrumentSettings) -> None:
        self.letter = settings.address
        self.quiet_s = 0.0
        self.refresh_s = 0.0
        self.repeats = 1
        self.signals = {"flow": SignalFacts("uL/min", 0.0, 100.0, actuator=True)}

    def identify(self) -> Script[Identity]:
        answer = yield self.ask("I")
        return Identity("toy", answer.decode().strip())

    def configure(self) -> Script[None]:
        yield self.ask("C")

    def read(self) -> Script[Mapping[str, float]]:
        answer = yield self.ask("R")
        if answer == b"reset\n":
            raise RestartedError("it was reset")
        if answer == b"odd\n":
            raise DeviceError("odd answer")
        return {"flow": float(answer)}

    def write(self, wanted: Mapping[str, float]) -> Script[None]:
        answer = yield self.ask(f"W{wanted['flow']}")
        if answer == b"no\n":
            raise DeviceError("it refuses")
        yield self.ask("V")

    def stop(self) -> Script[None]:
        yield self.ask("S")

    def ask(self, text: str) -> Ask:
        data = f"{self.letter}{text}\n".encode()
        return Ask(data, line_end, timeout_s=0.4, quiet_s=self.quiet_s, repeats=self.repeats)


@dataclass
class Far:
    """The far end: what each instrument answers, and what it was asked."""

    flows: dict[str, float] = field(default_factory=dict)
    dead: set[str] = field(default_factory=set)
    answers: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    pending: bytes = b""

    def feed(self, chunk: bytes) -> bytes:
        self.pending += chunk
        *whole, self.pending = self.pending.split(b"\n")
        return b"".join(self.answer(each.decode()) for each in whole)

    def answer(self, text: str) -> bytes:
        self.asked.append(text)
        letter, word = text[0], text[1:]
        if letter in self.dead:
            return b""
        if text[:2] in self.answers:
            return self.answers[text[:2]]
        if word.startswith("W"):
            self.flows[letter] = float(word[1:])
        if word in ("S", "C"):
            self.flows[letter] = 0.0
        return {"I": b"SN-1\n", "R": f"{self.flows.get(letter, 0.0)}\n".encode()}.get(word[:1], b"ok\n")


class Bench:
    def __init__(self, letters: str = "a", *, echo: bool = False, serial_number: str = "") -> None:
        self.time_s = 0.0
        self.far = Far()
        self.plugged = True
        self.opened = 0
        settings = [
            InstrumentSettings(letter, {}, ("flow",), {"flow": 0.0}, serial_number) for letter in letters
        ]
        self.toys = [Toy(each) for each in settings]
        self.sessions = [
            InstrumentSession(each.address, toy, each, shared=len(letters) > 1)
            for toy, each in zip(self.toys, settings, strict=True)
        ]
        self.echo = echo
        self.line = Line("line", self.open, self.sessions, echo=echo)
        self.near, self.end = loopback_pair("line")

    @property
    def session(self) -> InstrumentSession:
        return self.sessions[0]

    def open(self):
        self.opened += 1
        if not self.plugged:
            raise LinkError("line: unplugged")
        self.near, self.end = loopback_pair("line")
        return self.near

    def tick(self) -> None:
        self.time_s += TICK_S
        if self.line.is_open and self.plugged:
            chunk = self.end.read()
            self.end.write((chunk if self.echo else b"") + self.far.feed(chunk))
        self.line.poll(self.time_s)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / TICK_S)):
            self.tick()

    def ready(self) -> Bench:
        self.run(1.0)
        assert [each.state for each in self.sessions] == [BoardState.READY] * len(self.sessions)
        self.far.asked.clear()
        return self


def test_an_instrument_is_identified_then_configured_then_read():
    bench = Bench()
    bench.run(0.2)
    assert bench.far.asked[:3] == ["aI", "aC", "aR"]
    assert bench.session.state is BoardState.READY
    assert bench.session.values == {"flow": 0.0}
    assert bench.session.is_safe


def test_it_is_read_on_its_period_and_written_only_when_something_changed():
    bench = Bench().ready()
    bench.session.write({"flow": 5.0})
    bench.run(1.0)
    bench.session.write({"flow": 5.0})
    bench.run(1.0)
    assert bench.far.asked.count("aW5.0") == 1
    assert bench.far.asked.count("aR") in (7, 8, 9)


def test_outputs_are_written_again_when_a_watchdog_wants_it():
    bench = Bench().ready()
    bench.toys[0].refresh_s = 0.5
    bench.session.write({"flow": 5.0})
    bench.run(2.0)
    assert bench.far.asked.count("aW5.0") in (4, 5)


def test_the_newest_value_is_written_and_none_of_those_before():
    bench = Bench().ready()
    bench.session.write({"flow": 1.0})
    bench.tick()
    for value in range(2, 30):
        bench.session.write({"flow": float(value)})
    bench.run(0.5)
    written = [each for each in bench.far.asked if "W" in each]
    assert written in (["aW1.0", "aW29.0"], ["aW29.0"])


def test_reads_go_on_though_something_changes_all_the_time():
    bench = Bench().ready()
    for value in range(100):
        bench.session.write({"flow": float(value)})
        bench.tick()
    assert bench.far.asked.count("aR") >= 5


def test_a_stop_overtakes_a_script_under_way_and_what_is_wanted_later():
    bench = Bench().ready()
    bench.session.write({"flow": 5.0})
    while not bench.far.asked or "W" not in bench.far.asked[-1]:
        bench.tick()
    bench.session.stop()
    bench.session.write({"flow": 9.0})
    bench.run(0.5)
    after = bench.far.asked[bench.far.asked.index("aW5.0") + 1 :]
    # What was on the line already is waited for.
    assert "aS" in after[:2]
    assert bench.session.is_safe
    assert not any("W" in each for each in after)
    bench.session.release()
    bench.session.write({"flow": 9.0})
    bench.run(0.5)
    assert bench.far.flows["a"] == 9.0


def test_a_stop_overtakes_the_other_instruments_of_the_line():
    bench = Bench("abc").ready()
    for session in bench.sessions:
        session.write({"flow": 5.0})
    bench.run(1.0)
    bench.far.asked.clear()
    bench.sessions[2].stop()
    bench.tick()
    bench.tick()
    assert bench.far.asked[0] in ("aR", "bR", "cR", "cS")
    assert "cS" in bench.far.asked[:2]


def test_asking_for_all_safe_is_a_stop():
    bench = Bench().ready()
    bench.session.write({"flow": 5.0})
    bench.run(0.5)
    bench.session.write({"flow": 0.0})
    bench.run(0.5)
    assert bench.far.asked.count("aS") == 1
    assert not any(each == "aW0.0" for each in bench.far.asked)


def test_an_instrument_that_falls_silent_is_lost_and_found_again():
    bench = Bench().ready()
    bench.session.write({"flow": 5.0})
    bench.run(0.5)
    bench.far.dead.add("a")
    bench.run(3.0)
    assert bench.sessions[0].state is BoardState.LOST
    assert bench.session.problem == "no answer: check its power, its cable and its address"
    bench.far.dead.clear()
    bench.run(1.0)
    assert bench.session.state is BoardState.READY
    assert bench.session.problem is None
    assert bench.far.flows["a"] == 5.0


def test_a_dead_instrument_leaves_the_others_their_line():
    bench = Bench("ab").ready()
    bench.far.dead.add("b")
    bench.run(5.0)
    bench.far.asked.clear()
    bench.run(10.0)
    assert bench.far.asked.count("aR") >= 30
    assert bench.far.asked.count("bI") <= 5


def test_one_that_comes_back_brings_the_search_for_the_others_forward():
    bench = Bench("ab").ready()
    bench.far.dead |= {"a", "b"}
    bench.run(20.0)
    bench.far.dead.clear()
    bench.run(3.4)
    assert [each.state for each in bench.sessions] == [BoardState.READY] * 2


def test_an_instrument_that_was_reset_is_configured_anew_and_made_what_it_shall_be():
    bench = Bench().ready()
    bench.session.write({"flow": 5.0})
    bench.run(0.5)
    bench.far.answers["aR"] = b"reset\n"
    bench.run(0.3)
    del bench.far.answers["aR"]
    bench.far.asked.clear()
    bench.run(0.5)
    assert bench.session.statistics.reboots >= 1
    assert bench.session.state is BoardState.READY
    assert bench.far.flows["a"] == 5.0


def test_one_odd_answer_is_told_and_forgotten_two_make_it_be_looked_for_anew():
    bench = Bench().ready()
    bench.far.answers["aR"] = b"odd\n"
    while not bench.session.problem:
        bench.tick()
    assert bench.session.problem == "odd answer"
    assert bench.session.state is BoardState.READY
    bench.run(1.0)
    assert "aC" in bench.far.asked
    bench.far.answers.clear()
    bench.run(1.0)
    assert bench.session.state is BoardState.READY
    assert bench.session.problem is None


def test_a_refused_value_is_not_hammered():
    bench = Bench().ready()
    bench.far.answers["aW"] = b"no\n"
    bench.session.write({"flow": 5.0})
    bench.run(5.0)
    assert 2 <= len([each for each in bench.far.asked if "W" in each]) <= 20
    assert bench.session.problem == "it refuses"


def test_an_answer_that_cannot_be_one_is_asked_for_again():
    bench = Bench().ready()
    bench.far.answers["aR"] = b"!?\n"
    bench.run(0.3)
    assert bench.session.statistics.damaged >= 1
    assert bench.session.statistics.retries >= 1
    bench.far.answers.clear()
    bench.run(1.0)
    assert bench.session.state is BoardState.READY


def test_an_answer_without_an_end_is_cut_off_and_memory_does_not_grow():
    bench = Bench().ready()
    bench.far.answers["aR"] = b"x" * 1000
    for _ in range(300):
        bench.tick()
        bench.end.write(b"y" * 1000)
        exchange = bench.line._exchange
        assert exchange is None or len(exchange.received) <= LONGEST_ANSWER + 4096
    assert bench.session.statistics.damaged > 10


def test_what_nobody_asked_for_is_counted_and_dropped():
    bench = Bench().ready()
    while bench.line._exchange is not None:
        bench.tick()
    bench.end.write(b"hello\n")
    bench.line.listen(bench.time_s)
    assert bench.line.statistics.out_of_order == 1
    bench.run(1.0)
    assert bench.session.state is BoardState.READY


def test_an_echo_is_taken_off_where_the_line_has_one():
    bench = Bench(echo=True).ready()
    bench.session.write({"flow": 5.0})
    bench.run(0.5)
    assert bench.session.values == {"flow": 5.0}


def test_a_line_that_should_echo_and_does_not_says_so():
    bench = Bench(echo=True)
    bench.echo = False
    bench.run(1.0)
    assert bench.session.state is BoardState.CONNECTING
    assert "does not echo" in str(bench.session.problem)


def test_a_request_waits_until_the_line_was_quiet_for_long_enough():
    bench = Bench()
    bench.toys[0].quiet_s = 0.1
    bench.ready()
    asked = len(bench.far.asked)
    for _ in range(10):
        bench.end.write(b"z")
        bench.tick()
    assert len(bench.far.asked) - asked <= 1
    bench.run(1.0)
    assert len(bench.far.asked) - asked >= 2


def test_a_line_that_is_never_quiet_costs_the_instrument():
    bench = Bench()
    bench.toys[0].quiet_s = 0.1
    bench.ready()
    for _ in range(400):
        bench.end.write(b"z")
        bench.tick()
    assert bench.session.state is not BoardState.READY
    assert bench.session.problem


def test_an_unplugged_port_loses_all_its_instruments_and_is_opened_again():
    bench = Bench("ab").ready()
    bench.plugged = False
    bench.end.close()
    bench.run(0.1)
    assert [each.state for each in bench.sessions] == [BoardState.LOST] * 2
    bench.run(5.0)
    assert bench.line.problem == "line: unplugged"
    assert bench.opened <= 8
    bench.plugged = True
    bench.run(3.0)
    assert [each.state for each in bench.sessions] == [BoardState.READY] * 2
    assert bench.line.statistics.reconnects == 1
    assert bench.line.problem is None


def test_a_closed_line_stays_closed():
    bench = Bench().ready()
    bench.line.close()
    opened = bench.opened
    bench.run(2.0)
    assert bench.opened == opened
    assert not bench.line.is_open


def test_an_instrument_with_another_serial_number_is_not_configured():
    bench = Bench(serial_number="SN-2")
    bench.run(2.0)
    assert bench.session.problem == "this is 'SN-1', the rig names 'SN-2': check the cables"
    assert "aC" not in bench.far.asked


def test_the_counts_of_a_line_are_those_of_its_instruments_together():
    bench = Bench("ab").ready()
    total, each = bench.line.statistics, [session.statistics for session in bench.sessions]
    assert total.frames_sent == sum(one.frames_sent for one in each)
    assert total.frames_received == sum(one.frames_received for one in each)


def test_a_line_that_takes_long_to_open_keeps_nobody_waiting():
    near, _far = loopback_pair("far")
    opener = OpenedAside(lambda: near)
    assert opener() is None
    thread = opener._thread
    assert thread is not None
    thread.join()
    assert opener() is near


def test_why_a_line_does_not_open_is_told_and_tried_anew():
    def fail():
        raise LinkError("far: nobody listens there")

    opener = OpenedAside(fail)
    for _ in range(2):
        assert opener() is None
        thread = opener._thread
        assert thread is not None
        thread.join()
        with pytest.raises(LinkError, match="nobody listens"):
            opener()
